/* Snapshots put together from the messages of aggregator.snapshots, whatever their order: after a compaction
 * a manifest may stand before its chunks, when a second owner wrote them again (DESIGN §4, Snapshots).
 *
 * Memory: the chunks of the newest snapshot that is whole, and of those that are newer; what is older goes as
 * soon as a whole one stands. */
#pragma once

#include "aggregator/core/kept.h"
#include "lib/codec/topics.h"

struct piece {
    uint64_t seq;
    uint32_t index;
    char *owned;
    uint32_t size_bytes;
};

struct pieces {
    uint32_t partition;
    uint64_t below;         /* snapshots of this number and above are left out: they were no good */
    uint64_t whole_seq;     /* of the newest whole one */
    bool whole;             /* there is one */
    VEC(struct piece) list; /* by seq, then index */
    VEC(struct snapshot_manifest) manifests;
};

void pieces_init(struct pieces *pieces, uint32_t partition, uint64_t below);
void pieces_release(struct pieces *pieces);
/* A message of the topic; snapshots that stand are noted in *kept, those given up are forgotten. */
void pieces_take(struct pieces *pieces, struct str key, struct str value, struct kept *kept);
enum pieces_outcome {
    PIECES_NONE,
    PIECES_WHOLE,
    PIECES_BAD, /* not what its manifest says: begin again below it */
};
/* The newest snapshot of which all is here: its bytes are appended, its chunks go. */
enum pieces_outcome pieces_join(struct pieces *pieces, struct snapshot_manifest *manifest,
                                struct packer *bytes);

/* How many chunks a state of this size has. */
uint32_t snapshot_chunk_count(uint32_t size_bytes);
/* The key of a snapshot's manifest, and of its chunk i. */
enum { SNAPSHOT_KEY_SIZE = 64 };
void snapshot_manifest_key(char key[SNAPSHOT_KEY_SIZE], uint32_t partition, uint64_t seq);
void snapshot_chunk_key(char key[SNAPSHOT_KEY_SIZE], uint32_t partition, uint64_t seq, uint32_t index);
