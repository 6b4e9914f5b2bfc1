/* The state as canonical bytes, and back. Sections in a fixed order, each sorted by the bytes of names. */
#include <stdlib.h>

#include "aggregator/core/state.h"
#include "lib/base/check.h"
#include "lib/base/pack.h"

/* Bumped whenever the bytes change; a snapshot of another number is not ours. */
enum { SNAPSHOT_FORMAT = 1 };

enum { RECORD_WEIGHT = 64 }; /* bytes that a record of input counts for, when a snapshot falls due */

bool fold_at_epoch(const struct fold *fold)
{
    return fold->frame_made;
}

bool fold_snapshot_due(const struct fold *fold)
{
    uint64_t least = (uint64_t)fold->rules.snapshot_bytes;
    uint64_t weight = fold->records_since_snapshot * RECORD_WEIGHT;
    return weight >= least && weight >= fold->last_snapshot_size;
}

void fold_snapshot_taken(struct fold *fold, const uint8_t digest[FRAME_HASH_SIZE], uint64_t size)
{
    memcpy(fold->snapshot_digest, digest, FRAME_HASH_SIZE);
    fold->last_snapshot_size = size;
    fold->records_since_snapshot = 0;
}

/* --- writing --- */

static void pack_name(struct packer *out, const struct fold *fold, uint32_t number)
{
    pack_str(out, names_get(&fold->names, number));
}

static void pack_level(struct packer *out, const struct fold *fold, struct level level)
{
    pack_name(out, fold, level.sku);
    pack_name(out, fold, level.order);
    pack_u128(out, level.quantity);
}

static void pack_head(struct packer *out, const struct fold *fold)
{
    pack_u64(out, SNAPSHOT_FORMAT);
    pack_u64(out, fold->partition);
    pack_u64(out, fold->has_rules);
    const struct rules *r = &fold->rules;
    const int64_t rules[] = {
        r->number,        r->epoch_us,      r->delay_us, r->lifecycle_horizon_us, r->report_horizon_us,
        r->epoch_records, r->snapshot_bytes};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        pack_u64(out, (uint64_t)rules[i]);
    for (int p = 0; p < PRODUCT_COUNT; p++)
        pack_u64(out, (uint64_t)fold->liveness_s[p]);
    pack_u64(out, (uint64_t)fold->clock.now_us);
    pack_u64(out, (uint64_t)fold->clock.closed_s);
    pack_u64(out, fold->seq);
    pack_u64(out, (uint64_t)fold->next_offset);
    pack_raw(out, fold->prev_hash, sizeof fold->prev_hash);
    pack_u64(out, (uint64_t)fold->reject_hour_s);
    pack_u64(out, fold->reject_count);
}

static int compare_incarnations(const void *a, const void *b)
{
    const struct incarnation *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static void pack_incarnations(struct packer *out, const struct fold *fold)
{
    uint32_t count = fold->incarnations.count;
    pack_u64(out, count);
    if (count == 0)
        return;
    struct incarnation *sorted = malloc(count * sizeof *sorted);
    CHECK(sorted != NULL);
    memcpy(sorted, fold->incarnations.at, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_incarnations);
    for (uint32_t i = 0; i < count; i++) {
        pack_u64(out, sorted[i].number);
        pack_u64(out, sorted[i].counted);
        pack_u64(out, (uint64_t)sorted[i].last_us);
    }
    free(sorted);
}

static void pack_series(struct packer *out, const struct fold *fold, const struct series *series)
{
    pack_u64(out, series->product);
    pack_name(out, fold, series->account);
    pack_name(out, fold, series->name);
    pack_name(out, fold, series->sku);
    pack_u64(out, (uint64_t)series->changed_s);
    pack_u64(out, (uint64_t)series->signs_changed_s);
    pack_u64(out, series->live);
    pack_u64(out, series->said.steps.count);
    for (uint32_t i = 0; i < series->said.steps.count; i++) {
        pack_u64(out, (uint64_t)series->said.steps.at[i].from_s);
        pack_u64(out, (uint64_t)series->said.steps.at[i].to_s);
        pack_level(out, fold, series->said.steps.at[i].level);
    }
}

static void pack_points(struct packer *out, const struct fold *fold, const struct points *points)
{
    pack_level(out, fold, points->base);
    pack_u64(out, points->list.count);
    for (uint32_t i = 0; i < points->list.count; i++) {
        const struct point *point = &points->list.at[i];
        pack_u64(out, (uint64_t)point->time_us);
        pack_str(out, point->id);
        pack_name(out, fold, point->source);
        pack_u64(out, (uint64_t)point->kind | (uint64_t)point->second << 8);
        pack_name(out, fold, point->sku);
        pack_name(out, fold, point->order);
        pack_u64(out, (uint64_t)point->quantity);
        pack_level(out, fold, point->left);
    }
}

static int compare_series(const struct fold *fold, const struct series *x, const struct series *y)
{
    int order = str_compare(names_get(&fold->names, x->account), names_get(&fold->names, y->account));
    if (order == 0)
        order = (int)x->product - (int)y->product;
    if (order == 0)
        order = str_compare(names_get(&fold->names, x->name), names_get(&fold->names, y->name));
    if (order == 0)
        order = str_compare(names_get(&fold->names, x->sku), names_get(&fold->names, y->sku));
    return order;
}

static int compare_resources(const void *a, const void *b, void *context)
{
    const struct fold *fold = context;
    return compare_series(fold, &fold->resources.at[*(const uint32_t *)a].series,
                          &fold->resources.at[*(const uint32_t *)b].series);
}

static int compare_pools(const void *a, const void *b, void *context)
{
    const struct fold *fold = context;
    return compare_series(fold, &fold->pools.at[*(const uint32_t *)a].series,
                          &fold->pools.at[*(const uint32_t *)b].series);
}

static int compare_file_systems(const void *a, const void *b, void *context)
{
    const struct fold *fold = context;
    const struct file_system *x = &fold->file_systems.at[*(const uint32_t *)a];
    const struct file_system *y = &fold->file_systems.at[*(const uint32_t *)b];
    const uint32_t left[] = {x->account, x->sku, x->subject}, right[] = {y->account, y->sku, y->subject};
    for (int i = 0; i < 3; i++) {
        int order = str_compare(names_get(&fold->names, left[i]), names_get(&fold->names, right[i]));
        if (order != 0)
            return order;
    }
    return 0;
}

/* Numbers 0 .. count - 1 in the order of `compare`; to be freed. */
static uint32_t *sorted_indexes(const struct fold *fold, uint32_t count,
                                int (*compare)(const void *, const void *, void *))
{
    uint32_t *indexes = malloc(((size_t)count + 1) * sizeof *indexes);
    CHECK(indexes != NULL);
    for (uint32_t i = 0; i < count; i++)
        indexes[i] = i;
    union {
        const struct fold *given;
        void *context;
    } unqualified = {.given = fold}; /* qsort_r's context is not const; compare reads only */
    if (count > 0)
        qsort_r(indexes, count, sizeof *indexes, compare, unqualified.context);
    return indexes;
}

static void pack_resources(struct packer *out, const struct fold *fold)
{
    uint32_t *order = sorted_indexes(fold, fold->resources.count, compare_resources);
    pack_u64(out, fold->resources.count);
    for (uint32_t i = 0; i < fold->resources.count; i++) {
        const struct resource *resource = &fold->resources.at[order[i]];
        pack_series(out, fold, &resource->series);
        pack_points(out, fold, &resource->points);
        pack_u64(out, resource->spans.list.count);
        for (uint32_t s = 0; s < resource->spans.list.count; s++) {
            pack_u64(out, (uint64_t)resource->spans.list.at[s].first_s);
            pack_u64(out, (uint64_t)resource->spans.list.at[s].last_s);
        }
    }
    free(order);
}

static void pack_pools(struct packer *out, const struct fold *fold)
{
    uint32_t *order = sorted_indexes(fold, fold->pools.count, compare_pools);
    pack_u64(out, fold->pools.count);
    for (uint32_t i = 0; i < fold->pools.count; i++) {
        const struct storage_pool *pool = &fold->pools.at[order[i]];
        pack_series(out, fold, &pool->series);
        pack_u64(out, (uint64_t)pool->last_stop_s);
        pack_u128(out, (unsigned __int128)pool->pool.base);
        pack_u64(out, pool->pool.changes.count);
        for (uint32_t c = 0; c < pool->pool.changes.count; c++) {
            pack_u64(out, (uint64_t)pool->pool.changes.at[c].second_s);
            pack_u128(out, (unsigned __int128)pool->pool.changes.at[c].bytes);
        }
    }
    free(order);
}

static void pack_file_systems(struct packer *out, const struct fold *fold)
{
    uint32_t *order = sorted_indexes(fold, fold->file_systems.count, compare_file_systems);
    pack_u64(out, fold->file_systems.count);
    for (uint32_t i = 0; i < fold->file_systems.count; i++) {
        const struct file_system *fs = &fold->file_systems.at[order[i]];
        pack_name(out, fold, fs->account);
        pack_name(out, fold, fs->sku);
        pack_name(out, fold, fs->subject);
        pack_points(out, fold, &fs->points);
    }
    free(order);
}

static void pack_seen(struct packer *out, const struct fold *fold)
{
    pack_u64(out, fold->seen.buckets.count);
    for (uint32_t i = 0; i < fold->seen.buckets.count; i++) {
        const struct seen_bucket *bucket = &fold->seen.buckets.at[i];
        pack_u64(out, (uint64_t)bucket->hour_s);
        pack_u64(out, bucket->count);
        struct identity *sorted = malloc((bucket->count + 1) * sizeof *sorted);
        CHECK(sorted != NULL);
        uint64_t count = 0;
        for (uint64_t s = 0; s < bucket->capacity; s++)
            if (bucket->slots[s].low != 0 || bucket->slots[s].high != 0)
                sorted[count++] = bucket->slots[s];
        CHECK(count == bucket->count);
        qsort(sorted, count, sizeof *sorted, identity_compare);
        pack_raw(out, sorted, count * sizeof *sorted);
        free(sorted);
    }
}

void fold_snapshot(const struct fold *fold, struct packer *out)
{
    CHECK(fold->touched.count == 0 && fold->sums.list.count == 0);
    pack_head(out, fold);
    pack_incarnations(out, fold);
    pack_resources(out, fold);
    pack_pools(out, fold);
    pack_file_systems(out, fold);
    pack_seen(out, fold);
}

/* --- reading --- */

static uint32_t unpack_name(struct unpacker *in, struct fold *fold)
{
    return names_intern(&fold->names, unpack_str(in));
}

static struct level unpack_level(struct unpacker *in, struct fold *fold)
{
    struct level level;
    level.sku = unpack_name(in, fold);
    level.order = unpack_name(in, fold);
    level.quantity = unpack_u128(in);
    return level;
}

static void unpack_head(struct unpacker *in, struct fold *fold)
{
    if (unpack_u64(in) != SNAPSHOT_FORMAT)
        in->bad = true;
    fold->partition = (uint32_t)unpack_u64(in);
    fold->has_rules = unpack_u64(in) != 0;
    struct rules *r = &fold->rules;
    r->number = (uint32_t)unpack_u64(in);
    int64_t *const rules[] = {&r->epoch_us,          &r->delay_us,      &r->lifecycle_horizon_us,
                              &r->report_horizon_us, &r->epoch_records, &r->snapshot_bytes};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        *rules[i] = (int64_t)unpack_u64(in);
    for (int p = 0; p < PRODUCT_COUNT; p++)
        fold->liveness_s[p] = (int64_t)unpack_u64(in);
    fold->clock.now_us = (int64_t)unpack_u64(in);
    fold->clock.closed_s = (int64_t)unpack_u64(in);
    fold->seq = unpack_u64(in);
    fold->next_offset = (int64_t)unpack_u64(in);
    unpack_raw(in, fold->prev_hash, sizeof fold->prev_hash);
    fold->reject_hour_s = (int64_t)unpack_u64(in);
    fold->reject_count = (uint32_t)unpack_u64(in);
}

static void unpack_incarnations(struct unpacker *in, struct fold *fold)
{
    uint32_t count = unpack_count(in, 3 * sizeof(uint64_t));
    for (uint32_t i = 0; i < count; i++) {
        struct incarnation incarnation;
        incarnation.number = unpack_u64(in);
        incarnation.counted = unpack_u64(in);
        incarnation.last_us = (int64_t)unpack_u64(in);
        vec_push(&fold->incarnations, incarnation);
    }
}

static void unpack_series(struct unpacker *in, struct fold *fold, struct series *series)
{
    uint64_t product = unpack_u64(in);
    if (product >= PRODUCT_COUNT)
        in->bad = true;
    series->product = in->bad ? PRODUCT_CONTAINER : (enum product)product;
    series->account = unpack_name(in, fold);
    series->name = unpack_name(in, fold);
    series->sku = unpack_name(in, fold);
    series->changed_s = (int64_t)unpack_u64(in);
    series->signs_changed_s = (int64_t)unpack_u64(in);
    series->live = unpack_u64(in) != 0;
    uint32_t count = unpack_count(in, 40);
    for (uint32_t i = 0; i < count; i++) {
        struct step step;
        step.from_s = (int64_t)unpack_u64(in);
        step.to_s = (int64_t)unpack_u64(in);
        step.level = unpack_level(in, fold);
        vec_push(&series->said.steps, step);
    }
}

static void unpack_points(struct unpacker *in, struct fold *fold, struct points *points)
{
    points->base = unpack_level(in, fold);
    uint32_t count = unpack_count(in, 60);
    for (uint32_t i = 0; i < count; i++) {
        struct point point = {.time_us = (int64_t)unpack_u64(in)};
        struct str id = unpack_str(in);
        if (id.size == 0 || id.size > SLAB_SIZE_MAX)
            in->bad = true;
        if (in->bad)
            return;
        point.id = slab_copy(&fold->ids, id);
        point.source = unpack_name(in, fold);
        uint64_t flags = unpack_u64(in);
        point.kind = (uint8_t)flags;
        point.second = flags >> 8 != 0;
        point.sku = unpack_name(in, fold);
        point.order = unpack_name(in, fold);
        point.quantity = (int64_t)unpack_u64(in);
        point.left = unpack_level(in, fold);
        vec_push(&points->list, point);
    }
}

static void unpack_resources(struct unpacker *in, struct fold *fold)
{
    uint32_t count = unpack_count(in, 100);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct resource resource = {0};
        unpack_series(in, fold, &resource.series);
        unpack_points(in, fold, &resource.points);
        uint32_t spans = unpack_count(in, sizeof(struct span));
        for (uint32_t s = 0; s < spans; s++) {
            struct span span;
            span.first_s = (int64_t)unpack_u64(in);
            span.last_s = (int64_t)unpack_u64(in);
            vec_push(&resource.spans.list, span);
        }
        fold_adopt_resource(fold, resource);
    }
}

static void unpack_pools(struct unpacker *in, struct fold *fold)
{
    uint32_t count = unpack_count(in, 100);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct storage_pool pool = {0};
        unpack_series(in, fold, &pool.series);
        pool.last_stop_s = (int64_t)unpack_u64(in);
        pool.pool.base = pool.pool.cursor_total = (__int128)unpack_u128(in);
        uint32_t changes = unpack_count(in, 24);
        for (uint32_t c = 0; c < changes; c++) {
            struct pool_change change;
            change.second_s = (int64_t)unpack_u64(in);
            change.bytes = (__int128)unpack_u128(in);
            vec_push(&pool.pool.changes, change);
        }
        fold_adopt_pool(fold, pool);
    }
}

static void unpack_file_systems(struct unpacker *in, struct fold *fold)
{
    uint32_t count = unpack_count(in, 40);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct file_system fs = {0};
        fs.account = unpack_name(in, fold);
        fs.sku = unpack_name(in, fold);
        fs.subject = unpack_name(in, fold);
        unpack_points(in, fold, &fs.points);
        fold_adopt_file_system(fold, fs);
    }
}

static void unpack_seen(struct unpacker *in, struct fold *fold)
{
    uint32_t buckets = unpack_count(in, 16);
    for (uint32_t i = 0; i < buckets; i++) {
        int64_t hour_s = (int64_t)unpack_u64(in);
        uint32_t count = unpack_count(in, sizeof(struct identity));
        for (uint32_t c = 0; c < count; c++) {
            struct identity identity;
            unpack_raw(in, &identity, sizeof identity);
            if (identity.low == 0 && identity.high == 0)
                in->bad = true;
            else
                seen_add(&fold->seen, hour_s, identity);
        }
    }
}

struct fold *fold_restore(struct str snapshot, const uint8_t digest[FRAME_HASH_SIZE])
{
    struct unpacker in = {snapshot.at, snapshot.at + snapshot.size, false};
    struct fold *fold = fold_new(0);
    unpack_head(&in, fold);
    unpack_incarnations(&in, fold);
    unpack_resources(&in, fold);
    unpack_pools(&in, fold);
    unpack_file_systems(&in, fold);
    unpack_seen(&in, fold);
    if (in.bad || in.at != in.end) {
        fold_free(fold);
        return NULL;
    }
    fold_snapshot_taken(fold, digest, snapshot.size);
    return fold;
}
