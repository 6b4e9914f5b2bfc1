/* `hourglass db migrate`: brings a database's schema to what this binary wants. */
#include <stdio.h>
#include <sysexits.h>

#include "cli/command.h"
#include "lib/io/migrate.h"
#include "lib/io/options.h"

static const char *database, *schema;

static const struct option_row rows[] = {
    {"database", OPTION_TEXT, &database, NULL, 0, 0, "postgresql://USER@HOST:PORT/NAME"},
    {"schema", OPTION_TEXT, &schema, "hourglass", 0, 0, "where the tables stand; made when missing"},
};

static int say(const struct pg *pg, enum migrate_outcome outcome, int applied)
{
    switch (outcome) {
    case MIGRATED:
        printf("schema %s: %d of %d migrations applied now\n", schema, applied, migration_count);
        return EX_OK;
    case MIGRATE_FAILED:
        fprintf(stderr, "hourglass db migrate: %s\n", pg->error.text);
        return EX_TEMPFAIL;
    case MIGRATE_NEWER:
        fprintf(stderr, "hourglass db migrate: the database is newer than this binary (%d migrations)\n",
                migration_count);
        return EX_CONFIG;
    case MIGRATE_CHANGED:
        fprintf(stderr, "hourglass db migrate: a migration that was applied is not this binary's\n");
        return EX_CONFIG;
    }
    return EX_SOFTWARE;
}

int command_db_migrate(int count, char **arguments)
{
    int status = options_read("hourglass db migrate", "Brings a database's schema up to this binary.", rows,
                              sizeof rows / sizeof *rows, count + 1, arguments - 1);
    if (status != OPTIONS_GO)
        return status;
    struct error error;
    struct pg *pg = pg_connect(database, schema, &error);
    if (pg == NULL) {
        fprintf(stderr, "hourglass db migrate: %s\n", error.text);
        return error.class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
    }
    int applied;
    enum migrate_outcome outcome = migrate(pg, schema, &applied);
    status = say(pg, outcome, applied);
    pg_free(pg);
    return status;
}
