#include "collectors/live.h"

#include <stdio.h>
#include <sysexits.h>

#include "collectors/counters.h"
#include "lib/io/clock.h"
#include "lib/io/descriptors.h"
#include "lib/io/journal.h"
#include "lib/io/kafka_log.h"
#include "lib/io/process.h"
#include "lib/run/program.h"

struct live {
    const struct live_options *options;
    struct sender *sender;
};

/* Beside connections: Kafka's, the admin port's, those that are told 503, and what a process has anyway. */
enum { OTHER_DESCRIPTORS = 224 };

static enum error_class reserve_descriptors(const struct live_options *options, struct error *error)
{
    char what[40];
    snprintf(what, sizeof what, "--connections %lld", (long long)options->http.connections);
    return descriptors_reserve((uint64_t)options->http.connections + OTHER_DESCRIPTORS, what, error);
}

/* Serves from the start, so that clients and probes are told: not ready yet. */
static int serve(void *context)
{
    const struct live *live = context;
    struct error error;
    if (reserve_descriptors(live->options, &error) != ERROR_NONE) {
        journal_error("descriptors_missing", JOURNAL_STR("why", error.text));
        return EX_CONFIG;
    }
    struct http_source_options http_options = live->options->http;
    http_options.reload = process_reload;
    struct http_source *http = http_source_start(&http_options, collector_metrics + SENDER_METRICS,
                                                 collector_latencies, live->sender, &error);
    if (http == NULL) {
        journal_error("http_failed", JOURNAL_STR("why", error.text));
        return EX_UNAVAILABLE;
    }
    journal_info("listening", JOURNAL_INT("port", http_source_port(http)));
    int status = sender_run(live->sender);
    http_source_stop(http);
    return status;
}

static int64_t realtime_us(void *context)
{
    (void)context;
    return clock_real_us();
}

int live_run(const struct live_options *options)
{
    struct kafka_log_config appends = {
        .brokers = options->kafka, .client_id = "hourglass-collector", .appends = true, .linger_ms = 2};
    struct kafka_log_config reads = {
        .brokers = options->kafka, .client_id = "hourglass-collector", .reads = true};
    const struct sender_ports ports = {.appends = {kafka_log_open, &appends},
                                       .reads = {kafka_log_open, &reads},
                                       .rejects = {kafka_log_open, &appends},
                                       .host = process_host(),
                                       .clock_us = realtime_us};
    process_reloads();
    struct live live = {options, sender_new(&options->sender, &ports, collector_metrics)};
    int status = program_serve(&(struct program_work){
        .metrics = &collector_all_metrics,
        .readiness = sender_readiness(live.sender),
        .run = serve,
        .context = &live,
    });
    sender_free(live.sender);
    return status;
}
