/* The aggregator's process: partitions of usage.records folded into usage.frames (DESIGN §4). */
#pragma once

#include "lib/io/readiness.h"

struct aggregator_options {
    const char *kafka;
    const char *prefix;
    const char *partitions; /* "group", "all", or numbers with commas */
    const char *group;
    const char *instance;
};

extern struct readiness aggregator_readiness;

/* Works until told to stop. Returns the exit status. */
int aggregator_run(const struct aggregator_options *options);
