#include "lib/io/migrate.h"

#include <stdio.h>

enum { LOCK = 74680117 }; /* of ours, among advisory locks */

/* Another migration is waited for. A table that is being read is not waited for long: all who come after
 * stand behind who waits for it, the settler too. */
static bool begin(struct pg *pg, const char *schema)
{
    char lock[160];
    char *name = PQescapeIdentifier(pg->connection, schema, strlen(schema));
    if (name == NULL)
        return false;
    char sql[400];
    snprintf(sql, sizeof sql, "CREATE SCHEMA IF NOT EXISTS %s", name);
    PQfreemem(name);
    snprintf(lock, sizeof lock,
             "SET lock_timeout = '60s'; SELECT pg_advisory_lock(%d); SET lock_timeout = '5s'", LOCK);
    return pg_script(pg, lock) && (schema[0] == 0 || pg_script(pg, sql)) &&
           pg_script(pg,
                     "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL, "
                     "digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
}

/* How many are applied; < 0: failed. *outcome says whether they are ours. */
static int applied_count(struct pg *pg, enum migrate_outcome *outcome)
{
    PGresult *rows = pg_query(pg, "SELECT number, digest FROM migrations ORDER BY number", 0, NULL);
    *outcome = rows == NULL ? MIGRATE_FAILED : MIGRATED;
    if (rows == NULL)
        return -1;
    int count = PQntuples(rows);
    if (count > migration_count)
        *outcome = MIGRATE_NEWER;
    for (int i = 0; i < count && i < migration_count; i++)
        if (strcmp(PQgetvalue(rows, i, 1), migrations[i].digest) != 0)
            *outcome = MIGRATE_CHANGED;
    PQclear(rows);
    return count;
}

static bool apply(struct pg *pg, const struct migration *migration)
{
    char number[16];
    snprintf(number, sizeof number, "%d", migration->number);
    const char *const values[] = {number, migration->name, migration->digest};
    return pg_script(pg, "BEGIN") && pg_script(pg, migration->sql) &&
           pg_do(pg, "INSERT INTO migrations (number, name, digest) VALUES ($1, $2, $3)", 3, values, NULL) &&
           pg_commit(pg);
}

static enum migrate_outcome apply_missing(struct pg *pg, int *applied)
{
    enum migrate_outcome outcome;
    int count = applied_count(pg, &outcome);
    for (int i = count; outcome == MIGRATED && i < migration_count; i++) {
        if (!apply(pg, &migrations[i]))
            return MIGRATE_FAILED;
        ++*applied;
    }
    return outcome;
}

enum migrate_outcome migrate(struct pg *pg, const char *schema, int *applied)
{
    char unlock[80];
    *applied = 0;
    if (!begin(pg, schema))
        return MIGRATE_FAILED;
    enum migrate_outcome outcome = apply_missing(pg, applied);
    /* After a failure the transaction still holds it, and the caller's connection is of no more use. */
    snprintf(unlock, sizeof unlock, "SELECT pg_advisory_unlock(%d)", LOCK);
    if (outcome != MIGRATE_FAILED && !pg_script(pg, unlock))
        return MIGRATE_FAILED;
    return outcome;
}

/* Whether there is a table of migrations, which `db migrate` makes; < 0: failed. */
static int is_begun(struct pg *pg)
{
    PGresult *rows = pg_query(pg, "SELECT to_regclass('migrations') IS NOT NULL", 0, NULL);
    if (rows == NULL)
        return -1;
    bool begun = PQgetvalue(rows, 0, 0)[0] == 't';
    PQclear(rows);
    return begun;
}

enum error_class migrate_check(struct pg *pg, struct error *error)
{
    enum migrate_outcome outcome = MIGRATED;
    char why[120];
    int begun = is_begun(pg), count = begun > 0 ? applied_count(pg, &outcome) : 0;
    if (begun < 0 || outcome == MIGRATE_FAILED) {
        *error = pg->error;
        return error->class;
    }
    if (outcome == MIGRATE_NEWER)
        return error_set(error, ERROR_FATAL, "the schema is newer than this binary",
                         "run the binary that migrated it, or a later one");
    if (outcome == MIGRATE_CHANGED)
        return error_set(error, ERROR_FATAL, "the schema is another binary's",
                         "a migration that was applied is not the one of that number here");
    if (count == migration_count)
        return ERROR_NONE;
    if (count == 0) /* a schema that a role may not use looks empty to it */
        return error_set(
            error, ERROR_FATAL, "the schema is not migrated",
            "no migration is to be seen there: run hourglass db migrate, or, if it was run, let who"
            " connects use the schema (function grant_settler)");
    snprintf(why, sizeof why, "%d of %d migrations are applied: run hourglass db migrate", count,
             migration_count);
    return error_set(error, ERROR_FATAL, "the schema is not migrated", why);
}
