/* Which frame of a partition comes next (DESIGN §5). Pure: what was taken so far in, a verdict out.
 *
 * A frame is taken when it has the next number, is of this partition and names the hash of the one before:
 * frames are one chain. Copies of what was taken are passed over, while the last hashes are kept compared. */
#pragma once

#include "lib/domain/frame.h"

enum { INTAKE_KNOWN = 64 };

struct intake {
    uint32_t partition;
    uint64_t next_seq;
    uint32_t known; /* so many hashes of the last frames are kept, by number */
    uint8_t hashes[INTAKE_KNOWN][FRAME_HASH_SIZE];
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
