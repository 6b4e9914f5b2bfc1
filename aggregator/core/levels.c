/* Which hours of a series must be emitted again, and their rows. See state.h for the invariants. */
#include "aggregator/core/state.h"
#include "lib/base/check.h"
#include "lib/base/time.h"

static int64_t min_s(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The hour of a second that may be "never". */
static int64_t hour_of(int64_t second_s)
{
    return second_s == INT64_MAX ? INT64_MAX : time_hour(second_s);
}

/* fold->fresh := what the series' levels are in the range, judged at now = its end. */
static void refresh(struct fold *fold, struct series_ref ref, struct range range)
{
    vec_clear(&fold->fresh.steps);
    if (ref.is_pool) {
        pool_fold(&fold->pools.at[ref.index].pool, range.from_s, range.to_s, &fold->fresh);
        return;
    }
    const struct resource *resource = &fold->resources.at[ref.index];
    int64_t liveness_s = fold->liveness_s[resource->series.product];
    if (liveness_s == 0) {
        points_fold(&resource->points, range.from_s, range.to_s, &fold->fresh);
        return;
    }
    struct span alive = {range.from_s, range.from_s};
    while (spans_alive(&resource->spans, liveness_s, range.to_s, alive.last_s, &alive))
        points_fold(&resource->points, alive.first_s, alive.last_s, &fold->fresh);
}

/* --- ranges --- */

/* The first hour whose verdict on life may change when now advances past closed_s. */
static int64_t doubtful_from(const struct fold *fold, struct series_ref ref, int64_t closed_s)
{
    if (ref.is_pool)
        return closed_s;
    const struct resource *resource = &fold->resources.at[ref.index];
    int64_t liveness_s = fold->liveness_s[resource->series.product];
    if (liveness_s == 0)
        return closed_s;
    int64_t sign_s = spans_last_before(&resource->spans, closed_s);
    if (sign_s == INT64_MIN || closed_s - sign_s > liveness_s)
        return closed_s;
    return time_hour(sign_s);
}

/* The last second of the hour in which the series stopped; INT64_MIN: it did not. */
static int64_t last_stop(const struct fold *fold, struct stop stop)
{
    if (!stop.ref.is_pool)
        return points_last_stop(&fold->resources.at[stop.ref.index].points, stop.hour_s,
                                stop.hour_s + HOUR_S);
    const struct storage_pool *pool = &fold->pools.at[stop.ref.index];
    for (uint32_t i = 0; i < pool->last_stops.count; i++)
        if (time_hour(pool->last_stops.at[i]) == stop.hour_s)
            return pool->last_stops.at[i];
    return INT64_MIN;
}

static bool same_ref(struct series_ref a, struct series_ref b)
{
    return a.index == b.index && a.is_pool == b.is_pool;
}

static bool ref_before(struct series_ref a, struct series_ref b)
{
    return a.is_pool != b.is_pool ? a.is_pool < b.is_pool : a.index < b.index;
}

/* Open hours in which it stopped, up to the stop. */
static void add_stops(struct fold *fold, struct series_ref ref)
{
    struct saying *saying = &fold->saying;
    uint32_t low = 0, high = saying->stops.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ref_before(saying->stops.at[middle].ref, ref))
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < saying->stops.count && same_ref(saying->stops.at[low].ref, ref); low++) {
        struct stop stop = saying->stops.at[low];
        int64_t second_s = last_stop(fold, stop);
        if (second_s > stop.hour_s)
            vec_push(&saying->ranges, (struct range){stop.hour_s, second_s, true});
    }
}

void levels_begin(struct fold *fold, struct series_ref ref)
{
    struct saying *saying = &fold->saying;
    const struct series *series = series_at(fold, ref);
    int64_t closed_s = fold->clock.closed_s;
    int64_t from_s = min_s(hour_of(series->changed_s), hour_of(series->signs_changed_s));
    bool corrects = series->changed_s < closed_s;
    if (saying->closes)
        from_s = min_s(from_s, doubtful_from(fold, ref, saying->before_s));
    vec_clear(&saying->ranges);
    saying->range = 0;
    saying->range_open = false;
    if ((saying->closes || corrects) && from_s < closed_s)
        vec_push(&saying->ranges, (struct range){from_s, closed_s, false});
    add_stops(fold, ref);
}

/* --- rows --- */

bool levels_seek(struct fold *fold, struct series_ref ref)
{
    struct saying *saying = &fold->saying;
    struct series *series = series_at(fold, ref);
    for (; saying->range < saying->ranges.count; saying->range++) {
        struct range range = saying->ranges.at[saying->range];
        if (!saying->range_open) {
            CHECK(range.from_s == time_hour(range.from_s));
            refresh(fold, ref, range);
            saying->hour_s = range.from_s;
            saying->range_open = true;
        }
        for (; saying->hour_s < range.to_s; saying->hour_s += HOUR_S)
            if (!timeline_same(&fold->fresh, &series->said, saying->hour_s, saying->hour_s + HOUR_S))
                return true;
        timeline_replace(&series->said, range.from_s, saying->hour_s, &fold->fresh);
        saying->range_open = false;
    }
    return false;
}

void levels_say(struct fold *fold, struct series_ref ref)
{
    struct saying *saying = &fold->saying;
    const struct series *series = series_at(fold, ref);
    const struct timeline *fresh = &fold->fresh;
    int64_t hour_s = saying->hour_s;
    struct level_row row = {.product = series->product,
                            .account = names_get(&fold->names, series->account),
                            .resource = names_get(&fold->names, series->name),
                            .sku = names_get(&fold->names, series->sku),
                            .hour_s = hour_s,
                            .stopped = saying->ranges.at[saying->range].stopped};
    for (uint32_t i = timeline_at(fresh, hour_s); i < fresh->steps.count; i++) {
        struct step step = fresh->steps.at[i];
        if (step.from_s >= hour_s + HOUR_S)
            break;
        int64_t from_s = step.from_s > hour_s ? step.from_s : hour_s;
        int64_t to_s = min_s(step.to_s, hour_s + HOUR_S);
        vec_push(&fold->segments, (struct level_segment){
                                      .from_s = (uint16_t)(from_s - hour_s),
                                      .len_s = (uint16_t)(to_s - from_s),
                                      .sku = names_get(&fold->names, step.level.sku),
                                      .order = names_get(&fold->names, step.level.order),
                                      .quantity = step.level.quantity,
                                  });
        row.segment_count++;
    }
    vec_push(&fold->rows, row);
    saying->hour_s += HOUR_S;
}

/* --- afterwards --- */

/* Whether the next close may find anything new in it. */
static bool stays_live(struct fold *fold, struct series_ref ref, int64_t closed_s)
{
    const struct series *series = series_at(fold, ref);
    if (timeline_at(&series->said, closed_s) < series->said.steps.count)
        return true;
    if (ref.is_pool) {
        struct pool *pool = &fold->pools.at[ref.index].pool;
        return pool_total(pool, closed_s) != 0 || pool->cursor < pool->changes.count;
    }
    const struct resource *resource = &fold->resources.at[ref.index];
    if (points_at(&resource->points, closed_s) < resource->points.list.count)
        return true;
    int64_t liveness_s = fold->liveness_s[series->product];
    if (liveness_s > 0) {
        uint32_t count = resource->spans.list.count;
        if (count == 0 || closed_s - resource->spans.list.at[count - 1].last_s > liveness_s)
            return false;
        if (resource->spans.list.at[count - 1].last_s >= closed_s)
            return true;
    }
    return points_level(&resource->points, closed_s).quantity != 0;
}

void levels_end(struct fold *fold, struct series_ref ref)
{
    struct series *series = series_at(fold, ref);
    series->queued = false;
    if (!fold->saying.closes) {
        if (series->changed_s < fold->clock.closed_s)
            series->changed_s = series->signs_changed_s = INT64_MAX;
        return;
    }
    series->changed_s = series->signs_changed_s = INT64_MAX;
    series->live = stays_live(fold, ref, fold->clock.closed_s);
    if (series->live)
        vec_push(&fold->live, ref);
}
