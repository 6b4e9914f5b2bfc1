/* Counters, gauges and latencies of a process, each one row of a table: names, help, the exposition and
 * docs/metrics.md come from it.
 *
 * A name means one thing in all of Hourglass and says whose it is (hourglass_collector_events_total).
 * Counters end in _total, times are in seconds and say so. Any thread may write and read: rows are relaxed
 * atomics; what has a row a partition has a lock. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "lib/base/pack.h"
#include "lib/io/readiness.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

struct metric {
    const char *name; /* may carry labels: name{reason="json"}; those of one name stand together */
    enum metric_type type;
    const char *help; /* of the first of a name; the others have "" */
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

/* --- one row a partition --- */

struct metric_cell {
    bool is_set;
    int64_t value;
    const char *word;
};

/* name{partition="3"} 17, for each partition that it was set for. With a `label` the value is 1 and the label
 * says a word: name{partition="3",state="folding"} 1. */
struct metric_family {
    const char *name; /* without labels */
    enum metric_type type;
    const char *help;
    const char *label; /* NULL: numbers */
    pthread_mutex_t lock;
    VEC(struct metric_cell) cells; /* by partition */
};

#define METRIC_FAMILY(name, type, help)                                                                      \
    {                                                                                                        \
        (name), (type), (help), NULL, PTHREAD_MUTEX_INITIALIZER,                                             \
        {                                                                                                    \
            0                                                                                                \
        }                                                                                                    \
    }
#define METRIC_WORDS(name, help, label)                                                                      \
    {                                                                                                        \
        (name), METRIC_GAUGE, (help), (label), PTHREAD_MUTEX_INITIALIZER,                                    \
        {                                                                                                    \
            0                                                                                                \
        }                                                                                                    \
    }

void metric_family_set(struct metric_family *family, uint32_t partition, int64_t value);
/* `word` is kept: a literal. */
void metric_family_say(struct metric_family *family, uint32_t partition, const char *word);
/* The partition is another process's now: its row goes. */
void metric_family_drop(struct metric_family *family, uint32_t partition);
void metric_family_release(struct metric_family *family);

/* --- latencies --- */

enum { LATENCY_BUCKETS = 15 };

/* How long something took, in seconds: a Prometheus histogram whose buckets run from 1 ms to 60 s. */
struct latency {
    const char *name; /* ends in _seconds */
    const char *help;
    _Atomic int64_t counts[LATENCY_BUCKETS + 1]; /* each bucket's own; the last one is of what took longer */
    _Atomic int64_t sum_us;
};

void latency_observe(struct latency *latency, int64_t took_us);

/* --- all of a process --- */

struct metrics {
    const char *program; /* "collector": hourglass_build_info says it */
    struct metric *rows;
    size_t row_count;
    struct metric_family *families;
    size_t family_count;
    struct latency *latencies;
    size_t latency_count;
};

/* Prometheus text format 0.0.4: the tables, hourglass_PROGRAM_ready (unless `readiness` is NULL),
 * hourglass_build_info and the process_... of Prometheus' client libraries. */
void metrics_print(const struct metrics *metrics, struct readiness *readiness, struct packer *out);
/* The labels' names in name{a="x",b="y"}: "a, b". `out` holds them all, or the process ends. */
void metric_labels(const char *name, char *out, size_t size);
/* A table of docs/metrics.md: name, labels, type, help. */
void metrics_print_reference(const struct metrics *metrics, struct packer *out);
