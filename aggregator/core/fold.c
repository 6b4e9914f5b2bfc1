#include "aggregator/core/fold.h"

#include "aggregator/core/state.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/catalog.h"

enum { REJECTS_KEPT_AN_HOUR = 1000, DAY_S = 24 * HOUR_S };

static const int64_t incarnation_kept_us = 8 * 24 * (int64_t)HOUR_S * SECOND_US;
/* The collector judges lateness; the aggregator keeps an hour more, so what was accepted is never too late.
 */
static const int64_t late_grace_us = (int64_t)HOUR_S * SECOND_US;
static const int64_t catalog_lead_us = CATALOG_LEAD_S * (int64_t)SECOND_US;

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

static void release_series(struct series *series)
{
    vec_release(&series->said.steps);
}

void fold_free(struct fold *fold)
{
    if (fold == NULL)
        return;
    for (uint32_t i = 0; i < fold->resources.count; i++) {
        release_series(&fold->resources.at[i].series);
        vec_release(&fold->resources.at[i].points.list);
        vec_release(&fold->resources.at[i].spans.list);
    }
    for (uint32_t i = 0; i < fold->file_systems.count; i++)
        vec_release(&fold->file_systems.at[i].points.list);
    for (uint32_t i = 0; i < fold->pools.count; i++) {
        release_series(&fold->pools.at[i].series);
        vec_release(&fold->pools.at[i].pool.changes);
    }
    vec_release(&fold->incarnations);
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
    vec_release(&fold->facts);
    vec_release(&fold->rejects);
    arena_release(&fold->strings);
    vec_release(&fold->fresh.steps);
    vec_release(&fold->drafts);
    vec_release(&fold->segments);
    vec_release(&fold->rows);
    vec_release(&fold->counts);
    vec_release(&fold->count_sums);
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
    make_live(fold, ref);
}

static enum points_outcome apply_change(struct fold *fold, const struct record *record)
{
    struct series_ref ref = {fold_resource(fold, record), false};
    struct points_shared shared = fold_shared(fold);
    if (points_add(&fold->resources.at[ref.index].points, &shared, record) == POINTS_REPEATED)
        return POINTS_REPEATED;
    int64_t second_s = time_second(record->since_us);
    touch(fold, ref, second_s);
    add_sign(fold, ref, record->since_us);
    if (record->time_us != record->since_us)
        add_sign(fold, ref, record->time_us);
    if (record->kind == RECORD_STOPPED || record->kind == RECORD_FAILED || record->kind == RECORD_DELETED)
        vec_push(&fold->stops, (struct stop){ref, time_hour(second_s)});
    return POINTS_ADDED;
}

static void apply_heartbeat(struct fold *fold, const struct record *record)
{
    if (fold->liveness_s[record->product] == 0)
        return;
    struct series_ref ref = {fold_resource(fold, record), false};
    add_sign(fold, ref, record->since_us);
}

static enum points_outcome apply_storage(struct fold *fold, const struct record *record)
{
    uint32_t index = fold_file_system(fold, record);
    struct points *points = &fold->file_systems.at[index].points;
    struct series_ref ref = {fold->file_systems.at[index].pool, true};
    struct storage_pool *pool = &fold->pools.at[ref.index];
    int64_t second_s = time_second(record->since_us);
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
    if (record->kind == RECORD_STORAGE_DELETED) {
        if (second_s > pool->last_stop_s)
            pool->last_stop_s = second_s;
        vec_push(&fold->stops, (struct stop){ref, time_hour(second_s)});
    }
    return POINTS_ADDED;
}

static enum points_outcome apply_count(struct fold *fold, const struct record *record)
{
    int64_t hour_s = time_hour(time_second(record->time_us));
    if (!seen_add(&fold->seen, hour_s, identity_of(record->source, record->id)))
        return POINTS_REPEATED;
    sums_add(&fold->sums, &fold->names, record);
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
    switch (record->kind) {
    case RECORD_LAUNCHED:
    case RECORD_RECONFIGURED:
    case RECORD_STOPPED:
    case RECORD_FAILED:
    case RECORD_DELETED:
        return apply_change(fold, record);
    case RECORD_HEARTBEAT:
        apply_heartbeat(fold, record);
        return POINTS_ADDED;
    case RECORD_STORAGE_USED:
    case RECORD_STORAGE_DELETED:
        return apply_storage(fold, record);
    case RECORD_TOKENS:
    case RECORD_IMAGES:
        return apply_count(fold, record);
    case RECORD_ORDER_PAID:
    case RECORD_ORDER_FULFILLED:
    case RECORD_ORDER_FAILED:
    case RECORD_ORDER_REFUNDED:
    case RECORD_CREDITED:
    case RECORD_DEBITED:
        vec_push(&fold->facts, (struct fact){.record = record_copied(&fold->strings, record)});
        return POINTS_ADDED;
    }
    CHECK(!"a record of this kind");
    return POINTS_REPEATED;
}

/* --- lateness --- */

static int64_t horizon_us(const struct rules *rules, enum record_kind kind)
{
    switch (kind) {
    case RECORD_LAUNCHED:
    case RECORD_RECONFIGURED:
    case RECORD_STOPPED:
    case RECORD_FAILED:
    case RECORD_DELETED:
        return rules->lifecycle_horizon_us;
    case RECORD_HEARTBEAT:
    case RECORD_STORAGE_USED:
    case RECORD_STORAGE_DELETED:
    case RECORD_TOKENS:
    case RECORD_IMAGES:
        return rules->report_horizon_us;
    case RECORD_ORDER_PAID:
    case RECORD_ORDER_FULFILLED:
    case RECORD_ORDER_FAILED:
    case RECORD_ORDER_REFUNDED:
    case RECORD_CREDITED:
    case RECORD_DEBITED:
        break;
    }
    return INT64_MAX;
}

static bool too_late(const struct fold *fold, const struct record *record)
{
    int64_t horizon = horizon_us(&fold->rules, record->kind);
    if (horizon == INT64_MAX || fold->clock.now_us == INT64_MIN)
        return false;
    return fold->clock.now_us - record->since_us > horizon + late_grace_us;
}

static void reject(struct fold *fold, const struct message *message, const struct record *record)
{
    fold->counters.records_rejected++;
    int64_t hour_s = time_hour(time_second(fold->clock.now_us));
    if (hour_s != fold->reject_hour_s) {
        fold->reject_hour_s = hour_s;
        fold->reject_count = 0;
    }
    if (fold->reject_count++ >= REJECTS_KEPT_AN_HOUR)
        return;
    vec_push(&fold->rejects,
             (struct frame_reject){STR("time: expected an event within the horizon of its kind"),
                                   arena_copy(&fold->strings, message->feed),
                                   arena_copy(&fold->strings, record->source),
                                   arena_copy(&fold->strings, record->id), message->offset});
}

static void apply_records(struct fold *fold, const struct message *message)
{
    for (uint32_t i = 0; i < message->record_count; i++) {
        const struct record *record = &message->records[i];
        fold->counters.records_in++;
        if (too_late(fold, record))
            reject(fold, message, record);
        else if (apply_record(fold, record) == POINTS_REPEATED)
            fold->counters.records_repeated++;
        else
            fold->counters.records_applied++;
    }
}

/* --- control messages --- */

static bool rules_spoken(const struct rules *rules)
{
    return rules->number == 1 && rules->epoch_us > 0 && rules->delay_us >= 0 && rules->epoch_records > 0;
}

static enum fold_outcome apply_init(struct fold *fold, const struct message *message)
{
    if (fold->has_rules || !rules_spoken(&message->rules))
        return FOLD_RULES_UNKNOWN;
    struct catalog_error error;
    struct catalog *catalog = catalog_parse(message->catalog.text, &error);
    if (catalog == NULL)
        return FOLD_CATALOG_BAD;
    for (enum product p = 0; p < PRODUCT_COUNT; p++)
        fold->liveness_s[p] = catalog_liveness_s(catalog, p);
    catalog_free(catalog);
    fold->has_rules = true;
    fold->rules = message->rules;
    struct fact fact = {.control = CONTROL_INIT, .rules = message->rules, .catalog = message->catalog};
    fact.catalog.text = arena_copy(&fold->strings, message->catalog.text);
    vec_push(&fold->facts, fact);
    fold->counters.records_in++;
    fold->counters.records_applied++;
    return FOLD_EPOCH_OPEN;
}

/* An hour's prices are known before its first event, or the catalog is refused (DESIGN §2). */
static enum fold_outcome apply_catalog(struct fold *fold, const struct message *message)
{
    fold->counters.records_in++;
    int64_t from_us = message->catalog.from_s * SECOND_US;
    if (fold->clock.now_us != INT64_MIN && from_us < fold->clock.now_us + catalog_lead_us) {
        fold->counters.records_rejected++;
        return FOLD_EPOCH_OPEN;
    }
    struct fact fact = {.control = CONTROL_CATALOG, .catalog = message->catalog};
    fact.catalog.text = arena_copy(&fold->strings, message->catalog.text);
    vec_push(&fold->facts, fact);
    fold->counters.records_applied++;
    return FOLD_EPOCH_OPEN;
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

static void forget_incarnations(struct fold *fold)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fold->incarnations.count; i++)
        if (fold->incarnations.at[i].last_us > fold->clock.now_us - incarnation_kept_us)
            fold->incarnations.at[kept++] = fold->incarnations.at[i];
    fold->incarnations.count = kept;
}

/* What the frame made last points to is no longer needed. */
static void begin_message(struct fold *fold)
{
    if (!fold->frame_made)
        return;
    fold->frame_made = false;
    vec_clear(&fold->facts);
    vec_clear(&fold->rejects);
    arena_reset(&fold->strings);
}

enum fold_outcome fold_apply(struct fold *fold, const struct message *message)
{
    begin_message(fold);
    if (message->offset != fold->next_offset)
        return FOLD_OFFSET_GAP;
    if (!fold->has_rules && message->control != CONTROL_INIT)
        return FOLD_NO_RULES;
    if (message->control != CONTROL_NONE) {
        enum fold_outcome outcome =
            message->control == CONTROL_INIT ? apply_init(fold, message) : apply_catalog(fold, message);
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

enum fold_outcome fold_pass_over(struct fold *fold, int64_t offset)
{
    begin_message(fold);
    if (offset != fold->next_offset)
        return FOLD_OFFSET_GAP;
    if (!fold->has_rules)
        return FOLD_NO_RULES;
    fold->next_offset++;
    fold->counters.messages++;
    fold->counters.records_in++;
    fold->counters.records_rejected++;
    vec_push(&fold->rejects, (struct frame_reject){STR("message: expected one of usage.records"), STR(""),
                                                   STR(""), STR(""), offset});
    return FOLD_EPOCH_OPEN;
}

/* --- frames --- */

static void clear_epoch(struct fold *fold)
{
    for (uint32_t i = 0; i < fold->touched.count; i++)
        series_at(fold, fold->touched.at[i])->touched = false;
    vec_clear(&fold->touched);
    vec_clear(&fold->stops);
    sums_clear(&fold->sums);
    fold->counters = (struct frame_counters){0};
    memset(fold->snapshot_digest, 0, sizeof fold->snapshot_digest);
}

static const struct frame *make_frame(struct fold *fold)
{
    say_rows(fold);
    say_counts(fold);
    struct frame *frame = &fold->frame;
    *frame = (struct frame){
        .partition = fold->partition,
        .rules_number = fold->rules.number,
        .seq = fold->seq++,
        .next_offset = fold->next_offset,
        .watermark_us = clock_watermark_us(&fold->clock, &fold->rules),
        .closed_s = fold->clock.closed_s,
        .counters = fold->counters,
        .levels = fold->rows.at,
        .level_count = fold->rows.count,
        .counts = fold->counts.at,
        .count_count = fold->counts.count,
        .facts = fold->facts.at,
        .fact_count = fold->facts.count,
        .rejects = fold->rejects.at,
        .reject_count = fold->rejects.count,
    };
    memcpy(frame->prev_hash, fold->prev_hash, sizeof frame->prev_hash);
    memcpy(frame->snapshot_digest, fold->snapshot_digest, sizeof frame->snapshot_digest);
    clear_epoch(fold);
    fold->frame_made = true;
    return frame;
}

const struct frame *fold_close_epoch(struct fold *fold)
{
    begin_message(fold);
    vec_clear(&fold->drafts);
    vec_clear(&fold->segments);
    int64_t before_s = fold->clock.closed_s;
    int64_t due_s = clock_due_s(&fold->clock, &fold->rules);
    if (due_s > before_s)
        fold->clock.closed_s = due_s;
    say_levels(fold, before_s);
    const struct frame *frame = make_frame(fold);
    if (due_s > before_s && due_s / DAY_S != before_s / DAY_S) {
        forget_incarnations(fold);
        forget_old(fold);
    }
    return frame;
}

const struct frame *fold_finish(struct fold *fold, int64_t time_s)
{
    begin_message(fold);
    vec_clear(&fold->drafts);
    vec_clear(&fold->segments);
    say_until(fold, time_s);
    const struct frame *frame = make_frame(fold);
    fold->frame.watermark_us = time_s * SECOND_US;
    fold->frame.closed_s = time_s;
    return frame;
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
