/* Connecting, and what a session is pinned to. */
#include <poll.h>
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/io/clock.h"
#include "lib/io/pg.h"
#include "lib/io/pg_url.h"
#include "lib/io/pg_wait.h"

enum { CONNECT_MS = 10000, PROBE_MS = 2000, STATE_SIZE = 6 };

/* --- why it failed --- */

#define WRONG_PASSWORD "28P01"

/* With verbose errors the server's text is "FATAL:  28P01: ...", in whatever language: the code is the first
 * word of five capitals or digits between ":  " and ":". "": there is none. */
static void find_state(const char *text, char state[STATE_SIZE])
{
    state[0] = 0;
    for (const char *at = text; (at = strstr(at, ":  ")) != NULL; at += 3) {
        const char *code = at + 3;
        size_t size = strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (size != STATE_SIZE - 1 || code[size] != ':')
            continue;
        memcpy(state, code, size);
        state[size] = 0;
        return;
    }
}

/* What libpq refuses before it begins: a value of the URL, the environment or the service file. */
static bool is_refused_by_libpq(const PGconn *connection, const char *text)
{
    return PQsocket(connection) < 0 && strncmp(text, "invalid ", strlen("invalid ")) == 0;
}

/* Verbose errors end with a line of the server's source; ours is the first line of each. */
static void fail_to_connect(struct pg *pg)
{
    char state[STATE_SIZE], why[300];
    if (PQconnectionNeedsPassword(pg->connection)) {
        error_set(
            &pg->error, ERROR_FATAL, "connect",
            "the server asks for a password, and there is none; see --database, PGPASSFILE and PGPASSWORD");
        return;
    }
    const char *text = PQerrorMessage(pg->connection);
    find_state(text, state);
    snprintf(why, sizeof why, "%.*s%s", (int)strcspn(text, "\n"), text,
             strcmp(state, WRONG_PASSWORD) == 0 ? "; see --database, PGPASSFILE and PGPASSWORD" : "");
    pg_fail(pg, "connect", state, why);
    if (is_refused_by_libpq(pg->connection, text))
        pg->error.class = ERROR_FATAL;
}

/* --- connecting --- */

/* Notices are nobody's: libpq would print them. */
static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

/* The user's URL first: what is said behind it holds, whatever it or the environment says. */
static PGconn *start(const char *url, PGconn *begin(const char *const *, const char *const *, int))
{
    const char *const keys[] = {"dbname",
                                "application_name",
                                "connect_timeout",
                                "tcp_user_timeout",
                                "keepalives_idle",
                                "client_encoding",
                                NULL};
    const char *const values[] = {url, "hourglass", "10", "20000", "10", "UTF8", NULL};
    PGconn *connection = begin(keys, values, 1);
    CHECK(connection != NULL);
    PQsetNoticeReceiver(connection, ignore_notice, NULL);
    return connection;
}

/* False: it failed, or took too long. */
static bool finish(struct pg *pg)
{
    int64_t since_ms = clock_steady_us() / 1000;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    if (PQstatus(pg->connection) == CONNECTION_BAD) {
        fail_to_connect(pg);
        return false;
    }
    PQsetErrorVerbosity(pg->connection, PQERRORS_VERBOSE);
    while (status != PGRES_POLLING_OK) {
        if (status == PGRES_POLLING_FAILED) {
            fail_to_connect(pg);
            return false;
        }
        if (!pg_wait(pg, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, since_ms, CONNECT_MS))
            return false;
        status = PQconnectPoll(pg->connection);
    }
    PQsetErrorVerbosity(pg->connection, PQERRORS_DEFAULT);
    return true;
}

static bool names_several_hosts(PGconn *connection)
{
    PQconninfoOption *all = PQconninfo(connection);
    bool several = false;
    for (PQconninfoOption *o = all; o != NULL && o->keyword != NULL; o++)
        if (strncmp(o->keyword, "host", 4) == 0 && o->val != NULL)
            several |= strchr(o->val, ',') != NULL;
    PQconninfoFree(all);
    return several;
}

/* libpq alone can go on to the next of several hosts when one does not answer, and then it blocks. */
static bool connect_to_any(struct pg *pg, const char *url)
{
    pg->connection = start(url, PQconnectStartParams);
    if (finish(pg))
        return true;
    if (pg->error.class != ERROR_ABORT || !names_several_hosts(pg->connection))
        return false;
    PQfinish(pg->connection);
    pg->connection = start(url, PQconnectdbParams);
    if (PQstatus(pg->connection) == CONNECTION_OK)
        return true;
    fail_to_connect(pg);
    return false;
}

static bool check_url(struct pg *pg, const char *url)
{
    const char *fault = pg_url_is_name(url) ? NULL : pg_url_fault(url);
    if (fault != NULL)
        error_set(&pg->error, ERROR_FATAL, "the database's URL", fault);
    return fault == NULL;
}

/* --- the session --- */

/* What text depends on is pinned; waits have a bound where the user set none. By SET, since poolers take no
 * startup options. */
static const char session[] =
    "SET client_encoding = 'UTF8'; SET bytea_output = 'hex'; SET datestyle = 'ISO, YMD';"
    " SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET standard_conforming_strings = on;"
    " SET extra_float_digits = 1; SET client_min_messages = warning;"
    " SELECT set_config('lock_timeout', '20s', false) WHERE current_setting('lock_timeout') = '0';"
    " SELECT set_config('idle_in_transaction_session_timeout', '60s', false)"
    " WHERE current_setting('idle_in_transaction_session_timeout') = '0'";

static bool set_schema(struct pg *pg, const char *schema)
{
    if (schema[0] == 0)
        return true;
    char *name = PQescapeIdentifier(pg->connection, schema, strlen(schema));
    if (name == NULL)
        return pg_fail(pg, "schema", NULL, PQerrorMessage(pg->connection));
    char sql[400];
    snprintf(sql, sizeof sql, "SET search_path TO %s", name);
    PQfreemem(name);
    return pg_do(pg, sql, 0, NULL, NULL);
}

static bool is_utf8(struct pg *pg)
{
    const char *encoding = PQparameterStatus(pg->connection, "server_encoding");
    char why[200];
    if (encoding != NULL && strcmp(encoding, "UTF8") == 0)
        return true;
    snprintf(why, sizeof why,
             "its encoding is %.20s, and names are UTF8: make one with CREATE DATABASE name ENCODING 'UTF8'"
             " LOCALE 'C.UTF-8' TEMPLATE template0",
             encoding == NULL ? "unknown" : encoding);
    error_set(&pg->error, ERROR_FATAL, "the database cannot be used", why);
    return false;
}

/* --- poolers --- */

/* The server's process of this session now; 0: it failed. */
static int64_t backend_of(struct pg *pg)
{
    PGresult *rows = pg_query(pg, "SELECT pg_backend_pid()", 0, NULL);
    int64_t pid = rows == NULL ? 0 : strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
    PQclear(rows);
    return pid;
}

/* Whether another session, inside a transaction, is given the server's process that ours just had. */
static bool is_shared(struct pg *pg, const char *url, int64_t backend)
{
    struct pg other = {.waiting = pg->waiting, .deadline_ms = PROBE_MS};
    other.connection = start(url, PQconnectStartParams);
    bool shared = finish(&other) && PQsetnonblocking(other.connection, 1) == 0 &&
                  pg_script(&other, "BEGIN") && backend_of(&other) == backend;
    PQfinish(other.connection);
    return shared;
}

/* A pooler that hands a session from one process of the server to another between transactions (PgBouncer's
 * pool_mode transaction) loses what the session is pinned to, and its search_path. */
static bool has_session(struct pg *pg, const char *url)
{
    int64_t backend = backend_of(pg);
    if (backend == 0)
        return false;
    if (backend == PQbackendPID(pg->connection) || !is_shared(pg, url, backend))
        return true;
    error_set(&pg->error, ERROR_FATAL, "the pooler in front of the database gives no session of its own",
              "settings would be lost between transactions: set its pool_mode to session, or connect to the"
              " server itself");
    return false;
}

struct pg *pg_connect_waiting(const char *url, const char *schema, struct pg_waiting waiting,
                              struct error *error)
{
    struct pg *pg = calloc(1, sizeof *pg);
    CHECK(pg != NULL);
    pg->waiting = waiting;
    pg->deadline_ms = CONNECT_MS; /* of the statements here */
    bool good = check_url(pg, url) && connect_to_any(pg, url) && is_utf8(pg) &&
                PQsetnonblocking(pg->connection, 1) == 0 && pg_script(pg, session) && has_session(pg, url) &&
                set_schema(pg, schema);
    pg->deadline_ms = 0;
    pg->statements = 0;
    if (good)
        return pg;
    CHECK(pg->error.class != ERROR_NONE);
    *error = pg->error;
    if (error->class == ERROR_RETRY)
        error->class = ERROR_ABORT; /* there is no connection */
    pg_free(pg);
    return NULL;
}

struct pg *pg_connect(const char *url, const char *schema, struct error *error)
{
    return pg_connect_waiting(url, schema, (struct pg_waiting){NULL, NULL}, error);
}

void pg_free(struct pg *pg)
{
    if (pg == NULL)
        return;
    PQfinish(pg->connection);
    free(pg);
}
