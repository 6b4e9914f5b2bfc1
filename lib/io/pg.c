#include "lib/io/pg.h"

#include <stdio.h>
#include <sys/socket.h>

#include "lib/base/check.h"

static bool fail(struct pg *pg, const char *what)
{
    snprintf(pg->error, sizeof pg->error, "%s: %s", what, PQerrorMessage(pg->connection));
    for (char *c = pg->error; *c != 0; c++)
        if (*c == '\n')
            *c = ' ';
    return false;
}

static void count_statement(struct pg *pg)
{
    if (++pg->statements == pg->break_at)
        shutdown(PQsocket(pg->connection), pg->break_reply ? SHUT_RD : SHUT_RDWR);
}

static bool set_schema(struct pg *pg, const char *schema)
{
    if (schema[0] == 0)
        return true;
    char *name = PQescapeIdentifier(pg->connection, schema, strlen(schema));
    if (name == NULL)
        return fail(pg, "schema");
    char sql[400];
    snprintf(sql, sizeof sql, "SET search_path TO %s", name);
    PQfreemem(name);
    return pg_do(pg, sql, 0, NULL, NULL);
}

struct pg *pg_connect(const char *url, const char *schema, char error[400])
{
    struct pg *pg = calloc(1, sizeof *pg);
    CHECK(pg != NULL);
    const char *const keys[] = {
        "dbname", "application_name", "connect_timeout", "tcp_user_timeout", "keepalives_idle", "options",
        NULL};
    const char *const values[] = {url,
                                  "hourglass",
                                  "10",
                                  "20000",
                                  "10",
                                  "-c lock_timeout=20000 -c idle_in_transaction_session_timeout=60000 "
                                  "-c client_min_messages=warning -c timezone=UTC",
                                  NULL};
    pg->connection = PQconnectdbParams(keys, values, 1);
    bool good = PQstatus(pg->connection) == CONNECTION_OK || fail(pg, "connect");
    if (good && set_schema(pg, schema))
        return pg;
    snprintf(error, 400, "%s", pg->error);
    pg_free(pg);
    return NULL;
}

void pg_free(struct pg *pg)
{
    if (pg == NULL)
        return;
    PQfinish(pg->connection);
    free(pg);
}

PGresult *pg_query(struct pg *pg, const char *sql, int count, const char *const *values)
{
    count_statement(pg);
    PGresult *result = PQexecParams(pg->connection, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return result;
    fail(pg, "query");
    PQclear(result);
    return NULL;
}

bool pg_do(struct pg *pg, const char *sql, int count, const char *const *values, uint64_t *affected)
{
    PGresult *result = pg_query(pg, sql, count, values);
    if (result == NULL)
        return false;
    if (affected != NULL)
        *affected = strtoull(PQcmdTuples(result), NULL, 10);
    PQclear(result);
    return true;
}

bool pg_script(struct pg *pg, const char *sql)
{
    count_statement(pg);
    PGresult *result = PQexec(pg->connection, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || fail(pg, "script");
}

bool pg_copy(struct pg *pg, const char *sql, struct str rows)
{
    if (rows.size == 0)
        return true;
    count_statement(pg);
    PGresult *result = PQexec(pg->connection, sql);
    bool begun = PQresultStatus(result) == PGRES_COPY_IN;
    PQclear(result);
    if (!begun)
        return fail(pg, "copy");
    if (PQputCopyData(pg->connection, rows.at, (int)rows.size) != 1 ||
        PQputCopyEnd(pg->connection, NULL) != 1)
        return fail(pg, "copy");
    bool good = true;
    while ((result = PQgetResult(pg->connection)) != NULL) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            good = fail(pg, "copy");
        PQclear(result);
    }
    return good;
}

bool pg_commit(struct pg *pg)
{
    PGresult *result = pg_query(pg, "COMMIT", 0, NULL);
    if (result == NULL)
        return false;
    bool committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    if (!committed)
        snprintf(pg->error, sizeof pg->error, "COMMIT: the server answered %s", PQcmdStatus(result));
    PQclear(result);
    return committed;
}

void pg_array_add(struct pg_array *array, struct str value)
{
    struct packer *text = &array->text;
    pack_raw(text, text->bytes.count == 0 ? "{\"" : ",\"", 2);
    for (uint32_t i = 0; i < value.size; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            pack_raw(text, "\\", 1);
        pack_raw(text, value.at + i, 1);
    }
    pack_raw(text, "\"", 1);
}

void pg_array_add_number(struct pg_array *array, int64_t value)
{
    char number[32];
    int size =
        snprintf(number, sizeof number, "%s%lld", array->text.bytes.count == 0 ? "{" : ",", (long long)value);
    pack_raw(&array->text, number, (size_t)size);
}

const char *pg_array_end(struct pg_array *array)
{
    pack_raw(&array->text, array->text.bytes.count == 0 ? "{}" : "}", array->text.bytes.count == 0 ? 3 : 2);
    return array->text.bytes.at;
}

void pg_array_release(struct pg_array *array)
{
    vec_release(&array->text.bytes);
}

void pg_put_hex(struct packer *out, const void *at, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = at;
    pack_raw(out, "\\x", 2);
    for (size_t i = 0; i < size; i++) {
        const char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        pack_raw(out, pair, 2);
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool pg_take_hex(const char *text, struct packer *out)
{
    if (text[0] != '\\' || text[1] != 'x')
        return false;
    for (text += 2; *text != 0; text += 2) {
        int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            return false;
        unsigned char byte = (unsigned char)(high << 4 | low);
        pack_raw(out, &byte, 1);
    }
    return true;
}
