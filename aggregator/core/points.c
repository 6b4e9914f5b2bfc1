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
};

static int key_compare(const struct names *names, const struct key *key, const struct point *point)
{
    if (key->time_us != point->time_us)
        return key->time_us < point->time_us ? -1 : 1;
    if (key->kind != point->kind)
        return key->kind < point->kind ? -1 : 1;
    int order = str_compare(key->id, point->id);
    return order != 0 ? order : str_compare(key->source, names_get(names, point->source));
}

/* Where the key stands or would stand. */
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

/* CONTRACT §2's table, last column. */
static struct level level_after(struct level before, const struct point *point)
{
    switch ((enum record_kind)point->kind) {
    case RECORD_LAUNCHED:
        return (struct level){point->sku, point->order, (unsigned __int128)point->quantity};
    case RECORD_RECONFIGURED:
        if (before.quantity == 0)
            return before;
        if (point->sku != 0)
            before.sku = point->sku;
        if (point->quantity != 0)
            before.quantity = (unsigned __int128)point->quantity;
        return before;
    case RECORD_STORAGE_USED:
        return (struct level){0, 0, (unsigned __int128)point->quantity};
    case RECORD_STOPPED:
    case RECORD_FAILED:
    case RECORD_DELETED:
    case RECORD_STORAGE_DELETED:
        return (struct level){0};
    case RECORD_HEARTBEAT:
    case RECORD_TOKENS:
    case RECORD_IMAGES:
    case RECORD_ORDER_PAID:
    case RECORD_ORDER_FULFILLED:
    case RECORD_ORDER_FAILED:
    case RECORD_ORDER_REFUNDED:
    case RECORD_CREDITED:
    case RECORD_DEBITED:
        break;
    }
    CHECK(!"a change point of this kind");
    return before;
}

/* Folds from index i on until a level comes out as it was. */
static void refold(struct points *points, uint32_t i)
{
    struct level level = i == 0 ? points->base : points->list.at[i - 1].left;
    for (uint32_t first = i; i < points->list.count; i++) {
        struct point *point = &points->list.at[i];
        level = level_after(level, point);
        if (i > first && level_equal(level, point->left))
            return;
        point->left = level;
    }
}

static void insert(struct points *points, const struct points_shared *shared, const struct record *record,
                   uint32_t at, bool second)
{
    struct point point = {
        .time_us = second ? record->time_us : record->since_us,
        .id = slab_copy(shared->ids, record->id),
        .source = names_intern(shared->names, record->source),
        .kind = (uint8_t)record->kind,
        .second = second,
        .sku = names_intern(shared->names, record->sku),
        .order = names_intern(shared->names, record->order),
        .quantity = record->kind == RECORD_STORAGE_USED ? record->bytes : record->quantity,
    };
    if (record->kind == RECORD_STORAGE_USED || record->kind == RECORD_STORAGE_DELETED)
        point.sku = 0;
    vec_insert(&points->list, at, point);
    refold(points, at);
}

enum points_outcome points_add(struct points *points, const struct points_shared *shared,
                               const struct record *record)
{
    struct key key = {record->since_us, record->kind, record->id, record->source};
    bool found;
    uint32_t at = find(points, shared->names, &key, &found);
    if (found)
        return POINTS_REPEATED;
    insert(points, shared, record, at, false);
    if (record->time_us == record->since_us)
        return POINTS_ADDED;
    key.time_us = record->time_us;
    at = find(points, shared->names, &key, &found);
    if (!found)
        insert(points, shared, record, at, true);
    return POINTS_ADDED;
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
        bool stops = point->kind == RECORD_STOPPED || point->kind == RECORD_FAILED ||
                     point->kind == RECORD_DELETED || point->kind == RECORD_STORAGE_DELETED;
        if (stops && !point->second)
            return second_s;
    }
    return INT64_MIN;
}

void points_forget(struct points *points, const struct points_shared *shared, int64_t second_s)
{
    uint32_t gone = points_at(points, second_s);
    if (gone == 0)
        return;
    points->base = points->list.at[gone - 1].left;
    for (uint32_t i = 0; i < gone; i++)
        slab_free(shared->ids, points->list.at[i].id);
    vec_remove(&points->list, 0, gone);
}
