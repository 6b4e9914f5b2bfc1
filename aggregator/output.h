/* What the aggregator sends: frames, and snapshots of its state (DESIGN §4). What is on its way is bounded:
 * a call waits for the broker until there is room, or until the process is to stop. */
#pragma once

#include "aggregator/core/kept.h"
#include "lib/base/digest.h"
#include "lib/base/pack.h"
#include "lib/domain/topics.h"
#include "lib/run/send.h"

struct output {
    struct send send;
    const struct topics *topics;
    struct packer message; /* room for one, used again and again */
    int frame_tag;         /* its address marks frames among deliveries */
};

/* Whether the delivery is a frame's. */
bool output_is_frame(const struct output *output, const void *tag);
enum error_class output_frame(struct output *output, uint32_t partition, struct str bytes,
                              struct error *error);

struct state_snapshot {
    uint32_t partition;
    uint64_t seq; /* of the last frame in it */
    int64_t next_offset;
    uint8_t digest[DIGEST_SIZE];
    struct str bytes;
};
/* Chunks, once all frames are acknowledged; *frames_from is then asked for where in usage.frames to begin
 * after it. Last the manifest: with it the snapshot is whole, and older ones are given up. */
enum error_class output_snapshot(struct output *output, const struct state_snapshot *snapshot,
                                 const int64_t *frames_from, struct kept *kept, struct error *error);
void output_release(struct output *output);
