/* What an epoch has to emit, in the order of its rows: account first, then levels, counts, states by key. */
#include "aggregator/core/state.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"

/* --- states --- */

void work_look_at(struct fold *fold, uint32_t at)
{
    struct resource *resource = &fold->resources.at[at];
    if (!resource->looked_at)
        vec_push(&fold->looks, at);
    resource->looked_at = true;
}

void work_schedule(struct fold *fold, uint32_t at)
{
    struct resource *resource = &fold->resources.at[at];
    int64_t next_us = run_next_us(&resource->points, &resource->spans,
                                  fold->liveness_s[resource->series.product], fold->clock.now_us);
    if (next_us >= resource->due_us)
        return;
    resource->due_us = next_us;
    due_add(&fold->due, (struct due_entry){next_us, at});
}

static void collect_states(struct fold *fold)
{
    struct due_entry entry;
    if (fold->clock.now_us == INT64_MIN)
        return;
    while (due_take(&fold->due, fold->clock.now_us, &entry)) {
        struct resource *resource = &fold->resources.at[entry.resource];
        if (resource->due_us != entry.time_us)
            continue;
        resource->due_us = INT64_MAX;
        work_look_at(fold, entry.resource);
    }
    for (uint32_t i = 0; i < fold->looks.count; i++)
        vec_push(&fold->saying.work,
                 (struct work){.kind = WORK_STATE, .ref = series_ref(fold->looks.at[i], false)});
    vec_clear(&fold->looks);
}

/* --- levels --- */

static void queue(struct fold *fold, struct series_ref ref)
{
    struct series *series = series_at(fold, ref);
    if (!series->queued)
        vec_push(&fold->saying.work, (struct work){.kind = WORK_LEVEL, .ref = ref});
    series->queued = true;
}

int stop_compare(const void *a, const void *b)
{
    const struct stop *x = a, *y = b;
    if (x->ref.is_pool != y->ref.is_pool)
        return x->ref.is_pool < y->ref.is_pool ? -1 : 1;
    if (x->ref.index != y->ref.index)
        return x->ref.index < y->ref.index ? -1 : 1;
    return (x->hour_s > y->hour_s) - (x->hour_s < y->hour_s);
}

/* Stops of open hours, except those of a series that had one emitted in this minute already. */
static void collect_stops(struct fold *fold)
{
    struct saying *saying = &fold->saying;
    int64_t minute =
        fold->clock.now_us == INT64_MIN ? INT64_MIN : time_second(fold->clock.now_us) / RULES_1_STOP_S;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fold->stops.count; i++) {
        struct stop stop = fold->stops.at[i];
        if (stop.hour_s < fold->clock.closed_s)
            continue; /* emitted with its hour */
        if (series_at(fold, stop.ref)->stop_minute == minute)
            fold->stops.at[kept++] = stop;
        else
            vec_push(&saying->stops, stop);
    }
    fold->stops.count = kept;
    for (uint32_t i = 0; i < saying->stops.count; i++) {
        series_at(fold, saying->stops.at[i].ref)->stop_minute = minute;
        queue(fold, saying->stops.at[i].ref);
    }
    if (saying->stops.count > 0)
        qsort(saying->stops.at, saying->stops.count, sizeof *saying->stops.at, stop_compare);
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < saying->stops.count; i++)
        if (i == 0 || stop_compare(&saying->stops.at[i - 1], &saying->stops.at[i]) != 0)
            saying->stops.at[distinct++] = saying->stops.at[i];
    saying->stops.count = distinct;
}

static void collect_levels(struct fold *fold)
{
    if (fold->clock.closed_s == INT64_MIN)
        return;
    for (uint32_t i = 0; i < fold->live.count && fold->saying.closes; i++) {
        series_at(fold, fold->live.at[i])->live = false;
        queue(fold, fold->live.at[i]);
    }
    if (fold->saying.closes)
        vec_clear(&fold->live);
    for (uint32_t i = 0; i < fold->touched.count; i++)
        if (series_at(fold, fold->touched.at[i])->changed_s < fold->clock.closed_s)
            queue(fold, fold->touched.at[i]);
    collect_stops(fold);
}

/* --- counts --- */

static void collect_counts(struct fold *fold)
{
    uint32_t hours = sums_hours_before(&fold->sums, fold->clock.closed_s);
    for (uint32_t h = 0; h < hours; h++)
        for (uint32_t i = 0; i < fold->sums.hours.at[h].list.count; i++)
            if (fold->sums.hours.at[h].list.at[i].first)
                vec_push(&fold->saying.work, (struct work){.kind = WORK_COUNT, .hour = h, .sum = i});
}

/* --- order --- */

static const struct sum_key *key_of(const struct fold *fold, const struct work *work)
{
    return &fold->sums.keys.at[fold->sums.hours.at[work->hour].list.at[work->sum].key];
}

static const struct series *series_of(const struct fold *fold, struct series_ref ref)
{
    return ref.is_pool ? &fold->pools.at[ref.index].series : &fold->resources.at[ref.index].series;
}

uint32_t work_account(const struct fold *fold, const struct work *work)
{
    return work->kind == WORK_COUNT ? key_of(fold, work)->account : series_of(fold, work->ref)->account;
}

static int compare_names(const struct fold *fold, uint32_t a, uint32_t b)
{
    return a == b ? 0 : str_compare(names_get(&fold->names, a), names_get(&fold->names, b));
}

static int compare_series(const struct fold *fold, const struct series *a, const struct series *b)
{
    if (a->product != b->product)
        return a->product < b->product ? -1 : 1;
    int order = compare_names(fold, a->name, b->name);
    return order != 0 ? order : compare_names(fold, a->sku, b->sku);
}

static int compare_sums(const struct fold *fold, const struct work *x, const struct work *y)
{
    const struct sum_key *a = key_of(fold, x), *b = key_of(fold, y);
    if (a->product != b->product)
        return a->product < b->product ? -1 : 1;
    int order = compare_names(fold, a->subject, b->subject);
    if (order == 0)
        order = compare_names(fold, a->sku, b->sku);
    return order != 0 ? order : (x->hour > y->hour) - (x->hour < y->hour);
}

static int compare_work(const void *a, const void *b, void *context)
{
    const struct fold *fold = context;
    const struct work *x = a, *y = b;
    int order = compare_names(fold, work_account(fold, x), work_account(fold, y));
    if (order != 0)
        return order;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->kind == WORK_COUNT)
        return compare_sums(fold, x, y);
    return compare_series(fold, series_of(fold, x->ref), series_of(fold, y->ref));
}

/* What the epoch put into resources is folded in once (DESIGN §4). */
static void refresh_points(struct fold *fold)
{
    struct points_effects effects = {0};
    for (uint32_t i = 0; i < fold->touched.count; i++)
        if (!fold->touched.at[i].is_pool)
            points_refresh(&fold->resources.at[fold->touched.at[i].index].points, &fold->names, &effects);
    fold->effects.idle += effects.lost;
    fold->effects.idle_no_more += effects.found;
}

void work_collect(struct fold *fold, int64_t closed_before_s)
{
    struct saying *saying = &fold->saying;
    CHECK(!saying->under_way);
    refresh_points(fold);
    saying->before_s = closed_before_s;
    saying->closes = fold->clock.closed_s > closed_before_s && closed_before_s != INT64_MIN;
    saying->at = saying->fact = 0;
    saying->open = false;
    vec_clear(&saying->work);
    vec_clear(&saying->stops);
    collect_levels(fold);
    collect_counts(fold);
    collect_states(fold);
    if (saying->work.count > 0)
        qsort_r(saying->work.at, saying->work.count, sizeof *saying->work.at, compare_work, fold);
    saying->under_way = true;
}
