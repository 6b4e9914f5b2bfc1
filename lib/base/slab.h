/* Small pieces of memory that come and go one by one: ids of change points.
 *
 * Pieces are rounded up to a class of 16 bytes; freed ones are kept in a list a class and used again, so the
 * steady state allocates nothing. At most SLAB_SIZE_MAX bytes a piece. */
#pragma once

#include "lib/base/arena.h"

enum { SLAB_CLASS = 16, SLAB_SIZE_MAX = 256 };

struct slab {
    struct arena blocks;
    void *free_lists[SLAB_SIZE_MAX / SLAB_CLASS + 1];
};

struct str slab_copy(struct slab *slab, struct str text);
void slab_free(struct slab *slab, struct str text);
void slab_release(struct slab *slab);
