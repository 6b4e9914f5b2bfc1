#include "settler/counters.h"

struct metric settler_metrics[SETTLER_METRICS] = {
    [SETTLER_FRAMES] = {"hourglass_settler_frames_total", METRIC_COUNTER, "Frames settled.", 0},
    [SETTLER_FRAMES_REPEATED] = {"hourglass_settler_frames_repeated_total", METRIC_COUNTER,
                                 "Frames that were settled before, skipped.", 0},
    [SETTLER_FRAMES_SKIPPED] = {"hourglass_settler_frames_skipped_total", METRIC_COUNTER,
                                "Messages of usage.frames that are no frame of this release.", 0},
    [SETTLER_REJECTS_COPIED] = {"hourglass_settler_rejects_total{outcome=\"copied\"}", METRIC_COUNTER,
                                "Messages of usage.rejects, by what became of them.", 0},
    [SETTLER_REJECTS_SKIPPED] = {"hourglass_settler_rejects_total{outcome=\"skipped\"}", METRIC_COUNTER, "",
                                 0},
    [SETTLER_NOTICES_SENT] = {"hourglass_settler_notices_sent_total", METRIC_COUNTER,
                              "Notices that stand in billing.notices, of those settled here.", 0},
    [SETTLER_NOTICES_SKIPPED] =
        {"hourglass_settler_notices_skipped_total", METRIC_COUNTER,
         "Notices that were old, and a later one of the account was there to be sent.", 0},
    [SETTLER_NOTICES_WAITING] = {"hourglass_settler_notices_waiting", METRIC_GAUGE,
                                 "Notices of the partitions that are settled here which wait to be sent.", 0},
    [SETTLER_NOTICES_WAITING_S] = {"hourglass_settler_notices_waiting_seconds", METRIC_GAUGE,
                                   "How long some have been waiting here without a break; 0: none waits.", 0},
    [SETTLER_ROWS] = {"hourglass_settler_rows_total", METRIC_COUNTER, "Rows of charges written.", 0},
    [SETTLER_TRANSFERS] = {"hourglass_settler_transfers_total", METRIC_COUNTER,
                           "Changes of balances written to the ledger.", 0},
    [SETTLER_BILLS] = {"hourglass_settler_bills_total", METRIC_COUNTER, "Bills cut: of an account and month.",
                       0},
    [SETTLER_NOTICES] = {"hourglass_settler_notices_total", METRIC_COUNTER,
                         "Changes of accounts' states and deadlines written.", 0},
    [SETTLER_FACTS_APPLIED] = {"hourglass_settler_facts_total{outcome=\"applied\"}", METRIC_COUNTER,
                               "Events of orders and payments, by what became of them.", 0},
    [SETTLER_FACTS_REPEATED] = {"hourglass_settler_facts_total{outcome=\"repeated\"}", METRIC_COUNTER, "", 0},
    [SETTLER_NEVER_PAID] = {"hourglass_settler_without_effect_total{reason=\"never_paid\"}", METRIC_COUNTER,
                            "Applied events of orders that change nothing, by why: never_paid, the order was "
                            "not, so far; paid_twice, another order.paid counts; ended_before, another void "
                            "or refund does.",
                            0},
    [SETTLER_PAID_TWICE] = {"hourglass_settler_without_effect_total{reason=\"paid_twice\"}", METRIC_COUNTER,
                            "", 0},
    [SETTLER_ENDED_BEFORE] = {"hourglass_settler_without_effect_total{reason=\"ended_before\"}",
                              METRIC_COUNTER, "", 0},
    [SETTLER_PAID_LATER] = {"hourglass_settler_effect_later_total{reason=\"never_paid\"}", METRIC_COUNTER,
                            "Of those counted without effect: what a later event gave one.", 0},
    [SETTLER_TRANSACTIONS] = {"hourglass_settler_transactions_total", METRIC_COUNTER,
                              "Transactions committed.", 0},
    [SETTLER_STATEMENTS] = {"hourglass_settler_statements_total", METRIC_COUNTER, "SQL statements.", 0},
    [SETTLER_RANGES_MISSED] = {"hourglass_settler_ranges_missed_total", METRIC_COUNTER,
                               "Times that a month's range of the table could not be made ahead.", 0},
    [SETTLER_RESTARTS] = {"hourglass_settler_restarts_total", METRIC_COUNTER,
                          "Handles closed after a failure, to begin again from the claim.", 0},
    [SETTLER_PARTITIONS] = {"hourglass_settler_partitions", METRIC_GAUGE, "Partitions that are settled here.",
                            0},
    [SETTLER_PARTITIONS_STOPPED] = {"hourglass_settler_partitions_stopped", METRIC_GAUGE,
                                    "Partitions that stopped before they bill wrongly.", 0},
    [SETTLER_PARTITIONS_LOST] = {"hourglass_settler_partitions_lost_total", METRIC_COUNTER,
                                 "Partitions that another settler claimed.", 0},
    [SETTLER_WATERMARK_S] =
        {"hourglass_settler_watermark_timestamp_seconds", METRIC_GAUGE,
         "The least watermark of the partitions that are settled here; 0: one has none yet.", 0},
};

struct metric_family settler_families[SHOWN_FAMILIES] = {
    [SHOWN_STATE] = METRIC_WORDS("hourglass_settler_partition_state",
                                 "What each partition of this process does.", "state"),
    [SHOWN_LAG_RECORDS] = METRIC_FAMILY("hourglass_settler_lag_records", METRIC_GAUGE,
                                        "Frames of usage.frames that were not read yet."),
    [SHOWN_LAG_S] = METRIC_FAMILY("hourglass_settler_lag_seconds", METRIC_GAUGE,
                                  "From the partition's watermark, as settled, to now."),
    [SHOWN_WATERMARK_S] = METRIC_FAMILY("hourglass_settler_partition_watermark_timestamp_seconds",
                                        METRIC_GAUGE, "The partition's watermark, as settled."),
    [SHOWN_CLOSED_S] = METRIC_FAMILY("hourglass_settler_partition_closed_timestamp_seconds", METRIC_GAUGE,
                                     "The end of the partition's last closed hour, as settled."),
};

struct latency settler_latencies[SETTLER_LATENCIES] = {
    [SETTLER_SETTLE_SECONDS] =
        {.name = "hourglass_settler_settle_seconds",
         .help = "A transaction of frames, or of a step of one, from its begin to its commit."},
};

const struct metrics settler_all_metrics = {.program = "settler",
                                            .rows = settler_metrics,
                                            .row_count = SETTLER_METRICS,
                                            .families = settler_families,
                                            .family_count = SHOWN_FAMILIES,
                                            .latencies = settler_latencies,
                                            .latency_count = SETTLER_LATENCIES};
