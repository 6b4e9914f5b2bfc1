#include "aggregator/core/pool.h"

#include "lib/base/check.h"

/* Index of the first change at or after second_s. */
static uint32_t change_at(const struct pool *pool, int64_t second_s)
{
    uint32_t low = 0, high = pool->changes.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (pool->changes.at[middle].second_s >= second_s)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void add_change(struct pool *pool, int64_t second_s, __int128 bytes)
{
    uint32_t at = change_at(pool, second_s);
    if (at < pool->cursor)
        pool->cursor_total += bytes;
    if (at == pool->changes.count || pool->changes.at[at].second_s != second_s) {
        if (at < pool->cursor)
            pool->cursor++;
        vec_insert(&pool->changes, at, (struct pool_change){second_s, bytes});
        return;
    }
    pool->changes.at[at].bytes += bytes;
    if (pool->changes.at[at].bytes != 0)
        return;
    if (at < pool->cursor)
        pool->cursor--;
    vec_remove(&pool->changes, at, 1);
}

void pool_add(struct pool *pool, int64_t from_s, int64_t to_s, __int128 bytes)
{
    if (bytes == 0 || from_s >= to_s)
        return;
    add_change(pool, from_s, bytes);
    if (to_s != INT64_MAX)
        add_change(pool, to_s, -bytes);
}

/* Moves the cursor to the first change at or after second_s. */
static void seek(struct pool *pool, int64_t second_s)
{
    while (pool->cursor > 0 && pool->changes.at[pool->cursor - 1].second_s >= second_s)
        pool->cursor_total -= pool->changes.at[--pool->cursor].bytes;
    while (pool->cursor < pool->changes.count && pool->changes.at[pool->cursor].second_s < second_s)
        pool->cursor_total += pool->changes.at[pool->cursor++].bytes;
}

__int128 pool_total(struct pool *pool, int64_t second_s)
{
    seek(pool, second_s + 1);
    CHECK(pool->cursor_total >= 0);
    return pool->cursor_total;
}

void pool_fold(struct pool *pool, int64_t from_s, int64_t to_s, struct timeline *out)
{
    if (from_s >= to_s)
        return;
    __int128 total = pool_total(pool, from_s);
    int64_t since_s = from_s;
    while (pool->cursor < pool->changes.count && pool->changes.at[pool->cursor].second_s < to_s) {
        struct pool_change change = pool->changes.at[pool->cursor++];
        pool->cursor_total += change.bytes;
        timeline_append(out, (struct step){since_s, change.second_s, {0, 0, (unsigned __int128)total}});
        since_s = change.second_s;
        total = pool->cursor_total;
        CHECK(total >= 0);
    }
    timeline_append(out, (struct step){since_s, to_s, {0, 0, (unsigned __int128)total}});
}

void pool_forget(struct pool *pool, int64_t second_s)
{
    seek(pool, second_s);
    pool->base = pool->cursor_total;
    vec_remove(&pool->changes, 0, pool->cursor);
    pool->cursor = 0;
}
