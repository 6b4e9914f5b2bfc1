#include "aggregator/recover.h"

#include <stdio.h>
#include <stdlib.h>

#include "aggregator/core/pieces.h"
#include "aggregator/counters.h"
#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/io/journal.h"
#include "lib/run/read_through.h"

enum { STALL_MS = 30000 };

/* A partition on its way. */
struct way {
    struct aggregator_part *part;
    bool kept;     /* it had its fold */
    bool restore;  /* its snapshots are still to be read */
    bool restored; /* from one of them */
    bool ended;    /* the phase's topic is read */
    bool other_schema;
    bool forked;
    int64_t from; /* where in usage.frames to begin */
    struct pieces pieces;
};

enum phase { BEFORE, SNAPSHOTS, FRAMES };

struct recovery {
    struct log *log;
    struct host *host;
    const struct topics *topics;
    enum phase phase;
    struct reading reading;
    VEC(struct way) ways; /* as many as at first: the reading points to them */
    struct frame_rows rows;
    int64_t moved_ms; /* when something came last */
};

struct recovery *recovery_new(struct log *log, struct host *host, const struct topics *topics,
                              struct partition *const *parts, uint32_t count)
{
    struct recovery *recovery = calloc(1, sizeof *recovery);
    CHECK(recovery != NULL);
    recovery->log = log;
    recovery->host = host;
    recovery->topics = topics;
    recovery->moved_ms = host->now_ms(host);
    for (uint32_t i = 0; i < count; i++) {
        struct aggregator_part *part = (struct aggregator_part *)parts[i];
        struct way way = {.part = part,
                          .kept = part->fold != NULL,
                          .restore = part->fold == NULL,
                          .from = part->frames_from};
        pieces_init(&way.pieces, part->base.number, UINT64_MAX);
        vec_push(&recovery->ways, way);
    }
    return recovery;
}

void recovery_free(struct recovery *recovery)
{
    if (recovery == NULL)
        return;
    for (uint32_t i = 0; i < recovery->ways.count; i++)
        pieces_release(&recovery->ways.at[i].pieces);
    vec_release(&recovery->ways);
    read_release(&recovery->reading);
    frame_rows_release(&recovery->rows);
    free(recovery);
}

/* --- snapshots --- */

/* From the newest whole snapshot, or as a new one. A snapshot that is no good is skipped in another
 * reading. */
static void restore_fold(struct recovery *recovery, struct way *way)
{
    struct aggregator_part *part = way->part;
    struct snapshot_manifest manifest;
    struct packer bytes = {0};
    enum pieces_outcome outcome = pieces_join(&way->pieces, &manifest, &bytes);
    if (outcome == PIECES_WHOLE)
        part->fold = fold_restore((struct str){bytes.bytes.at, bytes.bytes.count}, manifest.digest);
    vec_release(&bytes.bytes);
    pieces_release(&way->pieces);
    recovery->host->alive(recovery->host);
    way->restored = part->fold != NULL;
    if (way->restored) {
        part->frames_from = way->from = manifest.frame_offset;
        count_one(AGGREGATOR_RECOVERED_SNAPSHOT);
    } else if (outcome == PIECES_NONE) {
        part->fold = fold_new(part->base.number);
        count_one(AGGREGATOR_RECOVERED_LOG);
    } else {
        journal_warning("snapshot_skipped", JOURNAL_INT("partition", part->base.number),
                        JOURNAL_INT("seq", manifest.seq));
        count_one(AGGREGATOR_SNAPSHOTS_SKIPPED);
    }
    pieces_init(&way->pieces, part->base.number, outcome == PIECES_NONE ? UINT64_MAX : manifest.seq);
    way->restore = part->fold == NULL;
}

/* --- frames --- */

static void take_frame(struct recovery *recovery, struct way *way, const struct log_message *message)
{
    struct frame frame;
    enum decode_outcome outcome = frame_decode(message->value, &recovery->rows, &frame);
    if (outcome == DECODE_OTHER_SCHEMA)
        way->other_schema = true;
    bool ours = outcome == DECODE_OK && frame.partition == way->part->base.number;
    if (ours && !chain_note(&way->part->chain, &frame))
        way->forked = true;
}

/* --- reading --- */

/* Those of the phase whose topic is read, each once. */
static void take_ends(struct recovery *recovery)
{
    for (uint32_t i = 0; i < recovery->reading.parts.count && recovery->reading.begun; i++) {
        const struct read_part *read = &recovery->reading.parts.at[i];
        struct way *way = read->tag;
        if (way->ended || !read_part_done(read))
            continue;
        way->ended = true;
        if (recovery->phase == SNAPSHOTS)
            restore_fold(recovery, way);
        else
            way->part->frames_from = read->high;
    }
}

void recovery_take(struct recovery *recovery, enum log_got got, const struct log_message *message)
{
    const struct read_part *read = read_take(&recovery->reading, got, message);
    if (read == NULL)
        return;
    struct way *way = read->tag;
    recovery->moved_ms = recovery->host->now_ms(recovery->host);
    if (got == LOG_GOT_MESSAGE && recovery->phase == SNAPSHOTS)
        pieces_take(&way->pieces, message->key, message->value, &way->part->kept);
    else if (got == LOG_GOT_MESSAGE)
        take_frame(recovery, way, message);
    if (read_part_done(read))
        take_ends(recovery);
}

/* Asks for all ends at once, and assigns all that have something to read. */
static enum error_class begin_reading(struct recovery *recovery, struct error *error)
{
    const char *topic = recovery->phase == SNAPSHOTS ? recovery->topics->snapshots : recovery->topics->frames;
    enum error_class class = read_begin(&recovery->reading, recovery->log, error);
    if (class != ERROR_NONE)
        return class;
    recovery->moved_ms = recovery->host->now_ms(recovery->host);
    take_ends(recovery);
    if (read_done(&recovery->reading))
        return ERROR_NONE;
    count_one(AGGREGATOR_RECOVERY_READS);
    journal_info("recovering", JOURNAL_STR("topic", topic),
                 JOURNAL_INT("partitions", recovery->reading.parts.count));
    return ERROR_NONE;
}

/* --- steps --- */

static bool any_to_restore(const struct recovery *recovery)
{
    for (uint32_t i = 0; i < recovery->ways.count; i++)
        if (recovery->ways.at[i].restore)
            return true;
    return false;
}

static void finish(struct recovery *recovery)
{
    for (uint32_t i = 0; i < recovery->ways.count; i++) {
        const struct way *way = &recovery->ways.at[i];
        struct aggregator_part *part = way->part;
        if (way->forked) {
            aggregator_part_stop(part, "two frames of one number in usage.frames");
            continue;
        }
        if (way->other_schema) {
            aggregator_part_stop(part, "usage.frames holds a schema that this release does not know");
            continue;
        }
        if (way->kept)
            count_one(AGGREGATOR_RECOVERED_KEPT);
        partition_set(&part->base, PARTITION_WORKING, NULL);
        journal_info("partition_recovered", JOURNAL_INT("partition", part->base.number),
                     JOURNAL_INT("offset", fold_next_offset(part->fold)), JOURNAL_INT("kept", way->kept),
                     JOURNAL_INT("snapshot", way->restored), JOURNAL_INT("seq", fold_next_seq(part->fold)),
                     JOURNAL_INT("chain", part->chain.links.count));
    }
}

/* What is to be read when all before it is. */
static void next_phase(struct recovery *recovery)
{
    recovery->phase = any_to_restore(recovery) ? SNAPSHOTS : FRAMES;
    read_clear(&recovery->reading);
    for (uint32_t i = 0; i < recovery->ways.count; i++) {
        struct way *way = &recovery->ways.at[i];
        struct aggregator_part *part = way->part;
        way->ended = false;
        if (recovery->phase == FRAMES) {
            chain_begin(&part->chain, fold_next_seq(part->fold), fold_last_hash(part->fold));
            read_add(&recovery->reading, recovery->topics->frames, part->base.number, way->from, way);
        } else if (way->restore) {
            read_add(&recovery->reading, recovery->topics->snapshots, part->base.number, 0, way);
        }
    }
}

/* Nothing came for long: a new handle may help. */
static enum recover_outcome check_stall(const struct recovery *recovery, struct error *error)
{
    if (recovery->host->now_ms(recovery->host) - recovery->moved_ms < STALL_MS)
        return RECOVERING;
    error_set(error, ERROR_ABORT, "recovering", "nothing comes");
    return RECOVER_FAILED;
}

enum recover_outcome recovery_step(struct recovery *recovery, struct error *error)
{
    bool done = read_done(&recovery->reading);
    if (recovery->reading.begun && !done)
        return check_stall(recovery, error);
    if (recovery->phase == FRAMES && done) {
        finish(recovery);
        return RECOVERED;
    }
    if (recovery->phase == BEFORE || done)
        next_phase(recovery);
    enum error_class class = begin_reading(recovery, error);
    return class == ERROR_NONE ? RECOVERING : RECOVER_FAILED;
}
