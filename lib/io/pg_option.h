/* How a database is named on a command line, and how its password stays out of it. */
#pragma once

#include "lib/io/options.h"

#define PG_DATABASE_HELP "postgresql://USER@HOST:PORT/NAME, or libpq's key=value words"
#define PG_PASSWORD_HELP                                                                                     \
    "The password: never as an option, where everyone sees it in the list of processes. libpq finds it in\n" \
    "its passfile (~/.pgpass, or PGPASSFILE; HOST:PORT:NAME:USER:PASSWORD, mode 0600) or in PGPASSWORD; "    \
    "or\n"                                                                                                   \
    "the whole URL stands in HOURGLASS_DATABASE or in the file of --config.\n"

option_check check_database; /* libpq can read it, and begin (lib/io/pg_url.h) */
