/* One simulated world, from its seed alone: a house that faults befall, held against one that is left in
 * peace. Its frames and tables must be the same to the byte; or, where a fault must stop a partition, that
 * one has stopped by a rule of that fault, with what it has said and settled until then the same, and the
 * others are the same whole. */
#pragma once

#include "tests/simulation/plan.h"
#include "tests/simulation/told.h"

/* How often each was struck, over all worlds. */
struct figures {
    uint64_t worlds;
    uint64_t stopped; /* worlds in which a partition did */
    uint64_t frames;
    uint64_t least_frames; /* of a world */
    uint64_t closes;       /* of one hour or more */
    uint64_t turns;
    uint64_t steps; /* transactions that settled a part of a frame, */
    uint64_t pages; /* of them those of its accounts */
    uint64_t bills; /* rows of them */
    uint64_t notices;
    struct told_figures told; /* of partitions that did not stop */
    uint64_t replies_lost;    /* to a COMMIT that was done */
    uint64_t faults[FAULTS];
    uint64_t log[MEMORY_LOG_FAULTS];
    uint64_t tables[MEMORY_FAULT_COUNT];
    uint64_t fence[FENCE_BRANCHES];
    uint64_t rules[STOP_RULES];
};

/* Adds to *figures. False: it is not so; what is wrong is printed, with the seed and its schedule. `loud`
 * prints the schedule in any case. */
bool world_run(uint64_t seed, bool loud, struct figures *figures);
