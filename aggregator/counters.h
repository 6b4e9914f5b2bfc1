/* What the aggregator counts, in one table. */
#pragma once

#include "lib/io/metrics.h"

enum aggregator_metric {
    AGGREGATOR_MESSAGES,
    AGGREGATOR_FRAMES,
    AGGREGATOR_FRAMES_REPLAYED,
    AGGREGATOR_RECORDS_APPLIED,
    AGGREGATOR_RECORDS_REPEATED,
    AGGREGATOR_RECORDS_REJECTED,
    AGGREGATOR_SNAPSHOTS,
    AGGREGATOR_RESTARTS,
    AGGREGATOR_RECOVERED_KEPT,
    AGGREGATOR_RECOVERED_SNAPSHOT,
    AGGREGATOR_RECOVERED_LOG,
    AGGREGATOR_RECOVERY_READS,
    AGGREGATOR_PARTITIONS,
    AGGREGATOR_PARTITIONS_STOPPED,
    AGGREGATOR_WATERMARK_S,
    AGGREGATOR_METRICS,
};
extern struct metric aggregator_metrics[AGGREGATOR_METRICS];
extern const struct metrics aggregator_all_metrics;

void count_one(enum aggregator_metric metric);
