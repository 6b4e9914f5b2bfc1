#include "lib/io/pg.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "lib/base/check.h"
#include "lib/io/clock.h"
#include "lib/io/pg_state.h"
#include "lib/io/pg_wait.h"

/* `waiting` is told so often; a COPY is handed to libpq in pieces of so much. */
enum { SLICE_MS = 250, PIECE_BYTES = 1 << 16 };

/* --- failing --- */

bool pg_fail(struct pg *pg, const char *what, const char *sqlstate, const char *why)
{
    bool dead = PQstatus(pg->connection) == CONNECTION_BAD;
    enum error_class class = pg_state_class(sqlstate);
    error_set(&pg->error, dead && class == ERROR_RETRY ? ERROR_ABORT : class, what, why);
    return false;
}

static bool fail_connection(struct pg *pg, const char *what)
{
    return pg_fail(pg, what, NULL, PQerrorMessage(pg->connection));
}

static bool fail_result(struct pg *pg, const char *what, const PGresult *result)
{
    return pg_fail(pg, what, PQresultErrorField(result, PG_DIAG_SQLSTATE), PQresultErrorMessage(result));
}

/* --- waiting --- */

bool pg_wait(struct pg *pg, short events, int64_t since_ms, int64_t deadline_ms)
{
    struct pollfd poll_for = {PQsocket(pg->connection), events, 0};
    for (;;) {
        int64_t waited_ms = clock_steady_us() / 1000 - since_ms;
        bool goes_on = pg->waiting.waiting == NULL || pg->waiting.waiting(pg->waiting.context, waited_ms);
        if (poll_for.fd < 0 || poll(&poll_for, 1, goes_on ? SLICE_MS : 0) > 0)
            return true;
        if (goes_on && (deadline_ms == 0 || waited_ms < deadline_ms))
            continue;
        char why[80];
        snprintf(why, sizeof why, "no answer for %lld s", (long long)(waited_ms / 1000));
        shutdown(poll_for.fd, SHUT_RDWR); /* so that nothing is read of it any more */
        return pg_fail(pg, "PostgreSQL", NULL, why);
    }
}

static bool flush(struct pg *pg, int64_t since_ms)
{
    int left;
    while ((left = PQflush(pg->connection)) > 0)
        if (!pg_wait(pg, POLLIN | POLLOUT, since_ms, pg->deadline_ms) || !PQconsumeInput(pg->connection))
            return false;
    return left == 0;
}

/* The next result of what was sent. False: the connection failed; else NULL at the end. */
static bool next_result(struct pg *pg, int64_t since_ms, PGresult **result)
{
    while (PQisBusy(pg->connection))
        if (!pg_wait(pg, POLLIN, since_ms, pg->deadline_ms) || !PQconsumeInput(pg->connection))
            return false;
    *result = PQgetResult(pg->connection);
    return true;
}

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

/* The first result that is no success, or else the last one; NULL: pg->error. */
static PGresult *result_of(struct pg *pg, const char *what, int64_t since_ms)
{
    PGresult *kept = NULL, *next;
    bool copying = false;
    while (!copying) {
        if (!next_result(pg, since_ms, &next)) {
            PQclear(kept);
            if (pg->error.class == ERROR_NONE)
                fail_connection(pg, what);
            return NULL;
        }
        if (next == NULL)
            break;
        copying = PQresultStatus(next) == PGRES_COPY_IN;
        bool keep = kept == NULL || is_good(kept);
        PQclear(keep ? kept : next);
        kept = keep ? next : kept;
    }
    if (kept == NULL)
        fail_connection(pg, what);
    return kept;
}

/* --- statements --- */

static void count_statement(struct pg *pg)
{
    pg->error.class = ERROR_NONE;
    if (++pg->statements == pg->break_at)
        shutdown(PQsocket(pg->connection), pg->break_reply ? SHUT_RD : SHUT_RDWR);
}

/* Sends and waits. values NULL and count < 0: several statements. */
static PGresult *run(struct pg *pg, const char *what, const char *sql, int count, const char *const *values)
{
    int64_t since_ms = clock_steady_us() / 1000;
    count_statement(pg);
    int sent = count < 0 ? PQsendQuery(pg->connection, sql)
                         : PQsendQueryParams(pg->connection, sql, count, NULL, values, NULL, NULL, 0);
    if (!sent || !flush(pg, since_ms)) {
        if (pg->error.class == ERROR_NONE)
            fail_connection(pg, what);
        return NULL;
    }
    return result_of(pg, what, since_ms);
}

PGresult *pg_query(struct pg *pg, const char *sql, int count, const char *const *values)
{
    CHECK(count >= 0);
    PGresult *result = run(pg, "query", sql, count, values);
    if (result == NULL || is_good(result))
        return result;
    fail_result(pg, "query", result);
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
    PGresult *result = run(pg, "script", sql, -1, NULL);
    if (result == NULL)
        return false;
    bool good = is_good(result) || fail_result(pg, "script", result);
    PQclear(result);
    return good;
}

/* Hands rows to a COPY that has begun; piece by piece, as the server takes them. */
static bool put_rows(struct pg *pg, struct str rows, int64_t since_ms)
{
    for (uint32_t at = 0; at < rows.size;) {
        uint32_t size = rows.size - at < PIECE_BYTES ? rows.size - at : PIECE_BYTES;
        int taken = PQputCopyData(pg->connection, rows.at + at, (int)size);
        if (taken < 0)
            return false;
        at += taken > 0 ? size : 0;
        if (!flush(pg, since_ms))
            return false;
    }
    int ended;
    while ((ended = PQputCopyEnd(pg->connection, NULL)) == 0)
        if (!flush(pg, since_ms))
            return false;
    return ended == 1 && flush(pg, since_ms);
}

bool pg_copy(struct pg *pg, const char *sql, struct str rows)
{
    int64_t since_ms = clock_steady_us() / 1000;
    if (rows.size == 0)
        return true;
    PGresult *result = run(pg, "copy", sql, -1, NULL);
    if (result == NULL)
        return false;
    bool begun = PQresultStatus(result) == PGRES_COPY_IN || fail_result(pg, "copy", result);
    PQclear(result);
    if (!begun)
        return false;
    if (!put_rows(pg, rows, since_ms)) {
        if (pg->error.class == ERROR_NONE)
            fail_connection(pg, "copy");
        return false;
    }
    result = result_of(pg, "copy", since_ms);
    if (result == NULL)
        return false;
    bool good = is_good(result) || fail_result(pg, "copy", result);
    PQclear(result);
    return good;
}

bool pg_commit(struct pg *pg)
{
    PGresult *result = pg_query(pg, "COMMIT", 0, NULL);
    if (result == NULL)
        return false;
    bool committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    if (!committed) {
        char why[120];
        snprintf(why, sizeof why, "the server answered %s", PQcmdStatus(result));
        error_set(&pg->error, ERROR_RETRY, "COMMIT", why);
    }
    PQclear(result);
    return committed;
}
