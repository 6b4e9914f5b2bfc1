/* The settler's tables, behind a port of their own (DESIGN §5, §7).
 *
 * A batch of one partition's frames is settled in one transaction: claim by compare-and-set first, then what
 * the batch touches is read, settled in memory, and written. Reads and writes are one statement a table,
 * whatever the number of lines; a batch that says nothing is the compare-and-set alone.
 *
 * A frame that is too much for one takes steps: first its lines, by ranges of hours, and once they are
 * done its accounts, in order of bytes: bills that are due are cut, and states judged. So does the frame
 * that bills are due with.
 *
 * Adapters: PostgreSQL (settler/store/pg/pg_store.h), and tables in memory (settler/store/memory_store.h). A
 * store is of one thread. What it says failed is of three classes (lib/port/error.h):
 * RETRY: the rows of this partition were refused, and the store is good for others; claim again after a
 * pause. ABORT: the store is dead, or good for nothing now: close it, open another, claim again. FATAL: an
 * operator must act, and the text says how. */
#pragma once

#include "lib/port/error.h"
#include "settler/core/effects.h"
#include "settler/store/types.h"

/* Makes stores: one is closed after ABORT and the next asked for. NULL: *error says why. */
struct store_opener {
    struct store *(*open)(void *context, struct error *error);
    void *context;
};

/* NULL: nothing. */
void store_close(struct store *store);
/* Whether it answers: one small question. */
__attribute__((warn_unused_result)) enum error_class store_ping(struct store *store, struct error *error);
/* Statements so far. */
uint64_t store_statements(const struct store *store);

/* Says which log is settled here; to be called first of all. FATAL: the tables are another generation's, or
 * the log was made anew. ABORT also where the tables know their log and this one does not say yet which it
 * is.
 */
__attribute__((warn_unused_result)) enum error_class
store_generation(struct store *store, const struct store_generation *generation, struct error *error);

/* The partition's row, as this owner has it. All zeros before the first claim. */
struct claim {
    uint32_t partition;
    int64_t fence;
    uint64_t next_seq;
    int64_t next_step;            /* of frame next_seq: hours since 1970 of which the work is done; 0: none */
    int64_t step;                 /* steps of it that are done */
    struct account_mark accounts; /* how far its accounts are done, once its lines are, */
    int64_t step_notices;         /* and notices that those steps wrote */
    int64_t next_notice;          /* number of the next one */
    int64_t notices_sent;         /* those below it stand in billing.notices */
    int64_t next_month_s;         /* whose bills are cut next; INT64_MIN: no watermark came yet */
    bool epoch_open;              /* frame next_seq - 1 did not end its epoch */
    int64_t next_offset;          /* of usage.frames */
    int64_t next_reject;          /* of usage.rejects */
    uint8_t last_hash[FRAME_HASH_SIZE];
    int64_t watermark_us; /* of the last whole epoch, which frame next_seq - 1 need not have ended; */
    int64_t closed_s;     /* INT64_MIN: none yet */
    int64_t ranges_day; /* day of log time, since 1970, whose ranges of `settled` were asked for; -1: none */
    uint64_t ranges_missed; /* how often they could not be made, */
    char ranges_why[400];   /* and why the last time */
    uint32_t work_max;      /* resource-hours that one transaction takes, unless one hour has more */
    uint32_t accounts_max;  /* accounts that one takes whose bills are cut, or whose deadlines have come */
    struct known *known;    /* what is remembered of the tables */
};

/* A frame and the offset of usage.frames to read on from once it is settled. */
struct placed_frame {
    struct frame frame;
    int64_t end_offset;
};

enum store_outcome {
    STORE_OK,
    STORE_STEP,   /* a part is settled, as *claim says: call again with the same frames */
    STORE_LOST,   /* somebody else claimed the partition */
    STORE_FRAMES, /* frames that cannot be settled (a catalog that does not parse): stop the partition */
    STORE_FAILED, /* *error says why and of which class; the row is as it was, or was moved: claim again */
};

/* Takes the partition over: fence + 1. Waits out a COMMIT of the owner before. STORE_OK or STORE_FAILED. */
__attribute__((warn_unused_result)) enum store_outcome store_claim(struct store *store, uint32_t partition,
                                                                   struct claim *claim, struct error *error);
/* Of the memory alone: the row stays as it is. */
void store_claim_release(struct claim *claim);

/* Whether the frame may be settled together with others: catalogs and orders' facts are settled alone. */
bool store_frame_is_plain(const struct frame *frame);

/* Rows that were written, by table, and what became of the facts that were. */
struct store_written {
    struct fact_effects facts;
    uint64_t settled;
    uint64_t transfers;
    uint64_t bills;
    uint64_t notices;
};

/* Settles frames claim->next_seq, + 1, ...; on STORE_OK and STORE_STEP *claim is what the row is now. */
__attribute__((warn_unused_result)) enum store_outcome
store_settle(struct store *store, struct claim *claim, const struct placed_frame *frames, uint32_t count,
             struct store_written *written, struct error *error);

/* Copies messages of the partition of usage.rejects, from claim->next_reject on, into `rejected`, each once;
 * on STORE_OK *claim reads on from next_offset. Never STORE_STEP or STORE_FRAMES. */
__attribute__((warn_unused_result)) enum store_outcome
store_copy_rejects(struct store *store, struct claim *claim, const struct store_reject *rows, uint32_t count,
                   int64_t next_offset, struct error *error);

/* The partition's notices [claim->notices_sent, + most) that are there, in their order. Never STORE_STEP or
 * STORE_FRAMES. */
__attribute__((warn_unused_result)) enum store_outcome store_read_notices(struct store *store,
                                                                          const struct claim *claim,
                                                                          uint32_t most, take_notice *take,
                                                                          void *context, struct error *error);
/* Notices below `sent` are sent, or will never be; on STORE_OK claim->notices_sent is that. Never backwards.
 * Never STORE_STEP or STORE_FRAMES. */
__attribute__((warn_unused_result)) enum store_outcome
store_move_notices(struct store *store, struct claim *claim, int64_t sent, struct error *error);
