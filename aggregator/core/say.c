/* What a frame says of levels and counts. See state.h for the invariants. */
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

/* fold->fresh := what the series' levels are in [from_s, to_s), judged at now = to_s. */
static void refresh(struct fold *fold, struct series_ref ref, int64_t from_s, int64_t to_s)
{
    vec_clear(&fold->fresh.steps);
    if (ref.is_pool) {
        pool_fold(&fold->pools.at[ref.index].pool, from_s, to_s, &fold->fresh);
        return;
    }
    const struct resource *resource = &fold->resources.at[ref.index];
    int64_t liveness_s = fold->liveness_s[resource->series.product];
    if (liveness_s == 0) {
        points_fold(&resource->points, from_s, to_s, &fold->fresh);
        return;
    }
    struct span alive = {from_s, from_s};
    while (spans_alive(&resource->spans, liveness_s, to_s, alive.last_s, &alive))
        points_fold(&resource->points, alive.first_s, alive.last_s, &fold->fresh);
}

static void draft_row(struct fold *fold, struct series_ref ref, int64_t hour_s, bool stopped)
{
    uint32_t first = fold->segments.count;
    const struct timeline *fresh = &fold->fresh;
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
    }
    vec_push(&fold->drafts, (struct row_draft){ref, hour_s, first, fold->segments.count - first, stopped});
}

/* Says the hours of [from_s, to_s) that differ from what was said; to_s may lie inside the last one. */
static void say_range(struct fold *fold, struct series_ref ref, int64_t from_s, int64_t to_s, bool stopped)
{
    struct series *series = series_at(fold, ref);
    CHECK(from_s == time_hour(from_s));
    refresh(fold, ref, from_s, to_s);
    int64_t hour_s = from_s;
    for (; hour_s < to_s; hour_s += HOUR_S)
        if (!timeline_same(&fold->fresh, &series->said, hour_s, hour_s + HOUR_S))
            draft_row(fold, ref, hour_s, stopped);
    if (hour_s > from_s)
        timeline_replace(&series->said, from_s, hour_s, &fold->fresh);
}

/* From which hour on a close at a later now may judge otherwise than the one at closed_s did. */
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

static void close_live(struct fold *fold, int64_t before_s, int64_t closed_s, int64_t keep_from_s)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fold->live.count; i++) {
        struct series_ref ref = fold->live.at[i];
        struct series *series = series_at(fold, ref);
        int64_t from_s = min_s(doubtful_from(fold, ref, before_s),
                               min_s(hour_of(series->changed_s), hour_of(series->signs_changed_s)));
        say_range(fold, ref, from_s, closed_s, false);
        series->changed_s = series->signs_changed_s = INT64_MAX;
        series->live = stays_live(fold, ref, keep_from_s);
        if (series->live)
            fold->live.at[kept++] = ref;
    }
    fold->live.count = kept;
}

/* Late changes: closed hours are said again at once. */
static void correct_touched(struct fold *fold, int64_t closed_s)
{
    for (uint32_t i = 0; i < fold->touched.count; i++) {
        struct series *series = series_at(fold, fold->touched.at[i]);
        if (series->changed_s >= closed_s)
            continue;
        int64_t from_s = min_s(hour_of(series->changed_s), hour_of(series->signs_changed_s));
        say_range(fold, fold->touched.at[i], from_s, closed_s, false);
        series->changed_s = series->signs_changed_s = INT64_MAX;
    }
}

/* The last second of the hour in which the series stopped; INT64_MIN: it did not. */
static int64_t last_stop(const struct fold *fold, struct stop stop)
{
    if (!stop.ref.is_pool)
        return points_last_stop(&fold->resources.at[stop.ref.index].points, stop.hour_s,
                                stop.hour_s + HOUR_S);
    int64_t second_s = fold->pools.at[stop.ref.index].last_stop_s;
    return time_hour(second_s) == stop.hour_s ? second_s : INT64_MIN;
}

static void say_stops(struct fold *fold, int64_t closed_s)
{
    for (uint32_t i = 0; i < fold->stops.count; i++) {
        struct stop stop = fold->stops.at[i];
        if (stop.hour_s < closed_s)
            continue;
        int64_t second_s = last_stop(fold, stop);
        if (second_s > stop.hour_s)
            say_range(fold, stop.ref, stop.hour_s, second_s, true);
    }
}

void say_levels(struct fold *fold, int64_t closed_before_s)
{
    int64_t closed_s = fold->clock.closed_s;
    if (closed_s == INT64_MIN)
        return;
    if (closed_s > closed_before_s)
        close_live(fold, closed_before_s, closed_s, closed_s);
    else
        correct_touched(fold, closed_s);
    say_stops(fold, closed_s);
}

void say_until(struct fold *fold, int64_t time_s)
{
    int64_t before_s = fold->clock.closed_s;
    if (before_s == INT64_MIN || before_s > time_s)
        return;
    close_live(fold, before_s, time_s, time_s);
    fold->clock.closed_s = time_s;
}

static int compare_rows(const void *a, const void *b)
{
    const struct level_row *x = a, *y = b;
    int order = str_compare(x->account, y->account);
    if (order == 0)
        order = (int)x->product - (int)y->product;
    if (order == 0)
        order = str_compare(x->resource, y->resource);
    if (order == 0)
        order = str_compare(x->sku, y->sku);
    if (order == 0)
        order = (x->hour_s > y->hour_s) - (x->hour_s < y->hour_s);
    return order;
}

static void check_one_row_an_hour(const struct fold *fold)
{
    for (uint32_t i = 1; i < fold->rows.count; i++)
        CHECK(compare_rows(&fold->rows.at[i - 1], &fold->rows.at[i]) < 0);
}

void say_rows(struct fold *fold)
{
    vec_clear(&fold->rows);
    for (uint32_t i = 0; i < fold->drafts.count; i++) {
        struct row_draft draft = fold->drafts.at[i];
        const struct series *series = series_at(fold, draft.ref);
        vec_push(&fold->rows, (struct level_row){
                                  .product = series->product,
                                  .account = names_get(&fold->names, series->account),
                                  .resource = names_get(&fold->names, series->name),
                                  .sku = names_get(&fold->names, series->sku),
                                  .hour_s = draft.hour_s,
                                  .stopped = draft.stopped,
                                  .segments = fold->segments.at + draft.first,
                                  .segment_count = draft.count,
                              });
    }
    if (fold->rows.count > 0)
        qsort(fold->rows.at, fold->rows.count, sizeof *fold->rows.at, compare_rows);
    check_one_row_an_hour(fold);
}

/* The sums of one key and hour are sums.list[from, to). */
static void say_count(struct fold *fold, uint32_t from, uint32_t to)
{
    static const enum meter meters[SUM_METERS] = {METER_INPUT_TOKENS, METER_OUTPUT_TOKENS, METER_IMAGES};
    const struct sum_key *key = &fold->sums.keys.at[fold->sums.list.at[from].key];
    int64_t hour_s = time_hour(fold->sums.list.at[from].second_s);
    struct count_row row = {.product = PRODUCT_MAAS,
                            .account = names_get(&fold->names, key->account),
                            .resource = names_get(&fold->names, key->subject),
                            .sku = names_get(&fold->names, key->sku),
                            .hour_s = hour_s};
    for (int m = 0; m < SUM_METERS; m++)
        for (uint32_t i = from; i < to; i++) {
            const struct sum *sum = &fold->sums.list.at[i];
            if (sum->by_meter[m] == 0)
                continue;
            vec_push(&fold->count_sums,
                     (struct count_sum){meters[m], (uint16_t)(sum->second_s - hour_s), sum->by_meter[m]});
            row.sum_count++;
        }
    if (row.sum_count > 0)
        vec_push(&fold->counts, row);
}

void say_counts(struct fold *fold)
{
    vec_clear(&fold->counts);
    vec_clear(&fold->count_sums);
    sums_sort(&fold->sums, &fold->names);
    uint32_t count = fold->sums.list.count;
    for (uint32_t from = 0, to; from < count; from = to) {
        const struct sum *first = &fold->sums.list.at[from];
        for (to = from + 1; to < count && fold->sums.list.at[to].key == first->key &&
                            time_hour(fold->sums.list.at[to].second_s) == time_hour(first->second_s);)
            to++;
        say_count(fold, from, to);
    }
    for (uint32_t i = 0, first = 0; i < fold->counts.count; first += fold->counts.at[i++].sum_count)
        fold->counts.at[i].sums = fold->count_sums.at + first;
}
