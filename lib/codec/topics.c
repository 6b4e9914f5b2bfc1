#include "lib/codec/topics.h"

#include "lib/base/check.h"
#include "lib/codec/schemas.h"
#include "lib/codec/wire.h"

void snapshot_chunk_encode(const struct snapshot_chunk *chunk, struct packer *out)
{
    wire_put_header(out, SCHEMA_SNAPSHOT_CHUNK);
    wire_put_long(out, chunk->partition);
    wire_put_long_in(out, (int64_t)chunk->seq, 0, INT64_MAX);
    wire_put_long(out, chunk->index);
    CHECK(chunk->bytes.size > 0);
    wire_put_string(out, chunk->bytes, SNAPSHOT_CHUNK_BYTES);
}

enum decode_outcome snapshot_chunk_decode(struct str bytes, struct snapshot_chunk *out)
{
    struct unpacker in;
    enum decode_outcome outcome = wire_open(&in, bytes, SCHEMA_SNAPSHOT_CHUNK);
    if (outcome != DECODE_OK)
        return outcome;
    out->partition = (uint32_t)wire_take_long_in(&in, 0, UINT32_MAX);
    out->seq = (uint64_t)wire_take_long_in(&in, 0, INT64_MAX);
    out->index = (uint32_t)wire_take_long_in(&in, 0, UINT32_MAX);
    out->bytes = wire_take_string(&in, 1, SNAPSHOT_CHUNK_BYTES);
    return wire_close(&in);
}

void snapshot_manifest_encode(const struct snapshot_manifest *manifest, struct packer *out)
{
    wire_put_header(out, SCHEMA_SNAPSHOT_MANIFEST);
    wire_put_long(out, manifest->partition);
    wire_put_long_in(out, (int64_t)manifest->seq, 0, INT64_MAX);
    wire_put_long_in(out, manifest->chunks, 1, UINT32_MAX);
    wire_put_long_in(out, (int64_t)manifest->size_bytes, 1, INT64_MAX);
    pack_raw(out, manifest->digest, DIGEST_SIZE);
    wire_put_long_in(out, manifest->frame_offset, 0, INT64_MAX);
    wire_put_long_in(out, manifest->next_offset, 0, INT64_MAX);
}

enum decode_outcome snapshot_manifest_decode(struct str bytes, struct snapshot_manifest *out)
{
    struct unpacker in;
    enum decode_outcome outcome = wire_open(&in, bytes, SCHEMA_SNAPSHOT_MANIFEST);
    if (outcome != DECODE_OK)
        return outcome;
    out->partition = (uint32_t)wire_take_long_in(&in, 0, UINT32_MAX);
    out->seq = (uint64_t)wire_take_long_in(&in, 0, INT64_MAX);
    out->chunks = (uint32_t)wire_take_long_in(&in, 1, UINT32_MAX);
    out->size_bytes = (uint64_t)wire_take_long_in(&in, 1, INT64_MAX);
    unpack_raw(&in, out->digest, DIGEST_SIZE);
    out->frame_offset = wire_take_long_in(&in, 0, INT64_MAX);
    out->next_offset = wire_take_long_in(&in, 0, INT64_MAX);
    return wire_close(&in);
}

void generation_encode(const struct generation *generation, struct packer *out)
{
    wire_put_header(out, SCHEMA_GENERATION);
    wire_put_long_in(out, generation->partitions, 1, UINT32_MAX);
    wire_put_long_in(out, generation->rules_number, 1, UINT32_MAX);
    wire_put_long_in(out, generation->lifecycle_horizon_us, 0, INT64_MAX);
    wire_put_long_in(out, generation->report_horizon_us, 0, INT64_MAX);
    wire_put_bool(out, generation->simulated);
    pack_raw(out, generation->init_digest, DIGEST_SIZE);
}

enum decode_outcome generation_decode(struct str bytes, struct generation *out)
{
    struct unpacker in;
    enum decode_outcome outcome = wire_open(&in, bytes, SCHEMA_GENERATION);
    if (outcome != DECODE_OK)
        return outcome;
    out->partitions = (uint32_t)wire_take_long_in(&in, 1, UINT32_MAX);
    out->rules_number = (uint32_t)wire_take_long_in(&in, 1, UINT32_MAX);
    out->lifecycle_horizon_us = wire_take_long_in(&in, 0, INT64_MAX);
    out->report_horizon_us = wire_take_long_in(&in, 0, INT64_MAX);
    out->simulated = wire_take_bool(&in);
    unpack_raw(&in, out->init_digest, DIGEST_SIZE);
    return wire_close(&in);
}

static void put_cut(struct packer *out, struct str text, uint32_t most)
{
    wire_put_string(out, (struct str){text.at, text.size < most ? text.size : most}, most);
}

static void put_name(struct packer *out, struct str name)
{
    wire_put_name(out, wire_is_name(name) ? name : (struct str){"", 0}, 0);
}

void reject_encode(const struct reject *reject, struct packer *out)
{
    wire_put_header(out, SCHEMA_REJECT_2);
    CHECK(reject->reason.size > 0);
    put_cut(out, reject->reason, LIMIT_REASON_BYTES);
    put_name(out, reject->feed);
    put_name(out, reject->sender);
    put_cut(out, reject->origin, LIMIT_ORIGIN_BYTES);
    put_name(out, reject->account);
    put_name(out, reject->type);
    put_name(out, reject->source);
    put_name(out, reject->id);
    wire_put_long(out, reject->clock_us);
    put_cut(out, reject->bytes, LIMIT_REJECT_BYTES);
}

static enum decode_outcome decode_first(struct str bytes, struct reject *out)
{
    struct unpacker in;
    enum decode_outcome outcome = wire_open(&in, bytes, SCHEMA_REJECT);
    if (outcome != DECODE_OK)
        return outcome;
    *out = (struct reject){0};
    out->reason = wire_take_string(&in, 1, LIMIT_REASON_BYTES);
    out->feed = wire_take_string(&in, 0, LIMIT_NAME_BYTES);
    out->origin = wire_take_string(&in, 0, LIMIT_ORIGIN_BYTES);
    out->clock_us = wire_take_long(&in);
    out->bytes = wire_take_string(&in, 0, LIMIT_REJECT_BYTES);
    return wire_close(&in);
}

enum decode_outcome reject_decode(struct str bytes, struct reject *out)
{
    struct unpacker in;
    enum decode_outcome outcome = wire_open(&in, bytes, SCHEMA_REJECT_2);
    if (outcome == DECODE_OTHER_SCHEMA)
        return decode_first(bytes, out);
    if (outcome != DECODE_OK)
        return outcome;
    out->reason = wire_take_string(&in, 1, LIMIT_REASON_BYTES);
    out->feed = wire_take_name(&in, 0);
    out->sender = wire_take_name(&in, 0);
    out->origin = wire_take_string(&in, 0, LIMIT_ORIGIN_BYTES);
    out->account = wire_take_name(&in, 0);
    out->type = wire_take_name(&in, 0);
    out->source = wire_take_name(&in, 0);
    out->id = wire_take_name(&in, 0);
    out->clock_us = wire_take_long(&in);
    out->bytes = wire_take_string(&in, 0, LIMIT_REJECT_BYTES);
    return wire_close(&in);
}
