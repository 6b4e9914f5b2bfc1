/* One fold that lives through a log, message by message, with a snapshot after every epoch. */
#pragma once

#include "tests/property/world.h"

struct life {
    const struct log *log;
    struct fold *fold;
    uint32_t next; /* message */
    struct byte_list frames;
    struct byte_list snapshots;
    VEC(uint32_t) frames_at; /* how many frames there were at each snapshot */
};

/* Goes on to the end of the next epoch; false: the log ends before. */
bool life_epoch(struct life *life);
/* A fold made of a snapshot, with the rest of the log before it. */
struct life life_from_snapshot(const struct log *log, struct str snapshot);
/* Whether b is what a is from its index `from` on. */
bool byte_list_is_rest(const struct byte_list *a, uint32_t from, const struct byte_list *b);
void life_release(struct life *life);
