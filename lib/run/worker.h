/* What the aggregator and the settler do alike: partitions of a log are claimed, read, worked on and dropped
 * (claim -> take -> turn -> drop), and whatever fails is recovered from in one place.
 *
 *     worker_turn, again and again:
 *         no handles: open them, or wait for the next try
 *         the group's word: drop what is no longer ours, claim what is
 *         each partition that works: a piece of what waits in it
 *         read: messages to their partitions
 *         once a second: does the log answer, how far behind is each; the group's offsets
 *
 * Recovery (STYLE, rule 8): a failure of class ABORT discards the handles; they are opened again after 0.5 to
 * 30 s, for ever. RETRY keeps them. What a stage returns as RETRY concerns the one partition, which waits
 * alone. FATAL alone ends the worker: an operator must act. It is said at once, then once a minute, and when
 * it is over; meanwhile the worker is not ready. Waits of our own are short, so that a server that is away is
 * no hang. */
#pragma once

#include "lib/base/vec.h"
#include "lib/port/host.h"
#include "lib/port/log.h"
#include "lib/run/partition_state.h"

struct stage;

/* How far a partition is. */
struct partition_figures {
    int64_t position;     /* the offset to be read next */
    int64_t durable;      /* the offset up to which its work stands, -1: not known; the group's offset */
    int64_t watermark_us; /* INT64_MIN: none yet */
    int64_t closed_s;     /* INT64_MIN: none yet */
};

struct stage_ops {
    const char *name;
    /* Claiming reads the log: the stage assigns it while any partition is claiming, all of them together. */
    bool reads_to_claim;
    /* What the stage needs beside the log, which is opened behind it; NULL: nothing. */
    enum error_class (*open)(struct stage *stage, struct error *error);
    void (*close)(struct stage *stage);
    struct partition *(*make)(struct stage *stage, uint32_t number);
    void (*free)(struct stage *stage, struct partition *partition);
    /* A step of claiming those that are claiming: sets them working, stopped, or refused by
     * partition_refuse. RETRY: the log does not answer. */
    enum error_class (*claim)(struct stage *stage, struct partition *const *partitions, uint32_t count,
                              struct error *error);
    /* While it is claiming, what the log gave, ends included; NULL where claiming does not read. */
    void (*claim_take)(struct stage *stage, enum log_got got, const struct log_message *message);
    /* A message of a partition that works. RETRY: it waits alone. */
    enum error_class (*take)(struct stage *stage, struct partition *partition,
                             const struct log_message *message, struct error *error);
    /* Of the topic that the stage reads beside the worker's: the offset to be read next, while the partition
     * works; -1: not now. A change that take_beside did not make is said by partition->reread. */
    int64_t (*beside)(const struct stage *stage, const struct partition *partition);
    /* What the log gave of it: a message, GONE, or ERROR with *error, which is that topic's alone. It fails
     * as take does. */
    enum error_class (*take_beside)(struct stage *stage, struct partition *partition, enum log_got got,
                                    const struct log_message *message, struct error *error);
    /* A bounded piece of what waits in it. RETRY: it waits alone. */
    enum error_class (*turn)(struct stage *stage, struct partition *partition, struct error *error);
    /* It is no longer ours. True: what is known of it stays good, should it come back at once. */
    bool (*drop)(struct stage *stage, struct partition *partition);
    /* It has stopped: its memory may go. */
    void (*stopped)(struct stage *stage, struct partition *partition);
    /* `partition` is NULL where it is not ours; NULL: nothing is appended. */
    void (*delivered)(struct stage *stage, struct partition *partition, void *tag,
                      const struct log_delivery *delivery);
    void (*figures)(const struct stage *stage, const struct partition *partition,
                    struct partition_figures *out);
    /* Asks what it opened whether it answers, once a second; NULL: nothing to ask. */
    enum error_class (*probe)(struct stage *stage, struct error *error);
};

/* The first member of a stage's own. The worker fills log and host. */
struct stage {
    const struct stage_ops *ops;
    struct log *log;
    struct host *host;
    const char *beside; /* a second topic, whose partitions are read with the worker's; NULL: none */
    bool yield;         /* the stage has done much with a message: the turn's reading ends */
    bool worked_long;   /* a partition did, in this turn: others that would may wait for the next */
    uint64_t progress;  /* what was worked off, ever: after a failure, the proof that it is over */
    /* To be called while the stage waits for a server longer than it should: the worker is not ready. */
    void (*waits)(void *worker, const char *why);
    void *worker;
};

/* A partition as it is shown; -1 and INT64_MIN as in partition_figures. */
struct worker_shown {
    uint32_t number;
    enum partition_state state;
    bool waits;
    int64_t lag; /* records */
    struct partition_figures figures;
};

struct worker_view {
    bool ready;
    const char *why; /* not ready: a word; else "" */
    uint32_t restarts;
    const struct worker_shown *shown; /* those that are ours */
    uint32_t count;
};

struct worker_config {
    struct stage *stage;
    struct log_opener opener;
    struct host *host;
    const char *topic;      /* whose partitions are handed out */
    const char *partitions; /* lib/run/assignment.h */
    /* Called when something changed, and once a second; NULL: nobody looks. */
    void (*show)(void *context, const struct worker_view *view);
    void *show_context;
};

struct worker;

/* Of a configuration that lasts as long as it does. */
struct worker *worker_new(const struct worker_config *config);
void worker_free(struct worker *worker);
/* One turn; it waits for messages for a moment at most. False: it has ended, with *status. */
bool worker_turn(struct worker *worker, int *status);
/* Until the process is to stop, or FATAL. The exit status. */
int worker_run(const struct worker_config *config);
