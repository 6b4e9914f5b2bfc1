/* Brings a catalog into every partition's log, and waits until every partition's frames have it. */
#pragma once

#include <stdio.h>

#include "cli/catalog_log.h"

struct spread {
    const char *brokers;
    const struct topics *topics;
    const struct catalog_log *log; /* what was there before */
    struct catalog_text catalog;
    struct control_origin origin; /* but for the hashes: each partition's message names that one's last */
    int64_t timeout_s;
};

struct spread_partition {
    int64_t offset; /* of its message in usage.records; -1: not acknowledged yet */
    bool written;   /* by us, not found there */
    bool shown;     /* by a frame */
};

/* Fills partitions[0 .. log->partitions - 1]. OK also where time ran out: look at `shown`. */
enum error_class spread_catalog(const struct spread *spread, struct kafka_reader *reader,
                                struct spread_partition *partitions, struct error *error);
