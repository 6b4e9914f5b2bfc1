#include "collectors/live.h"

#include <sysexits.h>

#include "collectors/counters.h"
#include "lib/io/journal.h"
#include "lib/run/program.h"

struct live {
    const struct live_options *options;
    struct sender *sender;
};

/* Serves from the start, so that clients and probes are told: not ready yet. */
static int serve(void *context)
{
    const struct live *live = context;
    struct error error;
    struct http_source *http = http_source_start(&live->options->http, collector_metrics + SENDER_METRICS,
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

int live_run(const struct live_options *options)
{
    struct live live = {options, sender_new(&options->sender, collector_metrics, http_source_answer)};
    int status = program_serve(&(struct program_work){
        .metrics = &collector_all_metrics,
        .readiness = sender_readiness(live.sender),
        .run = serve,
        .context = &live,
    });
    sender_free(live.sender);
    return status;
}
