/* The settler's tables: all SQL is here (DESIGN §5).
 *
 * A batch of one partition's frames is settled in one transaction: claim by compare-and-set first, then what
 * the batch touches is read, settled in memory, and written. Reads and writes are one statement a table,
 * whatever the number of lines; a batch that says nothing is the compare-and-set alone. Any failure is
 * STORE_RETRY: connect again, claim again, and go on from the row. */
#pragma once

#include "lib/io/pg.h"
#include "settler/core/settle.h"

/* The partition's row, as this owner has it. */
struct claim {
    uint32_t partition;
    int64_t fence;
    uint64_t next_seq;
    int64_t next_step;   /* of frame next_seq: hours since 1970 of which the work is done; 0: none */
    int64_t next_offset; /* of usage.frames */
    uint8_t last_hash[FRAME_HASH_SIZE];
    int64_t watermark_us; /* of the last whole epoch, which frame next_seq - 1 need not have ended; */
    int64_t closed_s;     /* INT64_MIN: none yet */
    int64_t
        ranges_day; /* day of log time, since 1970, on which ranges of `settled` were asked for; -1: none */
    uint64_t ranges_missed; /* how often they could not be made */
    uint32_t work_max;      /* resource-hours that one transaction takes, unless one hour has more */
    struct store_memory *memory;
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
    STORE_RETRY,  /* the database failed: pg->error */
    STORE_FRAMES, /* frames that cannot be settled (a catalog that does not parse): stop the partition */
};

/* Takes the partition over: fence + 1. Waits out a COMMIT of the owner before. The claim is zeros at first.
 */
enum store_outcome store_claim(struct pg *pg, uint32_t partition, struct claim *claim);
/* Of the memory alone: the row stays as it is. */
void store_claim_release(struct claim *claim);

/* Whether the frame may be settled together with others: catalogs and orders' facts are settled alone. */
bool store_frame_is_plain(const struct frame *frame);

/* Settles frames claim->next_seq, + 1, ...; on STORE_OK *claim is what the row is now. *rows: settled rows.
 */
enum store_outcome store_settle(struct pg *pg, struct claim *claim, const struct placed_frame *frames,
                                uint32_t count, uint64_t *rows);
