/* What the files of lib/io/kafka*.c share. Internal; the one place that includes librdkafka's header. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "lib/io/kafka.h"

/* Fills *error and returns its class. */
enum kafka_class kafka_fail(struct kafka_error *error, enum kafka_class class, const char *what,
                            const char *why);
enum kafka_class kafka_classify(rd_kafka_resp_err_t code);
/* Sets pairs of name and value, NULL-terminated. False: *error says which was refused. */
bool kafka_conf_set(rd_kafka_conf_t *conf, const char *const *pairs, struct kafka_error *error);
/* Takes the configuration, whatever comes of it. NULL: *error says why. */
rd_kafka_t *kafka_handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct kafka_error *error);
