/* Messages of usage.frames as bytes: schemas/frame.avsc. */
#pragma once

#include "lib/base/pack.h"
#include "lib/codec/frame_names.h"
#include "lib/codec/outcome.h"
#include "lib/domain/frame.h"

/* Buffers for what precedes the rows but is known after them; reused from frame to frame. */
struct frame_writer {
    struct packer rows;
    struct frame_names names;
};
void frame_writer_release(struct frame_writer *writer);

/* Appends the frame; writes its hash: SHA-256 of what was appended before the hash. */
void frame_encode(struct frame_writer *writer, const struct frame *frame, struct packer *out,
                  uint8_t hash[FRAME_HASH_SIZE]);

/* Room for a frame's rows, used again and again. */
struct frame_rows {
    struct frame_names names;
    VEC(struct level_row) levels;
    VEC(struct level_segment) segments;
    VEC(struct count_row) counts;
    VEC(struct count_sum) sums;
    VEC(struct state_row) states;
    VEC(struct fact) facts;
    VEC(struct frame_reject) rejects;
};
void frame_rows_release(struct frame_rows *rows);

/* Zero-copy. *out is good when the outcome is DECODE_OK, as long as the bytes and `rows`, which lends it
 * room. */
__attribute__((warn_unused_result)) enum decode_outcome
frame_decode(struct str bytes, struct frame_rows *rows, struct frame *out);
