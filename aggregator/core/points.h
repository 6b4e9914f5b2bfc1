/* The change points of one resource or file system: the fold of CONTRACT §2.1.
 *
 * Points are kept sorted by (effective time, kind, id, source) and each knows what the points of its
 * microsecond leave, so the order in which they arrive cannot matter, and late ones are folded in from their
 * own place on only: once for all that an epoch brings (one by one, k late ones cost k times what follows).
 * Of one microsecond, where the resource runs just before it, those that end it are applied before the
 * others. A failed event stands twice, at `since` and at `time`. The level of a second is the one left by the
 * last point whose time, cut to the second, is at or before it. */
#pragma once

#include "aggregator/core/timeline.h"
#include "lib/base/names.h"
#include "lib/domain/frame.h"
#include "lib/domain/record.h"

struct point {
    int64_t time_us; /* effective */
    struct str id;   /* bytes from the slab of `struct points_shared` */
    uint32_t source; /* number of a name */
    uint8_t kind;    /* enum record_kind */
    uint8_t state;   /* enum run_state after it: GONE (not launched yet), RUNNING, or what ended it */
    bool second;     /* the later place of a failed event */
    bool idle;       /* it changes or ends what runs, and nothing runs just before it (CONTRACT §2.1) */
    uint32_t sku;    /* as the event says: numbers of names; 0: absent */
    uint32_t order;
    int64_t quantity;  /* as the event says; storage: bytes; failed: the other one of its two times, in us */
    struct level left; /* the level after its microsecond (storage: after it); quantity 0: not running */
};

struct points {
    VEC(struct point) list;
    struct level base;    /* before the first point */
    int64_t base_since_s; /* since when it is so, where it runs */
    /* Points [stale_from, stale_to) were put in, and what they and later ones leave is not worked out yet;
     * {0, 0}: none. */
    uint32_t stale_from;
    uint32_t stale_to;
};

/* What all resources of a partition share: names of skus, orders and sources, and where ids lie. */
struct slab;
struct points_shared {
    struct names *names;
    struct slab *ids;
};

enum points_outcome { POINTS_ADDED, POINTS_REPEATED };

/* Events that change or end what runs, and how many of them do or do not meet something running now that they
 * did not or did before. One that was just put in did. One of two places is idle where it is so at both. */
struct points_effects {
    uint64_t lost;
    uint64_t found;
};

/* Puts an event's change in (not a heartbeat). A repeat has the same two times (CONTRACT §2). Levels and
 * states are good again after points_refresh. */
enum points_outcome points_put(struct points *points, const struct points_shared *shared,
                               const struct record *record);
/* Works out what the points leave since the first that was put in, and adds to *effects. */
void points_refresh(struct points *points, const struct names *names, struct points_effects *effects);
/* Both. */
enum points_outcome points_add(struct points *points, const struct points_shared *shared,
                               const struct record *record);
/* Whether the event is known. */
bool points_have(const struct points *points, const struct names *names, const struct record *record);
/* False: the event changes or ends what runs, and nothing runs just before it, in the order of CONTRACT §2.1,
 * nor at the second place of a failed one. An event that is not known, or was forgotten: true. After
 * points_refresh. */
bool points_meets_level(const struct points *points, const struct names *names, const struct record *record);
/* Index of the first point whose second is at or after second_s. */
uint32_t points_at(const struct points *points, int64_t second_s);
/* The level of a second. */
struct level points_level(const struct points *points, int64_t second_s);
/* Appends the levels of [from_s, to_s) to the timeline. */
void points_fold(const struct points *points, int64_t from_s, int64_t to_s, struct timeline *out);
/* The last second in [from_s, to_s) in which something stopped it (at an event's effective time);
 * INT64_MIN: none. */
int64_t points_last_stop(const struct points *points, int64_t from_s, int64_t to_s);
/* How many points lie at or before now_us. */
uint32_t points_until(const struct points *points, int64_t now_us);
/* Since when what the first `count` points leave is so: the second of the last change. */
int64_t points_since_s(const struct points *points, uint32_t count);
/* The level that the first `count` points leave, or the last one before that was not none. */
struct level points_last_level(const struct points *points, uint32_t count);
/* Works out anew what each point leaves. */
void points_refold(struct points *points);
/* Whether an event of this kind ends a resource. */
bool points_kind_stops(enum record_kind kind);
/* Takes points before second_s into the base; what ended before is not known any more. */
void points_forget(struct points *points, const struct points_shared *shared, int64_t second_s);
