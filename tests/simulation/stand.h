/* A small house for tests that name what they prove: two partitions, of which the first is the one that
 * something befalls. */
#pragma once

#include "tests/simulation/plan.h"
#include "tests/simulation/reference.h"
#include "tests/simulation/strike.h"

struct stand {
    struct input input;
    struct house_config config;
    struct reference reference;
    struct house *house;
};

struct stand_kind {
    uint32_t aggregators;
    uint32_t settlers;
    int64_t snapshot_bytes; /* 0: as the rules have it, which is none in so small a log */
    int64_t frame_rows;     /* 0: as the rules have it */
    uint32_t work_max;      /* 0: as in production */
    int64_t latency_ms;
};

void stand_begin(struct stand *stand, struct stand_kind kind);
void stand_end(struct stand *stand);
/* Feeds so many thousandths of the input, and lets the house come to rest. */
void stand_feed(struct stand *stand, uint32_t thousandths);
/* Strikes at the first partition with this value; it must find something to strike. */
void stand_strike(struct stand *stand, strike *at, uint64_t value);
/* The process is killed and begins again; the house comes to rest. */
void stand_restart(struct stand *stand, uint32_t process);

/* How often the first partition stopped by this rule. Ends the test where something else stopped. */
uint32_t stand_stops(const struct stand *stand, enum stop_rule rule);
/* Whether a partition's frames and tables, or what there is of them in houses without settlers, are whole. */
bool stand_is_whole(const struct stand *stand, uint32_t partition);
