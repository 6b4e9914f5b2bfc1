/* The charge lines that stand in the settlers' tables, as `hourglass lines` prints them (CONTRACT §4, §5). */
#pragma once

#include "lib/base/pack.h"
#include "settler/store/memory_store.h"

/* Appends them as NDJSON, sorted. */
void lines_print(const struct memory_tables *tables, struct packer *out);
