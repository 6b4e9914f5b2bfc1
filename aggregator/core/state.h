/* What the fold of one partition holds (DESIGN §4). Internal to aggregator/core.
 *
 * Invariants, at the end of every epoch:
 * 1. `said` of a series is exactly what the frames so far have emitted of it, hour by hour.
 * 2. For seconds before clock.closed_s, `said` equals the fold of the series' points and signs judged at
 *    closed_s, except for signs noted in signs_changed_s, which the next close
 *    judges.
 * 3. A series that can differ at the next close is in `live`.
 * 4. No number of a name leaves this process; what does leave is sorted by bytes.
 * 5. `told` of a resource is what the frames so far have emitted of its state, and its state at log time,
 *    except for those in `looks`.
 * 6. `sums` holds no hour before clock.closed_s.
 * 7. Records of the epoch = applied + repeated + rejected.
 * 8. The epoch's messages are those from epoch_offset to next_offset.
 * 9. closed_s is a whole hour that the watermark has reached (but at `rate`'s finish), and never falls.
 * invariants.c checks those that are cheap to see, at each epoch; tests/property the others. */
#pragma once

#include "aggregator/core/clock.h"
#include "aggregator/core/controls.h"
#include "aggregator/core/due.h"
#include "aggregator/core/fold.h"
#include "aggregator/core/points.h"
#include "aggregator/core/pool.h"
#include "aggregator/core/run.h"
#include "aggregator/core/spans.h"
#include "aggregator/core/sums.h"
#include "aggregator/core/timeline.h"
#include "lib/base/check.h"
#include "lib/base/slab.h"
#include "lib/domain/seen.h"

/* What a resource and a pool have in common: a level, and what was emitted of it. */
struct series {
    enum product product;
    uint32_t account; /* numbers of names */
    uint32_t name;    /* the subject; a pool: "*" */
    uint32_t sku;     /* a pool's; else 0 */
    struct timeline said;
    int64_t changed_s; /* its level may differ from `said` from this second on, by a change; INT64_MAX: no */
    int64_t signs_changed_s; /* the same, by a sign of life */
    int64_t stop_minute;     /* of log time in which a stop was last emitted; INT64_MIN: never */
    bool live;
    bool touched; /* by a change, in this epoch */
    bool queued;  /* in the work of the epoch that is being emitted */
};

struct resource {
    struct series series;
    struct points points;
    struct spans spans; /* empty where its product has no liveness */
    struct run told;
    int64_t due_us; /* its entry in `due` that counts; INT64_MAX: none */
    bool looked_at; /* in `looks` */
};

struct file_system {
    uint32_t account;
    uint32_t sku;
    uint32_t subject;
    uint32_t pool; /* index */
    struct points points;
};

struct storage_pool {
    struct series series;
    struct pool pool;
    VEC(int64_t) last_stops; /* second of the last deletion of each open hour: it is emitted up to there */
};

/* A resource or a pool, by index. */
struct series_ref {
    uint32_t index : 31;
    uint32_t is_pool : 1;
};

static inline struct series_ref series_ref(uint32_t index, bool is_pool)
{
    CHECK(index <= INT32_MAX);
    return (struct series_ref){index & INT32_MAX, is_pool};
}

/* A stop inside an hour: emitted before the hour's close, at most once a minute of log time. */
struct stop {
    struct series_ref ref;
    int64_t hour_s;
};

/* By series and hour. */
int stop_compare(const void *a, const void *b);

enum work_kind { WORK_LEVEL, WORK_COUNT, WORK_STATE };

/* One thing that the epoch may have rows about. */
struct work {
    enum work_kind kind;
    struct series_ref ref; /* LEVEL, STATE */
    uint32_t hour;         /* COUNT: index into sums.hours, */
    uint32_t sum;          /* and of the key's first sum in it */
};

/* Hours to be compared with what was emitted of them; to_s may lie inside the last one. */
struct range {
    int64_t from_s;
    int64_t to_s;
    bool stopped;
};

/* How much of something is in the frame under way. */
struct weight {
    int64_t rows;
    int64_t bytes;
};

/* An epoch that is being emitted, frame by frame. */
struct saying {
    bool under_way;
    bool closes;           /* hours were closed: from before_s up to clock.closed_s */
    int64_t before_s;      /* what closed_s was */
    int64_t finish_s;      /* `rate` ends up to this second; INT64_MIN: it is an epoch of the log */
    VEC(struct work) work; /* sorted: account, kind, key */
    uint32_t at;           /* the next one */
    bool open;             /* it has begun: */
    VEC(struct range) ranges;
    uint32_t range;
    bool range_open;        /* `fresh` is of this range, */
    int64_t hour_s;         /* and this is the next hour of it */
    bool counted;           /* the row of its counts was emitted */
    uint32_t fact;          /* the next one */
    VEC(struct stop) stops; /* that are emitted now, sorted */
    struct weight frame;
    struct weight account; /* of the account of the row before */
    struct weight item;    /* of its work */
    uint32_t last_account; /* UINT32_MAX: no row yet in this frame */
    uint32_t last_work;
};

struct incarnation {
    uint64_t number;
    uint64_t counted; /* its messages in this log */
    int64_t last_us;  /* log time at its last one */
};

struct fold {
    uint32_t partition;
    bool has_rules;
    struct rules rules;
    struct controls controls;
    int64_t liveness_s[PRODUCT_COUNT];
    struct clock clock;
    uint64_t seq;
    int64_t next_offset;
    int64_t epoch_offset; /* where the epoch under way begins */
    uint8_t prev_hash[FRAME_HASH_SIZE];
    uint8_t snapshot_digest[FRAME_HASH_SIZE];
    VEC(struct incarnation) incarnations;
    fold_watcher *watcher; /* NULL: nobody watches */
    void *watcher_context;
    uint64_t records_since_snapshot;
    uint64_t last_snapshot_size;

    struct names names;
    struct slab ids;
    VEC(struct resource) resources;
    struct table resource_index;
    VEC(struct file_system) file_systems;
    struct table file_system_index;
    VEC(struct storage_pool) pools;
    struct table pool_index;
    VEC(struct series_ref) live;
    VEC(struct stop) stops; /* not said yet */
    VEC(uint32_t) looks;    /* resources whose state may differ from `told` */
    struct due due;         /* not in snapshots: it follows from the levels */
    struct seen seen;
    struct sums sums;

    /* Of the epoch under way. */
    struct frame_counters counters;
    struct fold_effects effects; /* until the next one begins */
    VEC(struct series_ref) touched;
    VEC(struct fact) facts;
    VEC(struct frame_reject) rejects;
    int64_t reject_hour_s; /* log hour that reject_count is of */
    uint32_t reject_count;
    struct arena strings; /* of facts and rejects */

    /* Of the frame made last. */
    bool said; /* the epoch is over; its facts and rejects may still be read */
    struct saying saying;
    struct timeline fresh;
    VEC(struct level_segment) segments;
    VEC(struct level_row) rows;
    VEC(struct count_sum) count_sums;
    VEC(struct count_row) counts;
    VEC(struct state_row) states;
    struct frame frame;
};

static inline struct series *series_at(struct fold *fold, struct series_ref ref)
{
    return ref.is_pool ? &fold->pools.at[ref.index].series : &fold->resources.at[ref.index].series;
}

static inline void resource_release(struct resource *resource)
{
    vec_release(&resource->series.said.steps);
    vec_release(&resource->points.list);
    vec_release(&resource->spans.list);
}

static inline struct points_shared fold_shared(struct fold *fold)
{
    return (struct points_shared){&fold->names, &fold->ids};
}

/* aggregator/core/index.c: finding and making what a record is about. */
uint32_t fold_resource(struct fold *fold, const struct record *record);
/* Finds only; UINT32_MAX: it is not known. */
uint32_t fold_find_resource(const struct fold *fold, const struct record *record);
uint32_t fold_file_system(struct fold *fold, const struct record *record);
/* Whether the record is known of the file system of another sku: the sku is no part of its identity. */
bool fold_storage_repeated(const struct fold *fold, uint32_t file_system, const struct record *record);
/* Take over what a snapshot had; pools before their file systems. */
void fold_adopt_resource(struct fold *fold, struct resource resource);
void fold_adopt_pool(struct fold *fold, struct storage_pool pool);
void fold_adopt_file_system(struct fold *fold, struct file_system file_system);
/* After some have left. */
void fold_index_resources(struct fold *fold);
void fold_index_file_systems(struct fold *fold);

/* aggregator/core/levels.c: which hours of a series must be emitted again, and their rows. */

/* Ranges of the series in this epoch. */
void levels_begin(struct fold *fold, struct series_ref ref);
/* Moves to the next hour that differs from what was emitted; false: there is none. */
bool levels_seek(struct fold *fold, struct series_ref ref);
/* Appends the row of that hour and its segments, and moves on. */
void levels_say(struct fold *fold, struct series_ref ref);
/* Everything of it was emitted. */
void levels_end(struct fold *fold, struct series_ref ref);

/* aggregator/core/work.c: what an epoch has to emit, in order. Hours up to clock.closed_s are closed now. */
void work_collect(struct fold *fold, int64_t closed_before_s);
/* The resource's state may have changed. */
void work_look_at(struct fold *fold, uint32_t resource);
/* Notes when the resource is to be looked at again. */
void work_schedule(struct fold *fold, uint32_t resource);
uint32_t work_account(const struct fold *fold, const struct work *work);

/* aggregator/core/invariants.c: before the epoch's last frame, and when the epoch is over. */
void check_epoch(const struct fold *fold);
void check_epoch_over(const struct fold *fold);

/* aggregator/core/forget.c: deletes what is too late to change. */
void forget_old(struct fold *fold);

/* aggregator/core/leave.c: deletes those that have nothing left. What lies before before_s is forgotten. */
void leave_resources(struct fold *fold, int64_t before_s);
void leave_file_systems(struct fold *fold);

/* aggregator/core/rejects.c */
void reject_record(struct fold *fold, const struct message *message, const struct record *record);
void reject_control(struct fold *fold, const struct message *message, const char *reason);
void reject_message(struct fold *fold, int64_t offset);

/* aggregator/core/control.c: rules and catalogs. */
enum fold_outcome apply_control(struct fold *fold, const struct message *message);
