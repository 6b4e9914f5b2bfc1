/* Messages of every topic as JSON, one object a line, for people who look at the log.
 *
 * Fields have the names of schemas/; a union's branch is an object with one key, its name. Numbers of 128
 * bits are strings, hashes hexadecimal. A time has a second field beside it, named without the unit: RFC
 * 3339, or null for "not yet" and "since ever". Whatever the bytes are, what is printed is valid UTF-8. */
#pragma once

#include "lib/codec/frame.h"
#include "lib/codec/topics.h"
#include "lib/domain/message.h"

/* The place of the message in Kafka. */
struct json_place {
    uint32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct str key; /* size 0: none, and not printed */
};

/* Each appends one line, with its end. */
void json_out_usage(const struct json_place *place, const struct message *message, struct packer *out);
void json_out_frame(const struct json_place *place, const struct frame *frame, struct packer *out);
/* The size of the chunk's bytes, not the bytes. */
void json_out_snapshot_chunk(const struct json_place *place, const struct snapshot_chunk *chunk,
                             struct packer *out);
void json_out_snapshot_manifest(const struct json_place *place, const struct snapshot_manifest *manifest,
                                struct packer *out);
void json_out_generation(const struct json_place *place, const struct generation *generation,
                         struct packer *out);
void json_out_reject(const struct json_place *place, const struct reject *reject, struct packer *out);
/* The notice as it is: JSON already, that notice_texts takes. */
void json_out_notice(const struct json_place *place, struct str notice, struct packer *out);
/* A message without a value: compaction will take away what had its key. */
void json_out_tombstone(const struct json_place *place, struct packer *out);
void json_out_undecoded(const struct json_place *place, size_t size, struct packer *out);
