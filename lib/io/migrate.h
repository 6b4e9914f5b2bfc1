/* The database's migrations: numbered files of schemas/sql, in the binary, applied in order and once. */
#pragma once

#include "lib/io/pg.h"

struct migration {
    int number;
    const char *name;
    const char *digest; /* SHA-256 of its text */
    const char *sql;
};
extern const struct migration migrations[];
extern const int migration_count;

enum migrate_outcome {
    MIGRATED,
    MIGRATE_FAILED,  /* pg->error */
    MIGRATE_NEWER,   /* the database has migrations that this binary does not know */
    MIGRATE_CHANGED, /* one that was applied is not the one of that number here */
};

/* Makes the schema where it is missing and applies what is not there yet, each in a transaction. *applied:
 * how many. Two at once wait for each other. */
enum migrate_outcome migrate(struct pg *pg, const char *schema, int *applied);
/* Whether the database is just as this binary wants it. FATAL: it is not, and the text says what to do. */
__attribute__((warn_unused_result)) enum error_class migrate_check(struct pg *pg, struct error *error);
