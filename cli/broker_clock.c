#include "cli/broker_clock.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/domain/topics.h"
#include "lib/io/kafka.h"
#include "lib/io/kafka_log.h"
#include "lib/io/process.h"
#include "lib/run/send.h"

enum { LIMIT_MS = 30000 };

static void on_delivered(void *context, void *tag, const struct log_delivery *delivery)
{
    (void)tag;
    if (!delivery->failed)
        *(int64_t *)context = delivery->timestamp_ms * 1000;
}

/* A topic that was just made may have no leader yet: the record waits for one. */
static enum error_class ask(const char *brokers, const char *topic, int64_t *now_us, struct error *error)
{
    struct kafka_log_config config = {.brokers = brokers, .client_id = "hourglass-clock", .appends = true};
    const struct log_client client = {.delivered = on_delivered, .context = now_us};
    struct log_record record = {.topic = topic, .value = STR("?")};
    struct log *log = kafka_log_open(&config, &client, error);
    if (log == NULL)
        return error->class;
    struct send send = {.log = log, .host = process_host(), .limit_ms = LIMIT_MS};
    enum error_class class = send_record(&send, &record, error);
    if (class == ERROR_NONE)
        class = send_drain(&send, 0, error);
    log_close(log);
    if (class == ERROR_NONE && *now_us == 0)
        class = error_set(error, ERROR_RETRY, topic, "the broker did not say what time it is");
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
