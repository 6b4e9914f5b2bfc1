/* Waiting for the server without blocking in libpq. Internal to lib/io/pg*. */
#pragma once

#include "lib/io/pg.h"

/* Waits until the connection's socket is good for `events` (POLLIN, POLLOUT), telling `waiting`. False: the
 * deadline is past, counted from since_ms, which is the steady clock's; pg->error. */
bool pg_wait(struct pg *pg, short events, int64_t since_ms, int64_t deadline_ms);
/* Fills pg->error: "what: why", of the class of the SQLSTATE. Returns false. */
bool pg_fail(struct pg *pg, const char *what, const char *sqlstate, const char *why);
