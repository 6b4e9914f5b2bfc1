/* The smaller messages: snapshots, the generation's manifest, rejects. One schema of schemas/ each. */
#pragma once

#include "lib/base/digest.h"
#include "lib/base/pack.h"
#include "lib/codec/outcome.h"
#include "lib/domain/limits.h"

enum { SNAPSHOT_CHUNK_BYTES = LIMIT_SNAPSHOT_CHUNK_BYTES };

struct snapshot_chunk {
    uint32_t partition;
    uint64_t seq;
    uint32_t index;
    struct str bytes;
};

struct snapshot_manifest {
    uint32_t partition;
    uint64_t seq;
    uint32_t chunks;
    uint64_t size_bytes;
    uint8_t digest[DIGEST_SIZE];
    int64_t frame_offset;
    int64_t next_offset;
};

struct generation {
    uint32_t partitions;
    uint32_t rules_number;
    int64_t lifecycle_horizon_us;
    int64_t report_horizon_us;
    bool simulated;
    uint8_t init_digest[DIGEST_SIZE];
};

/* An event that was refused. Names are those that the event has and that could be names (CONTRACT §2); size
 * 0: none. */
struct reject {
    struct str reason;
    struct str feed;   /* the entrance: "http", a topic, "file" */
    struct str sender; /* who handed it in: an address */
    struct str origin; /* where in the entrance */
    struct str account;
    struct str type;
    struct str source;
    struct str id;
    int64_t clock_us; /* of the collector */
    struct str bytes;
};

void snapshot_chunk_encode(const struct snapshot_chunk *chunk, struct packer *out);
void snapshot_manifest_encode(const struct snapshot_manifest *manifest, struct packer *out);
void generation_encode(const struct generation *generation, struct packer *out);
/* Cuts what is too long, and leaves out a name that is none. */
void reject_encode(const struct reject *reject, struct packer *out);

/* Zero-copy; *out is good when the outcome is DECODE_OK. */
#define DECODES __attribute__((warn_unused_result)) enum decode_outcome
DECODES snapshot_chunk_decode(struct str bytes, struct snapshot_chunk *out);
DECODES snapshot_manifest_decode(struct str bytes, struct snapshot_manifest *out);
DECODES generation_decode(struct str bytes, struct generation *out);
/* Both schemas that there ever were: reject.avsc had no sender and no names. */
DECODES reject_decode(struct str bytes, struct reject *out);
#undef DECODES
