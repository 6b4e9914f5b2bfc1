/* The log: topics of partitions, appended to and read by offset, behind a few function pointers (DESIGN §7).
 *
 * Adapters: Kafka (lib/io/kafka_log.h), and memory with seeded faults (lib/port/memory_log.h). A handle is of
 * one thread. What is appended is durable when its delivery says so. Positions never fall back by themselves.
 *
 * Failures (lib/port/error.h): RETRY is for the same call on the same handle, ABORT asks for a new handle,
 * FATAL for an operator. What concerns one partition alone is told of it (LOG_GOT_GONE), not as an error. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/str.h"
#include "lib/port/error.h"

struct log_record {
    const char *topic;
    uint32_t partition;
    struct str key; /* size 0: none */
    struct str value;
    int64_t timestamp_ms; /* 0: now; simulated time gives its own */
    void *tag;            /* comes back with the delivery */
};

/* How a record that was appended has ended. failed: its handle must be discarded. */
struct log_delivery {
    uint32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* the broker's append time, or the one that was given */
    bool failed;
    const char *why;
};
typedef void log_delivered(void *context, void *tag, const struct log_delivery *delivery);

struct log_position {
    const char *topic;
    uint32_t partition;
    int64_t offset;
};

/* A partition's offsets: [low, high). */
struct log_range {
    const char *topic;
    uint32_t partition;
    int64_t low;
    int64_t high;
};

/* A record as it is read; topic, key and value are good until it is released. */
struct log_message {
    const char *topic;
    uint32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct str key;
    struct str value;
    void *handle;
};

enum log_got {
    LOG_GOT_MESSAGE, /* to be released */
    LOG_GOT_NOTHING,
    LOG_GOT_END,   /* topic, partition and offset say where */
    LOG_GOT_GONE,  /* the records at that topic's and partition's offset were deleted, never were, or are
                      damaged */
    LOG_GOT_ERROR, /* topic and partition say of which, where it is of one alone; else topic is empty */
};

/* What a handle calls back, inside log_deliveries and log_poll alone. */
struct log_client {
    log_delivered *delivered; /* in the order of appending to a partition; NULL: nobody asks */
    /* A group's: partitions that are ours from now on, all of them; the callee assigns where each begins. */
    void (*assigned)(void *context, const uint32_t *partitions, uint32_t count);
    void (*revoked)(void *context); /* none is ours any more */
    void *context;
};

struct log_pending {
    uint32_t records; /* appended and not delivered */
    uint64_t bytes;   /* of their values */
};

struct log;

struct log_ops {
    enum error_class (*append)(struct log *log, const struct log_record *record, struct error *error);
    enum error_class (*deliveries)(struct log *log, int timeout_ms, struct error *error);
    struct log_pending (*pending)(const struct log *log);
    enum error_class (*assign)(struct log *log, const struct log_position *positions, uint32_t count,
                               struct error *error);
    enum log_got (*poll)(struct log *log, int timeout_ms, struct log_message *out, struct error *error);
    void (*release)(struct log *log, struct log_message *message);
    enum error_class (*ranges)(struct log *log, struct log_range *ranges, uint32_t count,
                               struct error *error);
    enum error_class (*commit)(struct log *log, const struct log_position *positions, uint32_t count,
                               struct error *error);
    enum error_class (*partitions)(struct log *log, const char *topic, uint32_t *count, struct error *error);
    void (*close)(struct log *log);
};

struct log {
    const struct log_ops *ops;
};

/* Makes handles: the worker discards one after an error and asks for the next. NULL: *error says why. */
struct log_opener {
    struct log *(*open)(void *context, const struct log_client *client, struct error *error);
    void *context;
};

/* Copies key and value. RETRY: too much is on its way; ask for deliveries and call again. */
static inline enum error_class log_append(struct log *log, const struct log_record *record,
                                          struct error *error)
{
    return log->ops->append(log, record, error);
}

/* Serves deliveries, waiting for one at most so long. ABORT after a failed one. */
static inline enum error_class log_deliveries(struct log *log, int timeout_ms, struct error *error)
{
    return log->ops->deliveries(log, timeout_ms, error);
}

static inline struct log_pending log_pending(const struct log *log)
{
    return log->ops->pending(log);
}

/* Reads these positions and no others from now on: no record of another partition, none below, none twice. */
static inline enum error_class log_assign(struct log *log, const struct log_position *positions,
                                          uint32_t count, struct error *error)
{
    return log->ops->assign(log, positions, count, error);
}

static inline enum log_got log_poll(struct log *log, int timeout_ms, struct log_message *out,
                                    struct error *error)
{
    return log->ops->poll(log, timeout_ms, out, error);
}

static inline void log_release(struct log *log, struct log_message *message)
{
    log->ops->release(log, message);
}

/* Fills low and high of each. */
static inline enum error_class log_ranges(struct log *log, struct log_range *ranges, uint32_t count,
                                          struct error *error)
{
    return log->ops->ranges(log, ranges, count, error);
}

/* The group's offsets, for dashboards of lag alone: nothing is ever read from them. No answer is waited for.
 */
static inline enum error_class log_commit(struct log *log, const struct log_position *positions,
                                          uint32_t count, struct error *error)
{
    return log->ops->commit(log, positions, count, error);
}

/* 0: there is no such topic. */
static inline enum error_class log_partitions(struct log *log, const char *topic, uint32_t *count,
                                              struct error *error)
{
    return log->ops->partitions(log, topic, count, error);
}

/* Drops what is not delivered; its deliveries are told as failed. NULL: nothing. */
static inline void log_close(struct log *log)
{
    if (log != NULL)
        log->ops->close(log);
}
