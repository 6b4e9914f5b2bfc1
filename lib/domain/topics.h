/* The names of a generation's topics. A prefix keeps generations (a run, a test, a region) apart. */
#pragma once

#include "lib/domain/limits.h"

enum { TOPIC_NAME_MAX = LIMIT_TOPIC_BYTES, TOPIC_PREFIX_MAX = LIMIT_PREFIX_BYTES };

struct topics {
    char records[TOPIC_NAME_MAX];   /* usage.records: what was accepted */
    char frames[TOPIC_NAME_MAX];    /* usage.frames: what the aggregator says */
    char snapshots[TOPIC_NAME_MAX]; /* aggregator.snapshots: its state, and the generation's manifest */
    char rejects[TOPIC_NAME_MAX];   /* usage.rejects: what was refused at the door */
    char notices[TOPIC_NAME_MAX];   /* billing.notices: states of accounts, for the platform */
    char index[TOPIC_NAME_MAX];     /* usage.register: where control messages stand; of one partition */
};

/* The prefix is at most TOPIC_PREFIX_MAX bytes; longer ones are cut. */
struct topics topics_of(const char *prefix);
