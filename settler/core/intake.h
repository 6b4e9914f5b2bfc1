/* Which frame of a partition comes next (DESIGN §5). Pure: what was taken so far in, a verdict out.
 *
 * A frame is taken when it has the next number, is of this partition and names the hash of the one before:
 * frames are one chain. Copies of what was taken are passed over, while the last hashes are kept compared. */
#pragma once

#include "lib/domain/frame.h"

/* The next frame may be missed so long while others come (DESIGN §5). */
enum { INTAKE_KNOWN = 64, INTAKE_GAP_S = 60 };

struct intake {
    uint32_t partition;
    uint64_t next_seq;
    uint32_t known; /* so many hashes of the last frames are kept, by number */
    uint8_t hashes[INTAKE_KNOWN][FRAME_HASH_SIZE];
    int64_t missed_since_s; /* of the caller's clock; INT64_MAX: the next frame has not been missed */
};

enum intake_verdict {
    INTAKE_TAKEN,
    INTAKE_REPEATED, /* it was taken before */
    INTAKE_AHEAD,    /* the next one is missing: this has a later number, another chain or partition */
    INTAKE_FORKED,   /* two frames of one number: the partition must stop */
};

/* `last_hash` is of frame next_seq - 1; zeros at 0. */
void intake_begin(struct intake *intake, uint32_t partition, uint64_t next_seq,
                  const uint8_t last_hash[FRAME_HASH_SIZE]);
/* On INTAKE_TAKEN the frame after it is the next. */
enum intake_verdict intake_take(struct intake *intake, const struct frame *frame);
/* After INTAKE_AHEAD: whether the next frame has been missed for more than INTAKE_GAP_S by now, a clock that
 * is never set back. Then the partition must stop. */
bool intake_missed(struct intake *intake, int64_t now_s);
