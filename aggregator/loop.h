/* The aggregator's process: partitions of usage.records folded into usage.frames (DESIGN §4). */
#pragma once

#include "lib/io/metrics.h"

struct aggregator_options {
    const char *kafka;
    const char *prefix;
    const char *partitions; /* "group", "all", or numbers with commas */
    const char *group;
    const char *instance;
};

enum aggregator_metric {
    AGGREGATOR_MESSAGES,
    AGGREGATOR_FRAMES,
    AGGREGATOR_FRAMES_REPLAYED,
    AGGREGATOR_RECORDS_APPLIED,
    AGGREGATOR_RECORDS_REPEATED,
    AGGREGATOR_RECORDS_REJECTED,
    AGGREGATOR_SNAPSHOTS,
    AGGREGATOR_RESTARTS,
    AGGREGATOR_PARTITIONS,
    AGGREGATOR_PARTITIONS_STOPPED,
    AGGREGATOR_WATERMARK_S,
    AGGREGATOR_METRICS,
};
extern struct metric aggregator_metrics[AGGREGATOR_METRICS];
extern _Atomic bool aggregator_ready;

/* Works until told to stop. Returns the exit status. */
int aggregator_run(const struct aggregator_options *options);
