/* Where partitions go on: each one's newest complete snapshot, and the chain of frames that follows it
 * (DESIGN §4, Restart). All partitions are read at once: first their snapshots, then their frames, each to
 * the high watermark; never "the last message", which a zombie may have written.
 *
 * A partition that still has its fold is not restored: only what others wrote to usage.frames since is read.
 * The process's own reader is used, a turn at a time, so that its group is served meanwhile; a recovery can
 * be ended at any point, and what it has found in a partition by then stays true. */
#pragma once

#include "aggregator/partition.h"
#include "lib/port/host.h"

struct recovery;

/* Of parts that are claiming and live as long as it does. */
struct recovery *recovery_new(struct log *log, struct host *host, const struct topics *topics,
                              struct partition *const *parts, uint32_t count);
void recovery_free(struct recovery *recovery);

/* What the log gave. */
void recovery_take(struct recovery *recovery, enum log_got got, const struct log_message *message);

enum recover_outcome {
    RECOVERING, /* read on, and call again */
    RECOVERED,  /* every part works, or is stopped */
    RECOVER_FAILED,
};
/* Sees how far it is, and assigns what is to be read next. To be called once more after each turn. */
enum recover_outcome recovery_step(struct recovery *recovery, struct error *error);
