/* The aggregator's process: partitions of usage.records folded into usage.frames (DESIGN §4). */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

struct aggregator_options {
    const char *kafka;
    const char *prefix;
    const char *partitions; /* "group", "all", or numbers with commas */
    const char *group;
    const char *instance;
};

extern _Atomic bool aggregator_ready;

/* Works until told to stop. Returns the exit status. */
int aggregator_run(const struct aggregator_options *options);
