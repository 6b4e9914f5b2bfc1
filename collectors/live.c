#include "collectors/live.h"

#include <sysexits.h>

#include "collectors/counters.h"
#include "lib/io/admin.h"
#include "lib/io/journal.h"

/* Serves from the start, so that clients and probes are told: not ready yet. */
static int serve(const struct live_options *options, struct sender *sender)
{
    struct admin_config config = {options->admin_address, (uint16_t)options->admin_port,
                                  options->admin_port_file, &collector_all_metrics, sender_readiness(sender)};
    struct error error;
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

int live_run(const struct live_options *options)
{
    struct sender *sender = sender_new(&options->sender, collector_metrics, http_source_answer);
    int status = serve(options, sender);
    sender_free(sender);
    journal_info("stopped", JOURNAL_INT("status", status));
    return status;
}
