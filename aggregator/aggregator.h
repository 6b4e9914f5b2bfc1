/* The aggregator as a stage of the worker (lib/run/worker.h): partitions of usage.records folded into
 * usage.frames (DESIGN §4). Through ports alone: the log and the host are the worker's. */
#pragma once

#include "aggregator/output.h"
#include "aggregator/partition.h"
#include "aggregator/recover.h"
#include "lib/run/worker.h"

struct aggregator {
    struct stage stage;
    const struct topics *topics;
    struct output output;
    struct aggregator_work work; /* room for all partitions, one after the other */
    struct recovery *recovery;   /* NULL: none is claiming */
};

/* In the caller's storage; the topics last as long. */
void aggregator_init(struct aggregator *aggregator, const struct topics *topics);
void aggregator_release(struct aggregator *aggregator);
