/* The settler's tables in PostgreSQL: an adapter of settler/store/port.h. A file a table, which alone knows
 * its columns; all reads and writes are one statement a table. */
#pragma once

#include "lib/io/pg.h"
#include "settler/store/store.h"

struct pg_store_options {
    const char *database;
    const char *schema;
    struct pg_waiting waiting; /* told while the server is waited for */
    int64_t deadline_ms;       /* for a statement's answer, then the store is dead; 0: a minute */
    int64_t ranges_pause_ms;   /* the first, after ranges of `settled` could not be made; 0: 5 s */
};

/* Connects and sees that the schema is this binary's. A store_opener's: the context is the options, which
 * outlive it. FATAL: the schema is not migrated, or is newer than the binary. */
struct store *pg_store_open(void *options, struct error *error);
/* Of a store that was opened here; the store's. */
struct pg *pg_store_connection(struct store *store);
