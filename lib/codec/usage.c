#include "lib/codec/usage.h"

#include "lib/base/check.h"
#include "lib/codec/rules.h"
#include "lib/codec/wire.h"
#include "schemas/fingerprints.h"

/* This file is written against this schema; when it changes, so must what follows. */
_Static_assert(SCHEMA_USAGE_MESSAGE == 0x76959D115BB37765u, "schemas/usage_message.avsc and its codec part");

enum { BRANCH_NULL, BRANCH_INIT, BRANCH_CATALOG };
enum { RECORD_BYTES_MIN = 10 };

static const int64_t count_max = 1000000000000000;    /* CONTRACT §2: integers to 10^15, */
static const int64_t bytes_max = 1000000000000000000; /* bytes to 10^18 */

void rules_put(struct packer *out, const struct rules *rules)
{
    const int64_t longs[] = {rules->number,
                             rules->epoch_us,
                             rules->delay_us,
                             rules->lifecycle_horizon_us,
                             rules->report_horizon_us,
                             rules->epoch_records,
                             rules->snapshot_bytes};
    for (size_t i = 0; i < sizeof longs / sizeof *longs; i++)
        wire_put_long(out, longs[i]);
}

struct rules rules_take(struct unpacker *in)
{
    struct rules rules;
    rules.number = (uint32_t)wire_take_long_in(in, 1, UINT32_MAX);
    rules.epoch_us = wire_take_long_in(in, 1, INT64_MAX);
    rules.delay_us = wire_take_long_in(in, 0, INT64_MAX);
    rules.lifecycle_horizon_us = wire_take_long_in(in, 0, INT64_MAX);
    rules.report_horizon_us = wire_take_long_in(in, 0, INT64_MAX);
    rules.epoch_records = wire_take_long_in(in, 1, INT64_MAX);
    rules.snapshot_bytes = wire_take_long_in(in, 0, INT64_MAX);
    return rules;
}

/* --- writing --- */

static void put_body(struct packer *out, const struct record *record)
{
    wire_put_long(out, record->kind); /* the branches are in the order of kinds */
    switch (record->kind) {
    case RECORD_LAUNCHED:
        wire_put_long(out, record->product);
        wire_put_string(out, record->sku);
        wire_put_long(out, record->quantity);
        wire_put_string(out, record->order);
        break;
    case RECORD_RECONFIGURED:
        wire_put_long(out, record->product);
        wire_put_string(out, record->sku);
        wire_put_long(out, record->quantity);
        break;
    case RECORD_HEARTBEAT:
    case RECORD_STOPPED:
    case RECORD_DELETED:
        wire_put_long(out, record->product);
        break;
    case RECORD_FAILED:
        wire_put_long(out, record->product);
        wire_put_long(out, record->since_us);
        break;
    case RECORD_STORAGE_USED:
        wire_put_string(out, record->sku);
        wire_put_long(out, record->bytes);
        break;
    case RECORD_STORAGE_DELETED:
        wire_put_string(out, record->sku);
        break;
    case RECORD_TOKENS:
        wire_put_string(out, record->sku);
        wire_put_long(out, record->input_tokens);
        wire_put_long(out, record->output_tokens);
        break;
    case RECORD_IMAGES:
        wire_put_string(out, record->sku);
        wire_put_long(out, record->images);
        break;
    case RECORD_ORDER_PAID:
        wire_put_long(out, record->product);
        wire_put_string(out, record->sku);
        wire_put_long(out, record->quantity);
        wire_put_long(out, record->months);
        break;
    case RECORD_ORDER_FULFILLED:
    case RECORD_ORDER_FAILED:
    case RECORD_ORDER_REFUNDED:
        break;
    case RECORD_CREDITED:
        wire_put_string(out, record->amount);
        wire_put_string(out, record->currency);
        break;
    }
}

static void put_control(struct packer *out, const struct message *message)
{
    switch (message->control) {
    case CONTROL_NONE:
        wire_put_long(out, BRANCH_NULL);
        break;
    case CONTROL_INIT:
        wire_put_long(out, BRANCH_INIT);
        rules_put(out, &message->rules);
        wire_put_string(out, message->catalog.text);
        break;
    case CONTROL_CATALOG:
        wire_put_long(out, BRANCH_CATALOG);
        wire_put_long(out, message->catalog.from_s);
        wire_put_string(out, message->catalog.text);
        break;
    }
}

void usage_encode(const struct message *message, struct packer *out)
{
    wire_put_header(out, SCHEMA_USAGE_MESSAGE);
    wire_put_long(out, message->clock_us);
    wire_put_string(out, message->feed);
    wire_put_long(out, (int64_t)message->incarnation);
    wire_put_long(out, (int64_t)message->acknowledged);
    put_control(out, message);
    wire_put_array(out, message->record_count);
    for (uint32_t i = 0; i < message->record_count; i++) {
        const struct record *record = &message->records[i];
        wire_put_string(out, record->account);
        wire_put_string(out, record->subject);
        wire_put_string(out, record->source);
        wire_put_string(out, record->id);
        wire_put_long(out, record->time_us);
        put_body(out, record);
    }
    wire_put_array_end(out);
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
        record->quantity = wire_take_long_in(in, 1, count_max);
        record->order = wire_take_name(in, 0);
    } else if (record->kind == RECORD_RECONFIGURED) {
        record->sku = wire_take_name(in, 0);
        record->quantity = wire_take_long_in(in, record->sku.size == 0, count_max);
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
        record->quantity = wire_take_long_in(in, 1, count_max);
        record->months = wire_take_long_in(in, 1, 120);
    } else if (record->kind == RECORD_CREDITED) {
        record->amount = wire_take_string(in, 1, 25);
        record->currency = wire_take_string(in, 3, 3);
    }
}

static void take_report(struct unpacker *in, struct record *record)
{
    bool storage = record->kind == RECORD_STORAGE_USED || record->kind == RECORD_STORAGE_DELETED;
    record->product = storage ? PRODUCT_STORAGE : PRODUCT_MAAS;
    record->sku = wire_take_name(in, 1);
    if (record->kind == RECORD_STORAGE_USED) {
        record->bytes = wire_take_long_in(in, 0, bytes_max);
    } else if (record->kind == RECORD_TOKENS) {
        record->input_tokens = wire_take_long_in(in, 0, count_max);
        record->output_tokens = wire_take_long_in(in, 0, count_max);
    } else if (record->kind == RECORD_IMAGES) {
        record->images = wire_take_long_in(in, 0, count_max);
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

static void take_control(struct unpacker *in, struct message *message)
{
    switch (wire_take_long_in(in, BRANCH_NULL, BRANCH_CATALOG)) {
    case BRANCH_INIT:
        message->control = CONTROL_INIT;
        message->rules = rules_take(in);
        message->catalog.from_s = INT64_MIN;
        message->catalog.text = wire_take_string(in, 1, WIRE_TEXT_MAX);
        break;
    case BRANCH_CATALOG:
        message->control = CONTROL_CATALOG;
        message->catalog.from_s = wire_take_long(in);
        message->catalog.text = wire_take_string(in, 1, WIRE_TEXT_MAX);
        if (message->catalog.from_s % 3600 != 0)
            in->bad = true;
        break;
    default:
        break;
    }
}

bool usage_decode(struct str bytes, struct usage_records *records, struct message *out)
{
    struct unpacker in = {bytes.at, bytes.at + bytes.size, false};
    if (!wire_take_header(&in, SCHEMA_USAGE_MESSAGE))
        return false;
    *out = (struct message){0};
    out->clock_us = wire_take_long(&in);
    out->feed = wire_take_name(&in, 0);
    out->incarnation = (uint64_t)wire_take_long(&in);
    out->acknowledged = (uint64_t)wire_take_long_in(&in, 0, INT64_MAX);
    take_control(&in, out);
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
    return wire_done(&in);
}

void usage_records_release(struct usage_records *records)
{
    vec_release(&records->list);
}
