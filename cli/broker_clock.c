#include "cli/broker_clock.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/domain/topics.h"
#include "lib/io/process.h"

enum { POLL_MS = 100, WAIT_POLLS = 300 };

static void on_delivered(void *context, void *tag, const struct log_delivery *delivery)
{
    (void)tag;
    if (!delivery->failed)
        *(int64_t *)context = delivery->timestamp_ms * 1000;
}

static enum error_class ask(const char *brokers, const char *topic, int64_t *now_us, struct error *error)
{
    struct kafka_producer_config config = {
        .brokers = brokers, .client_id = "hourglass-clock", .delivered = on_delivered, .context = now_us};
    struct log_record record = {.topic = topic, .value = STR("?")};
    struct kafka_producer *producer = kafka_producer_new(&config, error);
    enum error_class class = producer == NULL ? error->class : ERROR_RETRY;
    for (int i = 0; i < WAIT_POLLS && class == ERROR_RETRY && !process_stopping(); i++) {
        if (i > 0)
            process_pause(POLL_MS / 4); /* a topic that was just made may have no leader yet */
        class = kafka_send(producer, &record, error);
    }
    for (int i = 0; i < WAIT_POLLS && class == ERROR_NONE && *now_us == 0 && !process_stopping(); i++)
        class = kafka_producer_poll(producer, POLL_MS, error);
    kafka_producer_free(producer);
    if (class == ERROR_NONE && *now_us == 0) {
        snprintf(error->text, sizeof error->text, "%s: the broker did not say what time it is", topic);
        class = error->class = ERROR_RETRY;
    }
    return class;
}

enum error_class broker_clock(const char *brokers, const char *prefix, int64_t *now_us, struct error *error)
{
    static const char *const settings[] = {"message.timestamp.type", "LogAppendTime", "min.insync.replicas",
                                           "1", NULL};
    char name[TOPIC_NAME_MAX];
    snprintf(name, sizeof name, "%.*shourglass.clock.%ld", TOPIC_PREFIX_MAX, prefix, (long)getpid());
    const char *const names[] = {name};
    struct kafka_topic topic = {name, 1, 1, settings};
    *now_us = 0;
    enum error_class class = kafka_create_topics(brokers, &topic, 1, error);
    if (class != ERROR_NONE)
        return class;
    class = ask(brokers, name, now_us, error);
    struct error ignored;
    kafka_delete_topics(brokers, names, 1, &ignored);
    return class;
}
