/* PostgreSQL through libpq: the one place that includes its header.
 *
 * A connection counts its statements. COMMIT is a success only when the server says COMMIT: libpq answers
 * "command OK" to the COMMIT of a failed transaction too. Nothing here blocks in libpq: while the server is
 * waited for, `waiting` is told, and beyond the deadline the connection is given up.
 *
 * A session is pinned to what text depends on (UTF8, hex, ISO dates, UTC), whatever server, role, environment
 * and URL say; the user's other settings (options=, PGOPTIONS) hold. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/pack.h"
#include "lib/port/error.h"

/* Told again and again while an answer is waited for, and for how long already. NULL: nobody asks. */
struct pg_waiting {
    bool (*waiting)(void *context, int64_t waited_ms); /* false: the connection is to be given up */
    void *context;
};

struct pg {
    PGconn *connection;
    struct pg_waiting waiting;
    int64_t deadline_ms; /* for one statement's answer; 0: none */
    uint64_t statements;
    uint64_t break_at;  /* for tests: the connection breaks at that statement, 0: never; */
    bool break_reply;   /* the statement still reaches the server, its answer is lost */
    struct error error; /* of the last call that failed: its class by SQLSTATE (lib/io/pg_state.h) */
};

/* NULL: *error says why. search_path is the schema alone ("" leaves the role's own). A database that is not
 * UTF8 is refused. */
struct pg *pg_connect(const char *url, const char *schema, struct error *error);
struct pg *pg_connect_waiting(const char *url, const char *schema, struct pg_waiting waiting,
                              struct error *error);
void pg_free(struct pg *pg);

/* Runs one statement with text parameters. NULL: pg->error; else the caller clears it with PQclear. */
PGresult *pg_query(struct pg *pg, const char *sql, int count, const char *const *values);
/* The same where no rows are wanted; *affected may be NULL. */
__attribute__((warn_unused_result)) bool pg_do(struct pg *pg, const char *sql, int count,
                                               const char *const *values, uint64_t *affected);
/* COPY ... FROM STDIN. */
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
/* 16 bytes as a uuid's text. */
enum { PG_UUID_SIZE = 37 };
void pg_print_uuid(const uint8_t id[16], char out[PG_UUID_SIZE]);
