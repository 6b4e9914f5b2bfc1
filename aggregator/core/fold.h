/* The fold: usage.records of one partition in, numbered frames out (DESIGN §4).
 *
 * A pure function of the log: no clock, no randomness, no order of arrival, no floating point. Two processes
 * that fold the same messages make the same frames, so the state is never precious. It is used alike by the
 * aggregator, by `hourglass rate` and by tests:
 *
 *     for each message in offset order:
 *         switch (fold_apply(fold, &message)) ...
 *         if FOLD_EPOCH_DUE:
 *             fold_close_epoch(fold);
 *             while (frame = fold_next_frame(fold)): encode it; fold_hashed(fold, frame hash)
 *
 * An epoch's frames are made one after another, so that it never stands in memory as a whole.
 *
 * Invariant, after every epoch: the lines of hours before its `closed_s` are what the events that have
 * arrived say with now = closed_s (but for heartbeats that came late: the next close). */
#pragma once

#include "lib/domain/frame.h"
#include "lib/domain/message.h"

struct fold;

enum fold_outcome {
    FOLD_EPOCH_OPEN, /* taken in; the epoch goes on */
    FOLD_EPOCH_DUE,  /* taken in, and it ends the epoch: call fold_close_epoch before the next message */
    /* Not taken in; the partition must stop: */
    FOLD_OFFSET_GAP,      /* not the next offset of the log */
    FOLD_NO_RULES,        /* offset 0 is not the generation's rules and catalog */
    FOLD_RULES_UNKNOWN,   /* rules that this binary does not speak */
    FOLD_CATALOG_BAD,     /* a catalog in the log that does not parse */
    FOLD_RECORDS_MISSING, /* its collector had more messages acknowledged than the log has */
};
const char *fold_outcome_text(enum fold_outcome outcome);

/* What became of a record. Facts are taken in every time: whose they are knows their repeats. */
enum fold_verdict { FOLD_APPLIED, FOLD_REPEATED, FOLD_TOO_LATE };
typedef void fold_watcher(void *context, const struct record *record, enum fold_verdict verdict);

/* Never NULL. */
struct fold *fold_new(uint32_t partition);
void fold_free(struct fold *fold);

/* Applies one message, while no epoch is being emitted. Its slices are not used after this returns. */
enum fold_outcome fold_apply(struct fold *fold, const struct message *message);
/* Whether a record is too late to be taken in when log time is now_us, INT64_MIN: it has not begun (CONTRACT
 * §2.3; the collector judges, and the fold keeps an hour more). */
bool fold_too_late(const struct rules *rules, int64_t now_us, const struct record *record);
/* Whether what changes or ends a level finds something running, by all that was folded so far; of one that is
 * not known, or was forgotten, true. Between epochs. */
bool fold_meets_level(const struct fold *fold, const struct record *record);
/* From now on the watcher is told of each record as it is applied: for who shows them one by one. */
void fold_watch(struct fold *fold, fold_watcher *watcher, void *context);
/* What became of the records of the epoch that ended last, as far as its frames do not say it. Exact however
 * they arrive: an event that one of a later epoch gives its effect, or takes it from, is counted there. */
struct fold_effects {
    uint64_t controls;          /* rules and catalogs; frames say them among those applied */
    uint64_t too_late;          /* rejected */
    uint64_t controls_rejected; /* control messages that do not hold here */
    uint64_t not_ours;          /* messages that do not decode */
    uint64_t not_succeeded;     /* without effect by their status */
    uint64_t idle;              /* changes of what does not run; within the horizon of their kind */
    uint64_t idle_no_more;      /* of those that were counted as such: they change what runs now */
};
/* From the epoch's last frame to the next fold_apply; while an epoch goes on: what is known of it so far. */
const struct fold_effects *fold_effects(const struct fold *fold);
/* Skips a message that is none of ours (its bytes do not decode): counted as a rejected record, kept
 * with its offset; the partition goes on. */
enum fold_outcome fold_skip(struct fold *fold, int64_t offset);
/* Ends the epoch: its frames are to be made now. */
void fold_close_epoch(struct fold *fold);
/* The epoch's next frame; NULL: it has no more. It and what it points to stay good until the next call of
 * this or of fold_apply; its hash is zeros. */
const struct frame *fold_next_frame(struct fold *fold);
/* Whether frames of an epoch are still to be made. */
bool fold_saying(const struct fold *fold);
/* The hash of the frame that was just made: the next one names it. */
void fold_hashed(struct fold *fold, const uint8_t hash[FRAME_HASH_SIZE]);
/* Closes every hour, the last one up to time_s, with now = time_s (`rate` only: CONTRACT §5): frames, as
 * those of an epoch. */
void fold_finish(struct fold *fold, int64_t time_s);

/* The hash of the last frame; zeros before the first. */
const uint8_t *fold_last_hash(const struct fold *fold);
/* The offset of the next message that it takes. */
int64_t fold_next_offset(const struct fold *fold);
/* The number of the next frame. */
uint64_t fold_next_seq(const struct fold *fold);
/* By what was taken in so far; INT64_MIN: log time has not begun. For eyes: frames say what counts. */
int64_t fold_watermark_us(const struct fold *fold);
/* The end of the last closed hour; INT64_MIN: none yet. */
int64_t fold_closed_s(const struct fold *fold);

/* Snapshots, between an epoch's last frame and the next fold_apply (DESIGN §4, Snapshots). Canonical: equal
 * states give equal bytes, whatever the order in which they came about. */

/* Falls due by the log alone: when the input since the last one outweighs it. */
bool fold_snapshot_due(const struct fold *fold);
/* Appends the whole state. */
struct packer;
void fold_snapshot(const struct fold *fold, struct packer *out);
/* A snapshot was taken: the next frame carries its digest. */
void fold_snapshot_taken(struct fold *fold, const uint8_t digest[FRAME_HASH_SIZE], uint64_t size);
/* The fold as it was when the snapshot was made; NULL when the bytes are not one. The snapshot counts as
 * taken with this digest. */
struct fold *fold_restore(struct str snapshot, const uint8_t digest[FRAME_HASH_SIZE]);
