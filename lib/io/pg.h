/* PostgreSQL through libpq: the one place that includes its header.
 *
 * A connection counts its statements. COMMIT is a success only when the server says COMMIT: libpq answers
 * "command OK" to the COMMIT of a failed transaction too. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/pack.h"

enum pg_class {
    PG_OK,
    PG_RETRY, /* connection lost or a conflict: connect again and claim again */
    PG_FATAL, /* nothing that we do helps */
};

struct pg {
    PGconn *connection;
    uint64_t statements;
    uint64_t break_at; /* for tests: the connection breaks at that statement, 0: never; */
    bool break_reply;  /* the statement still reaches the server, its answer is lost */
    char error[400];
};

/* NULL: *error says why. search_path is the schema alone ("" leaves the role's own). */
struct pg *pg_connect(const char *url, const char *schema, char error[400]);
void pg_free(struct pg *pg);

/* Runs one statement with text parameters. NULL: pg->error; else the caller clears it with PQclear. */
PGresult *pg_query(struct pg *pg, const char *sql, int count, const char *const *values);
/* The same where no rows are wanted; *affected may be NULL. */
__attribute__((warn_unused_result)) bool pg_do(struct pg *pg, const char *sql, int count,
                                               const char *const *values, uint64_t *affected);
/* COPY ... FROM STDIN with text rows. */
__attribute__((warn_unused_result)) bool pg_copy(struct pg *pg, const char *sql, struct str rows);
/* COMMIT, and the server said so. */
__attribute__((warn_unused_result)) bool pg_commit(struct pg *pg);
/* Several statements without parameters. */
__attribute__((warn_unused_result)) bool pg_script(struct pg *pg, const char *sql);

/* An array literal under way: pg_array_add(..., value) for each, then pg_array_end gives the text. */
struct pg_array {
    struct packer text;
};
void pg_array_add(struct pg_array *array, struct str value);
void pg_array_add_number(struct pg_array *array, int64_t value);
const char *pg_array_end(struct pg_array *array);
void pg_array_release(struct pg_array *array);
/* Appends the bytes as hex, behind \x. */
void pg_put_hex(struct packer *out, const void *at, size_t size);
/* Bytes out of \x hex text; false: it is none. */
bool pg_take_hex(const char *text, struct packer *out);
