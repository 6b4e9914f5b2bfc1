#include "settler/service.h"

#include <stdio.h>

#include "lib/io/kafka_log.h"
#include "lib/io/process.h"
#include "lib/run/assignment.h"
#include "settler/counters.h"
#include "settler/settler.h"

/* Little of a partition is read ahead: a frame may be much work, and others wait behind it. */
enum { READ_AHEAD_KIB = 1024 };
/* So long notices wait for others to travel with. */
enum { LINGER_MS = 5 };

struct readiness settler_readiness = READINESS_STARTING;

int settler_serve(void *context)
{
    struct settler_options *options = context;
    const struct topics topics = topics_of(options->prefix);
    char name[TOPIC_NAME_MAX];
    snprintf(name, sizeof name, "%shourglass-settler", options->prefix);
    struct kafka_log_config log = {.brokers = options->kafka,
                                   .client_id = "hourglass-settler",
                                   .reads = true,
                                   .group = options->group[0] != 0 ? options->group : name,
                                   .instance = options->instance,
                                   .subscribed =
                                       assignment_is_group(options->partitions) ? topics.frames : NULL,
                                   .read_ahead_kib = READ_AHEAD_KIB};
    struct kafka_log_config notices = {.brokers = options->kafka,
                                       .client_id = "hourglass-settler-notices",
                                       .appends = true,
                                       .linger_ms = LINGER_MS};
    struct shown shown = {.families = settler_families,
                          .partitions = &settler_metrics[SETTLER_PARTITIONS],
                          .stopped = &settler_metrics[SETTLER_PARTITIONS_STOPPED],
                          .watermark = &settler_metrics[SETTLER_WATERMARK_S],
                          .restarts = &settler_metrics[SETTLER_RESTARTS],
                          .readiness = &settler_readiness,
                          .host = process_host()};
    struct settler settler;
    settler_init(&settler, &topics, (struct store_opener){pg_store_open, &options->database});
    settler_publish(&settler, (struct log_opener){kafka_log_open, &notices});
    options->database.waiting = (struct pg_waiting){settler_waiting, &settler};
    const struct worker_config config = {.stage = &settler.stage,
                                         .opener = {kafka_log_open, &log},
                                         .host = process_host(),
                                         .topic = topics.frames,
                                         .partitions = options->partitions,
                                         .show = shown_put,
                                         .show_context = &shown};
    int status = worker_run(&config);
    shown_release(&shown);
    return status;
}
