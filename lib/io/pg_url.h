/* How a database is named: a URL or libpq's key=value words; its name alone is taken too, and not advised. A
 * password may stand in it, and passwords are told to nobody: what is said of it repeats no word of it. */
#pragma once

#include "lib/io/pg.h"

/* What no waiting heals; static. NULL: libpq can read it, and begin. */
const char *pg_url_fault(const char *url);
/* Whether it is a database's name alone: a fault, but one that can be connected to. */
bool pg_url_is_name(const char *url);
