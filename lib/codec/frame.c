#include "lib/codec/frame.h"

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/rules.h"
#include "lib/codec/schemas.h"
#include "lib/codec/wire.h"

enum { BRANCH_INIT, BRANCH_CATALOG, BRANCH_RECORD };
/* The least that items of arrays take. */
enum { LEVEL_BYTES = 7, SEGMENT_BYTES = 6, COUNT_BYTES = 12, SUM_BYTES = 4, STATE_BYTES = 9 };
enum { FACT_BYTES = 18, REJECT_BYTES = 6 };
#define HOUR_MAX (INT64_MAX / HOUR_S)

/* In order of time, apart or different (frame.h). */
static bool segment_may_follow(const struct level_segment *last, const struct level_segment *next)
{
    uint32_t end_s = (uint32_t)last->from_s + last->len_s;
    bool differ = last->quantity != next->quantity || !str_equal(last->sku, next->sku) ||
                  !str_equal(last->order, next->order);
    return next->from_s > end_s || (next->from_s == end_s && differ);
}

static bool sum_may_follow(const struct count_sum *last, const struct count_sum *next)
{
    uint8_t before = meter_row(last->meter)->number, number = meter_row(next->meter)->number;
    return number != before ? number > before : next->from_s > last->from_s;
}

/* Whose rows are levels: those of resources, and of the pools of an account. */
static bool has_levels(enum product product)
{
    return product_is(product, SHAPE_LEVEL) || product_is(product, SHAPE_POOL);
}

/* --- writing --- */

/* A name: present and not empty, or absent and empty. */
static void put_name_if(struct packer *out, struct str name, bool present)
{
    CHECK(present == (name.size > 0));
    wire_put_name(out, name, 0);
}

static void put_number(struct frame_writer *to, struct str name, uint32_t least)
{
    frame_names_put(&to->names, &to->rows, name, least);
}

static void put_number_if(struct frame_writer *to, struct str name, bool present)
{
    CHECK(present == (name.size > 0));
    put_number(to, name, 0);
}

static void put_whole(struct packer *out, unsigned __int128 value)
{
    CHECK(value >> 126 == 0);
    wire_put_long(out, (int64_t)(value & INT64_MAX));
    wire_put_long(out, (int64_t)(value >> 63));
}

static void put_hour(struct packer *out, int64_t hour_s)
{
    CHECK(hour_s % HOUR_S == 0);
    wire_put_long(out, hour_s / HOUR_S);
}

static void put_segment(struct frame_writer *to, const struct level_segment *segment, bool pool)
{
    CHECK(segment->quantity > 0);
    wire_put_long_in(&to->rows, segment->from_s, 0, HOUR_S - 1);
    wire_put_long_in(&to->rows, segment->len_s, 1, HOUR_S - segment->from_s);
    put_number_if(to, segment->sku, !pool);
    if (pool)
        put_number_if(to, segment->order, false);
    else
        put_number(to, segment->order, 0);
    put_whole(&to->rows, segment->quantity);
}

static void put_levels(struct frame_writer *to, const struct frame *frame)
{
    wire_put_array(&to->rows, frame->level_count);
    for (uint32_t i = 0; i < frame->level_count; i++) {
        const struct level_row *row = &frame->levels[i];
        bool pool = product_is(row->product, SHAPE_POOL);
        put_number(to, row->account, 1);
        CHECK(has_levels(row->product));
        wire_put_long(&to->rows, row->product);
        put_number(to, row->resource, 1);
        put_number_if(to, row->sku, pool);
        put_hour(&to->rows, row->hour_s);
        wire_put_bool(&to->rows, row->stopped);
        wire_put_array(&to->rows, row->segment_count);
        for (uint32_t s = 0; s < row->segment_count; s++) {
            CHECK(s == 0 || segment_may_follow(&row->segments[s - 1], &row->segments[s]));
            put_segment(to, &row->segments[s], pool);
        }
        wire_put_array_end(&to->rows);
    }
    wire_put_array_end(&to->rows);
}

static void put_counts(struct frame_writer *to, const struct frame *frame)
{
    wire_put_array(&to->rows, frame->count_count);
    for (uint32_t i = 0; i < frame->count_count; i++) {
        const struct count_row *row = &frame->counts[i];
        CHECK(row->sum_count > 0);
        put_number(to, row->account, 1);
        CHECK(product_is(row->product, SHAPE_COUNT));
        wire_put_long(&to->rows, row->product);
        put_number(to, row->resource, 1);
        put_number(to, row->sku, 1);
        put_hour(&to->rows, row->hour_s);
        wire_put_bool(&to->rows, row->replaces);
        wire_put_array(&to->rows, row->sum_count);
        for (uint32_t s = 0; s < row->sum_count; s++) {
            const struct count_sum *sum = &row->sums[s];
            CHECK(sum->sum > 0 && (s == 0 || sum_may_follow(&row->sums[s - 1], sum)));
            uint8_t number = meter_row(sum->meter)->number;
            CHECK(meter_of_count(row->product, number) == sum->meter);
            wire_put_long(&to->rows, number);
            wire_put_long_in(&to->rows, sum->from_s, 0, HOUR_S - 1);
            put_whole(&to->rows, sum->sum);
        }
        wire_put_array_end(&to->rows);
    }
    wire_put_array_end(&to->rows);
}

static void put_states(struct frame_writer *to, const struct frame *frame)
{
    wire_put_array(&to->rows, frame->state_count);
    for (uint32_t i = 0; i < frame->state_count; i++) {
        const struct state_row *row = &frame->states[i];
        bool gone = row->state == RUN_GONE;
        put_number(to, row->account, 1);
        CHECK(product_is(row->product, SHAPE_LEVEL));
        wire_put_long(&to->rows, row->product);
        put_number(to, row->resource, 1);
        wire_put_long_in(&to->rows, row->state, RUN_GONE, RUN_DELETED);
        put_number_if(to, row->sku, !gone);
        if (gone)
            put_number_if(to, row->order, false);
        else
            put_number(to, row->order, 0);
        wire_put_long_in(&to->rows, row->quantity, !gone, gone ? 0 : LIMIT_COUNT);
        wire_put_long_in(&to->rows, row->since_s, gone ? 0 : INT64_MIN, gone ? 0 : INT64_MAX);
        wire_put_long(&to->rows, row->sign_s);
    }
    wire_put_array_end(&to->rows);
}

static void put_record_fact(struct packer *out, const struct record *record)
{
    const struct kind_row *kind = kind_row(record->kind);
    bool paid = record->kind == RECORD_ORDER_PAID, payment = kind->shape == SHAPE_PAYMENT;
    CHECK(kind->fact != NULL);
    wire_put_long(out, kind->fact_number);
    wire_put_name(out, record->account, 1);
    wire_put_name(out, record->subject, 1);
    wire_put_name(out, record->source, 1);
    wire_put_name(out, record->id, 1);
    wire_put_long(out, record->time_us);
    put_name_if(out, paid ? str_of(product_name(record->product)) : STR(""), paid);
    put_name_if(out, paid ? record->sku : STR(""), paid);
    wire_put_long_in(out, paid ? record->quantity : 0, paid, LIMIT_COUNT);
    wire_put_long_in(out, paid ? record->months : 0, paid, LIMIT_MONTHS);
    CHECK(!payment || (record->amount.size > 0 && record->currency.size == LIMIT_CURRENCY_BYTES));
    wire_put_string(out, payment ? record->amount : STR(""), LIMIT_AMOUNT_BYTES);
    wire_put_string(out, payment ? record->currency : STR(""), LIMIT_CURRENCY_BYTES);
    CHECK(!record->for_bill || record->kind == RECORD_CREDITED);
    wire_put_bool(out, record->for_bill);
}

static void put_origin(struct packer *out, const struct control_origin *origin)
{
    pack_raw(out, origin->hash, CONTROL_HASH_SIZE);
    wire_put_string(out, origin->by, CONTROL_BY_MAX);
    wire_put_long(out, origin->clock_us);
}

static void put_facts(struct packer *out, const struct frame *frame)
{
    wire_put_array(out, frame->fact_count);
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct fact *fact = &frame->facts[i];
        switch (fact->control) {
        case CONTROL_INIT:
            wire_put_long(out, BRANCH_INIT);
            put_origin(out, &fact->origin);
            rules_put(out, &fact->rules);
            catalog_put(out, fact->catalog.text);
            break;
        case CONTROL_CATALOG:
            wire_put_long(out, BRANCH_CATALOG);
            put_origin(out, &fact->origin);
            catalog_change_put(out, &fact->catalog);
            break;
        case CONTROL_NONE:
            wire_put_long(out, BRANCH_RECORD);
            put_record_fact(out, &fact->record);
            break;
        }
    }
    wire_put_array_end(out);
}

static void put_rejects(struct packer *out, const struct frame *frame)
{
    wire_put_array(out, frame->reject_count);
    for (uint32_t i = 0; i < frame->reject_count; i++) {
        const struct frame_reject *reject = &frame->rejects[i];
        wire_put_name(out, reject->reason, 1);
        wire_put_name(out, reject->feed, 0);
        wire_put_name(out, reject->source, 0);
        wire_put_name(out, reject->id, 0);
        wire_put_long_in(out, reject->offset, 0, INT64_MAX);
    }
    wire_put_array_end(out);
}

static void put_head(struct packer *out, const struct frame *frame)
{
    const struct frame_counters *c = &frame->counters;
    wire_put_long(out, frame->partition);
    wire_put_long(out, frame->rules_number);
    wire_put_long_in(out, (int64_t)frame->seq, 0, INT64_MAX);
    wire_put_long_in(out, frame->next_offset, 0, INT64_MAX);
    pack_raw(out, frame->prev_hash, FRAME_HASH_SIZE);
    pack_raw(out, frame->snapshot_digest, FRAME_HASH_SIZE);
    wire_put_long(out, frame->watermark_us);
    wire_put_long(out, frame->closed_s);
    wire_put_bool(out, frame->more);
    const uint64_t counters[] = {c->messages,         c->ticks,           c->records_in, c->records_applied,
                                 c->records_repeated, c->records_rejected};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        wire_put_long_in(out, (int64_t)counters[i], 0, INT64_MAX);
}

void frame_encode(struct frame_writer *writer, const struct frame *frame, struct packer *out,
                  uint8_t hash[FRAME_HASH_SIZE])
{
    uint32_t begin = out->bytes.count;
    vec_clear(&writer->rows.bytes);
    frame_names_clear(&writer->names);
    put_levels(writer, frame);
    put_counts(writer, frame);
    put_states(writer, frame);
    wire_put_header(out, SCHEMA_FRAME);
    put_head(out, frame);
    put_facts(out, frame);
    frame_names_put_list(&writer->names, out);
    pack_raw(out, writer->rows.bytes.at, writer->rows.bytes.count);
    put_rejects(out, frame);
    digest_of(out->bytes.at + begin, out->bytes.count - begin, hash);
    pack_raw(out, hash, FRAME_HASH_SIZE);
}

void frame_writer_release(struct frame_writer *writer)
{
    frame_names_release(&writer->names);
    vec_release(&writer->rows.bytes);
}

/* --- reading --- */

static enum product take_product(struct unpacker *in)
{
    return (enum product)wire_take_long_in(in, 0, PRODUCT_COUNT - 1);
}

/* A name: present and not empty, or absent and empty. */
static struct str take_name_if(struct unpacker *in, bool present)
{
    struct str name = wire_take_name(in, present);
    if (!present && name.size > 0)
        in->bad = true;
    return name;
}

/* The number of a name: 0 if and only if it is absent. */
static struct str take_number_if(struct unpacker *in, struct frame_rows *rows, bool present)
{
    struct str name = frame_names_take(&rows->names, in, present);
    if (!present && name.size > 0)
        in->bad = true;
    return name;
}

static unsigned __int128 take_whole(struct unpacker *in)
{
    unsigned __int128 low = (unsigned __int128)wire_take_long_in(in, 0, INT64_MAX);
    return (unsigned __int128)wire_take_long_in(in, 0, INT64_MAX) << 63 | low;
}

static int64_t take_hour(struct unpacker *in)
{
    return wire_take_long_in(in, -HOUR_MAX, HOUR_MAX) * HOUR_S;
}

static void take_segments(struct unpacker *in, struct frame_rows *rows, struct level_row *row)
{
    bool pool = product_is(row->product, SHAPE_POOL);
    row->segment_count = wire_take_array(in, SEGMENT_BYTES);
    struct level_segment segment = {0};
    for (uint32_t s = 0; s < row->segment_count && !in->bad; s++) {
        struct level_segment last = segment;
        segment.from_s = (uint16_t)wire_take_long_in(in, 0, HOUR_S - 1);
        segment.len_s = (uint16_t)wire_take_long_in(in, 1, HOUR_S - segment.from_s);
        segment.sku = take_number_if(in, rows, !pool);
        segment.order = pool ? take_number_if(in, rows, false) : frame_names_take(&rows->names, in, 0);
        segment.quantity = take_whole(in);
        if (segment.quantity == 0 || (s > 0 && !segment_may_follow(&last, &segment)))
            in->bad = true;
        vec_push(&rows->segments, segment);
    }
    wire_take_array_end(in);
}

static void take_levels(struct unpacker *in, struct frame_rows *rows)
{
    uint32_t count = wire_take_array(in, LEVEL_BYTES);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct level_row row = {.account = frame_names_take(&rows->names, in, 1)};
        row.product = take_product(in);
        if (!has_levels(row.product))
            in->bad = true;
        row.resource = frame_names_take(&rows->names, in, 1);
        row.sku = take_number_if(in, rows, product_is(row.product, SHAPE_POOL));
        row.hour_s = take_hour(in);
        row.stopped = wire_take_bool(in);
        take_segments(in, rows, &row);
        vec_push(&rows->levels, row);
    }
    wire_take_array_end(in);
    /* The segments lie behind each other, and lie still now. */
    uint32_t first = 0;
    for (uint32_t i = 0; i < rows->levels.count && !in->bad; i++) {
        rows->levels.at[i].segments = rows->segments.at + first;
        first += rows->levels.at[i].segment_count;
    }
}

static void take_sums(struct unpacker *in, struct frame_rows *rows, struct count_row *row)
{
    row->sum_count = wire_take_array(in, SUM_BYTES);
    if (row->sum_count == 0)
        in->bad = true;
    struct count_sum sum = {0};
    for (uint32_t s = 0; s < row->sum_count && !in->bad; s++) {
        struct count_sum last = sum;
        sum.meter = meter_of_count(row->product, wire_take_long(in));
        if ((int)sum.meter == METER_COUNT) {
            in->bad = true;
            break;
        }
        sum.from_s = (uint16_t)wire_take_long_in(in, 0, HOUR_S - 1);
        sum.sum = take_whole(in);
        if (sum.sum == 0 || (s > 0 && !sum_may_follow(&last, &sum)))
            in->bad = true;
        vec_push(&rows->sums, sum);
    }
    wire_take_array_end(in);
}

static void take_counts(struct unpacker *in, struct frame_rows *rows)
{
    uint32_t count = wire_take_array(in, COUNT_BYTES);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct count_row row = {.account = frame_names_take(&rows->names, in, 1)};
        row.product = take_product(in);
        if (!product_is(row.product, SHAPE_COUNT))
            in->bad = true;
        row.resource = frame_names_take(&rows->names, in, 1);
        row.sku = frame_names_take(&rows->names, in, 1);
        row.hour_s = take_hour(in);
        row.replaces = wire_take_bool(in);
        take_sums(in, rows, &row);
        vec_push(&rows->counts, row);
    }
    wire_take_array_end(in);
    uint32_t first = 0;
    for (uint32_t i = 0; i < rows->counts.count && !in->bad; i++) {
        rows->counts.at[i].sums = rows->sums.at + first;
        first += rows->counts.at[i].sum_count;
    }
}

static void take_states(struct unpacker *in, struct frame_rows *rows)
{
    uint32_t count = wire_take_array(in, STATE_BYTES);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct state_row row = {.account = frame_names_take(&rows->names, in, 1)};
        row.product = take_product(in);
        if (!product_is(row.product, SHAPE_LEVEL))
            in->bad = true;
        row.resource = frame_names_take(&rows->names, in, 1);
        row.state = (enum run_state)wire_take_long_in(in, RUN_GONE, RUN_DELETED);
        bool gone = row.state == RUN_GONE;
        row.sku = take_number_if(in, rows, !gone);
        row.order = gone ? take_number_if(in, rows, false) : frame_names_take(&rows->names, in, 0);
        row.quantity = wire_take_long_in(in, !gone, gone ? 0 : LIMIT_COUNT);
        row.since_s = wire_take_long_in(in, gone ? 0 : INT64_MIN, gone ? 0 : INT64_MAX);
        row.sign_s = wire_take_long(in);
        vec_push(&rows->states, row);
    }
    wire_take_array_end(in);
}

static enum product take_product_if(struct unpacker *in, bool present)
{
    enum product product = product_of(take_name_if(in, present));
    if (present && product == PRODUCT_NONE)
        in->bad = true;
    return present ? product : PRODUCT_NONE;
}

static void take_record_fact(struct unpacker *in, struct record *record)
{
    *record = (struct record){.order = STR("")};
    record->kind = kind_of_fact(wire_take_long(in));
    if ((int)record->kind == RECORD_KIND_COUNT) {
        in->bad = true;
        return;
    }
    bool paid = record->kind == RECORD_ORDER_PAID, payment = record_is_payment(record->kind);
    record->account = wire_take_name(in, 1);
    record->subject = wire_take_name(in, 1);
    record->source = wire_take_name(in, 1);
    record->id = wire_take_name(in, 1);
    record->time_us = record->since_us = wire_take_long(in);
    record->product = take_product_if(in, paid);
    record->sku = take_name_if(in, paid);
    record->quantity = wire_take_long_in(in, paid, paid ? LIMIT_COUNT : 0);
    record->months = wire_take_long_in(in, paid, paid ? LIMIT_MONTHS : 0);
    record->amount = wire_take_word(in, payment, payment ? LIMIT_AMOUNT_BYTES : 0);
    uint32_t currency = payment ? LIMIT_CURRENCY_BYTES : 0;
    record->currency = wire_take_word(in, currency, currency);
    record->for_bill = wire_take_bool(in);
    if (record->for_bill && record->kind != RECORD_CREDITED)
        in->bad = true;
}

static struct control_origin take_origin(struct unpacker *in)
{
    struct control_origin origin = {0};
    unpack_raw(in, origin.hash, CONTROL_HASH_SIZE);
    origin.by = wire_take_word(in, 0, CONTROL_BY_MAX);
    origin.clock_us = wire_take_long(in);
    return origin;
}

static void take_facts(struct unpacker *in, struct frame_rows *rows)
{
    uint32_t count = wire_take_array(in, FACT_BYTES);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct fact fact = {0};
        switch (wire_take_long_in(in, BRANCH_INIT, BRANCH_RECORD)) {
        case BRANCH_INIT:
            fact.control = CONTROL_INIT;
            fact.origin = take_origin(in);
            fact.rules = rules_take(in);
            fact.catalog = (struct catalog_text){INT64_MIN, catalog_take(in)};
            break;
        case BRANCH_CATALOG:
            fact.control = CONTROL_CATALOG;
            fact.origin = take_origin(in);
            fact.catalog = catalog_change_take(in);
            break;
        default:
            take_record_fact(in, &fact.record);
            break;
        }
        vec_push(&rows->facts, fact);
    }
    wire_take_array_end(in);
}

static void take_rejects(struct unpacker *in, struct frame_rows *rows)
{
    uint32_t count = wire_take_array(in, REJECT_BYTES);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct frame_reject reject;
        reject.reason = wire_take_name(in, 1);
        reject.feed = wire_take_name(in, 0);
        reject.source = wire_take_name(in, 0);
        reject.id = wire_take_name(in, 0);
        reject.offset = wire_take_long_in(in, 0, INT64_MAX);
        vec_push(&rows->rejects, reject);
    }
    wire_take_array_end(in);
}

static void take_head(struct unpacker *in, struct frame *out)
{
    out->partition = (uint32_t)wire_take_long_in(in, 0, UINT32_MAX);
    out->rules_number = (uint32_t)wire_take_long_in(in, 0, UINT32_MAX);
    out->seq = (uint64_t)wire_take_long_in(in, 0, INT64_MAX);
    out->next_offset = wire_take_long_in(in, 0, INT64_MAX);
    unpack_raw(in, out->prev_hash, FRAME_HASH_SIZE);
    unpack_raw(in, out->snapshot_digest, FRAME_HASH_SIZE);
    out->watermark_us = wire_take_long(in);
    out->closed_s = wire_take_long(in);
    out->more = wire_take_bool(in);
    uint64_t *const counters[] = {&out->counters.messages,         &out->counters.ticks,
                                  &out->counters.records_in,       &out->counters.records_applied,
                                  &out->counters.records_repeated, &out->counters.records_rejected};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        *counters[i] = (uint64_t)wire_take_long_in(in, 0, INT64_MAX);
}

static bool hash_agrees(struct str bytes, uint8_t hash[FRAME_HASH_SIZE])
{
    if (bytes.size < WIRE_HEADER_SIZE + FRAME_HASH_SIZE)
        return false;
    digest_of(bytes.at, bytes.size - FRAME_HASH_SIZE, hash);
    return memcmp(hash, bytes.at + bytes.size - FRAME_HASH_SIZE, FRAME_HASH_SIZE) == 0;
}

static void take_rows(struct unpacker *in, struct frame_rows *rows)
{
    vec_clear(&rows->levels);
    vec_clear(&rows->segments);
    vec_clear(&rows->counts);
    vec_clear(&rows->sums);
    vec_clear(&rows->states);
    vec_clear(&rows->facts);
    vec_clear(&rows->rejects);
    take_facts(in, rows);
    frame_names_take_list(&rows->names, in);
    take_levels(in, rows);
    take_counts(in, rows);
    take_states(in, rows);
    if (!frame_names_all_used(&rows->names))
        in->bad = true;
    take_rejects(in, rows);
}

enum decode_outcome frame_decode(struct str bytes, struct frame_rows *rows, struct frame *out)
{
    struct unpacker in;
    enum decode_outcome outcome = wire_open(&in, bytes, SCHEMA_FRAME);
    if (outcome != DECODE_OK)
        return outcome;
    *out = (struct frame){0};
    if (!hash_agrees(bytes, out->hash))
        return DECODE_WRONG_HASH;
    in.end -= FRAME_HASH_SIZE;
    take_head(&in, out);
    take_rows(&in, rows);
    out->facts = rows->facts.at;
    out->fact_count = rows->facts.count;
    out->levels = rows->levels.at;
    out->level_count = rows->levels.count;
    out->counts = rows->counts.at;
    out->count_count = rows->counts.count;
    out->states = rows->states.at;
    out->state_count = rows->states.count;
    out->rejects = rows->rejects.at;
    out->reject_count = rows->rejects.count;
    return wire_close(&in);
}

void frame_rows_release(struct frame_rows *rows)
{
    frame_names_release(&rows->names);
    vec_release(&rows->levels);
    vec_release(&rows->segments);
    vec_release(&rows->counts);
    vec_release(&rows->sums);
    vec_release(&rows->states);
    vec_release(&rows->facts);
    vec_release(&rows->rejects);
}
