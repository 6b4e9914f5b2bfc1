#include "settler/counters.h"

struct metric settler_metrics[SETTLER_METRICS] = {
    [SETTLER_FRAMES] = {"hourglass_settler_frames_total", METRIC_COUNTER, "Frames settled.", 0},
    [SETTLER_FRAMES_REPEATED] = {"hourglass_settler_frames_repeated_total", METRIC_COUNTER,
                                 "Frames that were settled before, passed over.", 0},
    [SETTLER_ROWS] = {"hourglass_settler_rows_total", METRIC_COUNTER, "Rows of charges written.", 0},
    [SETTLER_TRANSACTIONS] = {"hourglass_settler_transactions_total", METRIC_COUNTER,
                              "Transactions committed.", 0},
    [SETTLER_STATEMENTS] = {"hourglass_settler_statements_total", METRIC_COUNTER, "SQL statements.", 0},
    [SETTLER_RANGES_MISSED] = {"hourglass_settler_ranges_missed_total", METRIC_COUNTER,
                               "Times that a month's range of the table could not be made ahead.", 0},
    [SETTLER_RESTARTS] = {"hourglass_settler_restarts_total", METRIC_COUNTER,
                          "Beginnings again from the claim.", 0},
    [SETTLER_PARTITIONS] = {"hourglass_settler_partitions", METRIC_GAUGE, "Partitions that are settled here.",
                            0},
    [SETTLER_PARTITIONS_STOPPED] = {"hourglass_settler_partitions_stopped", METRIC_GAUGE,
                                    "Partitions that stopped before they bill wrongly.", 0},
    [SETTLER_PARTITIONS_LOST] = {"hourglass_settler_partitions_lost_total", METRIC_COUNTER,
                                 "Partitions that another settler claimed.", 0},
};
const struct metrics settler_all_metrics = {
    .program = "settler", .rows = settler_metrics, .row_count = SETTLER_METRICS};
