/* Messages of usage.frames as bytes: schemas/frame.avsc, and in parts schemas/frame_part.avsc. */
#pragma once

#include "lib/base/pack.h"
#include "lib/codec/outcome.h"
#include "lib/domain/frame.h"

enum {
    FRAME_PART_BYTES = 900000, /* a bigger frame travels in parts of this size */
    FRAME_PARTS_MAX = 4096,
};

/* Appends the frame; writes its hash: SHA-256 of what was appended before the hash. */
void frame_encode(const struct frame *frame, struct packer *out, uint8_t hash[FRAME_HASH_SIZE]);

/* Room for a frame's rows, used again and again. */
struct frame_rows {
    VEC(struct level_row) levels;
    VEC(struct level_segment) segments;
    VEC(struct count_row) counts;
    VEC(struct fact) facts;
    VEC(struct frame_reject) rejects;
};
void frame_rows_release(struct frame_rows *rows);

/* Zero-copy. *out is good when the outcome is DECODE_OK, as long as the bytes and `rows`, which lends it
 * room. */
__attribute__((warn_unused_result)) enum decode_outcome
frame_decode(struct str bytes, struct frame_rows *rows, struct frame *out);

struct frame_part {
    uint32_t partition;
    uint64_t seq;
    uint32_t part;
    uint32_t parts; /* 1: the message is a whole frame, and `bytes` all of it */
    uint8_t hash[FRAME_HASH_SIZE];
    struct str bytes;
};

/* In how many messages encoded bytes of this size travel. */
uint32_t frame_part_count(size_t size);
/* Part i of a frame whose encoding is `bytes`: a slice of them. */
struct frame_part frame_part_of(const struct frame *frame, struct str bytes, uint32_t part);
/* Appends the part's message. */
void frame_part_encode(const struct frame_part *part, struct packer *out);
/* Reads either kind of message as a part. A whole frame is not looked at beyond its head. */
__attribute__((warn_unused_result)) enum decode_outcome frame_part_decode(struct str message,
                                                                          struct frame_part *out);
