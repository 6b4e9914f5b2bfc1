/* How a database is named: a URL, libpq's key=value words, or its name alone. A password may stand in it, and
 * passwords are told to nobody: what is said of it repeats no word of it. */
#pragma once

#include "lib/io/pg.h"

/* What no waiting heals; static. NULL: libpq can read it, and begin. */
const char *pg_url_fault(const char *url);
