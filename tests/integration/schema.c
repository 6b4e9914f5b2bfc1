#include "tests/integration/schema.h"

#include <stdio.h>

#include "lib/io/migrate.h"
#include "tests/support/test.h"

static const char *database;

bool schema_database(void)
{
    database = getenv("HOURGLASS_DATABASE");
    return database != NULL && database[0] != 0;
}

struct pg *connect_to(const char *schema)
{
    struct error error;
    struct pg *pg = pg_connect(database, schema, &error);
    if (pg == NULL)
        print_message("# %s\n", error.text);
    assert_non_null(pg);
    return pg;
}

struct store *store_of(const char *schema)
{
    struct pg_store_options options = {.database = database, .schema = schema};
    struct error error;
    struct store *store = pg_store_open(&options, &error);
    if (store == NULL)
        print_message("# %s\n", error.text);
    assert_non_null(store);
    return store;
}

struct pg *new_schema(const char *schema)
{
    char sql[100];
    int applied;
    struct pg *pg = connect_to(schema);
    snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", schema);
    assert_true(pg_script(pg, sql));
    assert_int_equal(migrate(pg, schema, &applied), MIGRATED);
    return pg;
}

void drop_schema(struct pg *pg, const char *schema)
{
    char sql[100];
    snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", schema);
    assert_true(pg_script(pg, sql));
    pg_free(pg);
}

struct packer query_text(struct pg *pg, const char *sql)
{
    struct packer out = {0};
    PGresult *rows = pg_query(pg, sql, 0, NULL);
    if (rows == NULL)
        print_message("# %s\n", pg->error.text);
    assert_non_null(rows);
    for (int r = 0; r < PQntuples(rows); r++)
        for (int c = 0; c < PQnfields(rows); c++) {
            pack_raw(&out, PQgetvalue(rows, r, c), (size_t)PQgetlength(rows, r, c));
            pack_raw(&out, c + 1 < PQnfields(rows) ? "|" : "\n", 1);
        }
    PQclear(rows);
    pack_raw(&out, "", 1);
    return out;
}
