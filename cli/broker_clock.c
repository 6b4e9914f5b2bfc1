#include "cli/broker_clock.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/domain/topics.h"
#include "lib/io/process.h"

enum { POLL_MS = 100, WAIT_POLLS = 300 };

static void on_delivered(void *context, void *tag, const struct kafka_delivery *delivery)
{
    (void)tag;
    if (!delivery->failed)
        *(int64_t *)context = delivery->timestamp_ms * 1000;
}

static enum kafka_class ask(const char *brokers, const char *topic, int64_t *now_us,
                            struct kafka_error *error)
{
    struct kafka_producer_config config = {
        .brokers = brokers, .client_id = "hourglass-clock", .delivered = on_delivered, .context = now_us};
    struct kafka_record record = {.topic = topic, .value = STR("?")};
    struct kafka_producer *producer = kafka_producer_new(&config, error);
    enum kafka_class class = producer == NULL ? error->class : KAFKA_RETRY;
    for (int i = 0; i < WAIT_POLLS && class == KAFKA_RETRY && !process_stopping(); i++) {
        if (i > 0)
            process_pause(POLL_MS / 4); /* a topic that was just made may have no leader yet */
        class = kafka_send(producer, &record, error);
    }
    for (int i = 0; i < WAIT_POLLS && class == KAFKA_OK && *now_us == 0 && !process_stopping(); i++)
        class = kafka_producer_poll(producer, POLL_MS, error);
    kafka_producer_free(producer);
    if (class == KAFKA_OK && *now_us == 0) {
        snprintf(error->text, sizeof error->text, "%s: the broker did not say what time it is", topic);
        class = error->class = KAFKA_RETRY;
    }
    return class;
}

enum kafka_class broker_clock(const char *brokers, const char *prefix, int64_t *now_us,
                              struct kafka_error *error)
{
    static const char *const settings[] = {"message.timestamp.type", "LogAppendTime", "min.insync.replicas",
                                           "1", NULL};
    char name[TOPIC_NAME_MAX];
    snprintf(name, sizeof name, "%.*shourglass.clock.%ld", TOPIC_PREFIX_MAX, prefix, (long)getpid());
    const char *const names[] = {name};
    struct kafka_topic topic = {name, 1, 1, settings};
    *now_us = 0;
    enum kafka_class class = kafka_create_topics(brokers, &topic, 1, error);
    if (class != KAFKA_OK)
        return class;
    class = ask(brokers, name, now_us, error);
    struct kafka_error ignored;
    kafka_delete_topics(brokers, names, 1, &ignored);
    return class;
}
