#include "lib/base/table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lib/base/check.h"

enum { CAPACITY_FIRST = 16 };

static void slot_put(struct table *table, uint64_t slot)
{
    uint32_t at = (uint32_t)(slot >> 32) & table->mask;
    while (table->slots[at] != 0)
        at = (at + 1) & table->mask;
    table->slots[at] = slot;
}

static void grow(struct table *table)
{
    uint64_t capacity = table->slots == NULL ? CAPACITY_FIRST : 2 * ((uint64_t)table->mask + 1);
    CHECK(capacity <= (uint64_t)1 << 31);
    struct table old = *table;
    table->slots = calloc(capacity, sizeof *table->slots);
    CHECK(table->slots != NULL);
    table->mask = (uint32_t)(capacity - 1);
    if (old.slots != NULL)
        for (uint64_t i = 0; i <= old.mask; i++)
            if (old.slots[i] != 0)
                slot_put(table, old.slots[i]);
    free(old.slots);
}

void table_insert(struct table *table, uint64_t hash, uint32_t index)
{
    CHECK(index < UINT32_MAX);
    if (table->slots == NULL || (uint64_t)table->count * 3 >= ((uint64_t)table->mask + 1) * 2)
        grow(table);
    slot_put(table, (uint64_t)table_tag(hash) << 32 | (index + 1));
    table->count++;
}

void table_clear(struct table *table)
{
    if (table->count > 0)
        memset(table->slots, 0, ((size_t)table->mask + 1) * sizeof *table->slots);
    table->count = 0;
}

void table_release(struct table *table)
{
    free(table->slots);
    *table = (struct table){0};
}

uint64_t hash_bytes(const void *at, size_t size)
{
    return XXH3_64bits(at, size);
}

void hash_bytes_128(const void *at, size_t size, uint64_t *low, uint64_t *high)
{
    XXH128_hash_t hash = XXH3_128bits(at, size);
    *low = hash.low64;
    *high = hash.high64;
}
