/* The frames that stand in a partition of usage.frames, as an auditor sees them: by number and hash, copies
 * once, whoever wrote them and in what order. */
#pragma once

#include "lib/base/pack.h"
#include "lib/codec/frame.h"
#include "lib/port/memory_log.h"

struct chain_frame {
    uint64_t seq;
    uint8_t prev_hash[FRAME_HASH_SIZE];
    uint8_t hash[FRAME_HASH_SIZE];
    int64_t closed_s;
    uint32_t from; /* in bytes */
    uint32_t size_bytes;
};

struct chains {
    struct packer bytes;
    VEC(struct chain_frame) list; /* by number, then hash */
};

/* Reads all that decodes and is of this partition. */
void chains_read(struct chains *chains, const struct memory_log *log, const char *topic, uint32_t partition);
void chains_release(struct chains *chains);
/* How many frames the longest chain from number 0 on has. */
uint64_t chains_longest(const struct chains *chains);
/* How many of the first frames of `whole`, which has each number once, stand among these, byte for byte. */
uint64_t chains_shared(const struct chains *chains, const struct chains *whole);
