#include <stdio.h>
#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/base/vec.h"
#include "lib/io/kafka_handle.h"

struct topic_handle {
    const char *name;
    rd_kafka_topic_t *handle;
};

struct kafka_producer {
    struct kafka_producer_config config;
    rd_kafka_t *handle;
    VEC(struct topic_handle) topics;
    uint64_t pending_bytes;
    bool dead; /* a delivery failed */
    char why[160];
};

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    (void)handle;
    struct kafka_producer *producer = opaque;
    producer->pending_bytes -= message->len;
    struct log_delivery delivery = {
        .partition = (uint32_t)message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .failed = message->err != RD_KAFKA_RESP_ERR_NO_ERROR,
        .why = rd_kafka_err2str(message->err),
    };
    if (delivery.failed) {
        producer->dead = true;
        snprintf(producer->why, sizeof producer->why, "%s", delivery.why);
    }
    if (producer->config.delivered != NULL)
        producer->config.delivered(producer->config.context, message->_private, &delivery);
}

struct kafka_producer *kafka_producer_new(const struct kafka_producer_config *config, struct error *error)
{
    char linger[24];
    snprintf(linger, sizeof linger, "%lld", (long long)config->linger_ms);
    const char *const pairs[] = {"bootstrap.servers",
                                 config->brokers,
                                 "client.id",
                                 config->client_id,
                                 "enable.idempotence",
                                 "true",
                                 "acks",
                                 "all",
                                 "message.timeout.ms",
                                 "0",
                                 "linger.ms",
                                 linger,
                                 "message.max.bytes",
                                 "8000000",
                                 "queue.buffering.max.kbytes",
                                 "262144",
                                 "queue.buffering.max.messages",
                                 "1000000",
                                 "compression.codec",
                                 "lz4",
                                 "socket.nagle.disable",
                                 "true",
                                 "reconnect.backoff.max.ms",
                                 "1000",
                                 NULL};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (!kafka_conf_set(conf, pairs, error)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    struct kafka_producer *producer = calloc(1, sizeof *producer);
    CHECK(producer != NULL);
    producer->config = *config;
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_opaque(conf, producer);
    producer->handle = kafka_handle_new(RD_KAFKA_PRODUCER, conf, error);
    if (producer->handle == NULL) {
        free(producer);
        return NULL;
    }
    return producer;
}

void kafka_producer_free(struct kafka_producer *producer)
{
    if (producer == NULL)
        return;
    rd_kafka_purge(producer->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(producer->handle, 1000);
    for (uint32_t i = 0; i < producer->topics.count; i++)
        rd_kafka_topic_destroy(producer->topics.at[i].handle);
    vec_release(&producer->topics);
    kafka_discard(producer->handle, free, producer);
}

static rd_kafka_topic_t *topic_of(struct kafka_producer *producer, const char *name)
{
    for (uint32_t i = 0; i < producer->topics.count; i++)
        if (strcmp(producer->topics.at[i].name, name) == 0)
            return producer->topics.at[i].handle;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(producer->handle, name, NULL);
    if (topic != NULL)
        vec_push(&producer->topics, (struct topic_handle){rd_kafka_topic_name(topic), topic});
    return topic;
}

static void *unqualified(const char *at)
{
    union {
        const char *given;
        void *bytes;
    } bytes = {.given = at}; /* librdkafka copies and takes no const */
    return bytes.bytes;
}

enum error_class kafka_send(struct kafka_producer *producer, const struct log_record *record,
                            struct error *error)
{
    if (producer->dead)
        return error_set(error, ERROR_ABORT, record->topic, producer->why);
    rd_kafka_topic_t *topic = topic_of(producer, record->topic);
    if (topic == NULL)
        return error_set(error, ERROR_ABORT, record->topic, "no handle for the topic");
    void *key = record->key.size == 0 ? NULL : unqualified(record->key.at);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        producer->handle, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION((int32_t)record->partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, record->key.size),
        RD_KAFKA_V_VALUE(unqualified(record->value.at), record->value.size),
        RD_KAFKA_V_TIMESTAMP(record->timestamp_ms), RD_KAFKA_V_OPAQUE(record->tag), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        producer->pending_bytes += record->value.size;
        return ERROR_NONE;
    }
    return error_set(error, kafka_classify(code), record->topic, rd_kafka_err2str(code));
}

enum error_class kafka_producer_poll(struct kafka_producer *producer, int timeout_ms, struct error *error)
{
    rd_kafka_poll(producer->handle, timeout_ms);
    char why[160];
    if (rd_kafka_fatal_error(producer->handle, why, sizeof why) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error_set(error, ERROR_ABORT, "producer", why);
    if (producer->dead)
        return error_set(error, ERROR_ABORT, "delivery", producer->why);
    return ERROR_NONE;
}

uint32_t kafka_producer_pending(const struct kafka_producer *producer)
{
    return (uint32_t)rd_kafka_outq_len(producer->handle);
}

uint64_t kafka_producer_pending_bytes(const struct kafka_producer *producer)
{
    return producer->pending_bytes;
}
