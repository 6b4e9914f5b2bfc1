/* What --check-config asks of values beyond their form: each is an option_check (lib/io/options.h). They look
 * at names, files and texts; they connect to nothing. */
#pragma once

#include "lib/io/options.h"

option_check check_address;     /* an address, or a name that has one */
option_check check_servers;     /* HOST[:PORT],... whose names are known to the resolver */
option_check check_input_file;  /* it can be read; - is standard input */
option_check check_output_file; /* its folder can be written to */
option_check check_time;        /* RFC 3339 */
option_check check_partitions;  /* group, all, or numbers with commas */
option_check check_prefix;      /* what topics' names may have */
