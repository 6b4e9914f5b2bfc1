/* Counters and gauges of a process: one table, from which names, help and the exposition come.
 *
 * Values are relaxed atomics: the worker writes, the admin server reads. */
#pragma once

#include <stdatomic.h>

#include "lib/base/pack.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

struct metric {
    const char *name; /* may carry labels: name{reason="json"}; those of one name stand together */
    enum metric_type type;
    const char *help;
    _Atomic int64_t value;
};

static inline void metric_add(struct metric *metric, int64_t n)
{
    atomic_fetch_add_explicit(&metric->value, n, memory_order_relaxed);
}

static inline void metric_set(struct metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

static inline int64_t metric_value(const struct metric *metric)
{
    return atomic_load_explicit(&metric->value, memory_order_relaxed);
}

/* Prometheus text format 0.0.4. */
void metrics_print(struct metric *metrics, size_t count, struct packer *out);
