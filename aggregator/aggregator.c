#include "aggregator/aggregator.h"

#include "aggregator/counters.h"

enum { ON_THE_WAY_BYTES = 16 << 20, WAITS_MS = 1000 };

static struct aggregator *of(struct stage *stage)
{
    return (struct aggregator *)stage;
}

static struct aggregator_part *part_of(struct partition *partition)
{
    return (struct aggregator_part *)partition;
}

static void waited(void *context, int64_t waited_ms)
{
    struct stage *stage = context;
    if (waited_ms >= WAITS_MS)
        stage->waits(stage->worker, "the log does not acknowledge");
}

static struct partition *make(struct stage *stage, uint32_t number)
{
    (void)stage;
    return &aggregator_part_new(number)->base;
}

static void free_part(struct stage *stage, struct partition *partition)
{
    (void)stage;
    aggregator_part_free(part_of(partition));
}

/* --- claiming --- */

static enum error_class claim(struct stage *stage, struct partition *const *partitions, uint32_t count,
                              struct error *error)
{
    struct aggregator *aggregator = of(stage);
    if (aggregator->recovery == NULL) {
        aggregator->output.send = (struct send){.log = stage->log,
                                                .host = stage->host,
                                                .bytes_max = ON_THE_WAY_BYTES,
                                                .waited = waited,
                                                .context = stage};
        aggregator->recovery = recovery_new(stage->log, stage->host, aggregator->topics, partitions, count);
    }
    switch (recovery_step(aggregator->recovery, error)) {
    case RECOVERING:
        return ERROR_NONE;
    case RECOVER_FAILED:
        return error->class;
    case RECOVERED:
        break;
    }
    recovery_free(aggregator->recovery);
    aggregator->recovery = NULL;
    return ERROR_NONE;
}

static void claim_take(struct stage *stage, enum log_got got, const struct log_message *message)
{
    if (of(stage)->recovery != NULL)
        recovery_take(of(stage)->recovery, got, message);
}

/* A recovery under way ends. A fold stays good, but inside an epoch's frames. */
static bool drop(struct stage *stage, struct partition *partition)
{
    const struct aggregator_part *part = part_of(partition);
    recovery_free(of(stage)->recovery);
    of(stage)->recovery = NULL;
    return partition->state != PARTITION_STOPPED && part->fold != NULL && !fold_saying(part->fold);
}

static void stopped(struct stage *stage, struct partition *partition)
{
    (void)stage;
    aggregator_part_forget(part_of(partition));
}

/* --- working --- */

static enum error_class take(struct stage *stage, struct partition *partition,
                             const struct log_message *message, struct error *error)
{
    stage->progress++;
    return aggregator_part_take(part_of(partition), &of(stage)->work, message, error);
}

static enum error_class turn(struct stage *stage, struct partition *partition, struct error *error)
{
    return aggregator_part_busy(part_of(partition))
               ? aggregator_part_go_on(part_of(partition), &of(stage)->work, error)
               : ERROR_NONE;
}

static void delivered(struct stage *stage, struct partition *partition, void *tag,
                      const struct log_delivery *delivery)
{
    int64_t sent_ms = output_frame_sent_ms(&of(stage)->output, tag);
    if (sent_ms == INT64_MIN || delivery->failed)
        return;
    latency_observe(&aggregator_latencies[AGGREGATOR_FRAME_SECONDS],
                    (stage->host->now_ms(stage->host) - sent_ms) * 1000);
    /* While it is recovered, what lies below may not have been read yet. */
    if (partition == NULL || partition->state != PARTITION_WORKING)
        return;
    struct aggregator_part *part = part_of(partition);
    if (delivery->offset + 1 > part->frames_from)
        part->frames_from = delivery->offset + 1;
}

static void figures(const struct stage *stage, const struct partition *partition,
                    struct partition_figures *out)
{
    (void)stage;
    const struct aggregator_part *part = (const struct aggregator_part *)partition;
    *out = (struct partition_figures){part->stopped_at, -1, INT64_MIN, INT64_MIN};
    if (part->fold != NULL && partition->state == PARTITION_STOPPED && part->stopped_at < 0)
        out->position = aggregator_part_next_offset(part); /* it stopped at what it was to read next */
    if (part->fold == NULL || partition->state != PARTITION_WORKING)
        return;
    *out = (struct partition_figures){aggregator_part_next_offset(part), fold_next_offset(part->fold),
                                      fold_watermark_us(part->fold), fold_closed_s(part->fold)};
}

static const struct stage_ops ops = {
    .name = "aggregator",
    .reads_to_claim = true,
    .make = make,
    .free = free_part,
    .claim = claim,
    .claim_take = claim_take,
    .take = take,
    .turn = turn,
    .drop = drop,
    .stopped = stopped,
    .delivered = delivered,
    .figures = figures,
};

void aggregator_init(struct aggregator *aggregator, const struct topics *topics)
{
    *aggregator = (struct aggregator){.stage = {.ops = &ops}, .topics = topics};
    aggregator->output.topics = topics;
    aggregator->work.output = &aggregator->output;
}

void aggregator_release(struct aggregator *aggregator)
{
    recovery_free(aggregator->recovery);
    aggregator_work_release(&aggregator->work);
    output_release(&aggregator->output);
}
