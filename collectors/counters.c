#include "collectors/counters.h"

struct metric collector_metrics[COLLECTOR_METRICS] = {
    [SENDER_RECORDS] = {"hourglass_collector_records_total", METRIC_COUNTER, "Records put into messages.", 0},
    [SENDER_MESSAGES] = {"hourglass_collector_messages_total", METRIC_COUNTER,
                         "Messages with records that were sent.", 0},
    [SENDER_TICKS] = {"hourglass_collector_ticks_total", METRIC_COUNTER,
                      "Messages without records that were sent: they carry time on.", 0},
    [SENDER_DURABLE] = {"hourglass_collector_requests_total{verdict=\"durable\"}", METRIC_COUNTER,
                        "Requests with accepted events, by what became of them.", 0},
    [SENDER_UNAVAILABLE] = {"hourglass_collector_requests_total{verdict=\"unavailable\"}", METRIC_COUNTER, "",
                            0},
    [SENDER_DISAGREEMENTS] = {"hourglass_collector_clock_disagreements_total", METRIC_COUNTER,
                              "Messages whose clock and append time were too far apart.", 0},
    [SENDER_RESTARTS] = {"hourglass_collector_restarts_total", METRIC_COUNTER,
                         "Beginnings again under a new incarnation, after Kafka failed.", 0},
    [SENDER_WAITING] = {"hourglass_collector_requests_waiting", METRIC_GAUGE, "Requests without a verdict.",
                        0},
    [SENDER_IN_FLIGHT] = {"hourglass_collector_messages_in_flight", METRIC_GAUGE,
                          "Messages that are not acknowledged yet.", 0},
    [SENDER_METRICS + HTTP_ACCEPTED] = {"hourglass_collector_events_total{outcome=\"accepted\"}",
                                        METRIC_COUNTER, "Events by what became of them.", 0},
    [SENDER_METRICS +
        HTTP_REJECTED] = {"hourglass_collector_events_total{outcome=\"rejected\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS + HTTP_ANSWERS_200] = {"hourglass_collector_answers_total{status=\"200\"}",
                                           METRIC_COUNTER, "Answers by status.", 0},
    [SENDER_METRICS +
        HTTP_ANSWERS_202] = {"hourglass_collector_answers_total{status=\"202\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS +
        HTTP_ANSWERS_4XX] = {"hourglass_collector_answers_total{status=\"4xx\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS +
        HTTP_ANSWERS_503] = {"hourglass_collector_answers_total{status=\"503\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS + HTTP_CUT_OFF] = {"hourglass_collector_connections_cut_off_total", METRIC_COUNTER,
                                       "Connections that ended because their client was too slow.", 0},
    [SENDER_METRICS + HTTP_HELD_BYTES] = {"hourglass_collector_held_bytes", METRIC_GAUGE,
                                          "Bytes of requests that Kafka has not acknowledged yet.", 0},
};

struct latency collector_latencies[HTTP_LATENCIES] = {
    [HTTP_REQUEST] = {"hourglass_collector_request_seconds",
                      "From a request's head to its answer, whatever that is.",
                      {0},
                      0},
};

const struct metrics collector_all_metrics = {
    .program = "collector",
    .rows = collector_metrics,
    .row_count = COLLECTOR_METRICS,
    .latencies = collector_latencies,
    .latency_count = HTTP_LATENCIES,
};
