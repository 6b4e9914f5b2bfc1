#include "lib/codec/usage.h"

#include "lib/base/check.h"
#include "lib/base/digest.h"
#include "lib/codec/rules.h"
#include "lib/codec/schemas.h"
#include "lib/codec/wire.h"

enum { BRANCH_NULL, BRANCH_INIT, BRANCH_CATALOG };
enum { RECORD_BYTES_MIN = 10 };

/* --- writing --- */

static void put_field(struct packer *out, const struct record *record, uint8_t ask)
{
    const struct body_row *field = &body_rows[ask & ~BODY_IF_THERE];
    const void *at = (const char *)record + field->at;
    int64_t least = (ask & BODY_IF_THERE) != 0 ? 0 : field->least;
    switch (field->type) {
    case BODY_IS_WORD:
        CHECK(((const struct str *)at)->size >= least);
        wire_put_string(out, *(const struct str *)at, (uint32_t)field->most);
        break;
    case BODY_IS_LONG:
    case BODY_IS_TIME:
        wire_put_long_in(out, *(const int64_t *)at, least, field->most);
        break;
    case BODY_IS_BOOL:
        wire_put_bool(out, *(const bool *)at);
        break;
    case BODY_IS_LEVEL_PRODUCT:
        CHECK(product_is(*(const enum product *)at, SHAPE_LEVEL));
        wire_put_long(out, *(const enum product *)at);
        break;
    }
}

static void put_record(struct packer *out, const struct record *record)
{
    wire_put_name(out, record->account, 1);
    wire_put_name(out, record->subject, 1);
    wire_put_name(out, record->source, 1);
    wire_put_name(out, record->id, 1);
    wire_put_long_in(out, record->time_us, 0, INT64_MAX);
    const struct kind_row *kind = kind_row(record->kind);
    wire_put_long(out, record->kind);
    CHECK(record_is_whole(record));
    for (const uint8_t *ask = kind->body; *ask != BODY_END; ask++)
        put_field(out, record, *ask);
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
    enum product product = (enum product)wire_take_long_in(in, 0, PRODUCT_COUNT - 1);
    if (!product_is(product, SHAPE_LEVEL))
        in->bad = true;
    return product;
}

static void take_field(struct unpacker *in, struct record *record, uint8_t ask)
{
    const struct body_row *field = &body_rows[ask & ~BODY_IF_THERE];
    void *at = (char *)record + field->at;
    int64_t least = (ask & BODY_IF_THERE) != 0 ? 0 : field->least;
    switch (field->type) {
    case BODY_IS_WORD:
        *(struct str *)at = wire_take_word(in, (uint32_t)least, (uint32_t)field->most);
        break;
    case BODY_IS_LONG:
    case BODY_IS_TIME:
        *(int64_t *)at = wire_take_long_in(in, least, field->most);
        break;
    case BODY_IS_BOOL:
        *(bool *)at = wire_take_bool(in);
        break;
    case BODY_IS_LEVEL_PRODUCT:
        *(enum product *)at = take_level_product(in);
        break;
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
    const struct kind_row *kind = kind_row(record->kind);
    record->product = kind->product;
    for (const uint8_t *ask = kind->body; *ask != BODY_END; ask++)
        take_field(in, record, *ask);
    if (!record_is_whole(record))
        in->bad = true;
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
