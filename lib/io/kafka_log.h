/* Kafka as a log (lib/port/log.h): a producer and a reader behind one handle, either of which may be absent:
 * then nobody may append, or read and ask for ranges and partitions.
 *
 *     struct kafka_log_config config = {.brokers = ..., .client_id = ..., .reads = true};
 *     struct log_opener opener = {kafka_log_open, &config};
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/port/log.h"

struct kafka_log_config {
    const char *brokers;
    const char *client_id;
    bool appends;
    int64_t linger_ms; /* so long records wait for others to travel with */
    bool reads;
    const char *group;       /* whose offsets are committed; NULL: none are */
    const char *instance;    /* this process's slot in the group; NULL or "": none */
    const char *subscribed;  /* the topic that the group hands out; NULL: what is read is assigned alone */
    uint32_t read_ahead_kib; /* of each partition; 0: 16 MiB */
};

/* `config` is a struct kafka_log_config that lasts as long as the handle. */
struct log *kafka_log_open(void *config, const struct log_client *client, struct error *error);
