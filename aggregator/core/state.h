/* What the fold of one partition holds (DESIGN §4). Internal to aggregator/core.
 *
 * Invariants, at the end of every epoch:
 * 1. `said` of a series is exactly what the frames so far say of it, hour by hour.
 * 2. For seconds before clock.closed_s, `said` equals the fold of the series' points and signs judged at
 *    closed_s, but for signs noted in signs_changed_s, whose turn is the next close.
 * 3. A series that can differ at the next close is in `live`.
 * 4. No number of a name leaves this process; whatever leaves is sorted by bytes. */
#pragma once

#include "aggregator/core/clock.h"
#include "aggregator/core/fold.h"
#include "aggregator/core/points.h"
#include "aggregator/core/pool.h"
#include "aggregator/core/seen.h"
#include "aggregator/core/spans.h"
#include "aggregator/core/sums.h"
#include "aggregator/core/timeline.h"
#include "lib/base/slab.h"

/* What a resource and a pool have in common: it has a level, and things were said of it. */
struct series {
    enum product product;
    uint32_t account; /* numbers of names */
    uint32_t name;    /* the subject; a pool: "*" */
    uint32_t sku;     /* a pool's; else 0 */
    struct timeline said;
    int64_t changed_s;       /* its level may differ from `said` from here on, by a change; INT64_MAX: no */
    int64_t signs_changed_s; /* the same, by a sign of life */
    bool live;
    bool touched; /* by a change, in this epoch */
};

struct resource {
    struct series series;
    struct points points;
    struct spans spans; /* empty where its product has no liveness */
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
    int64_t last_stop_s; /* the last deletion's second; what an open hour is said up to */
};

/* A resource or a pool, by index. */
struct series_ref {
    uint32_t index : 31;
    uint32_t is_pool : 1;
};

/* Something stopped in an hour: say it now if the hour is open. */
struct stop {
    struct series_ref ref;
    int64_t hour_s;
};

/* A row under way: its segments lie in `segments` from `first` on. */
struct row_draft {
    struct series_ref ref;
    int64_t hour_s;
    uint32_t first;
    uint32_t count;
    bool stopped;
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
    int64_t liveness_s[PRODUCT_COUNT];
    struct clock clock;
    uint64_t seq;
    int64_t next_offset;
    uint8_t prev_hash[FRAME_HASH_SIZE];
    uint8_t snapshot_digest[FRAME_HASH_SIZE];
    VEC(struct incarnation) incarnations;
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
    struct seen seen;
    struct sums sums;

    /* Of the epoch under way. */
    struct frame_counters counters;
    VEC(struct series_ref) touched;
    VEC(struct stop) stops;
    VEC(struct fact) facts;
    VEC(struct frame_reject) rejects;
    int64_t reject_hour_s; /* log hour that reject_count is of */
    uint32_t reject_count;
    struct arena strings; /* of facts and rejects */

    /* Of the frame made last. */
    bool frame_made; /* its facts and rejects may still be read */
    struct timeline fresh;
    VEC(struct row_draft) drafts;
    VEC(struct level_segment) segments;
    VEC(struct level_row) rows;
    VEC(struct count_row) counts;
    VEC(struct count_sum) count_sums;
    struct frame frame;
};

static inline struct series *series_at(struct fold *fold, struct series_ref ref)
{
    return ref.is_pool ? &fold->pools.at[ref.index].series : &fold->resources.at[ref.index].series;
}

static inline struct points_shared fold_shared(struct fold *fold)
{
    return (struct points_shared){&fold->names, &fold->ids};
}

/* aggregator/core/index.c: finding and making what a record is about. */
uint32_t fold_resource(struct fold *fold, const struct record *record);
uint32_t fold_file_system(struct fold *fold, const struct record *record);
/* Take over what a snapshot had; pools before their file systems. */
void fold_adopt_resource(struct fold *fold, struct resource resource);
void fold_adopt_pool(struct fold *fold, struct storage_pool pool);
void fold_adopt_file_system(struct fold *fold, struct file_system file_system);

/* aggregator/core/say.c: what the frame says of levels. Fills drafts and segments. */
void say_levels(struct fold *fold, int64_t closed_before_s);
/* Rows out of drafts, sorted. */
void say_rows(struct fold *fold);
/* Rows out of the epoch's sums, sorted. */
void say_counts(struct fold *fold);
/* Closes every hour up to time_s, the last one as far as that. */
void say_until(struct fold *fold, int64_t time_s);

/* aggregator/core/forget.c: lets go of what is too late to change. */
void forget_old(struct fold *fold);
