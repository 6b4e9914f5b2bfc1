#include "collectors/counters.h"

#define REFUSED(refusal, label, help)                                                                        \
    [(int)SENDER_METRICS + (int)HTTP_REFUSED + (int)(refusal)] = {                                           \
        "hourglass_collector_refused_total{reason=\"" label "\"}", METRIC_COUNTER, help, 0}

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
    [SENDER_TAILS_LOST] = {"hourglass_collector_acknowledged_lost_total", METRIC_COUNTER,
                           "Acknowledgements whose offset did not rise: the log lost records that it had "
                           "acknowledged.",
                           0},
    [SENDER_REJECTS_KEPT] = {"hourglass_collector_rejects_total{kept=\"yes\"}", METRIC_COUNTER,
                             "Refused events, by whether they stand in usage.rejects.", 0},
    [SENDER_REJECTS_NOT_KEPT] = {"hourglass_collector_rejects_total{kept=\"no\"}", METRIC_COUNTER, "", 0},
    [SENDER_WAITING] = {"hourglass_collector_requests_waiting", METRIC_GAUGE, "Requests without a verdict.",
                        0},
    [SENDER_IN_FLIGHT] = {"hourglass_collector_messages_in_flight", METRIC_GAUGE,
                          "Messages that are not acknowledged yet.", 0},
    [SENDER_METRICS + HTTP_ACCEPTED] = {"hourglass_collector_events_total{outcome=\"accepted\"}",
                                        METRIC_COUNTER, "Events by what became of them.", 0},
    [SENDER_METRICS +
        HTTP_REJECTED] = {"hourglass_collector_events_total{outcome=\"rejected\"}", METRIC_COUNTER, "", 0},
    REFUSED(REFUSED_JSON, "json", "Refused events, by what was wrong."),
    REFUSED(REFUSED_SPECVERSION, "specversion", ""),
    REFUSED(REFUSED_ID, "id", ""),
    REFUSED(REFUSED_SOURCE, "source", ""),
    REFUSED(REFUSED_TYPE, "type", ""),
    REFUSED(REFUSED_SUBJECT, "subject", ""),
    REFUSED(REFUSED_TIME, "time", ""),
    REFUSED(REFUSED_DATA, "data", ""),
    REFUSED(REFUSED_ACCOUNT, "data.account", ""),
    REFUSED(REFUSED_DATA_FIELD, "data_field", ""),
    REFUSED(REFUSED_TOO_EARLY, "too_early", ""),
    REFUSED(REFUSED_TOO_LATE, "too_late", ""),
    [SENDER_METRICS + HTTP_ANSWERS_200] = {"hourglass_collector_answers_total{status=\"200\"}",
                                           METRIC_COUNTER, "Answers by status.", 0},
    [SENDER_METRICS +
        HTTP_ANSWERS_202] = {"hourglass_collector_answers_total{status=\"202\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS +
        HTTP_ANSWERS_4XX] = {"hourglass_collector_answers_total{status=\"4xx\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS +
        HTTP_ANSWERS_503] = {"hourglass_collector_answers_total{status=\"503\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS +
        HTTP_ANSWERS_5XX] = {"hourglass_collector_answers_total{status=\"5xx\"}", METRIC_COUNTER, "", 0},
    [SENDER_METRICS +
        HTTP_CONNECTIONS] = {"hourglass_collector_connections", METRIC_GAUGE, "Open connections.", 0},
    [SENDER_METRICS + HTTP_CUT_OFF] = {"hourglass_collector_connections_cut_off_total", METRIC_COUNTER,
                                       "Connections that ended because their client was too slow.", 0},
    [SENDER_METRICS +
        HTTP_CUT_IDLE] = {"hourglass_collector_connections_cut_idle_total", METRIC_COUNTER,
                          "Idle connections that ended because others came when all were taken.", 0},
    [SENDER_METRICS +
        HTTP_CONNECTIONS_REFUSED] = {"hourglass_collector_connections_refused_total", METRIC_COUNTER,
                                     "Connections told 503 because all were taken and none was idle.", 0},
    [SENDER_METRICS + HTTP_ACCEPT_FAILED] = {"hourglass_collector_accept_failures_total", METRIC_COUNTER,
                                             "Times that no descriptor or memory was left for a connection.",
                                             0},
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
