#include "lib/codec/frame.h"

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/rules.h"
#include "lib/codec/wire.h"
#include "schemas/fingerprints.h"

/* This file is written against these schemas; when they change, so must what follows. */
_Static_assert(SCHEMA_FRAME == 0x53C46C47E9B8682Fu, "schemas/frame.avsc and its codec part");
_Static_assert(SCHEMA_FRAME_PART == 0x7674FC83C9FBA164u, "schemas/frame_part.avsc and its codec part");

enum { BRANCH_INIT, BRANCH_CATALOG, BRANCH_RECORD };
/* The least that items of arrays take. */
enum { LEVEL_BYTES = 9, SEGMENT_BYTES = 20, COUNT_BYTES = 24, FACT_BYTES = 3, REJECT_BYTES = 6 };

/* In order of time, apart or different (frame.h). */
static bool segment_may_follow(const struct level_segment *last, const struct level_segment *next)
{
    uint32_t end_s = (uint32_t)last->from_s + last->len_s;
    bool differ = last->quantity != next->quantity || !str_equal(last->sku, next->sku) ||
                  !str_equal(last->order, next->order);
    return next->from_s > end_s || (next->from_s == end_s && differ);
}

/* --- writing --- */

/* A name that stands where `present`, and is empty else. */
static void put_name_if(struct packer *out, struct str name, bool present)
{
    CHECK(present == (name.size > 0));
    wire_put_name(out, name, 0);
}

static void put_segment(struct packer *out, const struct level_segment *segment, bool storage)
{
    CHECK(segment->quantity > 0);
    wire_put_long_in(out, segment->from_s, 0, HOUR_S - 1);
    wire_put_long_in(out, segment->len_s, 1, HOUR_S - segment->from_s);
    put_name_if(out, segment->sku, !storage);
    if (storage)
        put_name_if(out, segment->order, false);
    else
        wire_put_name(out, segment->order, 0);
    wire_put_u128(out, segment->quantity);
}

static void put_levels(struct packer *out, const struct frame *frame)
{
    wire_put_array(out, frame->level_count);
    for (uint32_t i = 0; i < frame->level_count; i++) {
        const struct level_row *row = &frame->levels[i];
        bool storage = row->product == PRODUCT_STORAGE;
        CHECK(row->hour_s % HOUR_S == 0);
        wire_put_long_in(out, row->product, 0, PRODUCT_STORAGE);
        wire_put_name(out, row->account, 1);
        wire_put_name(out, row->resource, 1);
        put_name_if(out, row->sku, storage);
        wire_put_long(out, row->hour_s);
        wire_put_bool(out, row->stopped);
        wire_put_array(out, row->segment_count);
        for (uint32_t s = 0; s < row->segment_count; s++) {
            CHECK(s == 0 || segment_may_follow(&row->segments[s - 1], &row->segments[s]));
            put_segment(out, &row->segments[s], storage);
        }
        wire_put_array_end(out);
    }
    wire_put_array_end(out);
}

static void put_counts(struct packer *out, const struct frame *frame)
{
    wire_put_array(out, frame->count_count);
    for (uint32_t i = 0; i < frame->count_count; i++) {
        const struct count_row *row = &frame->counts[i];
        CHECK(row->sum > 0);
        wire_put_name(out, row->account, 1);
        wire_put_name(out, row->resource, 1);
        wire_put_name(out, row->sku, 1);
        wire_put_long_in(out, (int64_t)row->meter - METER_INPUT_TOKENS, 0, METER_IMAGES - METER_INPUT_TOKENS);
        wire_put_long(out, row->second_s);
        wire_put_u128(out, row->sum);
    }
    wire_put_array_end(out);
}

static void put_record_fact(struct packer *out, const struct record *record)
{
    bool paid = record->kind == RECORD_ORDER_PAID, credited = record->kind == RECORD_CREDITED;
    wire_put_long_in(out, (int64_t)record->kind - RECORD_ORDER_PAID, 0, RECORD_CREDITED - RECORD_ORDER_PAID);
    wire_put_name(out, record->account, 1);
    wire_put_name(out, record->subject, 1);
    wire_put_name(out, record->source, 1);
    wire_put_name(out, record->id, 1);
    wire_put_long(out, record->time_us);
    put_name_if(out, paid ? str_of(product_name(record->product)) : STR(""), paid);
    put_name_if(out, paid ? record->sku : STR(""), paid);
    wire_put_long_in(out, paid ? record->quantity : 0, paid, WIRE_COUNT_MAX);
    wire_put_long_in(out, paid ? record->months : 0, paid, WIRE_MONTHS_MAX);
    CHECK(!credited || (record->amount.size > 0 && record->currency.size == WIRE_CURRENCY_SIZE));
    wire_put_string(out, credited ? record->amount : STR(""), WIRE_AMOUNT_MAX);
    wire_put_string(out, credited ? record->currency : STR(""), WIRE_CURRENCY_SIZE);
}

static void put_facts(struct packer *out, const struct frame *frame)
{
    wire_put_array(out, frame->fact_count);
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct fact *fact = &frame->facts[i];
        switch (fact->control) {
        case CONTROL_INIT:
            wire_put_long(out, BRANCH_INIT);
            rules_put(out, &fact->rules);
            catalog_put(out, fact->catalog.text);
            break;
        case CONTROL_CATALOG:
            wire_put_long(out, BRANCH_CATALOG);
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

void frame_encode(const struct frame *frame, struct packer *out, uint8_t hash[FRAME_HASH_SIZE])
{
    uint32_t begin = out->bytes.count;
    const struct frame_counters *c = &frame->counters;
    wire_put_header(out, SCHEMA_FRAME);
    wire_put_long(out, frame->partition);
    wire_put_long(out, frame->rules_number);
    wire_put_long_in(out, (int64_t)frame->seq, 0, INT64_MAX);
    wire_put_long_in(out, frame->next_offset, 0, INT64_MAX);
    pack_raw(out, frame->prev_hash, FRAME_HASH_SIZE);
    pack_raw(out, frame->snapshot_digest, FRAME_HASH_SIZE);
    wire_put_long(out, frame->watermark_us);
    wire_put_long(out, frame->closed_s);
    const uint64_t counters[] = {c->messages,         c->ticks,           c->records_in, c->records_applied,
                                 c->records_repeated, c->records_rejected};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        wire_put_long_in(out, (int64_t)counters[i], 0, INT64_MAX);
    put_levels(out, frame);
    put_counts(out, frame);
    put_facts(out, frame);
    put_rejects(out, frame);
    digest_of(out->bytes.at + begin, out->bytes.count - begin, hash);
    pack_raw(out, hash, FRAME_HASH_SIZE);
}

/* --- reading --- */

/* A name that stands where `present`, and is empty else. */
static struct str take_name_if(struct unpacker *in, bool present)
{
    struct str name = wire_take_name(in, present);
    if (!present && name.size > 0)
        in->bad = true;
    return name;
}

static void take_segments(struct unpacker *in, struct frame_rows *rows, struct level_row *row)
{
    bool storage = row->product == PRODUCT_STORAGE;
    row->segment_count = wire_take_array(in, SEGMENT_BYTES);
    struct level_segment segment = {0};
    for (uint32_t s = 0; s < row->segment_count && !in->bad; s++) {
        struct level_segment last = segment;
        segment.from_s = (uint16_t)wire_take_long_in(in, 0, HOUR_S - 1);
        segment.len_s = (uint16_t)wire_take_long_in(in, 1, HOUR_S - segment.from_s);
        segment.sku = take_name_if(in, !storage);
        segment.order = storage ? take_name_if(in, false) : wire_take_name(in, 0);
        segment.quantity = wire_take_u128(in);
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
        struct level_row row = {.product = (enum product)wire_take_long_in(in, 0, PRODUCT_STORAGE)};
        row.account = wire_take_name(in, 1);
        row.resource = wire_take_name(in, 1);
        row.sku = take_name_if(in, row.product == PRODUCT_STORAGE);
        row.hour_s = wire_take_long(in);
        if (row.hour_s % HOUR_S != 0)
            in->bad = true;
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

static void take_counts(struct unpacker *in, struct frame_rows *rows)
{
    uint32_t count = wire_take_array(in, COUNT_BYTES);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct count_row row;
        row.account = wire_take_name(in, 1);
        row.resource = wire_take_name(in, 1);
        row.sku = wire_take_name(in, 1);
        row.meter =
            (enum meter)(METER_INPUT_TOKENS + wire_take_long_in(in, 0, METER_IMAGES - METER_INPUT_TOKENS));
        row.second_s = wire_take_long(in);
        row.sum = wire_take_u128(in);
        if (row.sum == 0)
            in->bad = true;
        vec_push(&rows->counts, row);
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
    int64_t kind = wire_take_long_in(in, 0, RECORD_CREDITED - RECORD_ORDER_PAID);
    record->kind = (enum record_kind)(RECORD_ORDER_PAID + kind);
    bool paid = record->kind == RECORD_ORDER_PAID, credited = record->kind == RECORD_CREDITED;
    record->account = wire_take_name(in, 1);
    record->subject = wire_take_name(in, 1);
    record->source = wire_take_name(in, 1);
    record->id = wire_take_name(in, 1);
    record->time_us = record->since_us = wire_take_long(in);
    record->product = take_product_if(in, paid);
    record->sku = take_name_if(in, paid);
    record->quantity = wire_take_long_in(in, paid, paid ? WIRE_COUNT_MAX : 0);
    record->months = wire_take_long_in(in, paid, paid ? WIRE_MONTHS_MAX : 0);
    record->amount = wire_take_word(in, credited, credited ? WIRE_AMOUNT_MAX : 0);
    uint32_t currency = credited ? WIRE_CURRENCY_SIZE : 0;
    record->currency = wire_take_word(in, currency, currency);
}

static void take_facts(struct unpacker *in, struct frame_rows *rows)
{
    uint32_t count = wire_take_array(in, FACT_BYTES);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct fact fact = {0};
        switch (wire_take_long_in(in, BRANCH_INIT, BRANCH_RECORD)) {
        case BRANCH_INIT:
            fact.control = CONTROL_INIT;
            fact.rules = rules_take(in);
            fact.catalog = (struct catalog_text){INT64_MIN, catalog_take(in)};
            break;
        case BRANCH_CATALOG:
            fact.control = CONTROL_CATALOG;
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
    vec_clear(&rows->levels);
    vec_clear(&rows->segments);
    vec_clear(&rows->counts);
    vec_clear(&rows->facts);
    vec_clear(&rows->rejects);
    take_head(&in, out);
    take_levels(&in, rows);
    take_counts(&in, rows);
    take_facts(&in, rows);
    take_rejects(&in, rows);
    out->levels = rows->levels.at;
    out->level_count = rows->levels.count;
    out->counts = rows->counts.at;
    out->count_count = rows->counts.count;
    out->facts = rows->facts.at;
    out->fact_count = rows->facts.count;
    out->rejects = rows->rejects.at;
    out->reject_count = rows->rejects.count;
    return wire_close(&in);
}

void frame_rows_release(struct frame_rows *rows)
{
    vec_release(&rows->levels);
    vec_release(&rows->segments);
    vec_release(&rows->counts);
    vec_release(&rows->facts);
    vec_release(&rows->rejects);
}

/* --- parts --- */

uint32_t frame_part_count(size_t size)
{
    size_t parts = (size + FRAME_PART_BYTES - 1) / FRAME_PART_BYTES;
    CHECK(parts >= 1 && parts <= FRAME_PARTS_MAX);
    return (uint32_t)parts;
}

void frame_part_encode(const struct frame_part *part, struct packer *out)
{
    if (part->parts == 1) {
        pack_raw(out, part->bytes.at, part->bytes.size);
        return;
    }
    bool last = part->part + 1 == part->parts;
    CHECK(part->bytes.size >= (last ? 1 : FRAME_PART_BYTES));
    wire_put_header(out, SCHEMA_FRAME_PART);
    wire_put_long(out, part->partition);
    wire_put_long_in(out, (int64_t)part->seq, 0, INT64_MAX);
    wire_put_long_in(out, part->part, 0, FRAME_PARTS_MAX - 1);
    wire_put_long_in(out, part->parts, (int64_t)part->part + 1, FRAME_PARTS_MAX);
    pack_raw(out, part->hash, FRAME_HASH_SIZE);
    wire_put_string(out, part->bytes, FRAME_PART_BYTES);
}

struct frame_part frame_part_of(const struct frame *frame, struct str bytes, uint32_t part)
{
    struct frame_part out = {.partition = frame->partition,
                             .seq = frame->seq,
                             .part = part,
                             .parts = frame_part_count(bytes.size)};
    CHECK(part < out.parts && bytes.size > FRAME_HASH_SIZE);
    uint32_t from = part * FRAME_PART_BYTES;
    uint32_t size = part + 1 < out.parts ? FRAME_PART_BYTES : bytes.size - from;
    memcpy(out.hash, bytes.at + bytes.size - FRAME_HASH_SIZE, FRAME_HASH_SIZE);
    out.bytes = (struct str){bytes.at + from, size};
    return out;
}

static enum decode_outcome whole_as_part(struct str message, struct frame_part *out)
{
    struct unpacker in;
    enum decode_outcome outcome = wire_open(&in, message, SCHEMA_FRAME);
    if (outcome != DECODE_OK)
        return outcome;
    struct frame head = {0};
    take_head(&in, &head);
    if (in.bad || in.end - in.at < FRAME_HASH_SIZE)
        return DECODE_MALFORMED;
    *out = (struct frame_part){.partition = head.partition, .seq = head.seq, .parts = 1, .bytes = message};
    memcpy(out->hash, in.end - FRAME_HASH_SIZE, FRAME_HASH_SIZE);
    return DECODE_OK;
}

enum decode_outcome frame_part_decode(struct str message, struct frame_part *out)
{
    struct unpacker in;
    enum decode_outcome outcome = wire_open(&in, message, SCHEMA_FRAME_PART);
    if (outcome != DECODE_OK)
        return outcome == DECODE_OTHER_SCHEMA ? whole_as_part(message, out) : outcome;
    out->partition = (uint32_t)wire_take_long_in(&in, 0, UINT32_MAX);
    out->seq = (uint64_t)wire_take_long_in(&in, 0, INT64_MAX);
    out->part = (uint32_t)wire_take_long_in(&in, 0, FRAME_PARTS_MAX - 1);
    /* One part is no part: such a frame travels whole. */
    int64_t parts_min = out->part == 0 ? 2 : (int64_t)out->part + 1;
    out->parts = (uint32_t)wire_take_long_in(&in, parts_min, FRAME_PARTS_MAX);
    unpack_raw(&in, out->hash, FRAME_HASH_SIZE);
    bool last = out->part + 1 == out->parts;
    out->bytes = wire_take_string(&in, last ? 1 : FRAME_PART_BYTES, FRAME_PART_BYTES);
    return wire_close(&in);
}
