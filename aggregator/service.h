/* The aggregator as a process: its partitions, handed out
 * by Kafka until it is told to stop. */
#pragma once

#include "lib/io/readiness.h"

struct aggregator_options {
    const char *kafka;
    const char *prefix;
    const char *partitions; /* "group", "all", or numbers with commas */
    const char *group;      /* "": by the prefix */
    const char *instance;
};

extern struct readiness aggregator_readiness;

/* Works until told to stop, by a struct aggregator_options. Returns the exit status. */
int aggregator_serve(void *context);
