#include "aggregator/core/seen.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lib/base/check.h"

enum { IDENTITY_BYTES_MAX = 512, CAPACITY_FIRST = 64 };

struct identity identity_of(struct str source, struct str id)
{
    /* No name holds a zero byte (CONTRACT §2), so the pair is told apart. */
    char bytes[IDENTITY_BYTES_MAX];
    CHECK((size_t)source.size + id.size + 1 <= sizeof bytes);
    memcpy(bytes, source.at, source.size);
    bytes[source.size] = 0;
    memcpy(bytes + source.size + 1, id.at, id.size);
    XXH128_hash_t hash = XXH3_128bits(bytes, (size_t)source.size + 1 + id.size);
    if (hash.low64 == 0 && hash.high64 == 0)
        hash.low64 = 1;
    return (struct identity){hash.low64, hash.high64};
}

int identity_compare(const void *a, const void *b)
{
    const struct identity *x = a, *y = b;
    if (x->high != y->high)
        return x->high < y->high ? -1 : 1;
    return (x->low > y->low) - (x->low < y->low);
}

/* The slot that holds the identity, or the empty one where it belongs. */
static struct identity *slot_of(const struct seen_bucket *bucket, struct identity identity)
{
    uint64_t mask = bucket->capacity - 1;
    for (uint64_t i = identity.low & mask;; i = (i + 1) & mask) {
        struct identity *slot = &bucket->slots[i];
        if ((slot->low == 0 && slot->high == 0) || (slot->low == identity.low && slot->high == identity.high))
            return slot;
    }
}

static void grow(struct seen_bucket *bucket)
{
    struct seen_bucket old = *bucket;
    bucket->capacity = old.capacity == 0 ? CAPACITY_FIRST : old.capacity * 2;
    bucket->slots = calloc(bucket->capacity, sizeof *bucket->slots);
    CHECK(bucket->slots != NULL);
    for (uint64_t i = 0; i < old.capacity; i++)
        if (old.slots[i].low != 0 || old.slots[i].high != 0)
            *slot_of(bucket, old.slots[i]) = old.slots[i];
    free(old.slots);
}

static struct seen_bucket *bucket_of(struct seen *seen, int64_t hour_s)
{
    if (seen->last < seen->buckets.count && seen->buckets.at[seen->last].hour_s == hour_s)
        return &seen->buckets.at[seen->last];
    uint32_t low = 0, high = seen->buckets.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (seen->buckets.at[middle].hour_s >= hour_s)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == seen->buckets.count || seen->buckets.at[low].hour_s != hour_s)
        vec_insert(&seen->buckets, low, (struct seen_bucket){.hour_s = hour_s});
    seen->last = low;
    return &seen->buckets.at[low];
}

bool seen_add(struct seen *seen, int64_t hour_s, struct identity identity)
{
    struct seen_bucket *bucket = bucket_of(seen, hour_s);
    if (bucket->count * 5 >= bucket->capacity * 4)
        grow(bucket);
    struct identity *slot = slot_of(bucket, identity);
    if (slot->low != 0 || slot->high != 0)
        return false;
    *slot = identity;
    bucket->count++;
    return true;
}

void seen_forget(struct seen *seen, int64_t before_s)
{
    uint32_t gone = 0;
    while (gone < seen->buckets.count && seen->buckets.at[gone].hour_s < before_s)
        free(seen->buckets.at[gone++].slots);
    vec_remove(&seen->buckets, 0, gone);
    seen->last = 0;
}

void seen_release(struct seen *seen)
{
    for (uint32_t i = 0; i < seen->buckets.count; i++)
        free(seen->buckets.at[i].slots);
    vec_release(&seen->buckets);
}
