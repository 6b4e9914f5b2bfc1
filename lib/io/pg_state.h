/* What a failure of PostgreSQL asks for, by its SQLSTATE (the server's "Error Codes" appendix). Pure.
 *
 * RETRY: the statement was refused and the connection is good. ABORT: connect again, which heals with time.
 * FATAL: waiting does not heal it. */
#pragma once

#include "lib/port/error.h"

/* NULL or "": the server said none, the connection broke. */
enum error_class pg_state_class(const char *sqlstate);
