/* Random events and the whole pipeline in memory, for properties: events, a log of bytes, frames, lines. */
#pragma once

#include "aggregator/core/fold.h"
#include "collectors/core/batch.h"
#include "lib/base/pack.h"
#include "settler/core/settle.h"
#include "tests/unit/random.h"

/* What a generator may make. */
struct world_kind {
    int events;
    int hours; /* that their times lie in */
    bool orders;
    bool late_heartbeats;
    int64_t late_s; /* how late events may come; 0: in order of their times */
};

struct arrival {
    struct record record;
    int64_t arrives_us;
};

/* Events in order of arrival; strings in the batch. */
struct world {
    struct batch strings;
    VEC(struct arrival) arrivals;
    struct str catalog;       /* none: one that is good for many things */
    struct str later_catalog; /* or none */
    int64_t later_from_s;
    int64_t horizon_us; /* of everything; 0: without end */
    int64_t frame_rows; /* after which a frame ends at the next edge; 0: as the rules have it */
};

void world_make(struct world *world, struct random *random, struct world_kind kind);
void world_shuffle(struct world *world, struct random *random);
/* Sends about a third of the events again, somewhere later. */
void world_repeat(struct world *world, struct random *random);
void world_release(struct world *world);

/* Byte strings, one behind the other. */
struct byte_list {
    struct packer bytes;
    VEC(uint32_t) ends;
};
void byte_list_add(struct byte_list *list, const struct packer *bytes);
struct str byte_list_at(const struct byte_list *list, uint32_t i);
void byte_list_release(struct byte_list *list);

enum { WORLD_PARTITIONS_MAX = 4 };

/* The log that the first `count` events make, as messages of each partition; its TIME, or until_s. */
struct log {
    uint32_t partitions;
    struct byte_list messages[WORLD_PARTITIONS_MAX];
    VEC(uint32_t) arrived[WORLD_PARTITIONS_MAX]; /* records in messages up to each one */
    int64_t until_s;
};
void log_make(struct log *log, const struct world *world, uint32_t count, uint32_t partitions,
              int64_t until_s);
/* The same as it comes about live, in one partition: clocks are the times at which events arrive, so that
 * some are timed ahead of them. With ticks in between; the last message is at end_us. */
void log_make_live(struct log *log, const struct world *world, uint32_t count, int64_t end_us);
void log_release(struct log *log);

/* Appends the bytes of each frame of the epoch that is being said. */
void log_say(struct fold *fold, struct byte_list *frames);
/* Folds messages [from, ...) of a partition; appends each frame's bytes. The caller owns the fold. */
void log_fold(const struct log *log, uint32_t partition, struct fold *fold, uint32_t from,
              struct byte_list *frames);

/* What frames came to. */
struct outcome {
    struct settlement settlement;
    struct frame_rows *rows;
    uint64_t corrections;     /* rows for a line and hour that had one */
    uint64_t far_corrections; /* of those, more than 48 hours back */
    uint64_t late_voids;      /* voids of orders that an earlier frame charged */
    uint64_t silences; /* corrections downwards, two hours back or more, that no record and no void made */
    bool in_epoch;     /* the frame before said `more` */
};
void outcome_init(struct outcome *outcome);
void outcome_take(struct outcome *outcome, struct str frame);
/* Appends the lines of hours before before_s, one a string. */
void outcome_lines(struct outcome *outcome, int64_t before_s, struct byte_list *lines);
void outcome_release(struct outcome *outcome);

/* Sorts the strings, so that partitions can be compared with one. */
void byte_list_sort(struct byte_list *list);
bool byte_list_equal(const struct byte_list *a, const struct byte_list *b);
