#include "tests/support/samples.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/time.h"
#include "lib/codec/wire.h"

enum { ITEMS = 6 };

void samples_reset(struct samples *samples)
{
    arena_reset(&samples->memory);
    samples->name_count = 0;
}

void samples_release(struct samples *samples)
{
    arena_release(&samples->memory);
}

static bool chance(struct samples *samples, uint32_t of)
{
    return random_below(&samples->random, of) == 0;
}

/* All lengths of varints are as likely; the ends come often. */
int64_t sample_long(struct samples *samples, int64_t least, int64_t most)
{
    if (chance(samples, 8))
        return chance(samples, 2) ? least : most;
    uint64_t span = (uint64_t)most - (uint64_t)least;
    uint64_t value = random_next(&samples->random) >> random_below(&samples->random, 64);
    if (span != UINT64_MAX)
        value %= span + 1;
    return (int64_t)((uint64_t)least + value);
}

struct str sample_text(struct samples *samples, uint32_t least, uint32_t most)
{
    static const struct str letters[] = {STR("a"), STR("~"),      STR(" "), STR("\""),     STR("\\"),
                                         STR("é"), STR("\u00a0"), STR("€"), STR("\uffff"), STR("𝄞")};
    uint32_t longest = chance(samples, 8) || most - least < 12 ? most : least + 12;
    uint32_t size = (uint32_t)sample_long(samples, least, longest);
    char *text = arena_take(&samples->memory, size + 1);
    for (uint32_t at = 0; at < size;) {
        struct str letter = letters[chance(samples, 4) ? random_below(&samples->random, 10) : 0];
        if (letter.size > size - at)
            letter = letters[0];
        memcpy(text + at, letter.at, letter.size);
        at += letter.size;
    }
    return (struct str){text, size};
}

static struct str name(struct samples *samples, uint32_t least)
{
    return sample_text(samples, least, LIMIT_NAME_BYTES);
}

/* A name of the frame's rows: as often as not one that is there already. */
static struct str row_name(struct samples *samples, uint32_t least)
{
    if (samples->name_count > 0 && chance(samples, 2))
        return samples->names[random_below(&samples->random, samples->name_count)];
    struct str fresh = name(samples, least);
    bool full = samples->name_count == SAMPLE_NAMES;
    if (fresh.size > 0)
        samples->names[full ? random_below(&samples->random, SAMPLE_NAMES) : samples->name_count++] = fresh;
    return fresh;
}

static uint32_t items(struct samples *samples)
{
    return random_below(&samples->random, ITEMS);
}

/* From 1 to 2^126 - 1, which is the most that a frame takes; all lengths are as likely. */
static unsigned __int128 quantity(struct samples *samples)
{
    unsigned __int128 value = random_next(&samples->random);
    value = value << 64 | random_next(&samples->random);
    return (value >> (2 + random_below(&samples->random, 126))) | 1;
}

static void fill_hash(struct samples *samples, uint8_t hash[FRAME_HASH_SIZE])
{
    for (int i = 0; i < FRAME_HASH_SIZE; i++)
        hash[i] = (uint8_t)random_next(&samples->random);
}

/* --- messages --- */

static void fill_lifecycle(struct samples *samples, struct record *record)
{
    record->product = (enum product)sample_long(samples, PRODUCT_CONTAINER, PRODUCT_NODE);
    if (record->kind == RECORD_LAUNCHED) {
        record->sku = name(samples, 1);
        record->quantity = sample_long(samples, 1, LIMIT_COUNT);
        record->order = name(samples, 0);
    } else if (record->kind == RECORD_RECONFIGURED) {
        record->sku = name(samples, 0);
        record->order = name(samples, 0);
        bool others = record->sku.size > 0 || record->order.size > 0;
        record->quantity = sample_long(samples, others ? 0 : 1, LIMIT_COUNT);
    } else if (record->kind == RECORD_FAILED) {
        record->since_us = sample_long(samples, 0, record->time_us);
    }
}

static void fill_report(struct samples *samples, struct record *record)
{
    record->sku = name(samples, 1);
    record->product = record->kind <= RECORD_STORAGE_DELETED ? PRODUCT_STORAGE : PRODUCT_MAAS;
    if (record->kind == RECORD_STORAGE_USED)
        record->bytes = sample_long(samples, 0, LIMIT_STORED_BYTES);
    if (record->kind == RECORD_TOKENS) {
        record->input_tokens = sample_long(samples, 0, LIMIT_INPUT);
        record->cached_input_tokens = sample_long(samples, 0, record->input_tokens);
        record->cache_write_tokens =
            sample_long(samples, 0, record->input_tokens - record->cached_input_tokens);
        record->output_tokens = sample_long(samples, 0, LIMIT_COUNT);
    }
    if (record->kind == RECORD_IMAGES) {
        record->succeeded = chance(samples, 2);
        record->images = record->succeeded ? sample_long(samples, 0, LIMIT_COUNT) : 0;
    }
}

/* What a payment may say: sometimes without a point, sometimes as long as can be. */
static struct str sample_amount(struct samples *samples)
{
    char text[LIMIT_AMOUNT_BYTES + 1];
    if (chance(samples, 4))
        snprintf(text, sizeof text, "%lld", (long long)sample_long(samples, 1, 999999999999));
    else
        snprintf(text, sizeof text, "%lld.%012lld", (long long)sample_long(samples, 0, 999999999999),
                 (long long)sample_long(samples, 1, 999999999999));
    return arena_copy(&samples->memory, str_of(text));
}

static void fill_other(struct samples *samples, struct record *record)
{
    record->product = PRODUCT_NONE;
    if (record->kind == RECORD_ORDER_PAID) {
        record->product = (enum product)sample_long(samples, PRODUCT_CONTAINER, PRODUCT_NODE);
        record->sku = name(samples, 1);
        record->quantity = sample_long(samples, 1, LIMIT_COUNT);
        record->months = sample_long(samples, 1, LIMIT_MONTHS);
    } else if (record->kind == RECORD_CREDITED || record->kind == RECORD_DEBITED) {
        record->amount = sample_amount(samples);
        record->currency = STR("EUR");
        record->for_bill = record->kind == RECORD_CREDITED && chance(samples, 2);
    }
}

struct record sample_record(struct samples *samples, enum record_kind kind)
{
    struct record record = {.kind = kind};
    record.account = name(samples, 1);
    record.subject = name(samples, 1);
    record.source = name(samples, 1);
    record.id = name(samples, 1);
    record.time_us = record.since_us = sample_long(samples, 0, INT64_MAX);
    if (kind <= RECORD_DELETED)
        fill_lifecycle(samples, &record);
    else if (kind <= RECORD_IMAGES)
        fill_report(samples, &record);
    else
        fill_other(samples, &record);
    return record;
}

static struct rules sample_rules(struct samples *samples)
{
    return (struct rules){.number = (uint32_t)sample_long(samples, 1, UINT32_MAX),
                          .epoch_us = sample_long(samples, 1, INT64_MAX),
                          .delay_us = sample_long(samples, 0, INT64_MAX),
                          .lifecycle_horizon_us = sample_long(samples, 0, INT64_MAX),
                          .report_horizon_us = sample_long(samples, 0, INT64_MAX),
                          .epoch_records = sample_long(samples, 1, INT64_MAX),
                          .frame_rows = sample_long(samples, 1, INT64_MAX),
                          .frame_bytes = sample_long(samples, 1, INT64_MAX),
                          .snapshot_bytes = sample_long(samples, 0, INT64_MAX)};
}

static struct catalog_text sample_catalog(struct samples *samples, enum control_kind control)
{
    int64_t hours = INT64_MAX / HOUR_S;
    int64_t from_s = control == CONTROL_INIT ? INT64_MIN : sample_long(samples, -hours, hours) * HOUR_S;
    return (struct catalog_text){from_s, sample_text(samples, 1, 3000)};
}

static struct control_origin sample_origin(struct samples *samples)
{
    struct control_origin origin = {.by = sample_text(samples, 0, CONTROL_BY_MAX),
                                    .clock_us = sample_long(samples, 0, INT64_MAX)};
    fill_hash(samples, origin.prev_hash);
    return origin;
}

struct message sample_message(struct samples *samples)
{
    struct message message = {.clock_us = sample_long(samples, INT64_MIN, INT64_MAX),
                              .feed = name(samples, 0),
                              .incarnation = random_next(&samples->random),
                              .acknowledged = (uint64_t)sample_long(samples, 0, INT64_MAX)};
    if (chance(samples, 4))
        message.control = chance(samples, 2) ? CONTROL_INIT : CONTROL_CATALOG;
    if (message.control == CONTROL_INIT)
        message.rules = sample_rules(samples);
    if (message.control != CONTROL_NONE) {
        message.origin = sample_origin(samples);
        message.catalog = sample_catalog(samples, message.control);
        return message;
    }
    struct record *records = arena_take(&samples->memory, ITEMS * sizeof *records);
    message.record_count = items(samples);
    message.records = records;
    for (uint32_t i = 0; i < message.record_count; i++)
        records[i] =
            sample_record(samples, (enum record_kind)random_below(&samples->random, RECORD_KIND_COUNT));
    return message;
}

/* --- frames --- */

static int64_t sample_hour(struct samples *samples)
{
    int64_t hours = INT64_MAX / HOUR_S;
    return sample_long(samples, -hours, hours) * HOUR_S;
}

static struct level_row sample_level(struct samples *samples)
{
    struct level_row row = {.product = (enum product)sample_long(samples, 0, PRODUCT_STORAGE),
                            .account = row_name(samples, 1),
                            .resource = row_name(samples, 1),
                            .hour_s = sample_hour(samples),
                            .stopped = chance(samples, 2)};
    bool storage = row.product == PRODUCT_STORAGE;
    struct level_segment *segments = arena_take(&samples->memory, ITEMS * sizeof *segments);
    row.sku = storage ? row_name(samples, 1) : STR("");
    row.segments = segments;
    int64_t at = 0;
    for (uint32_t wanted = items(samples); row.segment_count < wanted && at < HOUR_S;) {
        struct level_segment *s = &segments[row.segment_count++];
        s->from_s = (uint16_t)sample_long(samples, at, HOUR_S - 1);
        s->len_s = (uint16_t)sample_long(samples, 1, HOUR_S - s->from_s);
        s->sku = storage ? STR("") : row_name(samples, 1);
        s->order = storage ? STR("") : row_name(samples, 0);
        /* Never as the one before, which it may touch. */
        s->quantity = (quantity(samples) >> 3 << 3) + row.segment_count;
        at = s->from_s + s->len_s;
    }
    return row;
}

/* At least one sum; by meter and second. */
static struct count_row sample_count(struct samples *samples)
{
    struct count_row row = {.product = PRODUCT_MAAS,
                            .account = row_name(samples, 1),
                            .resource = row_name(samples, 1),
                            .sku = row_name(samples, 1),
                            .hour_s = sample_hour(samples),
                            .replaces = chance(samples, 2)};
    struct count_sum *sums = arena_take(&samples->memory, METER_COUNT * ITEMS * sizeof *sums);
    row.sums = sums;
    for (enum meter meter = METER_INPUT_TOKENS; meter <= METER_IMAGES; meter++) {
        uint32_t wanted = items(samples) + (meter == METER_IMAGES && row.sum_count == 0);
        int64_t at = 0;
        for (uint32_t i = 0; i < wanted && at < HOUR_S; i++) {
            int64_t from_s = sample_long(samples, at, HOUR_S - 1);
            sums[row.sum_count++] = (struct count_sum){meter, (uint16_t)from_s, quantity(samples)};
            at = from_s + 1;
        }
    }
    return row;
}

static struct state_row sample_state(struct samples *samples)
{
    struct state_row row = {.product = (enum product)sample_long(samples, PRODUCT_CONTAINER, PRODUCT_NODE),
                            .account = row_name(samples, 1),
                            .resource = row_name(samples, 1),
                            .state = (enum run_state)random_below(&samples->random, RUN_STATE_COUNT),
                            .sku = STR(""),
                            .order = STR(""),
                            .sign_s = sample_long(samples, INT64_MIN, INT64_MAX)};
    if (row.state == RUN_GONE)
        return row;
    row.sku = row_name(samples, 1);
    row.order = row_name(samples, 0);
    row.quantity = sample_long(samples, 1, LIMIT_COUNT);
    row.since_s = sample_long(samples, INT64_MIN, INT64_MAX);
    return row;
}

static struct fact sample_fact(struct samples *samples)
{
    struct fact fact = {0};
    if (chance(samples, 3))
        fact.control = chance(samples, 2) ? CONTROL_INIT : CONTROL_CATALOG;
    if (fact.control == CONTROL_INIT)
        fact.rules = sample_rules(samples);
    if (fact.control != CONTROL_NONE) {
        fact.origin = (struct control_origin){.by = sample_text(samples, 0, CONTROL_BY_MAX),
                                              .clock_us = sample_long(samples, INT64_MIN, INT64_MAX)};
        fill_hash(samples, fact.origin.hash);
        fact.catalog = sample_catalog(samples, fact.control);
        return fact;
    }
    uint32_t kinds = RECORD_KIND_COUNT - RECORD_ORDER_PAID;
    fact.record =
        sample_record(samples, (enum record_kind)(RECORD_ORDER_PAID + random_below(&samples->random, kinds)));
    return fact;
}

static void fill_rows(struct samples *samples, struct frame *frame)
{
    struct fact *facts = arena_take(&samples->memory, ITEMS * sizeof *facts);
    struct level_row *levels = arena_take(&samples->memory, ITEMS * sizeof *levels);
    struct count_row *counts = arena_take(&samples->memory, ITEMS * sizeof *counts);
    struct state_row *states = arena_take(&samples->memory, ITEMS * sizeof *states);
    struct frame_reject *rejects = arena_take(&samples->memory, ITEMS * sizeof *rejects);
    frame->facts = facts;
    frame->levels = levels;
    frame->counts = counts;
    frame->states = states;
    frame->rejects = rejects;
    for (uint32_t wanted = items(samples); frame->fact_count < wanted;)
        facts[frame->fact_count++] = sample_fact(samples);
    for (uint32_t wanted = items(samples); frame->level_count < wanted;)
        levels[frame->level_count++] = sample_level(samples);
    for (uint32_t wanted = items(samples); frame->count_count < wanted;)
        counts[frame->count_count++] = sample_count(samples);
    for (uint32_t wanted = items(samples); frame->state_count < wanted;)
        states[frame->state_count++] = sample_state(samples);
    for (uint32_t wanted = items(samples); frame->reject_count < wanted;)
        rejects[frame->reject_count++] =
            (struct frame_reject){name(samples, 1), name(samples, 0), name(samples, 0), name(samples, 0),
                                  sample_long(samples, 0, INT64_MAX)};
}

struct frame sample_frame(struct samples *samples)
{
    struct frame frame = {.partition = (uint32_t)sample_long(samples, 0, UINT32_MAX),
                          .rules_number = (uint32_t)sample_long(samples, 0, UINT32_MAX),
                          .seq = (uint64_t)sample_long(samples, 0, INT64_MAX),
                          .next_offset = sample_long(samples, 0, INT64_MAX),
                          .watermark_us = sample_long(samples, INT64_MIN, INT64_MAX),
                          .closed_s = sample_long(samples, INT64_MIN, INT64_MAX),
                          .more = chance(samples, 2)};
    samples->name_count = 0;
    fill_hash(samples, frame.prev_hash);
    fill_hash(samples, frame.snapshot_digest);
    uint64_t *counters[] = {&frame.counters.messages,         &frame.counters.ticks,
                            &frame.counters.records_in,       &frame.counters.records_applied,
                            &frame.counters.records_repeated, &frame.counters.records_rejected};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        *counters[i] = (uint64_t)sample_long(samples, 0, INT64_MAX);
    fill_rows(samples, &frame);
    return frame;
}

/* --- equal --- */

bool same_record(const struct record *a, const struct record *b)
{
    return a->kind == b->kind && a->product == b->product && str_equal(a->account, b->account) &&
           str_equal(a->subject, b->subject) && str_equal(a->source, b->source) && str_equal(a->id, b->id) &&
           a->time_us == b->time_us && a->since_us == b->since_us && str_equal(a->sku, b->sku) &&
           str_equal(a->order, b->order) && a->quantity == b->quantity && a->bytes == b->bytes &&
           a->input_tokens == b->input_tokens && a->cached_input_tokens == b->cached_input_tokens &&
           a->cache_write_tokens == b->cache_write_tokens && a->output_tokens == b->output_tokens &&
           a->images == b->images && a->succeeded == b->succeeded && a->months == b->months &&
           str_equal(a->amount, b->amount) && str_equal(a->currency, b->currency) &&
           a->for_bill == b->for_bill;
}

static bool same_rules(const struct rules *a, const struct rules *b)
{
    return a->number == b->number && a->epoch_us == b->epoch_us && a->delay_us == b->delay_us &&
           a->lifecycle_horizon_us == b->lifecycle_horizon_us &&
           a->report_horizon_us == b->report_horizon_us && a->epoch_records == b->epoch_records &&
           a->frame_rows == b->frame_rows && a->frame_bytes == b->frame_bytes &&
           a->snapshot_bytes == b->snapshot_bytes;
}

static bool same_catalog(const struct catalog_text *a, const struct catalog_text *b)
{
    return a->from_s == b->from_s && str_equal(a->text, b->text);
}

static bool same_origin(const struct control_origin *a, const struct control_origin *b)
{
    return memcmp(a->prev_hash, b->prev_hash, CONTROL_HASH_SIZE) == 0 && str_equal(a->by, b->by) &&
           a->clock_us == b->clock_us;
}

bool same_message(const struct message *a, const struct message *b)
{
    bool same = a->control == b->control && a->clock_us == b->clock_us && str_equal(a->feed, b->feed) &&
                a->incarnation == b->incarnation && a->acknowledged == b->acknowledged &&
                same_origin(&a->origin, &b->origin) && same_rules(&a->rules, &b->rules) &&
                same_catalog(&a->catalog, &b->catalog) && a->record_count == b->record_count;
    for (uint32_t i = 0; same && i < a->record_count; i++)
        same = same_record(&a->records[i], &b->records[i]);
    return same;
}

static bool same_level(const struct level_row *a, const struct level_row *b)
{
    bool same = a->product == b->product && str_equal(a->account, b->account) &&
                str_equal(a->resource, b->resource) && str_equal(a->sku, b->sku) && a->hour_s == b->hour_s &&
                a->stopped == b->stopped && a->segment_count == b->segment_count;
    for (uint32_t i = 0; same && i < a->segment_count; i++) {
        const struct level_segment *x = &a->segments[i], *y = &b->segments[i];
        same = x->from_s == y->from_s && x->len_s == y->len_s && str_equal(x->sku, y->sku) &&
               str_equal(x->order, y->order) && x->quantity == y->quantity;
    }
    return same;
}

static bool same_count(const struct count_row *a, const struct count_row *b)
{
    bool same = a->product == b->product && str_equal(a->account, b->account) &&
                str_equal(a->resource, b->resource) && str_equal(a->sku, b->sku) && a->hour_s == b->hour_s &&
                a->replaces == b->replaces && a->sum_count == b->sum_count;
    for (uint32_t i = 0; same && i < a->sum_count; i++)
        same = a->sums[i].meter == b->sums[i].meter && a->sums[i].from_s == b->sums[i].from_s &&
               a->sums[i].sum == b->sums[i].sum;
    return same;
}

static bool same_state(const struct state_row *a, const struct state_row *b)
{
    return a->product == b->product && str_equal(a->account, b->account) &&
           str_equal(a->resource, b->resource) && a->state == b->state && str_equal(a->sku, b->sku) &&
           str_equal(a->order, b->order) && a->quantity == b->quantity && a->since_s == b->since_s &&
           a->sign_s == b->sign_s;
}

static bool same_reject(const struct frame_reject *a, const struct frame_reject *b)
{
    return str_equal(a->reason, b->reason) && str_equal(a->feed, b->feed) &&
           str_equal(a->source, b->source) && str_equal(a->id, b->id) && a->offset == b->offset;
}

/* The hash before a control message's own is not in its fact. */
static bool same_fact(const struct fact *a, const struct fact *b)
{
    return a->control == b->control && memcmp(a->origin.hash, b->origin.hash, CONTROL_HASH_SIZE) == 0 &&
           str_equal(a->origin.by, b->origin.by) && a->origin.clock_us == b->origin.clock_us &&
           same_rules(&a->rules, &b->rules) && same_catalog(&a->catalog, &b->catalog) &&
           same_record(&a->record, &b->record);
}

static bool same_head(const struct frame *a, const struct frame *b)
{
    return a->partition == b->partition && a->rules_number == b->rules_number && a->seq == b->seq &&
           a->next_offset == b->next_offset && memcmp(a->prev_hash, b->prev_hash, FRAME_HASH_SIZE) == 0 &&
           memcmp(a->snapshot_digest, b->snapshot_digest, FRAME_HASH_SIZE) == 0 &&
           a->watermark_us == b->watermark_us && a->closed_s == b->closed_s && a->more == b->more &&
           memcmp(&a->counters, &b->counters, sizeof a->counters) == 0;
}

bool same_frame(const struct frame *a, const struct frame *b)
{
    bool same = same_head(a, b) && a->fact_count == b->fact_count && a->level_count == b->level_count &&
                a->count_count == b->count_count && a->state_count == b->state_count &&
                a->reject_count == b->reject_count;
    for (uint32_t i = 0; same && i < a->fact_count; i++)
        same = same_fact(&a->facts[i], &b->facts[i]);
    for (uint32_t i = 0; same && i < a->level_count; i++)
        same = same_level(&a->levels[i], &b->levels[i]);
    for (uint32_t i = 0; same && i < a->count_count; i++)
        same = same_count(&a->counts[i], &b->counts[i]);
    for (uint32_t i = 0; same && i < a->state_count; i++)
        same = same_state(&a->states[i], &b->states[i]);
    for (uint32_t i = 0; same && i < a->reject_count; i++)
        same = same_reject(&a->rejects[i], &b->rejects[i]);
    return same;
}
