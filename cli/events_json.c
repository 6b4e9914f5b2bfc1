#include "cli/events_json.h"

#include "lib/base/check.h"
#include "lib/codec/json_text.h"
#include "lib/domain/limits.h"

/* What stands in `status` of an image that did not succeed: the record does not keep the word. */
static const char unsuccessful[] = "failed";

const char *event_type_of(const struct record *record)
{
    static struct event_type types[EVENT_TYPES_MAX];
    static int count;
    if (count == 0)
        count = event_types(types);
    bool by_product = kind_row(record->kind)->shape == SHAPE_LEVEL;
    for (int i = 0; i < count; i++)
        if (types[i].kind == record->kind && (!by_product || types[i].product == record->product))
            return types[i].name;
    CHECK_NEVER("a record of this kind and product");
    return "";
}

/* --- data --- */

static void put_word(struct packer *out, const char *key, struct str word)
{
    if (word.size > 0)
        json_member_str(out, key, word);
}

static void put_number(struct packer *out, const char *key, int64_t number, uint8_t flags)
{
    if (number != 0 || (flags & DATA_IF_THERE) == 0)
        json_member_long(out, key, number);
}

/* More input than one number of an event can be came as a sum of three (CONTRACT §2, messages). */
static bool is_sum(const struct record *record)
{
    return record->input_tokens > LIMIT_COUNT;
}

static void put_usage(struct packer *out, const struct record *record)
{
    json_put_key(out, "usage");
    json_put_mark(out, '{');
    json_member_long(out, "input_tokens", record_count(record, METER_INPUT_TOKENS));
    json_member_long(out, "cache_read_input_tokens", record->cached_input_tokens);
    json_member_long(out, "cache_creation_input_tokens", record->cache_write_tokens);
    json_member_long(out, "output_tokens", record->output_tokens);
    json_put_mark(out, '}');
}

static void put_tokens(struct packer *out, const struct record *record, enum data_field field, uint8_t flags)
{
    if (is_sum(record)) {
        if (field == DATA_INPUT_TOKENS)
            put_usage(out, record);
    } else if (field == DATA_INPUT_TOKENS) {
        put_number(out, "input_tokens", record->input_tokens, flags);
    } else if (field == DATA_OUTPUT_TOKENS) {
        put_number(out, "output_tokens", record->output_tokens, flags);
    } else if (field == DATA_CACHED_INPUT_TOKENS) {
        put_number(out, "cached_input_tokens", record->cached_input_tokens, flags);
    } else {
        put_number(out, "cache_write_tokens", record->cache_write_tokens, flags);
    }
}

static void put_field(struct packer *out, const struct record *record, uint8_t listed)
{
    uint8_t flags = listed & (DATA_IF_THERE | DATA_UNREAD);
    enum data_field field = (enum data_field)(listed & ~(DATA_IF_THERE | DATA_UNREAD));
    switch (field) {
    case DATA_SKU:
        put_word(out, "sku", record->sku);
        break;
    case DATA_MODEL:
        put_word(out, "model", record->sku);
        break;
    case DATA_ORDER:
        put_word(out, "order", record->order);
        break;
    case DATA_AMOUNT:
        put_word(out, "amount", record->amount);
        break;
    case DATA_CURRENCY:
        put_word(out, "currency", record->currency);
        break;
    case DATA_QUANTITY:
        put_number(out, "quantity", record->quantity, flags);
        break;
    case DATA_BYTES:
        put_number(out, "bytes", record->bytes, flags);
        break;
    case DATA_IMAGES:
        put_number(out, "images", record->images, flags);
        break;
    case DATA_MONTHS:
        put_number(out, "months", record->months, flags);
        break;
    case DATA_INPUT_TOKENS:
    case DATA_OUTPUT_TOKENS:
    case DATA_CACHED_INPUT_TOKENS:
    case DATA_CACHE_WRITE_TOKENS:
        put_tokens(out, record, field, flags);
        break;
    case DATA_SINCE:
        if (record->since_us != record->time_us)
            json_member_time_us(out, "since", record->since_us);
        break;
    case DATA_STATUS:
        put_word(out, "status", str_of(record->succeeded ? "succeeded" : unsuccessful));
        break;
    case DATA_PRODUCT:
        put_word(out, "product", str_of(product_name(record->product)));
        break;
    case DATA_FOR:
        if (record->for_bill)
            put_word(out, "for", STR("bill"));
        break;
    case DATA_USAGE: /* its counts stand by themselves */
    case DATA_END:
        break;
    }
}

static void put_data(struct packer *out, const struct record *record)
{
    const struct kind_row *kind = kind_row(record->kind);
    json_put_key(out, "data");
    json_put_mark(out, '{');
    json_member_str(out, "account", record->account);
    for (int i = 0; i < KIND_DATA_MAX && kind->data[i] != DATA_END; i++)
        put_field(out, record, kind->data[i]);
    json_put_mark(out, '}');
}

/* --- the event --- */

static void put_marks(struct packer *out, const struct event_marks *marks)
{
    if (marks->state != NULL)
        json_member_str(out, "state", str_of(marks->state));
    if (marks->reason != NULL)
        json_member_str(out, "statereason", str_of(marks->reason));
    if (!marks->placed)
        return;
    json_member_long(out, "partition", marks->partition);
    json_member_long(out, "offset", marks->offset);
    json_member_time_us(out, "logtime", marks->append_us);
}

void event_print(const struct record *record, const struct event_marks *marks, struct packer *out)
{
    json_put_mark(out, '{');
    json_member_str(out, "specversion", STR("1.0"));
    json_member_str(out, "id", record->id);
    json_member_str(out, "source", record->source);
    json_member_str(out, "type", str_of(event_type_of(record)));
    json_member_str(out, "subject", record->subject);
    json_member_time_us(out, "time", record->time_us);
    put_marks(out, marks);
    put_data(out, record);
    json_put_raw(out, "}\n");
}
