/* What the files of lib/io/kafka*.c share. Internal; the one place that includes librdkafka's header. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "lib/io/kafka.h"

enum error_class kafka_classify(rd_kafka_resp_err_t code);
/* Sets pairs of name and value, NULL-terminated. False: *error says which was refused. */
bool kafka_conf_set(rd_kafka_conf_t *conf, const char *const *pairs, struct error *error);
/* Takes the configuration, whatever comes of it. NULL: *error says why. */
rd_kafka_t *kafka_handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error);
/* Closes and destroys the handle, then calls `release`; waits for that for a moment alone. 2.0.2 never ends
 * with a handle that reads a topic which was deleted, and with brokers away it may take many seconds: then it
 * goes on in a thread of its own, where `release` is called too. No callback of the caller's may be called
 * any more once this was. */
void kafka_discard(rd_kafka_t *handle, void (*release)(void *context), void *context);
/* How many partitions the topic has; 0: there is no such topic. A producer's handle may make it. */
enum error_class kafka_count(rd_kafka_t *handle, const char *topic, int timeout_ms, uint32_t *count,
                             struct error *error);
