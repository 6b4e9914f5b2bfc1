/* `hourglass db migrate`: brings a database's schema to what this binary wants. */
#include <stdio.h>
#include <sysexits.h>

#include "cli/command.h"
#include "lib/io/migrate.h"
#include "lib/io/pg_option.h"

static const char *database, *schema;

static const struct option_row rows[] = {
    {"database", OPTION_TEXT, &database, NULL, 0, 0, PG_DATABASE_HELP, .value = "URL",
     .check = check_database},
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

static const struct option_page page = {
    .name = "hourglass db migrate",
    .summary = "Bring a database's schema up to this binary.",
    .details = PG_PASSWORD_HELP,
    .example = "  PGPASSFILE=pgpass hourglass db migrate --database postgresql://owner@db/billing\n",
    .statuses = "0 it is as this binary wants it; 75 the database cannot be reached, refuses, or a table is "
                "in use: try again;\n"
                "78 it is newer than this binary, or was migrated by another one.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static int run(void)
{
    struct error error;
    struct pg *pg = pg_connect(database, schema, &error);
    if (pg == NULL) {
        fprintf(stderr, "hourglass db migrate: %s\n", error.text);
        return error.class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
    }
    int applied;
    enum migrate_outcome outcome = migrate(pg, schema, &applied);
    int status = say(pg, outcome, applied);
    pg_free(pg);
    return status;
}

const struct command command_db_migrate = {&page, run};
