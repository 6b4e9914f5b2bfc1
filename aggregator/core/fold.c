#include "aggregator/core/fold.h"

#include "aggregator/core/state.h"
#include "lib/base/check.h"
#include "lib/base/time.h"

/* Bytes that a record of input counts for, when it is decided whether a snapshot is due. */
enum { RECORD_WEIGHT = 64 };

/* The collector judges lateness; the aggregator keeps an hour more, so what was accepted is never too late.
 */
static const int64_t late_grace_us = (int64_t)HOUR_S * SECOND_US;

const char *fold_outcome_text(enum fold_outcome outcome)
{
    static const char *const texts[] = {
        [FOLD_EPOCH_OPEN] = "taken in",
        [FOLD_EPOCH_DUE] = "taken in, epoch due",
        [FOLD_OFFSET_GAP] = "the log skips offsets",
        [FOLD_NO_RULES] = "offset 0 is not the generation's rules and catalog",
        [FOLD_RULES_UNKNOWN] = "rules that this binary does not speak",
        [FOLD_CATALOG_BAD] = "a catalog in the log does not parse",
        [FOLD_RECORDS_MISSING] = "acknowledged records are missing from the log",
    };
    return texts[outcome];
}

struct fold *fold_new(uint32_t partition)
{
    struct fold *fold = calloc(1, sizeof *fold);
    CHECK(fold != NULL);
    fold->partition = partition;
    fold->clock = (struct clock){INT64_MIN, INT64_MIN};
    fold->reject_hour_s = INT64_MIN;
    names_init(&fold->names);
    return fold;
}

void fold_free(struct fold *fold)
{
    if (fold == NULL)
        return;
    for (uint32_t i = 0; i < fold->resources.count; i++)
        resource_release(&fold->resources.at[i]);
    for (uint32_t i = 0; i < fold->file_systems.count; i++)
        vec_release(&fold->file_systems.at[i].points.list);
    for (uint32_t i = 0; i < fold->pools.count; i++) {
        vec_release(&fold->pools.at[i].series.said.steps);
        vec_release(&fold->pools.at[i].pool.changes);
        vec_release(&fold->pools.at[i].last_stops);
    }
    vec_release(&fold->incarnations);
    controls_release(&fold->controls);
    names_release(&fold->names);
    slab_release(&fold->ids);
    vec_release(&fold->resources);
    table_release(&fold->resource_index);
    vec_release(&fold->file_systems);
    table_release(&fold->file_system_index);
    vec_release(&fold->pools);
    table_release(&fold->pool_index);
    vec_release(&fold->live);
    seen_release(&fold->seen);
    sums_release(&fold->sums);
    vec_release(&fold->touched);
    vec_release(&fold->stops);
    vec_release(&fold->looks);
    due_release(&fold->due);
    vec_release(&fold->facts);
    vec_release(&fold->rejects);
    arena_release(&fold->strings);
    vec_release(&fold->saying.work);
    vec_release(&fold->saying.ranges);
    vec_release(&fold->saying.stops);
    vec_release(&fold->fresh.steps);
    vec_release(&fold->segments);
    vec_release(&fold->rows);
    vec_release(&fold->counts);
    vec_release(&fold->count_sums);
    vec_release(&fold->states);
    free(fold);
}

/* --- applying one record --- */

static void make_live(struct fold *fold, struct series_ref ref)
{
    struct series *series = series_at(fold, ref);
    if (!series->live)
        vec_push(&fold->live, ref);
    series->live = true;
}

static void touch(struct fold *fold, struct series_ref ref, int64_t from_s)
{
    struct series *series = series_at(fold, ref);
    if (from_s < series->changed_s)
        series->changed_s = from_s;
    if (!series->touched)
        vec_push(&fold->touched, ref);
    series->touched = true;
    make_live(fold, ref);
}

static void add_sign(struct fold *fold, struct series_ref ref, int64_t time_us)
{
    struct resource *resource = &fold->resources.at[ref.index];
    int64_t liveness_s = fold->liveness_s[resource->series.product];
    if (liveness_s == 0)
        return;
    int64_t from_s = spans_add(&resource->spans, time_second(time_us), liveness_s);
    if (from_s < resource->series.signs_changed_s)
        resource->series.signs_changed_s = from_s;
    if (resource->told.state == RUN_SILENT)
        work_look_at(fold, ref.index);
    make_live(fold, ref);
}

static enum points_outcome apply_change(struct fold *fold, const struct record *record)
{
    struct series_ref ref = series_ref(fold_resource(fold, record), false);
    struct points_shared shared = fold_shared(fold);
    if (points_put(&fold->resources.at[ref.index].points, &shared, record) == POINTS_REPEATED)
        return POINTS_REPEATED;
    int64_t second_s = time_second(record->since_us);
    touch(fold, ref, second_s);
    work_look_at(fold, ref.index);
    add_sign(fold, ref, record->since_us);
    if (record->time_us != record->since_us)
        add_sign(fold, ref, record->time_us);
    if (points_kind_stops(record->kind))
        vec_push(&fold->stops, (struct stop){ref, time_hour(second_s)});
    return POINTS_ADDED;
}

static void apply_heartbeat(struct fold *fold, const struct record *record)
{
    if (fold->liveness_s[record->product] == 0)
        return;
    struct series_ref ref = series_ref(fold_resource(fold, record), false);
    add_sign(fold, ref, record->since_us);
}

/* Deletions come ahead of log time too: the next hour's hides none of the hour under way. */
static void note_pool_stop(const struct fold *fold, struct storage_pool *pool, int64_t second_s)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < pool->last_stops.count; i++) {
        int64_t stop_s = pool->last_stops.at[i];
        if (time_hour(stop_s) == time_hour(second_s))
            second_s = stop_s > second_s ? stop_s : second_s;
        else if (stop_s >= fold->clock.closed_s)
            pool->last_stops.at[kept++] = stop_s;
    }
    pool->last_stops.count = kept;
    while (kept > 0 && pool->last_stops.at[kept - 1] > second_s)
        kept--;
    vec_insert(&pool->last_stops, kept, second_s);
}

static enum points_outcome apply_storage(struct fold *fold, const struct record *record)
{
    uint32_t index = fold_file_system(fold, record);
    struct points *points = &fold->file_systems.at[index].points;
    struct series_ref ref = series_ref(fold->file_systems.at[index].pool, true);
    struct storage_pool *pool = &fold->pools.at[ref.index];
    int64_t second_s = time_second(record->since_us);
    if (fold_storage_repeated(fold, index, record))
        return POINTS_REPEATED;
    __int128 before = (__int128)points_level(points, second_s).quantity;
    struct points_shared shared = fold_shared(fold);
    if (points_add(points, &shared, record) == POINTS_REPEATED)
        return POINTS_REPEATED;
    /* Both kinds set the bytes outright, so nothing changes beyond the next point. */
    __int128 after = (__int128)points_level(points, second_s).quantity;
    uint32_t next = points_at(points, second_s + 1);
    int64_t until_s = next < points->list.count ? time_second(points->list.at[next].time_us) : INT64_MAX;
    pool_add(&pool->pool, second_s, until_s, after - before);
    touch(fold, ref, second_s);
    if (kind_row(record->kind)->change == CHANGE_ENDS) {
        note_pool_stop(fold, pool, second_s);
        vec_push(&fold->stops, (struct stop){ref, time_hour(second_s)});
    }
    return POINTS_ADDED;
}

static enum points_outcome apply_count(struct fold *fold, const struct record *record)
{
    if (!record_bills(record)) {
        fold->effects.not_succeeded++;
        return POINTS_ADDED;
    }
    int64_t hour_s = time_hour(time_second(record->time_us));
    if (!seen_add(&fold->seen, hour_s, identity_of(record)))
        return POINTS_REPEATED;
    sums_add(&fold->sums, &fold->names, &fold->controls.prices, record);
    return POINTS_ADDED;
}

static struct record record_copied(struct arena *arena, const struct record *record)
{
    struct record copy = *record;
    struct str *const strings[] = {&copy.account, &copy.subject, &copy.source, &copy.id,
                                   &copy.sku,     &copy.order,   &copy.amount, &copy.currency};
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        *strings[i] = arena_copy(arena, *strings[i]);
    return copy;
}

static enum points_outcome apply_record(struct fold *fold, const struct record *record)
{
    const struct kind_row *kind = kind_row(record->kind);
    switch (kind->shape) {
    case SHAPE_LEVEL:
        if (kind->change != CHANGE_NONE)
            return apply_change(fold, record);
        apply_heartbeat(fold, record);
        return POINTS_ADDED;
    case SHAPE_POOL:
        return apply_storage(fold, record);
    case SHAPE_COUNT:
        return apply_count(fold, record);
    case SHAPE_ORDER:
    case SHAPE_PAYMENT:
        vec_push(&fold->facts, (struct fact){.record = record_copied(&fold->strings, record)});
        return POINTS_ADDED;
    }
    CHECK_NEVER("a record of this kind");
    return POINTS_REPEATED;
}

/* --- lateness --- */

bool fold_too_late(const struct rules *rules, int64_t now_us, const struct record *record)
{
    int64_t horizon =
        kind_horizon_us(kind_row(record->kind), rules->lifecycle_horizon_us, rules->report_horizon_us);
    if (horizon == INT64_MAX || now_us == INT64_MIN)
        return false;
    return now_us - record->since_us > horizon + late_grace_us;
}

static enum fold_verdict judge_record(struct fold *fold, const struct message *message,
                                      const struct record *record)
{
    fold->counters.records_in++;
    if (fold_too_late(&fold->rules, fold->clock.now_us, record)) {
        reject_record(fold, message, record);
        return FOLD_TOO_LATE;
    }
    if (apply_record(fold, record) == POINTS_REPEATED) {
        fold->counters.records_repeated++;
        return FOLD_REPEATED;
    }
    fold->counters.records_applied++;
    return FOLD_APPLIED;
}

static void apply_records(struct fold *fold, const struct message *message)
{
    for (uint32_t i = 0; i < message->record_count; i++) {
        enum fold_verdict verdict = judge_record(fold, message, &message->records[i]);
        if (fold->watcher != NULL)
            fold->watcher(fold->watcher_context, &message->records[i], verdict);
    }
}

/* --- messages --- */

static struct incarnation *incarnation_of(struct fold *fold, uint64_t number)
{
    for (uint32_t i = 0; i < fold->incarnations.count; i++)
        if (fold->incarnations.at[i].number == number)
            return &fold->incarnations.at[i];
    vec_push(&fold->incarnations, (struct incarnation){.number = number});
    return &fold->incarnations.at[fold->incarnations.count - 1];
}

/* The last epoch's frames are no longer read: release what they point to. */
static void begin_message(struct fold *fold)
{
    CHECK(!fold->saying.under_way);
    if (!fold->said)
        return;
    fold->said = false;
    vec_clear(&fold->facts);
    vec_clear(&fold->rejects);
    fold->effects = (struct fold_effects){0};
    arena_reset(&fold->strings);
}

enum fold_outcome fold_apply(struct fold *fold, const struct message *message)
{
    CHECK(message->record_count == 0 || message->records != NULL);
    begin_message(fold);
    if (message->offset != fold->next_offset)
        return FOLD_OFFSET_GAP;
    if (!fold->has_rules && message->control != CONTROL_INIT)
        return FOLD_NO_RULES;
    if (message->control != CONTROL_NONE) {
        enum fold_outcome outcome = apply_control(fold, message);
        if (outcome == FOLD_EPOCH_OPEN) {
            fold->next_offset++;
            fold->counters.messages++;
        }
        return outcome;
    }
    struct incarnation *incarnation = incarnation_of(fold, message->incarnation);
    if (message->acknowledged > incarnation->counted)
        return FOLD_RECORDS_MISSING;
    incarnation->counted++;
    fold->next_offset++;
    fold->counters.messages++;
    if (message->record_count == 0)
        fold->counters.ticks++;
    apply_records(fold, message);
    fold->records_since_snapshot += message->record_count;
    bool due = clock_advance(&fold->clock, &fold->rules, message->append_us, message->clock_us);
    incarnation->last_us = fold->clock.now_us;
    if (fold->counters.records_in >= (uint64_t)fold->rules.epoch_records)
        due = true;
    return due ? FOLD_EPOCH_DUE : FOLD_EPOCH_OPEN;
}

bool fold_meets_level(const struct fold *fold, const struct record *record)
{
    CHECK(kind_row(record->kind)->shape == SHAPE_LEVEL && kind_row(record->kind)->change != CHANGE_NONE);
    uint32_t at = fold_find_resource(fold, record);
    return at == UINT32_MAX || points_meets_level(&fold->resources.at[at].points, &fold->names, record);
}

void fold_watch(struct fold *fold, fold_watcher *watcher, void *context)
{
    fold->watcher = watcher;
    fold->watcher_context = context;
}

enum fold_outcome fold_skip(struct fold *fold, int64_t offset)
{
    begin_message(fold);
    if (offset != fold->next_offset)
        return FOLD_OFFSET_GAP;
    if (!fold->has_rules)
        return FOLD_NO_RULES;
    fold->next_offset++;
    fold->counters.messages++;
    fold->counters.records_in++;
    reject_message(fold, offset);
    return FOLD_EPOCH_OPEN;
}

const struct fold_effects *fold_effects(const struct fold *fold)
{
    return &fold->effects;
}

void fold_hashed(struct fold *fold, const uint8_t hash[FRAME_HASH_SIZE])
{
    memcpy(fold->prev_hash, hash, FRAME_HASH_SIZE);
}

const uint8_t *fold_last_hash(const struct fold *fold)
{
    return fold->prev_hash;
}

int64_t fold_next_offset(const struct fold *fold)
{
    return fold->next_offset;
}

uint64_t fold_next_seq(const struct fold *fold)
{
    return fold->seq;
}

int64_t fold_watermark_us(const struct fold *fold)
{
    return clock_watermark_us(&fold->clock, &fold->rules);
}

int64_t fold_closed_s(const struct fold *fold)
{
    return fold->clock.closed_s;
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
