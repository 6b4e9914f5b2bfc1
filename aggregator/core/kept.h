/* Which snapshots of a partition stand in aggregator.snapshots, so that old ones can be given up: the newest
 * two that are known to stand remain (DESIGN §4, Snapshots). */
#pragma once

#include "lib/base/vec.h"

#include <stdbool.h>

enum { KEPT_LEAST = 2 };

struct kept_snapshot {
    uint64_t seq;
    uint32_t chunks;
    bool stands; /* false: another owner may have written it, or not */
};

struct kept {
    VEC(struct kept_snapshot) list; /* by seq, each once */
};

void kept_note(struct kept *kept, struct kept_snapshot snapshot);
void kept_forget(struct kept *kept, uint64_t seq);
/* The oldest, where KEPT_LEAST newer ones stand. False: none is to be given up. */
bool kept_spare(const struct kept *kept, struct kept_snapshot *out);
void kept_release(struct kept *kept);
