#include "lib/codec/json_out.h"

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/json_text.h"

static void begin(const struct json_place *place, const char *schema, struct packer *out)
{
    json_put_mark(out, '{');
    json_member_long(out, "partition", place->partition);
    json_member_long(out, "offset", place->offset);
    json_member_long(out, "timestamp", place->timestamp_ms);
    json_member_time_us(out, "timestamp_time", place->timestamp_ms < 0 ? -1 : place->timestamp_ms * 1000);
    if (place->key.size > 0)
        json_member_str(out, "key", place->key);
    if (schema != NULL)
        json_member_str(out, "schema", str_of(schema));
}

static void end(struct packer *out)
{
    json_put_raw(out, "}\n");
}

/* The message's own partition is that of the topic; printed where it differs. */
static void own_partition(const struct json_place *place, uint32_t partition, struct packer *out)
{
    if (partition != place->partition)
        json_member_long(out, "partition_within", partition);
}

static void begin_branch(const char *name, struct packer *out)
{
    json_put_mark(out, '{');
    json_put_key(out, name);
    json_put_mark(out, '{');
}

static void end_branch(struct packer *out)
{
    json_put_raw(out, "}}");
}

static void begin_list(const char *name, struct packer *out)
{
    json_put_key(out, name);
    json_put_mark(out, '[');
}

/* --- usage messages --- */

static void put_rules(const struct rules *rules, struct packer *out)
{
    json_member_long(out, "number", rules->number);
    json_member_long(out, "epoch_us", rules->epoch_us);
    json_member_long(out, "delay_us", rules->delay_us);
    json_member_long(out, "lifecycle_horizon_us", rules->lifecycle_horizon_us);
    json_member_long(out, "report_horizon_us", rules->report_horizon_us);
    json_member_long(out, "epoch_records", rules->epoch_records);
    json_member_long(out, "frame_rows", rules->frame_rows);
    json_member_long(out, "frame_bytes", rules->frame_bytes);
    json_member_long(out, "snapshot_bytes", rules->snapshot_bytes);
}

static void put_later_catalog(const struct catalog_text *catalog, struct packer *out)
{
    json_member_long(out, "from_s", catalog->from_s);
    json_member_time_s(out, "from", catalog->from_s);
    json_member_str(out, "catalog", catalog->text);
}

/* The message's hash is not in its bytes; it is printed because the next one names it. */
static void put_origin(const struct control_origin *origin, struct packer *out)
{
    json_member_hex(out, "hash", origin->hash, CONTROL_HASH_SIZE);
    json_member_str(out, "by", origin->by);
    json_member_long(out, "clock_us", origin->clock_us);
    json_member_time_us(out, "clock", origin->clock_us);
}

static void put_prev_hash(const struct control_origin *origin, struct packer *out)
{
    json_member_hex(out, "prev_hash", origin->prev_hash, CONTROL_HASH_SIZE);
}

static void put_control(const struct message *message, struct packer *out)
{
    json_put_key(out, "control");
    switch (message->control) {
    case CONTROL_NONE:
        json_put_raw(out, "null");
        return;
    case CONTROL_INIT:
        begin_branch("Init", out);
        put_prev_hash(&message->origin, out);
        put_origin(&message->origin, out);
        json_put_key(out, "rules");
        json_put_mark(out, '{');
        put_rules(&message->rules, out);
        json_put_mark(out, '}');
        json_member_str(out, "catalog", message->catalog.text);
        break;
    case CONTROL_CATALOG:
        begin_branch("CatalogChange", out);
        put_prev_hash(&message->origin, out);
        put_origin(&message->origin, out);
        put_later_catalog(&message->catalog, out);
        break;
    }
    end_branch(out);
}

static void put_product(enum product product, struct packer *out)
{
    json_member_str(out, "product", product < PRODUCT_COUNT ? str_of(product_name(product)) : STR(""));
}

static void put_field(const struct record *record, uint8_t ask, struct packer *out)
{
    const struct body_row *field = &body_rows[ask & ~BODY_IF_THERE];
    const void *at = (const char *)record + field->at;
    switch (field->type) {
    case BODY_IS_WORD:
        json_member_str(out, field->name, *(const struct str *)at);
        break;
    case BODY_IS_LONG:
        json_member_long(out, field->name, *(const int64_t *)at);
        break;
    case BODY_IS_TIME:
        json_member_long(out, field->name, *(const int64_t *)at);
        json_member_time_us(out, field->text_name, *(const int64_t *)at);
        break;
    case BODY_IS_BOOL:
        json_member_bool(out, field->name, *(const bool *)at);
        break;
    case BODY_IS_LEVEL_PRODUCT:
        put_product(*(const enum product *)at, out);
        break;
    }
}

static void put_identity(const struct record *record, struct packer *out)
{
    json_member_str(out, "account", record->account);
    json_member_str(out, "subject", record->subject);
    json_member_str(out, "source", record->source);
    json_member_str(out, "id", record->id);
    json_member_long(out, "time_us", record->time_us);
    json_member_time_us(out, "time", record->time_us);
}

static void put_record(const struct record *record, struct packer *out)
{
    const struct kind_row *kind = kind_row(record->kind);
    json_put_item(out);
    json_put_mark(out, '{');
    put_identity(record, out);
    json_put_key(out, "body");
    begin_branch(kind->branch, out);
    for (const uint8_t *ask = kind->body; *ask != BODY_END; ask++)
        put_field(record, *ask, out);
    end_branch(out);
    json_put_mark(out, '}');
}

void json_out_usage(const struct json_place *place, const struct message *message, struct packer *out)
{
    begin(place, "UsageMessage", out);
    json_member_long(out, "clock_us", message->clock_us);
    json_member_time_us(out, "clock", message->control == CONTROL_NONE ? message->clock_us : -1);
    json_member_str(out, "feed", message->feed);
    json_member_long(out, "incarnation", (int64_t)message->incarnation);
    json_member_long(out, "acknowledged", (int64_t)message->acknowledged);
    put_control(message, out);
    begin_list("records", out);
    for (uint32_t i = 0; i < message->record_count; i++)
        put_record(&message->records[i], out);
    json_put_mark(out, ']');
    end(out);
}

/* --- frames --- */

static void put_level(const struct level_row *row, struct packer *out)
{
    json_put_item(out);
    json_put_mark(out, '{');
    put_product(row->product, out);
    json_member_str(out, "account", row->account);
    json_member_str(out, "resource", row->resource);
    json_member_str(out, "sku", row->sku);
    json_member_long(out, "hour_s", row->hour_s);
    json_member_time_s(out, "hour", row->hour_s);
    json_member_bool(out, "stopped", row->stopped);
    begin_list("segments", out);
    for (uint32_t i = 0; i < row->segment_count; i++) {
        const struct level_segment *segment = &row->segments[i];
        json_put_item(out);
        json_put_mark(out, '{');
        json_member_long(out, "from_s", segment->from_s);
        json_member_long(out, "len_s", segment->len_s);
        json_member_str(out, "sku", segment->sku);
        json_member_str(out, "order", segment->order);
        json_member_u128(out, "quantity", segment->quantity);
        json_put_mark(out, '}');
    }
    json_put_raw(out, "]}");
}

static void put_count(const struct count_row *row, struct packer *out)
{
    json_put_item(out);
    json_put_mark(out, '{');
    put_product(row->product, out);
    json_member_str(out, "account", row->account);
    json_member_str(out, "resource", row->resource);
    json_member_str(out, "sku", row->sku);
    json_member_long(out, "hour_s", row->hour_s);
    json_member_time_s(out, "hour", row->hour_s);
    json_member_bool(out, "replaces", row->replaces);
    begin_list("sums", out);
    for (uint32_t i = 0; i < row->sum_count; i++) {
        json_put_item(out);
        json_put_mark(out, '{');
        json_member_str(out, "meter", str_of(meter_name(row->sums[i].meter)));
        json_member_long(out, "from_s", row->sums[i].from_s);
        json_member_u128(out, "sum", row->sums[i].sum);
        json_put_mark(out, '}');
    }
    json_put_raw(out, "]}");
}

static void put_state(const struct state_row *row, struct packer *out)
{
    json_put_item(out);
    json_put_mark(out, '{');
    put_product(row->product, out);
    json_member_str(out, "account", row->account);
    json_member_str(out, "resource", row->resource);
    json_member_str(out, "state", str_of(run_state_name(row->state)));
    json_member_str(out, "sku", row->sku);
    json_member_str(out, "order", row->order);
    json_member_long(out, "quantity", row->quantity);
    json_member_long(out, "since_s", row->since_s);
    json_member_time_s(out, "since", row->since_s);
    json_member_long(out, "sign_s", row->sign_s);
    json_member_time_s(out, "sign", row->sign_s);
    json_put_mark(out, '}');
}

static void put_record_fact(const struct record *record, struct packer *out)
{
    const char *fact = kind_row(record->kind)->fact;
    CHECK(fact != NULL);
    json_member_str(out, "kind", str_of(fact));
    put_identity(record, out);
    put_product(record->product, out);
    json_member_str(out, "sku", record->sku);
    json_member_long(out, "quantity", record->quantity);
    json_member_long(out, "months", record->months);
    json_member_str(out, "amount", record->amount);
    json_member_str(out, "currency", record->currency);
    json_member_bool(out, "for_bill", record->for_bill);
}

static void put_fact(const struct fact *fact, struct packer *out)
{
    json_put_item(out);
    switch (fact->control) {
    case CONTROL_NONE:
        begin_branch("RecordFact", out);
        put_record_fact(&fact->record, out);
        break;
    case CONTROL_INIT:
        begin_branch("InitFact", out);
        put_origin(&fact->origin, out);
        put_rules(&fact->rules, out);
        json_member_str(out, "catalog", fact->catalog.text);
        break;
    case CONTROL_CATALOG:
        begin_branch("CatalogFact", out);
        put_origin(&fact->origin, out);
        put_later_catalog(&fact->catalog, out);
        break;
    }
    end_branch(out);
}

static void put_frame_reject(const struct frame_reject *reject, struct packer *out)
{
    json_put_item(out);
    json_put_mark(out, '{');
    json_member_str(out, "reason", reject->reason);
    json_member_str(out, "feed", reject->feed);
    json_member_str(out, "source", reject->source);
    json_member_str(out, "id", reject->id);
    json_member_long(out, "offset", reject->offset);
    json_put_mark(out, '}');
}

static void put_frame_head(const struct frame *frame, struct packer *out)
{
    json_member_long(out, "rules_number", frame->rules_number);
    json_member_long(out, "seq", (int64_t)frame->seq);
    json_member_long(out, "next_offset", frame->next_offset);
    json_member_hex(out, "prev_hash", frame->prev_hash, FRAME_HASH_SIZE);
    json_member_hex(out, "snapshot_digest", frame->snapshot_digest, FRAME_HASH_SIZE);
    json_member_long(out, "watermark_us", frame->watermark_us);
    json_member_time_us(out, "watermark", frame->watermark_us);
    json_member_long(out, "closed_s", frame->closed_s);
    json_member_time_s(out, "closed", frame->closed_s);
    json_member_bool(out, "more", frame->more);
    json_member_long(out, "messages", (int64_t)frame->counters.messages);
    json_member_long(out, "ticks", (int64_t)frame->counters.ticks);
    json_member_long(out, "records_in", (int64_t)frame->counters.records_in);
    json_member_long(out, "records_applied", (int64_t)frame->counters.records_applied);
    json_member_long(out, "records_repeated", (int64_t)frame->counters.records_repeated);
    json_member_long(out, "records_rejected", (int64_t)frame->counters.records_rejected);
}

void json_out_frame(const struct json_place *place, const struct frame *frame, struct packer *out)
{
    begin(place, "Frame", out);
    own_partition(place, frame->partition, out);
    put_frame_head(frame, out);
    begin_list("facts", out);
    for (uint32_t i = 0; i < frame->fact_count; i++)
        put_fact(&frame->facts[i], out);
    json_put_mark(out, ']');
    begin_list("levels", out);
    for (uint32_t i = 0; i < frame->level_count; i++)
        put_level(&frame->levels[i], out);
    json_put_mark(out, ']');
    begin_list("counts", out);
    for (uint32_t i = 0; i < frame->count_count; i++)
        put_count(&frame->counts[i], out);
    json_put_mark(out, ']');
    begin_list("states", out);
    for (uint32_t i = 0; i < frame->state_count; i++)
        put_state(&frame->states[i], out);
    json_put_mark(out, ']');
    begin_list("rejects", out);
    for (uint32_t i = 0; i < frame->reject_count; i++)
        put_frame_reject(&frame->rejects[i], out);
    json_put_mark(out, ']');
    json_member_hex(out, "hash", frame->hash, FRAME_HASH_SIZE);
    end(out);
}

/* --- the smaller messages --- */

void json_out_snapshot_chunk(const struct json_place *place, const struct snapshot_chunk *chunk,
                             struct packer *out)
{
    begin(place, "SnapshotChunk", out);
    own_partition(place, chunk->partition, out);
    json_member_long(out, "seq", (int64_t)chunk->seq);
    json_member_long(out, "index", chunk->index);
    json_member_long(out, "bytes_size", chunk->bytes.size);
    end(out);
}

void json_out_snapshot_manifest(const struct json_place *place, const struct snapshot_manifest *manifest,
                                struct packer *out)
{
    begin(place, "SnapshotManifest", out);
    own_partition(place, manifest->partition, out);
    json_member_long(out, "seq", (int64_t)manifest->seq);
    json_member_long(out, "chunks", manifest->chunks);
    json_member_long(out, "size_bytes", (int64_t)manifest->size_bytes);
    json_member_hex(out, "digest", manifest->digest, DIGEST_SIZE);
    json_member_long(out, "frame_offset", manifest->frame_offset);
    json_member_long(out, "next_offset", manifest->next_offset);
    end(out);
}

void json_out_generation(const struct json_place *place, const struct generation *generation,
                         struct packer *out)
{
    begin(place, "Generation", out);
    json_member_long(out, "partitions", generation->partitions);
    json_member_long(out, "rules_number", generation->rules_number);
    json_member_long(out, "lifecycle_horizon_us", generation->lifecycle_horizon_us);
    json_member_long(out, "report_horizon_us", generation->report_horizon_us);
    json_member_bool(out, "simulated", generation->simulated);
    json_member_hex(out, "init_digest", generation->init_digest, DIGEST_SIZE);
    end(out);
}

void json_out_reject(const struct json_place *place, const struct reject *reject, struct packer *out)
{
    begin(place, "Reject", out);
    json_member_str(out, "reason", reject->reason);
    json_member_str(out, "feed", reject->feed);
    json_member_str(out, "sender", reject->sender);
    json_member_str(out, "origin", reject->origin);
    json_member_str(out, "account", reject->account);
    json_member_str(out, "type", reject->type);
    json_member_str(out, "source", reject->source);
    json_member_str(out, "id", reject->id);
    json_member_long(out, "clock_us", reject->clock_us);
    json_member_time_us(out, "clock", reject->clock_us);
    json_member_str(out, "bytes", reject->bytes);
    end(out);
}

void json_out_notice(const struct json_place *place, struct str notice, struct packer *out)
{
    begin(place, "Notice", out);
    json_put_key(out, "notice");
    pack_raw(out, notice.at, notice.size);
    end(out);
}

void json_out_tombstone(const struct json_place *place, struct packer *out)
{
    begin(place, NULL, out);
    json_member_bool(out, "tombstone", true);
    end(out);
}

void json_out_undecoded(const struct json_place *place, size_t size, struct packer *out)
{
    json_put_mark(out, '{');
    json_member_long(out, "partition", place->partition);
    json_member_long(out, "offset", place->offset);
    json_member_long(out, "undecoded_bytes", (int64_t)size);
    end(out);
}
