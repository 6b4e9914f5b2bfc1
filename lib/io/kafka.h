/* Kafka, as much of it as we use: librdkafka behind one header (DESIGN §3-§6).
 *
 * Producers are idempotent with acks=all and no message time-out (with one, librdkafka 2.0.2 drops messages
 * and sends later ones). Readers begin at an offset that we say; positions never fall back by themselves.
 * Single messages are polled, never batches (2.0.2 loses some around rebalances). One thread a handle.
 *
 * Failures are told, not logged: `struct kafka_error` has a class that recovery switches on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/str.h"

enum kafka_class {
    KAFKA_OK,
    KAFKA_RETRY, /* call again */
    KAFKA_ABORT, /* this handle is dead: make a new one and begin again from the log */
    KAFKA_FATAL, /* configuration or authorisation: nothing that we do helps */
};

struct kafka_error {
    enum kafka_class class;
    char text[256];
};

/* FATAL: something that must be there is not. */
enum kafka_class kafka_absent(struct kafka_error *error, const char *what, const char *why);
/* RETRY: it has not come in time. */
enum kafka_class kafka_late(struct kafka_error *error, const char *what, const char *why);

/* --- producing --- */

struct kafka_producer;

/* How a message that was sent has ended. failed: its handle must be discarded. */
struct kafka_delivery {
    uint32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* the broker's append time, or the one that was given */
    bool failed;
    const char *why;
};
typedef void kafka_delivered(void *context, void *tag, const struct kafka_delivery *delivery);

struct kafka_producer_config {
    const char *brokers;
    const char *client_id;
    int64_t linger_ms;
    kafka_delivered *delivered; /* called by kafka_producer_poll, in the order of sending a partition */
    void *context;
};

struct kafka_producer *kafka_producer_new(const struct kafka_producer_config *config,
                                          struct kafka_error *error);
/* Drops what is not delivered; its deliveries are told as failed. */
void kafka_producer_free(struct kafka_producer *producer);

struct kafka_record {
    const char *topic;
    uint32_t partition;
    struct str key; /* size 0: none */
    struct str value;
    int64_t timestamp_ms; /* 0: now; simulated time gives its own */
    void *tag;            /* comes back with the delivery */
};
/* Copies the value. RETRY: the queue is full, poll and call again. */
enum kafka_class kafka_send(struct kafka_producer *producer, const struct kafka_record *record,
                            struct kafka_error *error);
/* Serves deliveries. ABORT after a fatal error of the handle. */
enum kafka_class kafka_producer_poll(struct kafka_producer *producer, int timeout_ms,
                                     struct kafka_error *error);
/* Messages that were sent and not delivered yet. */
uint32_t kafka_producer_pending(const struct kafka_producer *producer);
/* The bytes of their values. */
uint64_t kafka_producer_pending_bytes(const struct kafka_producer *producer);

/* --- reading --- */

struct kafka_reader;

struct kafka_position {
    const char *topic;
    uint32_t partition;
    int64_t offset;
};

/* A group hands out partitions of the topic (eager range, static membership). */
struct kafka_group {
    const char *name; /* NULL: no group; the reader reads what kafka_reader_assign says */
    const char *instance;
    const char *topic;
    /* How much of each partition is read ahead, in KiB; 0: 16 MiB. What is ahead of one stands before what
     * the others bring: little where a message is much work. */
    uint32_t read_ahead_kib;
    /* Partitions that are ours from now on; the callee says where each begins by kafka_reader_assign. */
    void (*assigned)(void *context, const uint32_t *partitions, uint32_t count);
    /* None is ours any more. */
    void (*revoked)(void *context);
    void *context;
};

struct kafka_reader *kafka_reader_new(const char *brokers, const char *client_id,
                                      const struct kafka_group *group, struct kafka_error *error);
void kafka_reader_free(struct kafka_reader *reader);
/* Reads these positions and no others from now on: no message of another partition, none below, none twice,
 * whatever the client still had in its queues. */
enum kafka_class kafka_reader_assign(struct kafka_reader *reader, const struct kafka_position *positions,
                                     uint32_t count, struct kafka_error *error);

struct kafka_message {
    const char *topic;
    uint32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct str key;
    struct str value;
    void *handle;
};
enum kafka_got { KAFKA_GOT_MESSAGE, KAFKA_GOT_NOTHING, KAFKA_GOT_END, KAFKA_GOT_ERROR };
/* A message must be released. END: the partition's end was reached (out->topic, out->partition, out->offset).
 */
enum kafka_got kafka_reader_poll(struct kafka_reader *reader, int timeout_ms, struct kafka_message *out,
                                 struct kafka_error *error);
void kafka_message_release(struct kafka_message *message);

/* First offset and the one after the last, asked of the broker. */
enum kafka_class kafka_offsets(struct kafka_reader *reader, const char *topic, uint32_t partition,
                               int64_t *low, int64_t *high, struct kafka_error *error);

/* The same of many partitions at once: two requests a broker. */
struct kafka_range {
    const char *topic;
    uint32_t partition;
    int64_t low;
    int64_t high;
};
enum kafka_class kafka_ranges(struct kafka_reader *reader, struct kafka_range *ranges, uint32_t count,
                              struct kafka_error *error);

/* --- topics --- */

struct kafka_topic {
    const char *name;
    uint32_t partitions;
    uint32_t replicas;
    const char *const *settings; /* key, value, key, value, ..., NULL */
};
/* Creates those that do not exist; those that do are left as they are. */
enum kafka_class kafka_create_topics(const char *brokers, const struct kafka_topic *topics, uint32_t count,
                                     struct kafka_error *error);
/* 0: there is no such topic. */
enum kafka_class kafka_partition_count(const char *brokers, const char *topic, uint32_t *count,
                                       struct kafka_error *error);
/* Deletes those that exist. */
enum kafka_class kafka_delete_topics(const char *brokers, const char *const *topics, uint32_t count,
                                     struct kafka_error *error);
