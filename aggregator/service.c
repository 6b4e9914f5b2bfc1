#include "aggregator/service.h"

#include <stdio.h>

#include "aggregator/aggregator.h"
#include "aggregator/counters.h"
#include "lib/io/kafka_log.h"
#include "lib/io/process.h"
#include "lib/run/assignment.h"

enum { LINGER_MS = 5 };

struct readiness aggregator_readiness = READINESS_STARTING;

int aggregator_serve(void *context)
{
    struct aggregator_options *options = context;
    const struct topics topics = topics_of(options->prefix);
    char name[TOPIC_NAME_MAX];
    snprintf(name, sizeof name, "%shourglass-aggregator", options->prefix);
    struct kafka_log_config log = {.brokers = options->kafka,
                                   .client_id = "hourglass-aggregator",
                                   .appends = true,
                                   .linger_ms = LINGER_MS,
                                   .reads = true,
                                   .group = options->group[0] != 0 ? options->group : name,
                                   .instance = options->instance,
                                   .subscribed =
                                       assignment_is_group(options->partitions) ? topics.records : NULL};
    struct shown shown = {.families = aggregator_families,
                          .partitions = &aggregator_metrics[AGGREGATOR_PARTITIONS],
                          .stopped = &aggregator_metrics[AGGREGATOR_PARTITIONS_STOPPED],
                          .watermark = &aggregator_metrics[AGGREGATOR_WATERMARK_S],
                          .restarts = &aggregator_metrics[AGGREGATOR_RESTARTS],
                          .readiness = &aggregator_readiness,
                          .host = process_host()};
    struct aggregator aggregator;
    aggregator_init(&aggregator, &topics);
    const struct worker_config config = {.stage = &aggregator.stage,
                                         .opener = {kafka_log_open, &log},
                                         .host = process_host(),
                                         .topic = topics.records,
                                         .partitions = options->partitions,
                                         .show = shown_put,
                                         .show_context = &shown};
    int status = worker_run(&config);
    aggregator_release(&aggregator);
    shown_release(&shown);
    return status;
}
