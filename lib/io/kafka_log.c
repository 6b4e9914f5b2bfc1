#include "lib/io/kafka_log.h"

#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/io/kafka.h"

struct kafka_log {
    struct log base;
    const struct kafka_log_config *config;
    struct kafka_producer *producer; /* NULL: it does not append */
    struct kafka_reader *reader;     /* NULL: it does not read */
};

static struct kafka_log *of(struct log *log)
{
    return (struct kafka_log *)log;
}

/* Of a handle that was opened to read. */
static struct kafka_reader *reader_of(struct log *log)
{
    CHECK(of(log)->reader != NULL);
    return of(log)->reader;
}

static enum error_class append(struct log *log, const struct log_record *record, struct error *error)
{
    CHECK(of(log)->producer != NULL);
    return kafka_send(of(log)->producer, record, error);
}

static enum error_class deliveries(struct log *log, int timeout_ms, struct error *error)
{
    struct kafka_log *kafka = of(log);
    return kafka->producer == NULL ? ERROR_NONE : kafka_producer_poll(kafka->producer, timeout_ms, error);
}

static struct log_pending pending(const struct log *log)
{
    const struct kafka_log *kafka = (const struct kafka_log *)log;
    if (kafka->producer == NULL)
        return (struct log_pending){0};
    return (struct log_pending){kafka_producer_pending(kafka->producer),
                                kafka_producer_pending_bytes(kafka->producer)};
}

static enum error_class assign(struct log *log, const struct log_position *positions, uint32_t count,
                               struct error *error)
{
    return kafka_reader_assign(reader_of(log), positions, count, error);
}

static enum log_got poll(struct log *log, int timeout_ms, struct log_message *out, struct error *error)
{
    return kafka_reader_poll(reader_of(log), timeout_ms, out, error);
}

static void release(struct log *log, struct log_message *message)
{
    (void)log;
    kafka_message_release(message);
}

static enum error_class ranges(struct log *log, struct log_range *of_them, uint32_t count,
                               struct error *error)
{
    return kafka_ranges(reader_of(log), of_them, count, error);
}

static enum error_class commit(struct log *log, const struct log_position *positions, uint32_t count,
                               struct error *error)
{
    return of(log)->config->group == NULL ? ERROR_NONE
                                          : kafka_commit(reader_of(log), positions, count, error);
}

static enum error_class partitions(struct log *log, const char *topic, uint32_t *count, struct error *error)
{
    return kafka_reader_partitions(reader_of(log), topic, count, error);
}

static void close_log(struct log *log)
{
    struct kafka_log *kafka = of(log);
    kafka_reader_free(kafka->reader);
    kafka_producer_free(kafka->producer);
    free(kafka);
}

static const struct log_ops ops = {append,  deliveries, pending, assign,     poll,
                                   release, ranges,     commit,  partitions, close_log};

static struct kafka_producer *open_producer(const struct kafka_log_config *config,
                                            const struct log_client *client, struct error *error)
{
    const struct kafka_producer_config producer = {.brokers = config->brokers,
                                                   .client_id = config->client_id,
                                                   .linger_ms = config->linger_ms,
                                                   .delivered = client->delivered,
                                                   .context = client->context};
    return kafka_producer_new(&producer, error);
}

static struct kafka_reader *open_reader(const struct kafka_log_config *config,
                                        const struct log_client *client, struct error *error)
{
    const struct kafka_group group = {.name = config->group != NULL ? config->group : config->client_id,
                                      .instance = config->instance,
                                      .topic = config->subscribed,
                                      .read_ahead_kib = config->read_ahead_kib,
                                      .assigned = client->assigned,
                                      .revoked = client->revoked,
                                      .context = client->context};
    return kafka_reader_new(config->brokers, config->client_id, &group, error);
}

struct log *kafka_log_open(void *context, const struct log_client *client, struct error *error)
{
    const struct kafka_log_config *config = context;
    struct kafka_log *kafka = calloc(1, sizeof *kafka);
    CHECK(kafka != NULL);
    kafka->base.ops = &ops;
    kafka->config = config;
    if (config->appends)
        kafka->producer = open_producer(config, client, error);
    if (config->reads && (!config->appends || kafka->producer != NULL))
        kafka->reader = open_reader(config, client, error);
    if ((config->appends && kafka->producer == NULL) || (config->reads && kafka->reader == NULL)) {
        close_log(&kafka->base);
        return NULL;
    }
    return &kafka->base;
}
