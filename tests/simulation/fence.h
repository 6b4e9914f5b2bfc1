/* The settlers' stores in memory, with an eye on the fence: how often the compare-and-set moved the claim,
 * and by which of its columns it did not (DESIGN §5). */
#pragma once

#include "settler/store/memory_store.h"

enum fence_branch {
    FENCE_MOVED,
    FENCE_OTHER_OWNER, /* the row has another fence, */
    FENCE_OTHER_SEQ,   /* or the same and another next_seq, */
    FENCE_OTHER_STEP,  /* or that and another step */
    FENCE_BRANCHES,
};
const char *fence_branch_name(enum fence_branch branch);

struct fence {
    struct memory_tables *tables;
    struct store_opener opener;
    uint32_t work_max;     /* of the stores' transactions; 0: as in production */
    uint32_t accounts_max; /* the same */
    uint64_t struck[FENCE_BRANCHES];
    uint64_t steps;        /* moves to a step inside a frame, */
    uint64_t pages;        /* of them those after its lines */
    uint64_t replies_lost; /* to a COMMIT */
};

/* One at a time: stores know nothing of it. */
void fence_init(struct fence *fence, struct memory_tables *tables);
/* The context is the fence, which outlives the stores. */
struct store_opener fence_opener(struct fence *fence);
/* Somebody else claims the partition, and does nothing with it. */
void fence_take(struct fence *fence, uint32_t partition);
/* The tables become what the backup has; beneath connections that stay, or with them. */
void fence_restore(struct fence *fence, const struct memory_tables *backup, bool stay);
