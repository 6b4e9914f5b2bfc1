#include "lib/codec/frame.h"

#include "lib/base/check.h"
#include "lib/codec/rules.h"
#include "lib/codec/wire.h"
#include "schemas/fingerprints.h"

/* This file is written against these schemas; when they change, so must what follows. */
_Static_assert(SCHEMA_FRAME == 0x53C46C47E9B8682Fu, "schemas/frame.avsc and its codec part");
_Static_assert(SCHEMA_FRAME_PART == 0x7674FC83C9FBA164u, "schemas/frame_part.avsc and its codec part");

enum { BRANCH_INIT, BRANCH_CATALOG, BRANCH_RECORD };
enum { HOUR_SECONDS = 3600, ROW_BYTES_MIN = 6, SEGMENT_BYTES_MIN = 20 };

/* --- writing --- */

static void put_levels(struct packer *out, const struct frame *frame)
{
    wire_put_array(out, frame->level_count);
    for (uint32_t i = 0; i < frame->level_count; i++) {
        const struct level_row *row = &frame->levels[i];
        wire_put_long(out, row->product);
        wire_put_string(out, row->account);
        wire_put_string(out, row->resource);
        wire_put_string(out, row->sku);
        wire_put_long(out, row->hour_s);
        wire_put_bool(out, row->stopped);
        wire_put_array(out, row->segment_count);
        for (uint32_t s = 0; s < row->segment_count; s++) {
            const struct level_segment *segment = &row->segments[s];
            wire_put_long(out, segment->from_s);
            wire_put_long(out, segment->len_s);
            wire_put_string(out, segment->sku);
            wire_put_string(out, segment->order);
            wire_put_u128(out, segment->quantity);
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
        CHECK(row->meter >= METER_INPUT_TOKENS && row->meter <= METER_IMAGES);
        wire_put_string(out, row->account);
        wire_put_string(out, row->resource);
        wire_put_string(out, row->sku);
        wire_put_long(out, row->meter - METER_INPUT_TOKENS);
        wire_put_long(out, row->second_s);
        wire_put_u128(out, row->sum);
    }
    wire_put_array_end(out);
}

static void put_record_fact(struct packer *out, const struct record *record)
{
    CHECK(record->kind >= RECORD_ORDER_PAID && record->kind <= RECORD_CREDITED);
    bool paid = record->kind == RECORD_ORDER_PAID;
    wire_put_long(out, record->kind - RECORD_ORDER_PAID);
    wire_put_string(out, record->account);
    wire_put_string(out, record->subject);
    wire_put_string(out, record->source);
    wire_put_string(out, record->id);
    wire_put_long(out, record->time_us);
    wire_put_string(out, paid ? str_of(product_name(record->product)) : STR(""));
    wire_put_string(out, record->sku);
    wire_put_long(out, record->quantity);
    wire_put_long(out, record->months);
    wire_put_string(out, record->amount);
    wire_put_string(out, record->currency);
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
            wire_put_string(out, fact->catalog.text);
            break;
        case CONTROL_CATALOG:
            wire_put_long(out, BRANCH_CATALOG);
            wire_put_long(out, fact->catalog.from_s);
            wire_put_string(out, fact->catalog.text);
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
        wire_put_string(out, reject->reason);
        wire_put_string(out, reject->feed);
        wire_put_string(out, reject->source);
        wire_put_string(out, reject->id);
        wire_put_long(out, reject->offset);
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
    wire_put_long(out, (int64_t)frame->seq);
    wire_put_long(out, frame->next_offset);
    pack_raw(out, frame->prev_hash, FRAME_HASH_SIZE);
    pack_raw(out, frame->snapshot_digest, FRAME_HASH_SIZE);
    wire_put_long(out, frame->watermark_us);
    wire_put_long(out, frame->closed_s);
    const uint64_t counters[] = {c->messages,         c->ticks,           c->records_in, c->records_applied,
                                 c->records_repeated, c->records_rejected};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        wire_put_long(out, (int64_t)counters[i]);
    put_levels(out, frame);
    put_counts(out, frame);
    put_facts(out, frame);
    put_rejects(out, frame);
    digest_of(out->bytes.at + begin, out->bytes.count - begin, hash);
    pack_raw(out, hash, FRAME_HASH_SIZE);
}

/* --- reading --- */

static void take_segments(struct unpacker *in, struct frame_rows *rows, struct level_row *row)
{
    row->segment_count = wire_take_array(in, SEGMENT_BYTES_MIN);
    int64_t from_s = 0;
    for (uint32_t s = 0; s < row->segment_count && !in->bad; s++) {
        struct level_segment segment;
        from_s = wire_take_long_in(in, from_s, HOUR_SECONDS - 1);
        segment.from_s = (uint16_t)from_s;
        segment.len_s = (uint16_t)wire_take_long_in(in, 1, HOUR_SECONDS - from_s);
        from_s += segment.len_s;
        segment.sku = wire_take_name(in, row->product != PRODUCT_STORAGE);
        segment.order = wire_take_name(in, 0);
        segment.quantity = wire_take_u128(in);
        if (segment.quantity == 0)
            in->bad = true;
        vec_push(&rows->segments, segment);
    }
    wire_take_array_end(in);
}

static void take_levels(struct unpacker *in, struct frame_rows *rows)
{
    uint32_t count = wire_take_array(in, ROW_BYTES_MIN);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct level_row row = {.product = (enum product)wire_take_long_in(in, 0, PRODUCT_STORAGE)};
        row.account = wire_take_name(in, 1);
        row.resource = wire_take_name(in, 1);
        row.sku = wire_take_name(in, row.product == PRODUCT_STORAGE);
        row.hour_s = wire_take_long(in);
        if (row.hour_s % HOUR_SECONDS != 0)
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
    uint32_t count = wire_take_array(in, ROW_BYTES_MIN);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct count_row row;
        row.account = wire_take_name(in, 1);
        row.resource = wire_take_name(in, 1);
        row.sku = wire_take_name(in, 1);
        row.meter = (enum meter)(METER_INPUT_TOKENS + wire_take_long_in(in, 0, 2));
        row.second_s = wire_take_long(in);
        row.sum = wire_take_u128(in);
        vec_push(&rows->counts, row);
    }
    wire_take_array_end(in);
}

static void take_record_fact(struct unpacker *in, struct record *record)
{
    *record = (struct record){0};
    record->kind = (enum record_kind)(RECORD_ORDER_PAID + wire_take_long_in(in, 0, 4));
    record->account = wire_take_name(in, 1);
    record->subject = wire_take_name(in, 1);
    record->source = wire_take_name(in, 1);
    record->id = wire_take_name(in, 1);
    record->time_us = record->since_us = wire_take_long(in);
    struct str product = wire_take_name(in, 0);
    bool paid = record->kind == RECORD_ORDER_PAID;
    record->product = paid ? product_of(product) : PRODUCT_NONE;
    if (paid ? record->product == PRODUCT_NONE : product.size > 0)
        in->bad = true;
    record->sku = wire_take_name(in, paid);
    record->quantity = wire_take_long_in(in, paid, INT64_MAX);
    record->months = wire_take_long_in(in, paid, paid ? 120 : 0);
    record->amount = wire_take_string(in, 0, 25);
    record->currency = wire_take_string(in, 0, 3);
}

static void take_facts(struct unpacker *in, struct frame_rows *rows)
{
    uint32_t count = wire_take_array(in, 2);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct fact fact = {0};
        switch (wire_take_long_in(in, BRANCH_INIT, BRANCH_RECORD)) {
        case BRANCH_INIT:
            fact.control = CONTROL_INIT;
            fact.rules = rules_take(in);
            fact.catalog.from_s = INT64_MIN;
            fact.catalog.text = wire_take_string(in, 1, WIRE_TEXT_MAX);
            break;
        case BRANCH_CATALOG:
            fact.control = CONTROL_CATALOG;
            fact.catalog.from_s = wire_take_long(in);
            fact.catalog.text = wire_take_string(in, 1, WIRE_TEXT_MAX);
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
    uint32_t count = wire_take_array(in, 5);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct frame_reject reject;
        reject.reason = wire_take_name(in, 0);
        reject.feed = wire_take_name(in, 0);
        reject.source = wire_take_name(in, 0);
        reject.id = wire_take_name(in, 0);
        reject.offset = wire_take_long(in);
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
    if (bytes.size < FRAME_HASH_SIZE)
        return false;
    digest_of(bytes.at, bytes.size - FRAME_HASH_SIZE, hash);
    return memcmp(hash, bytes.at + bytes.size - FRAME_HASH_SIZE, FRAME_HASH_SIZE) == 0;
}

bool frame_decode(struct str bytes, struct frame_rows *rows, struct frame *out)
{
    struct unpacker in = {bytes.at, bytes.at + bytes.size, false};
    *out = (struct frame){0};
    if (!wire_take_header(&in, SCHEMA_FRAME) || !hash_agrees(bytes, out->hash))
        return false;
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
    return wire_done(&in);
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

void frame_part_encode(const struct frame *frame, struct str bytes, uint32_t part, struct packer *out)
{
    uint32_t parts = frame_part_count(bytes.size);
    if (parts == 1) {
        pack_raw(out, bytes.at, bytes.size);
        return;
    }
    uint32_t from = part * FRAME_PART_BYTES;
    uint32_t size = part + 1 < parts ? FRAME_PART_BYTES : bytes.size - from;
    wire_put_header(out, SCHEMA_FRAME_PART);
    wire_put_long(out, frame->partition);
    wire_put_long(out, (int64_t)frame->seq);
    wire_put_long(out, part);
    wire_put_long(out, parts);
    pack_raw(out, bytes.at + bytes.size - FRAME_HASH_SIZE, FRAME_HASH_SIZE);
    wire_put_string(out, (struct str){bytes.at + from, size});
}

static bool whole_as_part(struct str message, struct frame_part *out)
{
    struct unpacker in = {message.at, message.at + message.size, false};
    if (!wire_take_header(&in, SCHEMA_FRAME) || message.size < WIRE_HEADER_SIZE + FRAME_HASH_SIZE)
        return false;
    struct frame head = {0};
    take_head(&in, &head);
    *out = (struct frame_part){.partition = head.partition, .seq = head.seq, .parts = 1, .bytes = message};
    memcpy(out->hash, message.at + message.size - FRAME_HASH_SIZE, FRAME_HASH_SIZE);
    return !in.bad;
}

bool frame_part_decode(struct str message, struct frame_part *out)
{
    struct unpacker in = {message.at, message.at + message.size, false};
    if (!wire_take_header(&in, SCHEMA_FRAME_PART))
        return whole_as_part(message, out);
    out->partition = (uint32_t)wire_take_long_in(&in, 0, UINT32_MAX);
    out->seq = (uint64_t)wire_take_long_in(&in, 0, INT64_MAX);
    out->part = (uint32_t)wire_take_long_in(&in, 0, FRAME_PARTS_MAX - 1);
    out->parts = (uint32_t)wire_take_long_in(&in, (int64_t)out->part + 1, FRAME_PARTS_MAX);
    unpack_raw(&in, out->hash, FRAME_HASH_SIZE);
    out->bytes = wire_take_string(&in, 1, FRAME_PART_BYTES);
    return wire_done(&in) && out->parts > 1;
}
