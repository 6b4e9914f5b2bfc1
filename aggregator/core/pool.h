/* The bytes of an account's file systems of one storage sku, second by second (CONTRACT §3, `free`).
 *
 * Kept as changes of the total, so that a report of one file system costs what it changes, and an hour's
 * close what changed in that hour, however many file systems there are. */
#pragma once

#include "aggregator/core/timeline.h"

struct pool_change {
    int64_t second_s;
    __int128 bytes;
};

struct pool {
    VEC(struct pool_change) changes; /* one a second, none zero, in order */
    __int128 base;                   /* the total before the first change */
    uint32_t cursor;                 /* a place in `changes` that walks start from, and */
    __int128 cursor_total;           /* the total before it */
};

/* The total is `bytes` more in [from_s, to_s); to_s INT64_MAX: for ever. */
void pool_add(struct pool *pool, int64_t from_s, int64_t to_s, __int128 bytes);
/* Appends the totals of [from_s, to_s) to the timeline and leaves the cursor at to_s. */
void pool_fold(struct pool *pool, int64_t from_s, int64_t to_s, struct timeline *out);
/* The total of a second. */
__int128 pool_total(struct pool *pool, int64_t second_s);
/* Takes changes before second_s into the base. */
void pool_forget(struct pool *pool, int64_t second_s);
