/* A partition in the settler: its claim, the frames that wait to be settled in one transaction, and which
 * comes next (DESIGN §5). Through the store's port alone. */
#pragma once

#include "lib/base/pack.h"
#include "lib/codec/frame.h"
#include "lib/port/log.h"
#include "lib/run/partition_state.h"
#include "settler/core/intake.h"
#include "settler/reject_copy.h"
#include "settler/store/store.h"

/* Frames of one transaction at most. */
enum { BATCH_FRAMES = 64 };

/* A frame that waits, with the memory that it lies in. */
struct slot {
    struct packer bytes;
    struct frame_rows rows;
};

/* Who is handed notices, and how many at most. */
struct notice_taker {
    take_notice *take;
    void *context;
    uint32_t most;
};

struct settler_part {
    struct partition base;
    struct claim claim;
    struct intake intake;
    struct slot slots[BATCH_FRAMES + 1];
    struct placed_frame batch[BATCH_FRAMES + 1]; /* one more than is ever settled: the frame that came */
    uint32_t count;
    uint32_t row_count;
    size_t size_bytes;
    bool frame_alone; /* the batch's frame must be settled alone */
    bool in_steps;    /* the batch is settled in part; nothing of the partition is read meanwhile */
    bool one_waits;   /* the frame behind the batch is the next one's first */
    struct reject_copy rejects;
    int64_t read_on; /* offset behind the last message that was taken; -1: not claimed yet */
};

/* Never NULL. */
struct settler_part *settler_part_new(uint32_t number);
void settler_part_free(struct settler_part *part);

/* Claims the row and goes on from it: the partition works. */
enum error_class settler_part_claim(struct settler_part *part, struct store *store, struct error *error);
/* A message of usage.frames: into the batch, if it is the next frame. What is too much for one transaction is
 * settled first, and a full batch at once. `now_s` never steps back. */
enum error_class settler_part_take(struct settler_part *part, struct store *store,
                                   const struct log_message *message, int64_t now_s, struct error *error);
/* The batch, or a step of it. RETRY: the partition's rows were refused; ABORT: the store is dead. */
enum error_class settler_part_settle(struct settler_part *part, struct store *store, struct error *error);
/* Notices below `sent` are sent, or will never be. It fails as settler_part_settle does. */
enum error_class settler_part_move_notices(struct settler_part *part, struct store *store, int64_t sent,
                                           struct error *error);
/* Reads so many notices that are to be sent next; Where the
 * claim is no longer ours it is lost. */
enum error_class settler_part_read_notices(struct settler_part *part, struct store *store,
                                           const struct notice_taker *taker, struct error *error);
/* What waits of usage.rejects. It fails as settler_part_settle does; after RETRY it still waits. */
enum error_class settler_part_copy_rejects(struct settler_part *part, struct store *store,
                                           struct error *error);
