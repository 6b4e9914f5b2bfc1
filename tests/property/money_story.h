/* A few days about a month's end in a small cloud that pays in advance, told so that balances go below zero
 * and back: usage and orders of products by the hour and by the cycle, voids, refunds, payments that come
 * twice and in another currency, news that comes after the cut, hours in which no collector lives. */
#pragma once

#include "tests/property/world.h"

struct money_story {
    struct world world;
    int64_t end_us; /* of log time: when the last message is sent */
};

/* Same seed, same story. */
void money_story_make(struct money_story *story, uint64_t seed);
void money_story_release(struct money_story *story);
