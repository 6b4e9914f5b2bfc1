#include "aggregator/core/points.h"

#include "lib/base/check.h"
#include "lib/base/slab.h"
#include "lib/base/time.h"

/* What a point is looked up by before it has memory of its own. */
struct key {
    int64_t time_us;
    enum record_kind kind;
    struct str id;
    struct str source;
    int64_t other_us; /* failed: the other one of its two times */
};

static int key_compare(const struct names *names, const struct key *key, const struct point *point)
{
    if (key->time_us != point->time_us)
        return key->time_us < point->time_us ? -1 : 1;
    if (key->kind != point->kind)
        return kind_row(key->kind)->rank < kind_rows[point->kind].rank ? -1 : 1;
    int order = str_compare(key->id, point->id);
    if (order == 0)
        order = str_compare(key->source, names_get(names, point->source));
    if (order == 0 && key->kind == RECORD_FAILED)
        order = (key->other_us > point->quantity) - (key->other_us < point->quantity);
    return order;
}

/* The index of the key, or where it would be inserted. */
static uint32_t find(const struct points *points, const struct names *names, const struct key *key,
                     bool *found)
{
    uint32_t low = 0, high = points->list.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = key_compare(names, key, &points->list.at[middle]);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    *found = false;
    return low;
}

bool points_kind_stops(enum record_kind kind)
{
    const struct kind_row *row = kind_row(kind);
    return row->shape == SHAPE_LEVEL && row->change == CHANGE_ENDS;
}

/* --- what points leave --- */

struct left {
    struct level level;
    enum run_state state;
};

/* What ended it stays so until a launch; but what is deleted is, though it was stopped before (§7). */
static struct left after_end(struct left before, enum run_state leaves)
{
    bool runs = before.level.quantity != 0;
    if (runs || (leaves == RUN_DELETED && before.state != RUN_GONE))
        before.state = leaves;
    before.level = (struct level){0};
    return before;
}

static struct left after_reconfiguration(struct left before, const struct point *point)
{
    if (before.level.quantity == 0)
        return before;
    if (point->sku != 0)
        before.level.sku = point->sku;
    if (point->order != 0)
        before.level.order = point->order;
    if (point->quantity != 0)
        before.level.quantity = (unsigned __int128)point->quantity;
    return before;
}

/* CONTRACT §2's table, last column. */
static struct left after_point(struct left before, const struct point *point)
{
    const struct kind_row *kind = kind_row((enum record_kind)point->kind);
    switch (kind->change) {
    case CHANGE_SETS:
        return (struct left){{point->sku, point->order, (unsigned __int128)point->quantity}, kind->leaves};
    case CHANGE_ALTERS:
        return after_reconfiguration(before, point);
    case CHANGE_ENDS:
        return kind->shape == SHAPE_POOL ? (struct left){{0}, kind->leaves} : after_end(before, kind->leaves);
    case CHANGE_NONE:
        break;
    }
    CHECK_NEVER("a change point of this kind");
    return before;
}

/* What is noted while points are gone through in their order. */
struct walk {
    struct level ran; /* the last level that is not none; {0}: none yet */
    bool marks;       /* which points are idle is worked out anew, */
    const struct names *names;
    struct points_effects *effects; /* and counted; NULL: it is not */
};

/* The other place of a failed event; NULL: it has none, or that was forgotten. */
static const struct point *other_place(const struct points *points, const struct names *names,
                                       const struct point *point)
{
    struct key key = {point->quantity, RECORD_FAILED, point->id, names_get(names, point->source),
                      point->time_us};
    bool found;
    uint32_t at = find(points, names, &key, &found);
    return found ? &points->list.at[at] : NULL;
}

static void mark(const struct points *points, struct point *point, bool idle, const struct walk *walk)
{
    if (point->idle == idle)
        return;
    point->idle = idle;
    if (walk->effects == NULL)
        return;
    if (point->kind == RECORD_FAILED && point->quantity != point->time_us) {
        const struct point *other = other_place(points, walk->names, point);
        if (other == NULL || !other->idle)
            return;
    }
    *(idle ? &walk->effects->lost : &walk->effects->found) += 1;
}

static bool needs_level(const struct point *point)
{
    enum change change = kind_row((enum record_kind)point->kind)->change;
    return change == CHANGE_ALTERS || change == CHANGE_ENDS;
}

static struct left after_noting(const struct points *points, uint32_t at, struct left before,
                                struct walk *walk)
{
    struct point *point = &points->list.at[at];
    if (walk->marks)
        mark(points, point, needs_level(point) && before.level.quantity == 0, walk);
    struct left left = after_point(before, point);
    if (left.level.quantity != 0)
        walk->ran = left.level;
    return left;
}

/* The points [from, to) of one microsecond. What runs just before it is ended first (CONTRACT §2.1). */
static struct left after_instant(const struct points *points, uint32_t from, uint32_t to, struct left left,
                                 struct walk *walk)
{
    bool ends_first = left.level.quantity != 0;
    for (uint32_t i = from; i < to && ends_first; i++)
        if (points_kind_stops((enum record_kind)points->list.at[i].kind))
            left = after_noting(points, i, left, walk);
    for (uint32_t i = from; i < to; i++)
        if (!ends_first || !points_kind_stops((enum record_kind)points->list.at[i].kind))
            left = after_noting(points, i, left, walk);
    return left;
}

static struct left left_before(const struct points *points, uint32_t i)
{
    if (i == 0)
        return (struct left){points->base, points->base.quantity != 0 ? RUN_RUNNING : RUN_GONE};
    return (struct left){points->list.at[i - 1].left, (enum run_state)points->list.at[i - 1].state};
}

/* Folds from the microsecond of index i on, until one of old points alone, from index `old` on, leaves what
 * it left before. */
static void refold(struct points *points, uint32_t i, uint32_t old, struct walk *walk)
{
    const struct point *list = points->list.at;
    while (i > 0 && list[i - 1].time_us == list[i].time_us)
        i--;
    struct left left = left_before(points, i);
    for (uint32_t to; i < points->list.count; i = to) {
        for (to = i + 1; to < points->list.count && list[to].time_us == list[i].time_us;)
            to++;
        left = after_instant(points, i, to, left, walk);
        if (i >= old && level_equal(left.level, list[i].left) && left.state == list[i].state)
            return;
        for (uint32_t at = i; at < to; at++) {
            points->list.at[at].left = left.level;
            points->list.at[at].state = (uint8_t)left.state;
        }
    }
}

void points_refresh(struct points *points, const struct names *names, struct points_effects *effects)
{
    struct walk walk = {.marks = true, .names = names, .effects = effects};
    if (points->stale_to > 0)
        refold(points, points->stale_from, points->stale_to, &walk);
    points->stale_from = points->stale_to = 0;
}

void points_refold(struct points *points)
{
    struct walk walk = {.marks = true};
    if (points->list.count > 0)
        refold(points, 0, points->list.count, &walk);
    points->stale_from = points->stale_to = 0;
}

/* --- adding --- */

/* A point was put in at that index. */
static void note_stale(struct points *points, uint32_t at)
{
    bool first = points->stale_to == 0;
    if (first || at < points->stale_from)
        points->stale_from = at;
    points->stale_to = !first && at < points->stale_to ? points->stale_to + 1 : at + 1;
}

static void insert(struct points *points, const struct points_shared *shared, const struct record *record,
                   uint32_t at, const struct key *key)
{
    const struct kind_row *kind = kind_row(record->kind);
    bool storage = kind->shape == SHAPE_POOL;
    struct point point = {
        .time_us = key->time_us,
        .id = slab_copy(shared->ids, record->id),
        .source = names_intern(shared->names, record->source),
        .kind = (uint8_t)record->kind,
        .second = key->time_us != record->since_us,
        .sku = names_intern(shared->names, record->sku),
        .order = names_intern(shared->names, record->order),
        .quantity = storage ? record->bytes : record->quantity,
    };
    if (record->kind == RECORD_FAILED)
        point.quantity = key->other_us;
    if (storage) { /* sets the bytes outright, and changes nothing beyond the next report */
        point.sku = 0;
        struct left left = after_point((struct left){0}, &point);
        point.left = left.level;
        point.state = (uint8_t)left.state;
    }
    vec_insert(&points->list, at, point);
    if (!storage)
        note_stale(points, at);
}

enum points_outcome points_put(struct points *points, const struct points_shared *shared,
                               const struct record *record)
{
    CHECK(kind_row(record->kind)->change != CHANGE_NONE && record->since_us <= record->time_us);
    struct key key = {record->since_us, record->kind, record->id, record->source, record->time_us};
    bool found;
    uint32_t at = find(points, shared->names, &key, &found);
    if (found)
        return POINTS_REPEATED;
    insert(points, shared, record, at, &key);
    if (record->time_us == record->since_us)
        return POINTS_ADDED;
    key.time_us = record->time_us;
    key.other_us = record->since_us;
    at = find(points, shared->names, &key, &found);
    if (!found) /* else its first place is beyond the horizon, and was forgotten */
        insert(points, shared, record, at, &key);
    return POINTS_ADDED;
}

enum points_outcome points_add(struct points *points, const struct points_shared *shared,
                               const struct record *record)
{
    struct points_effects effects = {0};
    enum points_outcome outcome = points_put(points, shared, record);
    points_refresh(points, shared->names, &effects);
    return outcome;
}

bool points_have(const struct points *points, const struct names *names, const struct record *record)
{
    struct key key = {record->since_us, record->kind, record->id, record->source, record->time_us};
    bool found;
    find(points, names, &key, &found);
    return found;
}

bool points_meets_level(const struct points *points, const struct names *names, const struct record *record)
{
    struct key key = {record->since_us, record->kind, record->id, record->source, record->time_us};
    bool found;
    CHECK(points->stale_to == 0);
    uint32_t at = find(points, names, &key, &found);
    if (!found || !points->list.at[at].idle)
        return true;
    key.time_us = record->time_us;
    key.other_us = record->since_us;
    at = find(points, names, &key, &found);
    return !found || !points->list.at[at].idle;
}

uint32_t points_at(const struct points *points, int64_t second_s)
{
    uint32_t low = 0, high = points->list.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (time_second(points->list.at[middle].time_us) >= second_s)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct level points_level(const struct points *points, int64_t second_s)
{
    uint32_t next = points_at(points, second_s + 1);
    return next == 0 ? points->base : points->list.at[next - 1].left;
}

void points_fold(const struct points *points, int64_t from_s, int64_t to_s, struct timeline *out)
{
    if (from_s >= to_s)
        return;
    struct level level = points_level(points, from_s);
    int64_t since_s = from_s;
    for (uint32_t i = points_at(points, from_s + 1); i < points->list.count; i++) {
        int64_t second_s = time_second(points->list.at[i].time_us);
        if (second_s >= to_s)
            break;
        if (!level_equal(level, points->list.at[i].left)) {
            timeline_append(out, (struct step){since_s, second_s, level});
            since_s = second_s;
            level = points->list.at[i].left;
        }
    }
    timeline_append(out, (struct step){since_s, to_s, level});
}

int64_t points_last_stop(const struct points *points, int64_t from_s, int64_t to_s)
{
    for (uint32_t i = points_at(points, to_s); i > 0; i--) {
        const struct point *point = &points->list.at[i - 1];
        int64_t second_s = time_second(point->time_us);
        if (second_s < from_s)
            break;
        if (points_kind_stops((enum record_kind)point->kind) && !point->second)
            return second_s;
    }
    return INT64_MIN;
}

uint32_t points_until(const struct points *points, int64_t now_us)
{
    uint32_t low = 0, high = points->list.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (points->list.at[middle].time_us > now_us)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int64_t points_since_s(const struct points *points, uint32_t count)
{
    struct left left = left_before(points, count);
    while (count > 0) {
        struct left before = left_before(points, count - 1);
        if (before.state != left.state || !level_equal(before.level, left.level))
            return time_second(points->list.at[count - 1].time_us);
        count--;
    }
    return points->base_since_s;
}

struct level points_last_level(const struct points *points, uint32_t count)
{
    const struct point *list = points->list.at;
    struct walk walk = {0};
    for (uint32_t from; count > 0 && walk.ran.quantity == 0; count = from) {
        if (list[count - 1].left.quantity != 0)
            return list[count - 1].left;
        for (from = count - 1; from > 0 && list[from - 1].time_us == list[count - 1].time_us;)
            from--;
        struct left before = left_before(points, from);
        walk.ran = before.level;
        after_instant(points, from, count, before, &walk);
    }
    return walk.ran.quantity != 0 ? walk.ran : points->base;
}

void points_forget(struct points *points, const struct points_shared *shared, int64_t second_s)
{
    CHECK(points->stale_to == 0);
    uint32_t gone = points_at(points, second_s);
    if (gone == 0)
        return;
    points->base_since_s = points_since_s(points, gone);
    points->base = points->list.at[gone - 1].left;
    bool ended = points->base.quantity == 0 && points->list.at[gone - 1].state != RUN_GONE;
    for (uint32_t i = 0; i < gone; i++)
        slab_free(shared->ids, points->list.at[i].id);
    vec_remove(&points->list, 0, gone);
    struct walk walk = {0};
    if (ended && points->list.count > 0)
        refold(points, 0, 1, &walk); /* what ended it is forgotten with them */
}
