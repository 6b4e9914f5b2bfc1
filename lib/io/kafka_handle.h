/* What the files of lib/io/kafka*.c share. Internal; the one place that includes librdkafka's header. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "lib/io/kafka.h"

enum error_class kafka_classify(rd_kafka_resp_err_t code);
/* Sets pairs of name and value, NULL-terminated. False: *error says which was refused. */
bool kafka_conf_set(rd_kafka_conf_t *conf, const char *const *pairs, struct error *error);
/* Takes the configuration, whatever comes of it. NULL: *error says why. */
rd_kafka_t *kafka_handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error);
/* How many partitions the topic has; 0: there is no such topic. A producer's handle may make it. */
enum error_class kafka_count(rd_kafka_t *handle, const char *topic, int timeout_ms, uint32_t *count,
                             struct error *error);
