/* What the settler counts, in one table. */
#pragma once

#include "lib/io/metrics.h"

enum settler_metric {
    SETTLER_FRAMES,
    SETTLER_FRAMES_REPEATED,
    SETTLER_ROWS,
    SETTLER_TRANSACTIONS,
    SETTLER_STATEMENTS,
    SETTLER_RANGES_MISSED,
    SETTLER_RESTARTS,
    SETTLER_PARTITIONS,
    SETTLER_PARTITIONS_STOPPED,
    SETTLER_PARTITIONS_LOST,
    SETTLER_METRICS,
};
extern struct metric settler_metrics[SETTLER_METRICS];
extern const struct metrics settler_all_metrics;
