/* The state as canonical bytes, and back. Sections in a fixed order, each sorted by the bytes of names. */
#include <stdlib.h>

#include "aggregator/core/state.h"
#include "lib/base/check.h"
#include "lib/base/pack.h"
#include "lib/base/time.h"

/* Bumped whenever the bytes change; a snapshot of another number is not ours. */
enum { SNAPSHOT_FORMAT = 3 };

/* The products whose liveness the head of this format contains: all levels are among them. */
enum { LIVENESS_PRODUCTS = 5 };
enum { POINT_BYTES = 41 }; /* the least that a change point takes */
enum { SUM_PRODUCT_SHIFT = 16 };

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
        r->number,        r->epoch_us,   r->delay_us,    r->lifecycle_horizon_us, r->report_horizon_us,
        r->epoch_records, r->frame_rows, r->frame_bytes, r->snapshot_bytes};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        pack_u64(out, (uint64_t)rules[i]);
    for (int p = LIVENESS_PRODUCTS; p < PRODUCT_COUNT; p++)
        CHECK(fold->liveness_s[p] == 0);
    for (int p = 0; p < LIVENESS_PRODUCTS; p++)
        pack_u64(out, (uint64_t)fold->liveness_s[p]);
    pack_u64(out, (uint64_t)fold->clock.now_us);
    pack_u64(out, (uint64_t)fold->clock.closed_s);
    pack_u64(out, fold->seq);
    pack_u64(out, (uint64_t)fold->next_offset);
    pack_raw(out, fold->prev_hash, sizeof fold->prev_hash);
    pack_u64(out, (uint64_t)fold->reject_hour_s);
    pack_u64(out, fold->reject_count);
    controls_pack(&fold->controls, out);
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

/* Stops that were not emitted yet, by series and hour, each once. */
struct sorted_stops {
    VEC(struct stop) list;
};

static void sort_stops(struct sorted_stops *sorted, const struct fold *fold)
{
    for (uint32_t i = 0; i < fold->stops.count; i++)
        vec_push(&sorted->list, fold->stops.at[i]);
    if (sorted->list.count > 0)
        qsort(sorted->list.at, sorted->list.count, sizeof *sorted->list.at, stop_compare);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < sorted->list.count; i++)
        if (kept == 0 || stop_compare(&sorted->list.at[kept - 1], &sorted->list.at[i]) != 0)
            sorted->list.at[kept++] = sorted->list.at[i];
    sorted->list.count = kept;
}

static void pack_stops(struct packer *out, const struct sorted_stops *sorted, struct series_ref ref)
{
    uint32_t low = 0, high = sorted->list.count;
    const struct stop first = {ref, INT64_MIN};
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (stop_compare(&sorted->list.at[middle], &first) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t end = low;
    while (end < sorted->list.count && sorted->list.at[end].ref.is_pool == ref.is_pool &&
           sorted->list.at[end].ref.index == ref.index)
        end++;
    pack_u64(out, end - low);
    for (; low < end; low++)
        pack_u64(out, (uint64_t)sorted->list.at[low].hour_s);
}

static void pack_series(struct packer *out, const struct fold *fold, const struct series *series)
{
    pack_u64(out, series->product);
    pack_name(out, fold, series->account);
    pack_name(out, fold, series->name);
    pack_name(out, fold, series->sku);
    pack_u64(out, (uint64_t)series->changed_s);
    pack_u64(out, (uint64_t)series->signs_changed_s);
    pack_u64(out, (uint64_t)series->stop_minute);
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
    pack_u64(out, (uint64_t)points->base_since_s);
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

static void pack_run(struct packer *out, const struct fold *fold, const struct run *run)
{
    pack_u64(out, run->state);
    pack_name(out, fold, run->sku);
    pack_name(out, fold, run->order);
    pack_u64(out, (uint64_t)run->quantity);
    pack_u64(out, (uint64_t)run->since_s);
    pack_u64(out, (uint64_t)run->sign_s);
}

static void pack_resources(struct packer *out, const struct fold *fold, const struct sorted_stops *stops)
{
    uint32_t *order = sorted_indexes(fold, fold->resources.count, compare_resources);
    pack_u64(out, fold->resources.count);
    for (uint32_t i = 0; i < fold->resources.count; i++) {
        const struct resource *resource = &fold->resources.at[order[i]];
        pack_series(out, fold, &resource->series);
        pack_stops(out, stops, series_ref(order[i], false));
        pack_run(out, fold, &resource->told);
        pack_points(out, fold, &resource->points);
        pack_u64(out, resource->spans.list.count);
        for (uint32_t s = 0; s < resource->spans.list.count; s++) {
            pack_u64(out, (uint64_t)resource->spans.list.at[s].first_s);
            pack_u64(out, (uint64_t)resource->spans.list.at[s].last_s);
        }
    }
    free(order);
}

static void pack_pools(struct packer *out, const struct fold *fold, const struct sorted_stops *stops)
{
    uint32_t *order = sorted_indexes(fold, fold->pools.count, compare_pools);
    pack_u64(out, fold->pools.count);
    for (uint32_t i = 0; i < fold->pools.count; i++) {
        const struct storage_pool *pool = &fold->pools.at[order[i]];
        pack_series(out, fold, &pool->series);
        pack_stops(out, stops, series_ref(order[i], true));
        pack_u64(out, pool->last_stops.count);
        for (uint32_t l = 0; l < pool->last_stops.count; l++)
            pack_u64(out, (uint64_t)pool->last_stops.at[l]);
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

/* The first sum of a key in the hour under way. */
struct sum_context {
    const struct fold *fold;
    const struct sum_hour *hour;
};

static int compare_sums(const void *a, const void *b, void *context)
{
    const struct sum_context *in = context;
    const struct sum_key *x = &in->fold->sums.keys.at[in->hour->list.at[*(const uint32_t *)a].key];
    const struct sum_key *y = &in->fold->sums.keys.at[in->hour->list.at[*(const uint32_t *)b].key];
    if (x->product != y->product)
        return x->product < y->product ? -1 : 1;
    const uint32_t left[] = {x->account, x->subject, x->sku}, right[] = {y->account, y->subject, y->sku};
    for (int i = 0; i < 3; i++) {
        int order = str_compare(names_get(&in->fold->names, left[i]), names_get(&in->fold->names, right[i]));
        if (order != 0)
            return order;
    }
    return 0;
}

static void pack_sum(struct packer *out, const struct fold *fold, const struct sum *sum)
{
    const struct sum_key *key = &fold->sums.keys.at[sum->key];
    pack_name(out, fold, key->account);
    pack_name(out, fold, key->subject);
    pack_name(out, fold, key->sku);
    /* The upper bits say which product of counts it is. */
    pack_u64(out, sum->from_s | (uint64_t)product_row(key->product)->count_number << SUM_PRODUCT_SHIFT);
    for (int m = 0; m < COUNT_METERS_MAX; m++)
        pack_u128(out, sum->by_meter[m]);
}

static void pack_sums(struct packer *out, const struct fold *fold)
{
    pack_u64(out, fold->sums.hours.count);
    VEC(uint32_t) firsts = {0};
    for (uint32_t h = 0; h < fold->sums.hours.count; h++) {
        struct sum_context context = {fold, &fold->sums.hours.at[h]};
        vec_clear(&firsts);
        for (uint32_t i = 0; i < context.hour->list.count; i++)
            if (context.hour->list.at[i].first)
                vec_push(&firsts, i);
        qsort_r(firsts.at, firsts.count, sizeof *firsts.at, compare_sums, &context);
        pack_u64(out, (uint64_t)context.hour->hour_s);
        pack_u64(out, context.hour->list.count);
        for (uint32_t i = 0; i < firsts.count; i++)
            for (uint32_t at = firsts.at[i] + 1; at != 0; at = context.hour->list.at[at - 1].next)
                pack_sum(out, fold, &context.hour->list.at[at - 1]);
    }
    vec_release(&firsts);
}

void fold_snapshot(const struct fold *fold, struct packer *out)
{
    CHECK(fold->touched.count == 0 && !fold->saying.under_way);
    struct sorted_stops stops = {0};
    sort_stops(&stops, fold);
    pack_head(out, fold);
    pack_incarnations(out, fold);
    pack_resources(out, fold, &stops);
    pack_pools(out, fold, &stops);
    pack_file_systems(out, fold);
    pack_sums(out, fold);
    seen_pack(&fold->seen, out);
    vec_release(&stops.list);
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
                              &r->report_horizon_us, &r->epoch_records, &r->frame_rows,
                              &r->frame_bytes,       &r->snapshot_bytes};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        *rules[i] = (int64_t)unpack_u64(in);
    for (int p = 0; p < LIVENESS_PRODUCTS; p++)
        fold->liveness_s[p] = (int64_t)unpack_u64(in);
    fold->clock.now_us = (int64_t)unpack_u64(in);
    fold->clock.closed_s = (int64_t)unpack_u64(in);
    fold->seq = unpack_u64(in);
    fold->next_offset = fold->epoch_offset = (int64_t)unpack_u64(in);
    unpack_raw(in, fold->prev_hash, sizeof fold->prev_hash);
    fold->reject_hour_s = (int64_t)unpack_u64(in);
    fold->reject_count = (uint32_t)unpack_u64(in);
    controls_unpack(&fold->controls, in);
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
    series->stop_minute = (int64_t)unpack_u64(in);
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

static void unpack_stops(struct unpacker *in, struct fold *fold, struct series_ref ref)
{
    uint32_t count = unpack_count(in, sizeof(uint64_t));
    for (uint32_t i = 0; i < count; i++)
        vec_push(&fold->stops, (struct stop){ref, (int64_t)unpack_u64(in)});
}

static bool is_change(uint64_t kind, bool storage)
{
    if (kind >= RECORD_KIND_COUNT || kind_rows[kind].change == CHANGE_NONE)
        return false;
    return kind_rows[kind].shape == (storage ? SHAPE_POOL : SHAPE_LEVEL);
}

static void unpack_points(struct unpacker *in, struct fold *fold, struct points *points, bool storage)
{
    points->base = unpack_level(in, fold);
    points->base_since_s = (int64_t)unpack_u64(in);
    uint32_t count = unpack_count(in, POINT_BYTES);
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
        if (!is_change(flags & UINT8_MAX, storage))
            in->bad = true;
        point.kind = (uint8_t)flags;
        point.second = flags >> 8 != 0;
        point.sku = unpack_name(in, fold);
        point.order = unpack_name(in, fold);
        point.quantity = (int64_t)unpack_u64(in);
        vec_push(&points->list, point);
    }
    if (!in->bad)
        points_refold(points);
}

static void unpack_run(struct unpacker *in, struct fold *fold, struct run *run)
{
    uint64_t state = unpack_u64(in);
    if (state >= RUN_STATE_COUNT)
        in->bad = true;
    run->state = in->bad ? RUN_GONE : (enum run_state)state;
    run->sku = unpack_name(in, fold);
    run->order = unpack_name(in, fold);
    run->quantity = (int64_t)unpack_u64(in);
    run->since_s = (int64_t)unpack_u64(in);
    run->sign_s = (int64_t)unpack_u64(in);
}

/* What waits for time follows from the levels. */
static void restore_waits(struct fold *fold)
{
    for (uint32_t i = 0; i < fold->resources.count; i++) {
        const struct resource *resource = &fold->resources.at[i];
        struct run run = run_at(&resource->points, &resource->spans,
                                fold->liveness_s[resource->series.product], fold->clock.now_us);
        if (!run_same(&run, &resource->told))
            work_look_at(fold, i);
        work_schedule(fold, i);
    }
}

static void unpack_resources(struct unpacker *in, struct fold *fold)
{
    uint32_t count = unpack_count(in, 100);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct resource resource = {.due_us = INT64_MAX};
        unpack_series(in, fold, &resource.series);
        unpack_stops(in, fold, series_ref(fold->resources.count, false));
        unpack_run(in, fold, &resource.told);
        unpack_points(in, fold, &resource.points, false);
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
        unpack_stops(in, fold, series_ref(fold->pools.count, true));
        uint32_t last_stops = unpack_count(in, sizeof(uint64_t));
        for (uint32_t l = 0; l < last_stops; l++)
            vec_push(&pool.last_stops, (int64_t)unpack_u64(in));
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
        unpack_points(in, fold, &fs.points, true);
        fold_adopt_file_system(fold, fs);
    }
}

/* The product of counts of that number; PRODUCT_NONE: there is none. */
static enum product count_product(uint64_t number)
{
    for (enum product p = 0; p < PRODUCT_COUNT; p++)
        if (product_is(p, SHAPE_COUNT) && product_rows[p].count_number == number)
            return p;
    return PRODUCT_NONE;
}

static void unpack_sums(struct unpacker *in, struct fold *fold)
{
    uint32_t hours = unpack_count(in, 2 * sizeof(uint64_t));
    for (uint32_t h = 0; h < hours && !in->bad; h++) {
        int64_t hour_s = (int64_t)unpack_u64(in);
        uint32_t count = unpack_count(in, COUNT_METERS_MAX * 2 * sizeof(uint64_t));
        for (uint32_t i = 0; i < count && !in->bad; i++) {
            struct sum_names line = {0};
            struct sum sum = {0};
            line.account = unpack_str(in);
            line.subject = unpack_str(in);
            line.sku = unpack_str(in);
            uint64_t from_s = unpack_u64(in);
            line.product = count_product(from_s >> SUM_PRODUCT_SHIFT);
            from_s &= ((uint64_t)1 << SUM_PRODUCT_SHIFT) - 1;
            for (int m = 0; m < COUNT_METERS_MAX; m++)
                sum.by_meter[m] = unpack_u128(in);
            sum.from_s = (uint16_t)from_s;
            if (from_s >= HOUR_S || hour_s % HOUR_S != 0 || line.product == PRODUCT_NONE)
                in->bad = true;
            else
                sums_restore(&fold->sums, &fold->names, &line, hour_s, &sum);
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
    unpack_sums(&in, fold);
    seen_unpack(&fold->seen, &in);
    if (in.bad || in.at != in.end) {
        fold_free(fold);
        return NULL;
    }
    if (fold->clock.now_us != INT64_MIN)
        restore_waits(fold);
    fold_snapshot_taken(fold, digest, snapshot.size);
    return fold;
}
