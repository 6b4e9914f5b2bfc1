/* What a collector puts into usage.records: messages of each partition, in the order in which they come.
 *
 * The same seed gives the same messages. Of a story (tests/property/story.h), as a live collector tells it:
 * records in the epoch that they arrive in, a tick to each partition that has none; each message says how
 * many of its collector's the partition had acknowledged before. Or of a file's events, in simulated time. */
#pragma once

#include "lib/base/pack.h"
#include "lib/domain/message.h"
#include "tests/unit/random.h"

/* A story ends with so many epochs in which nothing happens. */
enum { INPUT_PARTITIONS_MAX = 4, INPUT_LAST_TICKS = 5 };

struct input_message {
    uint32_t partition;
    int64_t timestamp_ms;
    uint32_t from; /* in bytes */
    uint32_t size_bytes;
};

struct input {
    uint32_t partitions;
    struct packer bytes;
    VEC(struct input_message) list;
    int64_t until_s; /* of a file: hours before it are closed at the end */
    uint64_t sent[INPUT_PARTITIONS_MAX];
    uint8_t control_hash[INPUT_PARTITIONS_MAX][CONTROL_HASH_SIZE]; /* of the last control message */
    uint64_t incarnation;
};

struct input_kind {
    int events;
    int hours;
    uint32_t partitions;
    int64_t frame_rows;     /* 0: as the rules have it */
    int64_t snapshot_bytes; /* 0: as the rules have it */
    uint32_t signs; /* of life, of one more resource in each message with records: they weigh as input,
                       and leave the state small, so that snapshots fall due */
};

/* Numbers of a seed for one purpose: those of others, and of the next seed, are others. */
struct random random_for(uint64_t seed, uint64_t purpose);

/* A story of a live generation. */
void input_of_story(struct input *input, uint64_t seed, struct input_kind kind);

/* Init and later catalogs in each partition; then the events, one JSON object a line, and the last tick, as a
 * file source sends them. `until_s` INT64_MAX: the end of the latest event's hour. Returns how many lines
 * were rejected. */
uint32_t input_of_file(struct input *input, uint32_t partitions, const struct catalog_text *catalogs,
                       uint32_t catalog_count, struct str events, int64_t until_s);

struct str input_bytes(const struct input *input, uint32_t i);
void input_release(struct input *input);
