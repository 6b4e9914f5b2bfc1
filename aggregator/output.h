/* What the aggregator sends: frames, and snapshots of its state (DESIGN §4). What is on its way is bounded:
 * a call waits for the broker until there is room, or until the process is to stop. */
#pragma once

#include "aggregator/core/kept.h"
#include "lib/base/digest.h"
#include "lib/base/pack.h"
#include "lib/domain/topics.h"
#include "lib/run/send.h"

/* So many frames on their way are timed, beyond that the time is that of a later one. */
enum { FRAMES_TIMED = 4096 };

struct output {
    struct send send;
    const struct topics *topics;
    struct packer message; /* room for one, used again and again */
    /* When the last frames were sent, one after another; their tags point into it. */
    int64_t sent_ms[FRAMES_TIMED];
    uint32_t sent;
};

/* When the delivery's frame was sent; INT64_MIN: it is no frame's. */
int64_t output_frame_sent_ms(const struct output *output, const void *tag);
enum error_class output_frame(struct output *output, uint32_t partition, struct str bytes,
                              struct error *error);

struct state_snapshot {
    uint32_t partition;
    uint64_t seq; /* of the last frame in it */
    int64_t next_offset;
    uint8_t digest[DIGEST_SIZE];
    struct str bytes;
};
/* Chunks; once these and all frames are acknowledged *frames_from is asked for where in usage.frames to begin
 * after it. Last the manifest: with it the snapshot is whole, and older ones are deleted. */
enum error_class output_snapshot(struct output *output, const struct state_snapshot *snapshot,
                                 const int64_t *frames_from, struct kept *kept, struct error *error);
void output_release(struct output *output);
