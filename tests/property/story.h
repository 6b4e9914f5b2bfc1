/* A few days of a small cloud, told so that its events get in each other's way: ties, failures that reach
 * back, orders that change hands within an hour, resources that fall silent, news days late. */
#pragma once

#include "tests/property/world.h"

struct story_kind {
    int events;
    int hours;
    int late_hours; /* how late news may be */
    bool late_heartbeats;
    bool ahead; /* some events come up to five minutes before their time */
};

/* Same seed, same story. The world's catalogs differ from seed to seed as well. */
void story_make(struct world *world, uint64_t seed, struct story_kind kind);
