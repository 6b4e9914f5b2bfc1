/* The settler's process: usage.frames settled into PostgreSQL, each frame once (DESIGN §5). */
#pragma once

#include "lib/io/metrics.h"

struct settler_options {
    const char *kafka;
    const char *prefix;
    const char *database;
    const char *schema;
    const char *partitions; /* "group", "all", or numbers with commas */
    const char *group;
    const char *instance;
};

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
extern struct readiness settler_readiness;

/* Works until told to stop. Returns the exit status. */
int settler_run(const struct settler_options *options);
