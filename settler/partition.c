#include "settler/partition.h"

#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/io/journal.h"
#include "settler/counters.h"

/* What one transaction takes, unless a single frame is more. */
enum { BATCH_ROWS = 50000, BATCH_BYTES = 1 << 20 };
/* A slot of more is not kept for the next frame: most are small. */
enum { SLOT_ROWS = 4096, SLOT_BYTES = 1 << 16 };

struct settler_part *settler_part_new(uint32_t number)
{
    struct settler_part *part = calloc(1, sizeof *part);
    CHECK(part != NULL);
    part->base.number = number;
    part->read_on = -1;
    return part;
}

static void slot_release(struct slot *slot)
{
    vec_release(&slot->bytes.bytes);
    frame_rows_release(&slot->rows);
}

void settler_part_free(struct settler_part *part)
{
    if (part == NULL)
        return;
    for (int s = 0; s <= BATCH_FRAMES; s++)
        slot_release(&part->slots[s]);
    store_claim_release(&part->claim);
    reject_copy_release(&part->rejects);
    free(part);
}

/* --- the batch --- */

static bool slot_is_large(const struct slot *slot)
{
    const struct frame_rows *rows = &slot->rows;
    return slot->bytes.bytes.capacity > SLOT_BYTES || rows->levels.capacity > SLOT_ROWS ||
           rows->segments.capacity > SLOT_ROWS || rows->counts.capacity > SLOT_ROWS ||
           rows->sums.capacity > SLOT_ROWS || rows->states.capacity > SLOT_ROWS;
}

static uint32_t rows_of(const struct frame *frame)
{
    return frame->level_count + frame->count_count + frame->state_count;
}

static void show_busy(struct settler_part *part)
{
    bool works = part->base.state == PARTITION_WORKING;
    part->base.busy = works && part->count > 0;
    part->base.full = works && part->in_steps;
}

/* Moves the frame at `at` to the front. */
static void move_to_front(struct settler_part *part, uint32_t at)
{
    struct slot slot = part->slots[0];
    part->slots[0] = part->slots[at];
    part->slots[at] = slot;
    part->batch[0] = part->batch[at];
}

/* The frame behind the batch belongs to it now. */
static void take_in(struct settler_part *part)
{
    const struct frame *frame = &part->batch[part->count].frame;
    part->row_count += rows_of(frame);
    part->size_bytes += part->slots[part->count].bytes.bytes.count;
    part->frame_alone = !store_frame_is_plain(frame);
    part->count++;
}

static void forget_batch(struct settler_part *part)
{
    for (uint32_t s = 0; s < part->count; s++)
        if (slot_is_large(&part->slots[s]))
            slot_release(&part->slots[s]);
    part->count = 0;
    part->row_count = 0;
    part->size_bytes = 0;
    part->frame_alone = part->in_steps = false;
}

/* The batch is settled: its slots wait for others, and the frame that waits is the next batch. */
static void empty_batch(struct settler_part *part)
{
    uint32_t behind = part->count;
    forget_batch(part);
    if (!part->one_waits)
        return;
    part->one_waits = false;
    move_to_front(part, behind);
    take_in(part);
}

/* --- claiming --- */

enum error_class settler_part_claim(struct settler_part *part, struct store *store, struct error *error)
{
    forget_batch(part);
    part->one_waits = false;
    reject_copy_end(&part->rejects);
    enum store_outcome outcome = store_claim(store, part->base.number, &part->claim, error);
    if (outcome != STORE_OK)
        return error->class;
    part->read_on = part->claim.next_offset;
    intake_begin(&part->intake, part->base.number, part->claim.next_seq, part->claim.last_hash);
    partition_set(&part->base, PARTITION_WORKING, NULL);
    journal_info("partition_claimed", JOURNAL_INT("partition", part->base.number),
                 JOURNAL_INT("fence", part->claim.fence), JOURNAL_INT("next_seq", part->claim.next_seq),
                 JOURNAL_INT("next_offset", part->claim.next_offset));
    return ERROR_NONE;
}

/* --- settling --- */

static void lose(struct settler_part *part)
{
    metric_add(&settler_metrics[SETTLER_PARTITIONS_LOST], 1);
    partition_set(&part->base, PARTITION_LOST, "another settler claimed it");
}

static enum error_class judge(struct settler_part *part, enum store_outcome outcome, struct error *error)
{
    switch (outcome) {
    case STORE_OK:
        metric_add(&settler_metrics[SETTLER_FRAMES], part->count);
        empty_batch(part);
        return ERROR_NONE;
    case STORE_STEP:
        part->in_steps = true;
        return ERROR_NONE;
    case STORE_LOST:
        lose(part);
        return ERROR_NONE;
    case STORE_FRAMES:
        partition_set(&part->base, PARTITION_STOPPED, "a frame that cannot be settled");
        return ERROR_NONE;
    case STORE_FAILED:
        return error->class;
    }
    CHECK_NEVER("an outcome of the store");
    return ERROR_FATAL;
}

static void count_facts(const struct fact_effects *facts)
{
    metric_add(&settler_metrics[SETTLER_FACTS_APPLIED], (int64_t)facts->applied);
    metric_add(&settler_metrics[SETTLER_FACTS_REPEATED], (int64_t)facts->repeated);
    metric_add(&settler_metrics[SETTLER_NEVER_PAID], (int64_t)facts->never_paid);
    metric_add(&settler_metrics[SETTLER_PAID_TWICE], (int64_t)facts->paid_twice);
    metric_add(&settler_metrics[SETTLER_ENDED_BEFORE], (int64_t)facts->ended_before);
    metric_add(&settler_metrics[SETTLER_PAID_LATER], (int64_t)facts->paid_later);
}

static void count_written(const struct store_written *written)
{
    metric_add(&settler_metrics[SETTLER_ROWS], (int64_t)written->settled);
    metric_add(&settler_metrics[SETTLER_TRANSFERS], (int64_t)written->transfers);
    metric_add(&settler_metrics[SETTLER_BILLS], (int64_t)written->bills);
    metric_add(&settler_metrics[SETTLER_NOTICES], (int64_t)written->notices);
    count_facts(&written->facts);
}

enum error_class settler_part_settle(struct settler_part *part, struct store *store, struct error *error)
{
    uint64_t before = store_statements(store), missed = part->claim.ranges_missed;
    struct store_written written;
    if (part->count == 0)
        return ERROR_NONE;
    enum store_outcome outcome = store_settle(store, &part->claim, part->batch, part->count, &written, error);
    bool committed = outcome == STORE_OK || outcome == STORE_STEP;
    if (committed)
        count_written(&written);
    metric_add(&settler_metrics[SETTLER_TRANSACTIONS], committed);
    metric_add(&settler_metrics[SETTLER_STATEMENTS], (int64_t)(store_statements(store) - before));
    if (part->claim.ranges_missed > missed)
        journal_warning("range_missed", JOURNAL_INT("partition", part->base.number),
                        JOURNAL_STR("why", part->claim.ranges_why));
    metric_add(&settler_metrics[SETTLER_RANGES_MISSED], (int64_t)(part->claim.ranges_missed - missed));
    enum error_class class = judge(part, outcome, error);
    show_busy(part);
    return class;
}

enum error_class settler_part_copy_rejects(struct settler_part *part, struct store *store,
                                           struct error *error)
{
    struct reject_copy *copy = &part->rejects;
    uint64_t before = store_statements(store);
    enum store_outcome outcome =
        store_copy_rejects(store, &part->claim, copy->rows.at, copy->rows.count, copy->next, error);
    metric_add(&settler_metrics[SETTLER_STATEMENTS], (int64_t)(store_statements(store) - before));
    if (outcome == STORE_FAILED)
        return error->class;
    if (outcome == STORE_LOST) {
        lose(part);
        return ERROR_NONE;
    }
    metric_add(&settler_metrics[SETTLER_REJECTS_COPIED], copy->rows.count);
    reject_copy_done(copy);
    return ERROR_NONE;
}

/* --- notices --- */

static enum error_class judge_notices(struct settler_part *part, enum store_outcome outcome,
                                      const struct error *error)
{
    CHECK(outcome == STORE_OK || outcome == STORE_LOST || outcome == STORE_FAILED);
    if (outcome == STORE_LOST)
        lose(part);
    return outcome == STORE_FAILED ? error->class : ERROR_NONE;
}

enum error_class settler_part_read_notices(struct settler_part *part, struct store *store,
                                           const struct notice_taker *taker, struct error *error)
{
    uint64_t before = store_statements(store);
    enum store_outcome outcome =
        store_read_notices(store, &part->claim, taker->most, taker->take, taker->context, error);
    metric_add(&settler_metrics[SETTLER_STATEMENTS], (int64_t)(store_statements(store) - before));
    return judge_notices(part, outcome, error);
}

enum error_class settler_part_move_notices(struct settler_part *part, struct store *store, int64_t sent,
                                           struct error *error)
{
    uint64_t before = store_statements(store);
    enum store_outcome outcome = store_move_notices(store, &part->claim, sent, error);
    metric_add(&settler_metrics[SETTLER_STATEMENTS], (int64_t)(store_statements(store) - before));
    return judge_notices(part, outcome, error);
}

/* --- frames --- */

static void stop(struct settler_part *part, const char *why)
{
    partition_set(&part->base, PARTITION_STOPPED, why);
}

/* Decodes into the slot behind the batch, and judges. */
static bool is_next(struct settler_part *part, struct str bytes, int64_t now_s)
{
    struct slot *slot = &part->slots[part->count];
    struct frame *frame = &part->batch[part->count].frame;
    vec_clear(&slot->bytes.bytes);
    pack_raw(&slot->bytes, bytes.at, bytes.size);
    enum decode_outcome decoded =
        frame_decode((struct str){slot->bytes.bytes.at, slot->bytes.bytes.count}, &slot->rows, frame);
    if (decoded != DECODE_OK) {
        metric_add(&settler_metrics[SETTLER_FRAMES_SKIPPED], 1);
        journal_warning("frame_skipped", JOURNAL_INT("partition", part->base.number),
                        JOURNAL_STR("why", decode_outcome_name(decoded)));
        return false;
    }
    switch (intake_take(&part->intake, frame)) {
    case INTAKE_TAKEN:
        return true;
    case INTAKE_REPEATED:
        metric_add(&settler_metrics[SETTLER_FRAMES_REPEATED], 1);
        return false;
    case INTAKE_AHEAD:
        if (intake_missed(&part->intake, now_s))
            stop(part, "the next frame does not come");
        return false;
    case INTAKE_FORKED:
        stop(part, "two frames of one number");
        return false;
    }
    CHECK_NEVER("a verdict");
    return false;
}

/* The frame behind the batch joins it; the batch is settled before it where both are too much for one
 * transaction, and at once where it is full. */
static enum error_class add_frame(struct settler_part *part, struct store *store, size_t size_bytes,
                                  struct error *error)
{
    const struct frame *frame = &part->batch[part->count].frame;
    bool fits = store_frame_is_plain(frame) && !part->frame_alone &&
                part->row_count + rows_of(frame) <= BATCH_ROWS &&
                part->size_bytes + size_bytes <= BATCH_BYTES;
    if (part->count > 0 && !fits) {
        part->one_waits = true;
        return settler_part_settle(part, store, error);
    }
    take_in(part);
    bool full =
        part->count == BATCH_FRAMES || part->row_count >= BATCH_ROWS || part->size_bytes >= BATCH_BYTES;
    return full ? settler_part_settle(part, store, error) : ERROR_NONE;
}

enum error_class settler_part_take(struct settler_part *part, struct store *store,
                                   const struct log_message *message, int64_t now_s, struct error *error)
{
    CHECK(part->base.state == PARTITION_WORKING && !part->in_steps);
    part->read_on = message->offset + 1;
    enum error_class class = ERROR_NONE;
    if (is_next(part, message->value, now_s)) {
        part->batch[part->count].end_offset = message->offset + 1;
        class = add_frame(part, store, message->value.size, error);
    }
    show_busy(part);
    return class;
}
