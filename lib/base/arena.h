/* Memory that is released all at once: an epoch's strings, a transaction's rows.
 *
 * Blocks are kept by a reset, so a steady state allocates nothing. Pointers stay good until the reset. */
#pragma once

#include "lib/base/str.h"

struct arena_block;

struct arena {
    struct arena_block *first;
    struct arena_block *current;
    size_t used; /* of the current block */
};

/* `size` bytes, aligned for anything, not zeroed. */
void *arena_take(struct arena *arena, size_t size);
struct str arena_copy(struct arena *arena, struct str text);
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);
