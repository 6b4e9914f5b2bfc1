/* Kafka, as much of it as we use: librdkafka behind one header (DESIGN §3-§6).
 *
 * Producers are idempotent with acks=all and no message time-out (with one, librdkafka 2.0.2 drops messages
 * and sends later ones). Readers begin at an offset that we say; positions never fall back by themselves.
 * Single messages are polled, never batches (2.0.2 loses some around rebalances). One thread a handle.
 *
 * Failures are told, not logged. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/port/log.h"

/* --- producing --- */

struct kafka_producer;

struct kafka_producer_config {
    const char *brokers;
    const char *client_id;
    int64_t linger_ms;
    log_delivered *delivered; /* called by kafka_producer_poll, in the order of sending a partition */
    void *context;
};

struct kafka_producer *kafka_producer_new(const struct kafka_producer_config *config, struct error *error);
/* Drops what is not delivered; its deliveries are told as failed. */
void kafka_producer_free(struct kafka_producer *producer);

/* Copies the value. RETRY: the queue is full, poll and call again. */
enum error_class kafka_send(struct kafka_producer *producer, const struct log_record *record,
                            struct error *error);
/* Serves deliveries. ABORT after a fatal error of the handle. */
enum error_class kafka_producer_poll(struct kafka_producer *producer, int timeout_ms, struct error *error);
/* Messages that were sent and not delivered yet. */
uint32_t kafka_producer_pending(const struct kafka_producer *producer);
/* The bytes of their values. */
uint64_t kafka_producer_pending_bytes(const struct kafka_producer *producer);

/* --- reading --- */

struct kafka_reader;

/* A group hands out partitions of the topic (eager range, static membership). */
struct kafka_group {
    const char *name; /* whose offsets are committed */
    const char *instance;
    const char *topic; /* NULL: nothing is handed out; the reader reads what kafka_reader_assign says */
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
                                      const struct kafka_group *group, struct error *error);
void kafka_reader_free(struct kafka_reader *reader);
/* Reads these positions and no others from now on: no message of another partition, none below, none twice,
 * whatever the client still had in its queues. */
enum error_class kafka_reader_assign(struct kafka_reader *reader, const struct log_position *positions,
                                     uint32_t count, struct error *error);

/* A message must be released. GONE: there is nothing at the partition's position, and nothing more is read of
 * it. END: the partition's end was reached (out->topic, out->partition, out->offset).
 */
enum log_got kafka_reader_poll(struct kafka_reader *reader, int timeout_ms, struct log_message *out,
                               struct error *error);
void kafka_message_release(struct log_message *message);

/* Fills low and high of each: two requests a broker. RETRY when there is no answer soon. */
enum error_class kafka_ranges(struct kafka_reader *reader, struct log_range *ranges, uint32_t count,
                              struct error *error);

/* 0: there is no such topic. */
enum error_class kafka_reader_partitions(struct kafka_reader *reader, const char *topic, uint32_t *count,
                                         struct error *error);
/* The group's offsets, without waiting for an answer. */
enum error_class kafka_commit(struct kafka_reader *reader, const struct log_position *positions,
                              uint32_t count, struct error *error);

/* --- topics --- */

struct kafka_topic {
    const char *name;
    uint32_t partitions;
    uint32_t replicas;
    const char *const *settings; /* key, value, key, value, ..., NULL */
};
/* Creates those that do not exist; those that do are left as they are. */
enum error_class kafka_create_topics(const char *brokers, const struct kafka_topic *topics, uint32_t count,
                                     struct error *error);
/* Deletes those that exist. */
enum error_class kafka_delete_topics(const char *brokers, const char *const *topics, uint32_t count,
                                     struct error *error);
