#include "aggregator/recover.h"

#include <stdio.h>
#include <stdlib.h>

#include "aggregator/core/pieces.h"
#include "aggregator/counters.h"
#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/io/journal.h"
#include "lib/io/process.h"

enum { STALL_STEPS = 300 }; /* of a poll's time each */

/* A topic of one partition on its way. */
struct reading {
    struct part *part;
    bool kept;     /* it had its fold */
    bool restore;  /* its snapshots are still to be read */
    bool restored; /* from one of them */
    bool other_schema;
    bool forked;
    int64_t from; /* where in usage.frames to begin */
    int64_t next; /* how far the topic is read, and how far it is to be */
    int64_t high;
    struct pieces pieces;
};

enum phase { BEFORE, SNAPSHOTS, FRAMES };

struct recovery {
    struct kafka_reader *reader;
    const struct topics *topics;
    enum phase phase;
    bool begun; /* the phase's ends are known, and what is to be read is assigned */
    VEC(struct reading) list;
    struct frame_rows rows;
    bool moved; /* since the last step */
    int stalled;
};

struct recovery *recovery_new(struct kafka_reader *reader, const struct topics *topics,
                              struct part *const *parts, uint32_t count)
{
    struct recovery *recovery = calloc(1, sizeof *recovery);
    CHECK(recovery != NULL);
    recovery->reader = reader;
    recovery->topics = topics;
    for (uint32_t i = 0; i < count; i++) {
        struct reading reading = {.part = parts[i],
                                  .kept = parts[i]->fold != NULL,
                                  .restore = parts[i]->fold == NULL,
                                  .from = parts[i]->frames_from};
        pieces_init(&reading.pieces, parts[i]->number, UINT64_MAX);
        vec_push(&recovery->list, reading);
    }
    return recovery;
}

void recovery_free(struct recovery *recovery)
{
    if (recovery == NULL)
        return;
    for (uint32_t i = 0; i < recovery->list.count; i++) {
        pieces_release(&recovery->list.at[i].pieces);
    }
    vec_release(&recovery->list);
    frame_rows_release(&recovery->rows);
    free(recovery);
}

static const char *topic_of(const struct recovery *recovery)
{
    return recovery->phase == SNAPSHOTS ? recovery->topics->snapshots : recovery->topics->frames;
}

static struct reading *reading_of(struct recovery *recovery, const char *topic, uint32_t partition)
{
    for (uint32_t i = 0; i < recovery->list.count; i++)
        if (recovery->list.at[i].part->number == partition)
            return strcmp(topic, topic_of(recovery)) == 0 ? &recovery->list.at[i] : NULL;
    return NULL;
}

/* --- snapshots --- */

/* From the newest whole snapshot, or as a new one. A snapshot that is no good is passed over in another
 * reading. */
static void restore_fold(struct reading *reading)
{
    struct part *part = reading->part;
    struct snapshot_manifest manifest;
    struct packer bytes = {0};
    enum pieces_outcome outcome = pieces_join(&reading->pieces, &manifest, &bytes);
    if (outcome == PIECES_WHOLE)
        part->fold = fold_restore((struct str){bytes.bytes.at, bytes.bytes.count}, manifest.digest);
    vec_release(&bytes.bytes);
    pieces_release(&reading->pieces);
    process_alive();
    reading->restored = part->fold != NULL;
    if (reading->restored) {
        part->frames_from = reading->from = manifest.frame_offset;
        count_one(AGGREGATOR_RECOVERED_SNAPSHOT);
    } else if (outcome == PIECES_NONE) {
        part->fold = fold_new(part->number);
        count_one(AGGREGATOR_RECOVERED_LOG);
    } else {
        journal_warning("snapshot_passed_over", JOURNAL_INT("partition", part->number),
                        JOURNAL_INT("seq", manifest.seq));
    }
    pieces_init(&reading->pieces, part->number, outcome == PIECES_NONE ? UINT64_MAX : manifest.seq);
    reading->restore = part->fold == NULL;
}

/* --- frames --- */

static void take_frame(struct recovery *recovery, struct reading *reading, const struct log_message *message)
{
    struct frame frame;
    enum decode_outcome outcome = frame_decode(message->value, &recovery->rows, &frame);
    if (outcome == DECODE_OTHER_SCHEMA)
        reading->other_schema = true;
    if (outcome == DECODE_OK && !chain_note(&reading->part->chain, &frame))
        reading->forked = true;
}

/* --- reading --- */

static void take_end(const struct recovery *recovery, struct reading *reading)
{
    reading->next = reading->high;
    if (recovery->phase == SNAPSHOTS)
        restore_fold(reading);
    else
        reading->part->frames_from = reading->high;
}

void recovery_take(struct recovery *recovery, const struct log_message *message)
{
    struct reading *reading = reading_of(recovery, message->topic, message->partition);
    if (reading == NULL || reading->next >= reading->high)
        return;
    recovery->moved = true;
    reading->next = message->offset + 1;
    if (recovery->phase == SNAPSHOTS)
        pieces_take(&reading->pieces, message->key, message->value, &reading->part->kept);
    else
        take_frame(recovery, reading, message);
    if (reading->next >= reading->high)
        take_end(recovery, reading);
}

void recovery_end(struct recovery *recovery, const struct log_message *end)
{
    struct reading *reading = reading_of(recovery, end->topic, end->partition);
    if (reading == NULL || reading->next >= reading->high || end->offset < reading->high)
        return;
    recovery->moved = true;
    take_end(recovery, reading); /* what was left of the topic was compacted away */
}

static bool in_phase(const struct recovery *recovery, const struct reading *reading)
{
    return recovery->phase == FRAMES || reading->restore;
}

/* Asks for all ends at once, and assigns all that have something to read. */
static enum error_class begin_reading(struct recovery *recovery, struct error *error)
{
    VEC(struct log_range) ranges = {0};
    VEC(struct log_position) positions = {0};
    for (uint32_t i = 0; i < recovery->list.count; i++)
        if (in_phase(recovery, &recovery->list.at[i]))
            vec_push(&ranges, (struct log_range){.topic = topic_of(recovery),
                                                 .partition = recovery->list.at[i].part->number});
    enum error_class class = kafka_ranges(recovery->reader, ranges.at, ranges.count, error);
    for (uint32_t i = 0; i < ranges.count && class == ERROR_NONE; i++) {
        const struct log_range *range = &ranges.at[i];
        struct reading *reading = reading_of(recovery, range->topic, range->partition);
        int64_t from = recovery->phase == SNAPSHOTS ? 0 : reading->from;
        reading->high = range->high;
        reading->next = from > range->low ? from : range->low;
        if (reading->next < reading->high)
            vec_push(&positions, (struct log_position){range->topic, range->partition, reading->next});
        else
            take_end(recovery, reading);
    }
    if (class == ERROR_NONE && positions.count > 0) {
        class = kafka_reader_assign(recovery->reader, positions.at, positions.count, error);
        count_one(AGGREGATOR_RECOVERY_READS);
        journal_info("recovering", JOURNAL_STR("topic", topic_of(recovery)),
                     JOURNAL_INT("partitions", positions.count));
    }
    vec_release(&ranges);
    vec_release(&positions);
    return class;
}

/* --- steps --- */

static bool phase_over(const struct recovery *recovery)
{
    for (uint32_t i = 0; i < recovery->list.count; i++)
        if (in_phase(recovery, &recovery->list.at[i]) &&
            recovery->list.at[i].next < recovery->list.at[i].high)
            return false;
    return true;
}

static bool any_to_restore(const struct recovery *recovery)
{
    for (uint32_t i = 0; i < recovery->list.count; i++)
        if (recovery->list.at[i].restore)
            return true;
    return false;
}

static void finish(struct recovery *recovery)
{
    for (uint32_t i = 0; i < recovery->list.count; i++) {
        const struct reading *reading = &recovery->list.at[i];
        struct part *part = reading->part;
        if (reading->forked)
            part_stop(part, "two frames of one number in usage.frames");
        else if (reading->other_schema)
            part_stop(part, "usage.frames holds a schema that this release does not know");
        else if (reading->kept)
            count_one(AGGREGATOR_RECOVERED_KEPT);
        if (part->stopped)
            continue;
        journal_info("partition_recovered", JOURNAL_INT("partition", part->number),
                     JOURNAL_INT("offset", fold_next_offset(part->fold)), JOURNAL_INT("kept", reading->kept),
                     JOURNAL_INT("snapshot", reading->restored),
                     JOURNAL_INT("seq", fold_next_seq(part->fold)),
                     JOURNAL_INT("chain", part->chain.links.count));
    }
}

/* Nothing came for long: a new handle may help. */
static enum recover_outcome check_stall(struct recovery *recovery, struct error *error)
{
    recovery->stalled = recovery->moved ? 0 : recovery->stalled + 1;
    recovery->moved = false;
    if (recovery->stalled < STALL_STEPS)
        return RECOVERING;
    error_set(error, ERROR_RETRY, topic_of(recovery), "stalled while recovering");
    return RECOVER_FAILED;
}

/* What is to be read when all before it is. */
static void next_phase(struct recovery *recovery)
{
    recovery->phase = any_to_restore(recovery) ? SNAPSHOTS : FRAMES;
    recovery->begun = false;
    for (uint32_t i = 0; i < recovery->list.count && recovery->phase == FRAMES; i++) {
        struct part *part = recovery->list.at[i].part;
        chain_begin(&part->chain, fold_next_seq(part->fold), fold_last_hash(part->fold));
    }
}

enum recover_outcome recovery_step(struct recovery *recovery, struct error *error)
{
    if (recovery->begun && !phase_over(recovery))
        return check_stall(recovery, error);
    if (recovery->begun && recovery->phase == FRAMES) {
        finish(recovery);
        return RECOVERED;
    }
    if (recovery->begun || recovery->phase == BEFORE)
        next_phase(recovery);
    enum error_class class = begin_reading(recovery, error);
    recovery->begun = class == ERROR_NONE;
    if (class == ERROR_NONE || class == ERROR_RETRY)
        return check_stall(recovery, error);
    return RECOVER_FAILED;
}
