/* What a worker shows of itself, put into metrics and into what /readyz says. */
#pragma once

#include "lib/io/metrics.h"
#include "lib/run/worker.h"

/* Families of every worker, in this order, each a row a partition. */
enum shown_family {
    SHOWN_STATE,       /* a word */
    SHOWN_LAG_RECORDS, /* messages of its topic that were not read yet */
    SHOWN_LAG_S,       /* seconds from its watermark to now */
    SHOWN_WATERMARK_S,
    SHOWN_CLOSED_S,
    SHOWN_FAMILIES,
};

/* Rows of every worker. */
struct shown {
    struct metric_family *families; /* SHOWN_FAMILIES of them */
    struct metric *partitions;
    struct metric *stopped;   /* now */
    struct metric *watermark; /* the least of all partitions that are ours, in seconds; 0: none yet */
    struct metric *restarts;
    struct readiness *readiness;
    struct host *host;     /* whose clock the lag is by */
    uint32_t restarts_put; /* so many of the restarts were counted */
    VEC(uint32_t) put;     /* partitions that have rows */
};

/* A worker_config's show; `context` is a struct shown. */
void shown_put(void *context, const struct worker_view *view);
void shown_release(struct shown *shown);
