#include "aggregator/counters.h"

struct metric aggregator_metrics[AGGREGATOR_METRICS] = {
    [AGGREGATOR_MESSAGES] = {"hourglass_aggregator_messages_total", METRIC_COUNTER,
                             "Messages of usage.records folded.", 0},
    [AGGREGATOR_FRAMES] = {"hourglass_aggregator_frames_total", METRIC_COUNTER, "Frames sent.", 0},
    [AGGREGATOR_FRAMES_REPLAYED] = {"hourglass_aggregator_frames_replayed_total", METRIC_COUNTER,
                                    "Frames made again and found equal.", 0},
    [AGGREGATOR_RECORDS_APPLIED] = {"hourglass_aggregator_records_total{outcome=\"applied\"}", METRIC_COUNTER,
                                    "Records by what became of them, each once: not again after a restart.",
                                    0},
    [AGGREGATOR_RECORDS_CONTROL] = {"hourglass_aggregator_records_total{outcome=\"control\"}", METRIC_COUNTER,
                                    "", 0},
    [AGGREGATOR_RECORDS_REPEATED] = {"hourglass_aggregator_records_total{outcome=\"repeated\"}",
                                     METRIC_COUNTER, "", 0},
    [AGGREGATOR_RECORDS_REJECTED] = {"hourglass_aggregator_records_total{outcome=\"rejected\"}",
                                     METRIC_COUNTER, "", 0},
    [AGGREGATOR_REJECTED_TOO_LATE] = {"hourglass_aggregator_rejected_total{reason=\"too_late\"}",
                                      METRIC_COUNTER,
                                      "Rejected records by why: control, a message of prices or rules that "
                                      "does not hold here; message, one that is none of usage.records.",
                                      0},
    [AGGREGATOR_REJECTED_CONTROL] = {"hourglass_aggregator_rejected_total{reason=\"control\"}",
                                     METRIC_COUNTER, "", 0},
    [AGGREGATOR_REJECTED_MESSAGE] = {"hourglass_aggregator_rejected_total{reason=\"message\"}",
                                     METRIC_COUNTER, "", 0},
    [AGGREGATOR_WITHOUT_EFFECT_STATUS] =
        {"hourglass_aggregator_without_effect_total{reason=\"not_succeeded\"}", METRIC_COUNTER,
         "Applied records that change nothing, by why: not_succeeded, by their status; idle, nothing of that "
         "name runs then.",
         0},
    [AGGREGATOR_WITHOUT_EFFECT_IDLE] = {"hourglass_aggregator_without_effect_total{reason=\"idle\"}",
                                        METRIC_COUNTER, "", 0},
    [AGGREGATOR_EFFECT_LATER_IDLE] = {"hourglass_aggregator_effect_later_total{reason=\"idle\"}",
                                      METRIC_COUNTER,
                                      "Of those counted without effect: what a later record gave one.", 0},
    [AGGREGATOR_SNAPSHOTS] = {"hourglass_aggregator_snapshots_total", METRIC_COUNTER, "Snapshots written.",
                              0},
    [AGGREGATOR_SNAPSHOTS_SKIPPED] = {"hourglass_aggregator_snapshots_skipped_total", METRIC_COUNTER,
                                      "Snapshots that were no good, skipped for an older one.", 0},
    [AGGREGATOR_RESTARTS] = {"hourglass_aggregator_restarts_total", METRIC_COUNTER,
                             "Handles closed after a failure, to begin again from the log.", 0},
    [AGGREGATOR_RECOVERED_KEPT] = {"hourglass_aggregator_partitions_recovered_total{from=\"kept\"}",
                                   METRIC_COUNTER, "Partitions taken over, by where their state came from.",
                                   0},
    [AGGREGATOR_RECOVERED_SNAPSHOT] = {"hourglass_aggregator_partitions_recovered_total{from=\"snapshot\"}",
                                       METRIC_COUNTER, "", 0},
    [AGGREGATOR_RECOVERED_LOG] = {"hourglass_aggregator_partitions_recovered_total{from=\"log\"}",
                                  METRIC_COUNTER, "", 0},
    [AGGREGATOR_RECOVERY_READS] = {"hourglass_aggregator_recovery_reads_total", METRIC_COUNTER,
                                   "Readings of snapshots or frames, of all partitions at once.", 0},
    [AGGREGATOR_PARTITIONS] = {"hourglass_aggregator_partitions", METRIC_GAUGE,
                               "Partitions that are folded here.", 0},
    [AGGREGATOR_PARTITIONS_STOPPED] = {"hourglass_aggregator_partitions_stopped", METRIC_GAUGE,
                                       "Partitions that stopped before they bill wrongly.", 0},
    [AGGREGATOR_WATERMARK_S] =
        {"hourglass_aggregator_watermark_timestamp_seconds", METRIC_GAUGE,
         "The least watermark of the partitions that are folded here; 0: one has none yet.", 0},
};

struct metric_family aggregator_families[SHOWN_FAMILIES] = {
    [SHOWN_STATE] = METRIC_WORDS("hourglass_aggregator_partition_state",
                                 "What each partition of this process does.", "state"),
    [SHOWN_LAG_RECORDS] = METRIC_FAMILY("hourglass_aggregator_lag_records", METRIC_GAUGE,
                                        "Messages of usage.records that are not folded yet."),
    [SHOWN_LAG_S] = METRIC_FAMILY("hourglass_aggregator_lag_seconds", METRIC_GAUGE,
                                  "From the partition's watermark to now."),
    [SHOWN_WATERMARK_S] = METRIC_FAMILY("hourglass_aggregator_partition_watermark_timestamp_seconds",
                                        METRIC_GAUGE, "The partition's watermark."),
    [SHOWN_CLOSED_S] = METRIC_FAMILY("hourglass_aggregator_partition_closed_timestamp_seconds", METRIC_GAUGE,
                                     "The end of the partition's last closed hour."),
};

struct latency aggregator_latencies[AGGREGATOR_LATENCIES] = {
    [AGGREGATOR_FRAME_SECONDS] = {.name = "hourglass_aggregator_frame_seconds",
                                  .help = "From a frame's sending to its acknowledgement."},
};

const struct metrics aggregator_all_metrics = {.program = "aggregator",
                                               .rows = aggregator_metrics,
                                               .row_count = AGGREGATOR_METRICS,
                                               .families = aggregator_families,
                                               .family_count = SHOWN_FAMILIES,
                                               .latencies = aggregator_latencies,
                                               .latency_count = AGGREGATOR_LATENCIES};

void count_one(enum aggregator_metric metric)
{
    metric_add(&aggregator_metrics[metric], 1);
}
