#include "collectors/live.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "lib/io/journal.h"
#include "lib/run/program.h"

enum { METRICS = (int)SENDER_METRICS + (int)HTTP_METRICS };

static struct metric metrics[METRICS] = {
    [SENDER_RECORDS] = {"hourglass_records_total", METRIC_COUNTER, "Records put into messages.", 0},
    [SENDER_MESSAGES] = {"hourglass_messages_sent_total", METRIC_COUNTER, "Messages with records.", 0},
    [SENDER_TICKS] = {"hourglass_ticks_total", METRIC_COUNTER,
                      "Messages without records, which carry time on.", 0},
    [SENDER_DURABLE] = {"hourglass_requests_total{verdict=\"durable\"}", METRIC_COUNTER,
                        "Requests by what became of them.", 0},
    [SENDER_UNAVAILABLE] = {"hourglass_requests_total{verdict=\"unavailable\"}", METRIC_COUNTER, "", 0},
    [SENDER_DISAGREEMENTS] = {"hourglass_clock_disagreements_total", METRIC_COUNTER,
                              "Messages whose clock and append time were too far apart.", 0},
    [SENDER_RESTARTS] = {"hourglass_restarts_total", METRIC_COUNTER, "Beginnings again.", 0},
    [SENDER_WAITING] = {"hourglass_requests_waiting", METRIC_GAUGE, "Requests without a verdict.", 0},
    [SENDER_IN_FLIGHT] = {"hourglass_messages_in_flight", METRIC_GAUGE,
                          "Messages that are not acknowledged yet.", 0},
    [SENDER_METRICS + HTTP_ACCEPTED] = {"hourglass_events_total{outcome=\"accepted\"}", METRIC_COUNTER,
                                        "Events by what became of them.", 0},
    [SENDER_METRICS +
        HTTP_REJECTED] = {"hourglass_events_total{outcome=\"rejected\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS + HTTP_ANSWERS_200] = {"hourglass_answers_total{status=\"200\"}", METRIC_COUNTER,
                                           "Answers by status.", 0},
    [SENDER_METRICS + HTTP_ANSWERS_202] = {"hourglass_answers_total{status=\"202\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS + HTTP_ANSWERS_4XX] = {"hourglass_answers_total{status=\"4xx\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS + HTTP_ANSWERS_503] = {"hourglass_answers_total{status=\"503\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS + HTTP_CUT_OFF] = {"hourglass_connections_cut_off_total", METRIC_COUNTER,
                                       "Clients that were too slow.", 0},
    [SENDER_METRICS +
        HTTP_HELD_BYTES] = {"hourglass_held_bytes", METRIC_GAUGE, "Of requests that Kafka has not yet.", 0},
};

struct live {
    const struct live_options *options;
    struct sender *sender;
};

/* Serves from the start, so that clients and probes are told: not ready yet. */
static int serve(void *context)
{
    const struct live *live = context;
    const struct http_source_options *o = &live->options->http;
    struct http_source *http = http_source_start(o, metrics + SENDER_METRICS, live->sender);
    if (http == NULL) {
        journal_error("http_failed", JOURNAL_STR("address", o->address), JOURNAL_INT("port", o->port),
                      JOURNAL_STR("token_file", o->token_file), JOURNAL_STR("port_file", o->port_file),
                      JOURNAL_STR("why", strerror(errno)));
        return EX_UNAVAILABLE;
    }
    journal_info("listening", JOURNAL_INT("port", http_source_port(http)));
    int status = sender_run(live->sender);
    http_source_stop(http);
    return status;
}

int live_run(const struct live_options *options)
{
    struct live live = {options, sender_new(&options->sender, metrics, http_source_answer)};
    int status = program_serve(&(struct program_work){
        .metrics = metrics,
        .metric_count = METRICS,
        .ready = sender_readiness(live.sender),
        .run = serve,
        .context = &live,
    });
    sender_free(live.sender);
    return status;
}
