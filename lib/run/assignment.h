/* Which partitions a process works on: "group" (a consumer group hands them out), "all", or numbers with
 * commas. */
#pragma once

#include <stdbool.h>

#include "lib/base/vec.h"

struct assignment {
    VEC(uint32_t) partitions;
};

bool assignment_is_group(const char *text);
/* Fills from "all" or numbers below `count`. False: it is neither. */
bool assignment_parse(struct assignment *assignment, const char *text, uint32_t count);
