/* A partition in this process: its fold, what stands in Kafka of it, and what waits.
 *
 * The frames of an epoch are said in slices, so that other partitions and the group are served in between.
 * What comes of the partition meanwhile is held back, up to a bound; beyond it, the partition is left out of
 * what is read until it has caught up. */
#pragma once

#include "aggregator/core/chain.h"
#include "aggregator/core/fold.h"
#include "aggregator/core/kept.h"
#include "aggregator/output.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"
#include "lib/run/partition_state.h"

struct held_message {
    int64_t offset;
    int64_t timestamp_ms;
    char *bytes;
    uint32_t size_bytes;
};

struct aggregator_part {
    struct partition base;
    struct fold *fold;    /* NULL: not recovered yet, or stopped */
    int64_t stopped_at;   /* the offset that it would have taken next; -1: it goes on */
    struct chain chain;   /* of the frames that it must make again */
    struct kept kept;     /* its snapshots */
    uint64_t counted_seq; /* records of frames below are counted */
    int64_t frames_from;  /* usage.frames below: acknowledged to us, or read into the chain */
    VEC(struct held_message) held;
    uint64_t held_bytes;
};

/* Room that all partitions use, one after the other. */
struct aggregator_work {
    struct output *output;
    struct usage_records records;
    struct frame_writer writer;
    struct packer frame;
};
void aggregator_work_release(struct aggregator_work *work);

struct aggregator_part *aggregator_part_new(uint32_t number);
void aggregator_part_free(struct aggregator_part *part);
/* Before it bills wrongly: it stays silent from now on. */
void aggregator_part_stop(struct aggregator_part *part, const char *why);
/* The memory of one that has stopped. */
void aggregator_part_forget(struct aggregator_part *part);

/* A message of usage.records: folded, or held back while the partition is busy. Those that the fold has are
 * skipped. */
enum error_class aggregator_part_take(struct aggregator_part *part, struct aggregator_work *work,
                                      const struct log_message *message, struct error *error);
/* Whether frames or messages wait: base.busy says the same. */
bool aggregator_part_busy(const struct aggregator_part *part);
/* The next message of usage.records to be read. */
int64_t aggregator_part_next_offset(const struct aggregator_part *part);
/* A bounded piece of what waits. Beyond its bound of what is held back, base.full and base.reread say that it
 * is to be read again from there once it has caught up. */
enum error_class aggregator_part_go_on(struct aggregator_part *part, struct aggregator_work *work,
                                       struct error *error);
