/* A topic's whole log, all partitions at once, up to where each ends when reading begins. */
#pragma once

#include "lib/io/kafka.h"

typedef void log_take(void *context, const struct log_message *message);

/* Within a partition in order. RETRY: nothing came for half a minute, or the process is to stop. */
enum error_class log_read(struct kafka_reader *reader, const char *topic, uint32_t partitions, log_take *take,
                          void *context, struct error *error);
