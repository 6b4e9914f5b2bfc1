/* Names as numbers: each distinct string gets the next small number, once.
 *
 * 0 is the empty name (absent). Numbers depend on arrival and never leave the process; whatever is written
 * out is sorted by the bytes. Names are kept until release. */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/table.h"
#include "lib/base/vec.h"

struct names {
    struct arena bytes;
    VEC(struct str) list;
    struct table index;
};

void names_init(struct names *names);
void names_release(struct names *names);
uint32_t names_intern(struct names *names, struct str name);
static inline struct str names_get(const struct names *names, uint32_t number)
{
    return names->list.at[number];
}
