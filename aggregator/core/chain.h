/* The frames of a partition that stand in usage.frames and that its fold has not made yet: the fold must make
 * the same ones again (DESIGN §4, Restart). Each names the hash of the one before, so copies by several
 * owners, in any order, and frames that follow nothing, are told apart. */
#pragma once

#include "lib/base/vec.h"
#include "lib/domain/frame.h"

struct chain_link {
    uint64_t seq;
    uint8_t prev_hash[FRAME_HASH_SIZE];
    uint8_t hash[FRAME_HASH_SIZE];
};

struct chain {
    uint64_t first_seq;
    uint8_t before[FRAME_HASH_SIZE]; /* the hash of frame first_seq - 1 */
    VEC(struct chain_link) links;    /* of frames first_seq, first_seq + 1, ... */
    VEC(struct chain_link) early;    /* that came before the ones that they may follow */
};

/* For a fold whose next frame is this one, after one of this hash. What is known from there on stays. */
void chain_begin(struct chain *chain, uint64_t next_seq, const uint8_t last_hash[FRAME_HASH_SIZE]);
void chain_release(struct chain *chain);
/* A frame that stands in the topic: goes on the chain where it follows. False: two frames of one number
 * follow the same one. */
__attribute__((warn_unused_result)) bool chain_note(struct chain *chain, const struct frame *frame);
/* The frame's hash in the chain; NULL: it is not in it. */
const uint8_t *chain_at(const struct chain *chain, uint64_t seq);
