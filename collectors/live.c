#include "collectors/live.h"

#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "collectors/counters.h"
#include "lib/base/time.h"
#include "lib/io/admin.h"
#include "lib/io/descriptors.h"
#include "lib/io/journal.h"
#include "lib/io/kafka_log.h"
#include "lib/io/process.h"

/* Beside connections: Kafka's, the admin port's, those that are told 503, and what a process has anyway. */
enum { OTHER_DESCRIPTORS = 224 };

static enum error_class reserve_descriptors(const struct live_options *options, struct error *error)
{
    char what[40];
    snprintf(what, sizeof what, "--connections %lld", (long long)options->http.connections);
    return descriptors_reserve((uint64_t)options->http.connections + OTHER_DESCRIPTORS, what, error);
}

/* Serves from the start, so that clients and probes are told: not ready yet. */
static int serve(const struct live_options *options, struct sender *sender)
{
    struct admin_config config = {options->admin_address, (uint16_t)options->admin_port,
                                  options->admin_port_file, &collector_all_metrics, sender_readiness(sender)};
    struct error error;
    if (reserve_descriptors(options, &error) != ERROR_NONE) {
        journal_error("descriptors_missing", JOURNAL_STR("why", error.text));
        return EX_CONFIG;
    }
    struct admin *admin = admin_start(&config, &error);
    if (admin == NULL) {
        journal_error("admin_failed", JOURNAL_STR("why", error.text));
        return EX_UNAVAILABLE;
    }
    struct http_source *http = http_source_start(&options->http, collector_metrics + SENDER_METRICS,
                                                 collector_latencies, sender, &error);
    int status = EX_UNAVAILABLE;
    if (http == NULL) {
        journal_error("http_failed", JOURNAL_STR("why", error.text));
    } else {
        journal_info("started", JOURNAL_INT("port", http_source_port(http)),
                     JOURNAL_INT("admin_port", admin_port(admin)));
        status = sender_run(sender);
        http_source_stop(http);
    }
    admin_stop(admin);
    return status;
}

static int64_t realtime_us(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * (int64_t)SECOND_US + now.tv_nsec / 1000;
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
    struct sender *sender = sender_new(&options->sender, &ports, collector_metrics);
    int status = serve(options, sender);
    sender_free(sender);
    journal_info("stopped", JOURNAL_INT("status", status));
    return status;
}
