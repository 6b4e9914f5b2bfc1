/* A hash index: from a 64-bit hash to the positions, in somebody's array, of the items that have it.
 *
 * It knows no keys; the caller compares:
 *
 *     for (struct table_probe p = table_probe(&t, hash); table_next(&t, &p);)
 *         if (key_equal(items.at[p.index], key))
 *             return p.index;
 *     table_insert(&t, hash, items.count);
 *
 * Order of slots never shows in any output. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/str.h"

struct table {
    uint64_t *slots; /* upper half: of the hash; lower half: index + 1; 0: empty */
    uint32_t mask;   /* capacity - 1; 0 slots while slots is NULL */
    uint32_t count;
};

struct table_probe {
    uint32_t tag;
    uint32_t at;
    uint32_t index; /* of the candidate, after table_next said true */
};

static inline uint32_t table_tag(uint64_t hash)
{
    return (uint32_t)(hash >> 32) ^ (uint32_t)hash;
}

static inline struct table_probe table_probe(const struct table *table, uint64_t hash)
{
    uint32_t tag = table_tag(hash);
    return (struct table_probe){tag, tag & table->mask, 0};
}

static inline bool table_next(const struct table *table, struct table_probe *probe)
{
    if (table->slots == NULL)
        return false;
    for (uint64_t slot; (slot = table->slots[probe->at]) != 0;) {
        probe->at = (probe->at + 1) & table->mask;
        if ((uint32_t)(slot >> 32) == probe->tag) {
            probe->index = (uint32_t)slot - 1;
            return true;
        }
    }
    return false;
}

/* The caller made sure that the item is not in it. */
void table_insert(struct table *table, uint64_t hash, uint32_t index);
void table_clear(struct table *table);
void table_release(struct table *table);

/* One hash for all tables: XXH3, 64 bits. */
uint64_t hash_bytes(const void *at, size_t size);
/* XXH3, 128 bits: for what must not collide among thousands of millions. */
void hash_bytes_128(const void *at, size_t size, uint64_t *low, uint64_t *high);
static inline uint64_t hash_str(struct str s)
{
    return hash_bytes(s.at, s.size);
}
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xD6E8FEB86659FD93u);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}
