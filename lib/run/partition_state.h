/* A partition's life in a process (DESIGN §7):
 *
 *     absent -> claiming -> working -> stopped | lost
 *
 * Claiming: it is ours by assignment, and what it goes on from is looked for. Stopped: before it bills
 * wrongly; it stays silent until the process or its handles begin again. Lost: another owner claimed it; it
 * is claimed again after a pause. Every other change is a fault of the program: partition_set checks. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/run/outage.h"

enum partition_state {
    PARTITION_ABSENT,
    PARTITION_CLAIMING,
    PARTITION_WORKING,
    PARTITION_STOPPED,
    PARTITION_LOST,
};
#define PARTITION_STATE_COUNT 5

/* What the worker and a stage share of a partition: the first member of the stage's own. */
struct partition {
    uint32_t number;
    enum partition_state state; /* by partition_set alone */
    char why[200];              /* of stopped, lost */
    /* The stage says: */
    bool busy;    /* work waits, whether or not messages come */
    bool full;    /* it takes no message now: not to be read until it has caught up */
    bool reread;  /* a message came that it did not take: to be read again from its position */
    bool refused; /* by partition_refuse alone */
    /* The worker's own: */
    bool reading; /* it is among what is read now */
    enum partition_state told;
    bool waits;           /* after a failure of its own, until resume_ms */
    int64_t resume_ms;    /* a partition that was lost or that failed goes on then */
    int64_t claimed_ms;   /* when it began to work */
    int64_t lag;          /* records of its topic that it has not read; -1: not known yet */
    struct outage outage; /* of its own */
};

bool partition_may(enum partition_state from, enum partition_state to);
/* `why` may be NULL. */
void partition_set(struct partition *partition, enum partition_state state, const char *why);
/* A stage's word that the partition's own work failed, while what it stands on is good: it waits alone, and
 * is then asked again. */
void partition_refuse(struct partition *partition, const char *why);
const char *partition_state_name(enum partition_state state);
