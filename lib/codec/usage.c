#include "lib/codec/usage.h"

#include "lib/base/check.h"
#include "lib/base/digest.h"
#include "lib/codec/rules.h"
#include "lib/codec/wire.h"
#include "schemas/fingerprints.h"

/* This file is written against this schema; when it changes, so must what follows. */
_Static_assert(SCHEMA_USAGE_MESSAGE == 0xA9385951D069A899u, "schemas/usage_message.avsc and its codec part");

enum { BRANCH_NULL, BRANCH_INIT, BRANCH_CATALOG };
enum { RECORD_BYTES_MIN = 10 };

/* --- writing --- */

static void put_level_product(struct packer *out, const struct record *record)
{
    wire_put_long_in(out, record->product, PRODUCT_CONTAINER, PRODUCT_NODE);
}

static void put_lifecycle(struct packer *out, const struct record *record)
{
    put_level_product(out, record);
    if (record->kind == RECORD_LAUNCHED) {
        wire_put_name(out, record->sku, 1);
        wire_put_long_in(out, record->quantity, 1, WIRE_COUNT_MAX);
        wire_put_name(out, record->order, 0);
    } else if (record->kind == RECORD_RECONFIGURED) {
        CHECK(record->sku.size > 0 || record->quantity > 0 || record->order.size > 0);
        wire_put_name(out, record->sku, 0);
        wire_put_long_in(out, record->quantity, 0, WIRE_COUNT_MAX);
        wire_put_name(out, record->order, 0);
    } else if (record->kind == RECORD_FAILED) {
        wire_put_long_in(out, record->since_us, 0, record->time_us);
    }
}

static void put_report(struct packer *out, const struct record *record)
{
    wire_put_name(out, record->sku, 1);
    if (record->kind == RECORD_STORAGE_USED) {
        wire_put_long_in(out, record->bytes, 0, WIRE_BYTES_MAX);
    } else if (record->kind == RECORD_TOKENS) {
        wire_put_long_in(out, record->input_tokens, 0, WIRE_INPUT_MAX);
        wire_put_long_in(out, record->cached_input_tokens, 0, record->input_tokens);
        wire_put_long_in(out, record->cache_write_tokens, 0,
                         record->input_tokens - record->cached_input_tokens);
        wire_put_long_in(out, record->output_tokens, 0, WIRE_COUNT_MAX);
    } else if (record->kind == RECORD_IMAGES) {
        wire_put_long_in(out, record->images, 0, record->succeeded ? WIRE_COUNT_MAX : 0);
        wire_put_bool(out, record->succeeded);
    }
}

static void put_other(struct packer *out, const struct record *record)
{
    if (record->kind == RECORD_ORDER_PAID) {
        put_level_product(out, record);
        wire_put_name(out, record->sku, 1);
        wire_put_long_in(out, record->quantity, 1, WIRE_COUNT_MAX);
        wire_put_long_in(out, record->months, 1, WIRE_MONTHS_MAX);
    } else if (record->kind == RECORD_CREDITED || record->kind == RECORD_DEBITED) {
        CHECK(record->amount.size > 0 && record->currency.size == WIRE_CURRENCY_SIZE);
        wire_put_string(out, record->amount, WIRE_AMOUNT_MAX);
        wire_put_string(out, record->currency, WIRE_CURRENCY_SIZE);
        if (record->kind == RECORD_CREDITED)
            wire_put_bool(out, record->for_bill);
    }
}

static void put_record(struct packer *out, const struct record *record)
{
    wire_put_name(out, record->account, 1);
    wire_put_name(out, record->subject, 1);
    wire_put_name(out, record->source, 1);
    wire_put_name(out, record->id, 1);
    wire_put_long_in(out, record->time_us, 0, INT64_MAX);
    /* The branches are in the order of kinds. */
    wire_put_long_in(out, record->kind, 0, RECORD_KIND_COUNT - 1);
    if (record->kind <= RECORD_DELETED)
        put_lifecycle(out, record);
    else if (record->kind <= RECORD_IMAGES)
        put_report(out, record);
    else
        put_other(out, record);
}

static void put_origin(struct packer *out, const struct control_origin *origin)
{
    pack_raw(out, origin->prev_hash, CONTROL_HASH_SIZE);
    wire_put_string(out, origin->by, CONTROL_BY_MAX);
    wire_put_long_in(out, origin->clock_us, 0, INT64_MAX);
}

static void put_control(struct packer *out, const struct message *message)
{
    switch (message->control) {
    case CONTROL_NONE:
        wire_put_long(out, BRANCH_NULL);
        break;
    case CONTROL_INIT:
        wire_put_long(out, BRANCH_INIT);
        put_origin(out, &message->origin);
        rules_put(out, &message->rules);
        catalog_put(out, message->catalog.text);
        break;
    case CONTROL_CATALOG:
        wire_put_long(out, BRANCH_CATALOG);
        put_origin(out, &message->origin);
        catalog_change_put(out, &message->catalog);
        break;
    }
}

void usage_encode(const struct message *message, struct packer *out)
{
    wire_put_header(out, SCHEMA_USAGE_MESSAGE);
    wire_put_long(out, message->clock_us);
    wire_put_name(out, message->feed, 0);
    wire_put_long(out, (int64_t)message->incarnation);
    wire_put_long_in(out, (int64_t)message->acknowledged, 0, INT64_MAX);
    put_control(out, message);
    CHECK(message->control == CONTROL_NONE || message->record_count == 0);
    wire_put_array(out, message->record_count);
    for (uint32_t i = 0; i < message->record_count; i++)
        put_record(out, &message->records[i]);
    wire_put_array_end(out);
}

void usage_seal(struct message *message)
{
    struct packer bytes = {0};
    CHECK(message->control != CONTROL_NONE);
    usage_encode(message, &bytes);
    digest_of(bytes.bytes.at, bytes.bytes.count, message->origin.hash);
    vec_release(&bytes.bytes);
}

/* --- reading --- */

static enum product take_level_product(struct unpacker *in)
{
    return (enum product)wire_take_long_in(in, PRODUCT_CONTAINER, PRODUCT_NODE);
}

static void take_lifecycle(struct unpacker *in, struct record *record)
{
    record->product = take_level_product(in);
    if (record->kind == RECORD_LAUNCHED) {
        record->sku = wire_take_name(in, 1);
        record->quantity = wire_take_long_in(in, 1, WIRE_COUNT_MAX);
        record->order = wire_take_name(in, 0);
    } else if (record->kind == RECORD_RECONFIGURED) {
        record->sku = wire_take_name(in, 0);
        record->quantity = wire_take_long_in(in, 0, WIRE_COUNT_MAX);
        record->order = wire_take_name(in, 0);
        if (record->sku.size == 0 && record->quantity == 0 && record->order.size == 0)
            in->bad = true;
    } else if (record->kind == RECORD_FAILED) {
        record->since_us = wire_take_long_in(in, 0, record->time_us);
    }
}

static void take_other(struct unpacker *in, struct record *record)
{
    record->product = PRODUCT_NONE;
    if (record->kind == RECORD_ORDER_PAID) {
        record->product = take_level_product(in);
        record->sku = wire_take_name(in, 1);
        record->quantity = wire_take_long_in(in, 1, WIRE_COUNT_MAX);
        record->months = wire_take_long_in(in, 1, WIRE_MONTHS_MAX);
    } else if (record->kind == RECORD_CREDITED || record->kind == RECORD_DEBITED) {
        record->amount = wire_take_word(in, 1, WIRE_AMOUNT_MAX);
        record->currency = wire_take_word(in, WIRE_CURRENCY_SIZE, WIRE_CURRENCY_SIZE);
        record->for_bill = record->kind == RECORD_CREDITED && wire_take_bool(in);
    }
}

static void take_report(struct unpacker *in, struct record *record)
{
    bool storage = record->kind == RECORD_STORAGE_USED || record->kind == RECORD_STORAGE_DELETED;
    record->product = storage ? PRODUCT_STORAGE : PRODUCT_MAAS;
    record->sku = wire_take_name(in, 1);
    if (record->kind == RECORD_STORAGE_USED) {
        record->bytes = wire_take_long_in(in, 0, WIRE_BYTES_MAX);
    } else if (record->kind == RECORD_TOKENS) {
        record->input_tokens = wire_take_long_in(in, 0, WIRE_INPUT_MAX);
        record->cached_input_tokens = wire_take_long_in(in, 0, record->input_tokens);
        record->cache_write_tokens =
            wire_take_long_in(in, 0, record->input_tokens - record->cached_input_tokens);
        record->output_tokens = wire_take_long_in(in, 0, WIRE_COUNT_MAX);
    } else if (record->kind == RECORD_IMAGES) {
        record->images = wire_take_long_in(in, 0, WIRE_COUNT_MAX);
        record->succeeded = wire_take_bool(in);
        if (record->images > 0 && !record->succeeded)
            in->bad = true;
    }
}

static void take_record(struct unpacker *in, struct record *record)
{
    *record = (struct record){
        .sku = STR(""),
        .order = STR(""),
        .amount = STR(""),
        .currency = STR(""),
    };
    record->account = wire_take_name(in, 1);
    record->subject = wire_take_name(in, 1);
    record->source = wire_take_name(in, 1);
    record->id = wire_take_name(in, 1);
    record->time_us = record->since_us = wire_take_long_in(in, 0, INT64_MAX);
    record->kind = (enum record_kind)wire_take_long_in(in, 0, RECORD_KIND_COUNT - 1);
    if (record->kind <= RECORD_DELETED)
        take_lifecycle(in, record);
    else if (record->kind <= RECORD_IMAGES)
        take_report(in, record);
    else
        take_other(in, record);
}

/* `bytes`: the whole message. */
static struct control_origin take_origin(struct unpacker *in, struct str bytes)
{
    struct control_origin origin;
    unpack_raw(in, origin.prev_hash, CONTROL_HASH_SIZE);
    origin.by = wire_take_word(in, 0, CONTROL_BY_MAX);
    origin.clock_us = wire_take_long_in(in, 0, INT64_MAX);
    digest_of(bytes.at, bytes.size, origin.hash);
    return origin;
}

static void take_control(struct unpacker *in, struct str bytes, struct message *message)
{
    switch (wire_take_long_in(in, BRANCH_NULL, BRANCH_CATALOG)) {
    case BRANCH_INIT:
        message->control = CONTROL_INIT;
        message->origin = take_origin(in, bytes);
        message->rules = rules_take(in);
        message->catalog = (struct catalog_text){INT64_MIN, catalog_take(in)};
        break;
    case BRANCH_CATALOG:
        message->control = CONTROL_CATALOG;
        message->origin = take_origin(in, bytes);
        message->catalog = catalog_change_take(in);
        break;
    default:
        break;
    }
}

enum decode_outcome usage_decode(struct str bytes, struct usage_records *records, struct message *out)
{
    struct unpacker in;
    enum decode_outcome outcome = wire_open(&in, bytes, SCHEMA_USAGE_MESSAGE);
    if (outcome != DECODE_OK)
        return outcome;
    *out = (struct message){0};
    out->clock_us = wire_take_long(&in);
    out->feed = wire_take_name(&in, 0);
    out->incarnation = (uint64_t)wire_take_long(&in);
    out->acknowledged = (uint64_t)wire_take_long_in(&in, 0, INT64_MAX);
    take_control(&in, bytes, out);
    uint32_t count = wire_take_array(&in, RECORD_BYTES_MIN);
    if (out->control != CONTROL_NONE && count > 0)
        in.bad = true;
    vec_clear(&records->list);
    vec_reserve(&records->list, count);
    for (uint32_t i = 0; i < count && !in.bad; i++)
        take_record(&in, &records->list.at[i]);
    wire_take_array_end(&in);
    out->records = records->list.at;
    out->record_count = count;
    return wire_close(&in);
}

void usage_records_release(struct usage_records *records)
{
    vec_release(&records->list);
}
