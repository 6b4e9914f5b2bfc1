/* What the settler counts, in one table. */
#pragma once

#include "lib/run/shown.h"

enum settler_metric {
    SETTLER_FRAMES,
    SETTLER_FRAMES_REPEATED,
    SETTLER_FRAMES_SKIPPED,
    SETTLER_REJECTS_COPIED,
    SETTLER_REJECTS_SKIPPED,
    SETTLER_NOTICES_SENT,
    SETTLER_NOTICES_SKIPPED,
    SETTLER_NOTICES_WAITING,
    SETTLER_NOTICES_WAITING_S,
    SETTLER_ROWS,
    SETTLER_TRANSFERS,
    SETTLER_BILLS,
    SETTLER_NOTICES,
    SETTLER_TRANSACTIONS,
    SETTLER_STATEMENTS,
    SETTLER_RANGES_MISSED,
    SETTLER_RESTARTS,
    SETTLER_PARTITIONS,
    SETTLER_PARTITIONS_STOPPED,
    SETTLER_PARTITIONS_LOST,
    SETTLER_WATERMARK_S,
    SETTLER_METRICS,
};
extern struct metric settler_metrics[SETTLER_METRICS];
enum settler_latency { SETTLER_SETTLE_SECONDS, SETTLER_LATENCIES };
extern struct latency settler_latencies[SETTLER_LATENCIES];
extern struct metric_family settler_families[SHOWN_FAMILIES];
extern const struct metrics settler_all_metrics;
