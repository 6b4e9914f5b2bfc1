#include "aggregator/partition.h"

#include <stdlib.h>

#include "aggregator/core/pieces.h"
#include "aggregator/counters.h"
#include "lib/base/check.h"
#include "lib/codec/frame.h"

enum { SLICE_FRAMES = 8, SLICE_MESSAGES = 100, HELD_BYTES_MAX = 1 << 20 };

struct aggregator_part *aggregator_part_new(uint32_t number)
{
    struct aggregator_part *part = calloc(1, sizeof *part);
    CHECK(part != NULL);
    part->base.number = number;
    part->stopped_at = -1;
    return part;
}

static void let_held_go(struct aggregator_part *part, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        part->held_bytes -= part->held.at[i].size_bytes;
        free(part->held.at[i].bytes);
    }
    vec_remove(&part->held, 0, count);
}

void aggregator_part_free(struct aggregator_part *part)
{
    if (part == NULL)
        return;
    fold_free(part->fold);
    chain_release(&part->chain);
    kept_release(&part->kept);
    let_held_go(part, part->held.count);
    vec_release(&part->held);
    free(part);
}

void aggregator_part_stop(struct aggregator_part *part, const char *why)
{
    part->stopped_at = part->fold != NULL ? fold_next_offset(part->fold) : -1;
    partition_set(&part->base, PARTITION_STOPPED, why);
}

void aggregator_part_forget(struct aggregator_part *part)
{
    fold_free(part->fold);
    part->fold = NULL;
    let_held_go(part, part->held.count);
}

void aggregator_work_release(struct aggregator_work *work)
{
    usage_records_release(&work->records);
    frame_writer_release(&work->writer);
    vec_release(&work->frame.bytes);
}

/* --- saying --- */

static void count(enum aggregator_metric metric, uint64_t n)
{
    metric_add(&aggregator_metrics[metric], (int64_t)n);
}

/* Once for each frame, by whoever says it first: not of those that are made again after a restart. */
static void count_records(struct aggregator_part *part, const struct frame *frame)
{
    if (frame->more || frame->seq < part->counted_seq)
        return;
    part->counted_seq = frame->seq + 1;
    count(AGGREGATOR_RECORDS_REPEATED, frame->counters.records_repeated);
    count(AGGREGATOR_RECORDS_REJECTED, frame->counters.records_rejected);
    const struct fold_effects *effects = fold_effects(part->fold);
    count(AGGREGATOR_RECORDS_APPLIED, frame->counters.records_applied - effects->controls);
    count(AGGREGATOR_RECORDS_CONTROL, effects->controls);
    count(AGGREGATOR_REJECTED_TOO_LATE, effects->too_late);
    count(AGGREGATOR_REJECTED_CONTROL, effects->controls_rejected);
    count(AGGREGATOR_REJECTED_MESSAGE, effects->not_ours);
    count(AGGREGATOR_WITHOUT_EFFECT_STATUS, effects->not_succeeded);
    count(AGGREGATOR_WITHOUT_EFFECT_IDLE, effects->idle);
    count(AGGREGATOR_EFFECT_LATER_IDLE, effects->idle_no_more);
}

/* A snapshot that is due is taken whether or not the epoch's last frame is new: the next one carries its
 * digest.
 */
static enum error_class take_snapshot(struct aggregator_part *part, struct aggregator_work *work,
                                      bool frame_is_new, struct error *error)
{
    if (!fold_snapshot_due(part->fold))
        return ERROR_NONE;
    struct packer state = {0};
    struct state_snapshot snapshot = {.partition = part->base.number,
                                      .seq = fold_next_seq(part->fold) - 1,
                                      .next_offset = fold_next_offset(part->fold)};
    fold_snapshot(part->fold, &state);
    snapshot.bytes = (struct str){state.bytes.at, state.bytes.count};
    digest_of(state.bytes.at, state.bytes.count, snapshot.digest);
    fold_snapshot_taken(part->fold, snapshot.digest, state.bytes.count);
    enum error_class class = ERROR_NONE;
    uint32_t chunks = snapshot_chunk_count(state.bytes.count);
    if (frame_is_new)
        class = output_snapshot(work->output, &snapshot, &part->frames_from, &part->kept, error);
    else /* whoever said the frame first may have written it */
        kept_note(&part->kept, (struct kept_snapshot){snapshot.seq, chunks, false});
    vec_release(&state.bytes);
    return class;
}

/* The frame is compared with the chain where that has it, and sent where it has not. */
static enum error_class say_frame(struct aggregator_part *part, struct aggregator_work *work,
                                  const struct frame *frame, struct error *error)
{
    uint8_t hash[FRAME_HASH_SIZE];
    vec_clear(&work->frame.bytes);
    frame_encode(&work->writer, frame, &work->frame, hash);
    fold_hashed(part->fold, hash);
    const uint8_t *known = chain_at(&part->chain, frame->seq);
    if (known != NULL && memcmp(known, hash, FRAME_HASH_SIZE) != 0) {
        aggregator_part_stop(part, "a frame does not come out as it was sent");
        return ERROR_NONE;
    }
    if (frame->watermark_us > 0)
        metric_set(&aggregator_metrics[AGGREGATOR_WATERMARK_S], frame->watermark_us / 1000000);
    enum error_class class = ERROR_NONE;
    if (known != NULL)
        count_one(AGGREGATOR_FRAMES_REPLAYED);
    else
        class = output_frame(work->output, part->base.number,
                             (struct str){work->frame.bytes.at, work->frame.bytes.count}, error);
    if (known == NULL && class == ERROR_NONE)
        count_records(part, frame);
    return class == ERROR_NONE && !frame->more ? take_snapshot(part, work, known == NULL, error) : class;
}

static bool saying(const struct aggregator_part *part)
{
    return part->base.state == PARTITION_WORKING && fold_saying(part->fold);
}

static enum error_class say_slice(struct aggregator_part *part, struct aggregator_work *work,
                                  struct error *error)
{
    enum error_class class = ERROR_NONE;
    for (int i = 0; i < SLICE_FRAMES && saying(part) && class == ERROR_NONE; i++)
        class = say_frame(part, work, fold_next_frame(part->fold), error);
    return class;
}

/* --- folding --- */

static enum error_class fold_message(struct aggregator_part *part, struct aggregator_work *work,
                                     const struct log_message *from, struct error *error)
{
    struct message message;
    enum fold_outcome outcome;
    if (from->offset < fold_next_offset(part->fold))
        return ERROR_NONE;
    enum decode_outcome decoded = usage_decode(from->value, &work->records, &message);
    if (decoded == DECODE_OTHER_SCHEMA) {
        /* It may hold what a later release's collector accepted: not to be skipped. */
        aggregator_part_stop(part, "a message of a schema that this release does not know");
        return ERROR_NONE;
    }
    if (decoded == DECODE_OK) {
        message.offset = from->offset;
        message.append_us = from->timestamp_ms * 1000;
        outcome = fold_apply(part->fold, &message);
    } else {
        outcome = fold_skip(part->fold, from->offset);
    }
    count_one(AGGREGATOR_MESSAGES);
    if (outcome == FOLD_EPOCH_DUE) {
        fold_close_epoch(part->fold);
        return say_slice(part, work, error);
    }
    if (outcome != FOLD_EPOCH_OPEN)
        aggregator_part_stop(part, fold_outcome_text(outcome));
    return ERROR_NONE;
}

/* --- holding back --- */

static void hold(struct aggregator_part *part, const struct log_message *message)
{
    if (part->base.reread)
        return;
    if (part->held_bytes > HELD_BYTES_MAX) {
        part->base.reread = true;
        return;
    }
    struct held_message held = {message->offset, message->timestamp_ms, malloc(message->value.size + 1),
                                message->value.size};
    CHECK(held.bytes != NULL);
    memcpy(held.bytes, message->value.at, message->value.size);
    vec_push(&part->held, held);
    part->held_bytes += held.size_bytes;
}

bool aggregator_part_busy(const struct aggregator_part *part)
{
    return saying(part) || part->held.count > 0;
}

static void show_busy(struct aggregator_part *part)
{
    part->base.busy = part->base.state == PARTITION_WORKING && aggregator_part_busy(part);
    part->base.full = part->base.busy && part->base.reread;
}

enum error_class aggregator_part_take(struct aggregator_part *part, struct aggregator_work *work,
                                      const struct log_message *message, struct error *error)
{
    enum error_class class = ERROR_NONE;
    CHECK(part->base.state == PARTITION_WORKING);
    if (aggregator_part_busy(part))
        hold(part, message);
    else
        class = fold_message(part, work, message, error);
    show_busy(part);
    return class;
}

int64_t aggregator_part_next_offset(const struct aggregator_part *part)
{
    if (part->held.count > 0)
        return part->held.at[part->held.count - 1].offset + 1;
    return fold_next_offset(part->fold);
}

enum error_class aggregator_part_go_on(struct aggregator_part *part, struct aggregator_work *work,
                                       struct error *error)
{
    CHECK(part->base.state == PARTITION_WORKING);
    enum error_class class = say_slice(part, work, error);
    uint32_t taken = 0;
    while (class == ERROR_NONE && part->base.state == PARTITION_WORKING && !saying(part) &&
           taken < part->held.count && taken < SLICE_MESSAGES) {
        const struct held_message *held = &part->held.at[taken++];
        const struct log_message message = {.offset = held->offset,
                                            .timestamp_ms = held->timestamp_ms,
                                            .value = {held->bytes, held->size_bytes}};
        class = fold_message(part, work, &message, error);
    }
    let_held_go(part, taken);
    show_busy(part);
    return class;
}
