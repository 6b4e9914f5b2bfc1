#include "aggregator/counters.h"

struct metric aggregator_metrics[AGGREGATOR_METRICS] = {
    [AGGREGATOR_MESSAGES] = {"hourglass_aggregator_messages_total", METRIC_COUNTER, "Messages of usage.records folded.",
                             0},
    [AGGREGATOR_FRAMES] = {"hourglass_aggregator_frames_total", METRIC_COUNTER, "Frames sent.", 0},
    [AGGREGATOR_FRAMES_REPLAYED] = {"hourglass_aggregator_frames_replayed_total", METRIC_COUNTER,
                                    "Frames made again and found equal.", 0},
    [AGGREGATOR_RECORDS_APPLIED] = {"hourglass_aggregator_records_total{outcome=\"applied\"}", METRIC_COUNTER,
                                    "Records by what became of them.", 0},
    [AGGREGATOR_RECORDS_REPEATED] = {"hourglass_aggregator_records_total{outcome=\"repeated\"}", METRIC_COUNTER, "", 0},
    [AGGREGATOR_RECORDS_REJECTED] = {"hourglass_aggregator_records_total{outcome=\"rejected\"}", METRIC_COUNTER, "", 0},
    [AGGREGATOR_SNAPSHOTS] = {"hourglass_aggregator_snapshots_total", METRIC_COUNTER, "Snapshots written.", 0},
    [AGGREGATOR_RESTARTS] = {"hourglass_aggregator_restarts_total", METRIC_COUNTER, "Beginnings again from the log.", 0},
    [AGGREGATOR_RECOVERED_KEPT] = {"hourglass_aggregator_partitions_recovered_total{from=\"kept\"}", METRIC_COUNTER,
                                   "Partitions taken over, by where their state came from.", 0},
    [AGGREGATOR_RECOVERED_SNAPSHOT] = {"hourglass_aggregator_partitions_recovered_total{from=\"snapshot\"}",
                                       METRIC_COUNTER, "", 0},
    [AGGREGATOR_RECOVERED_LOG] = {"hourglass_aggregator_partitions_recovered_total{from=\"log\"}", METRIC_COUNTER, "",
                                  0},
    [AGGREGATOR_RECOVERY_READS] = {"hourglass_aggregator_recovery_reads_total", METRIC_COUNTER,
                                   "Readings of snapshots or frames, of all partitions at once.", 0},
    [AGGREGATOR_PARTITIONS] = {"hourglass_aggregator_partitions", METRIC_GAUGE, "Partitions that are folded here.", 0},
    [AGGREGATOR_PARTITIONS_STOPPED] = {"hourglass_aggregator_partitions_stopped", METRIC_GAUGE,
                                       "Partitions that stopped before they bill wrongly.", 0},
    [AGGREGATOR_WATERMARK_S] = {"hourglass_aggregator_watermark_timestamp_seconds", METRIC_GAUGE,
                                "Watermark of the last frame, of any partition.", 0},
};

const struct metrics aggregator_all_metrics = {
    .program = "aggregator", .rows = aggregator_metrics, .row_count = AGGREGATOR_METRICS};

void count_one(enum aggregator_metric metric)
{
    metric_add(&aggregator_metrics[metric], 1);
}
