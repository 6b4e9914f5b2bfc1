#include "lib/run/partition_state.h"

#include <stdio.h>

#include "lib/base/check.h"

/* From each state (row) to each (column), in the order of the enum. */
static const bool legal[PARTITION_STATE_COUNT][PARTITION_STATE_COUNT] = {
    [PARTITION_ABSENT] = {[PARTITION_CLAIMING] = true},
    [PARTITION_CLAIMING] = {[PARTITION_ABSENT] = true,
                            [PARTITION_WORKING] = true,
                            [PARTITION_STOPPED] = true,
                            [PARTITION_LOST] = true},
    [PARTITION_WORKING] = {[PARTITION_ABSENT] = true, [PARTITION_STOPPED] = true, [PARTITION_LOST] = true},
    [PARTITION_STOPPED] = {[PARTITION_ABSENT] = true},
    [PARTITION_LOST] = {[PARTITION_ABSENT] = true, [PARTITION_CLAIMING] = true},
};

bool partition_may(enum partition_state from, enum partition_state to)
{
    return legal[from][to];
}

void partition_set(struct partition *partition, enum partition_state state, const char *why)
{
    CHECK(partition_may(partition->state, state));
    partition->state = state;
    snprintf(partition->why, sizeof partition->why, "%s", why != NULL ? why : "");
    partition->busy = partition->full = false;
}

void partition_refuse(struct partition *partition, const char *why)
{
    partition->refused = true;
    snprintf(partition->why, sizeof partition->why, "%s", why);
}

const char *partition_state_name(enum partition_state state)
{
    static const char *const names[PARTITION_STATE_COUNT] = {
        [PARTITION_ABSENT] = "absent",   [PARTITION_CLAIMING] = "claiming", [PARTITION_WORKING] = "working",
        [PARTITION_STOPPED] = "stopped", [PARTITION_LOST] = "lost",
    };
    return names[state];
}
