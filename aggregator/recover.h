/* Where a partition goes on: the newest complete snapshot, and the chain of frames that follows it (DESIGN
 * §4, Restart). Reads Kafka to the high watermarks; never "the last message", which a zombie may have
 * written. */
#pragma once

#include "aggregator/core/fold.h"
#include "lib/base/vec.h"
#include "lib/domain/topics.h"
#include "lib/io/kafka.h"

/* The hashes of frames that are in usage.frames already: the fold must make the same ones again. */
struct chain {
    uint64_t first_seq;
    VEC(struct chain_link) links; /* of frames first_seq, first_seq + 1, ... */
};

struct chain_link {
    uint8_t hash[FRAME_HASH_SIZE];
};

/* A snapshot that stands in the topic. chunks 0: none. */
struct kept_snapshot {
    uint64_t seq;
    uint32_t chunks;
};

struct recovery {
    struct fold *fold; /* restored, or new */
    struct chain chain;
    bool from_snapshot;
    struct kept_snapshot kept[2]; /* the newest two, the older one first */
};

enum recover_outcome {
    RECOVERED,
    RECOVER_FAILED, /* Kafka: *error says what */
    /* Stop this partition: */
    RECOVER_DIVERGED,     /* two frames of one number follow the same one */
    RECOVER_OTHER_SCHEMA, /* a later release's frames may stand there: ours would be said beside them */
};

enum recover_outcome recover(struct kafka_reader *reader, const struct topics *topics, uint32_t partition,
                             struct recovery *out, struct kafka_error *error);
void chain_release(struct chain *chain);
/* The frame's hash in the chain; NULL: it is not in it. */
const uint8_t *chain_at(const struct chain *chain, uint64_t seq);
