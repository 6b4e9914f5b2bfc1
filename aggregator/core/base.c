#include "aggregator/core/base.h"

#include <stdio.h>

#include "aggregator/core/state.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"

struct teller {
    const struct fold *fold;
    base_visit *visit;
    void *context;
    uint64_t made;
};

static struct str name_of(const struct teller *teller, uint32_t number)
{
    return names_get(&teller->fold->names, number);
}

/* A record that stands for others; its id is told apart from those of other snapshots. */
static void tell_made(struct teller *teller, struct record *record, int64_t time_us)
{
    char id[LIMIT_ID_BYTES];
    int size = snprintf(id, sizeof id, "base-%u-%llu-%llu", teller->fold->partition,
                        (unsigned long long)teller->fold->seq, (unsigned long long)++teller->made);
    record->id = (struct str){id, (uint32_t)size};
    record->source = STR("hourglass");
    record->time_us = record->since_us = time_us;
    teller->visit(teller->context, record, true);
}

/* --- changes --- */

/* A failed event stands twice, and is told at its first place, if that was not forgotten. */
static bool is_told_before(const struct points *points, uint32_t at)
{
    const struct point *second = &points->list.at[at];
    for (uint32_t i = at; second->second && i > 0; i--) {
        const struct point *first = &points->list.at[i - 1];
        if (!first->second && first->kind == second->kind && first->time_us == second->quantity &&
            first->source == second->source && str_equal(first->id, second->id))
            return true;
    }
    return false;
}

/* `record` says whose they are. */
static void tell_points(struct teller *teller, const struct points *points, struct record record)
{
    struct str sku = record.sku; /* a file system's */
    for (uint32_t i = 0; i < points->list.count; i++) {
        const struct point *point = &points->list.at[i];
        if (is_told_before(points, i))
            continue;
        record.kind = (enum record_kind)point->kind;
        record.id = point->id;
        record.source = name_of(teller, point->source);
        record.time_us = record.since_us = point->time_us;
        record.sku = sku.size > 0 ? sku : name_of(teller, point->sku);
        record.order = name_of(teller, point->order);
        record.quantity = record.bytes = 0;
        if (record.kind == RECORD_FAILED) {
            record.since_us = point->second ? point->quantity : point->time_us;
            record.time_us = point->second ? point->time_us : point->quantity;
        } else if (kind_row(record.kind)->shape == SHAPE_POOL) {
            record.bytes = point->quantity;
        } else {
            record.quantity = point->quantity;
        }
        teller->visit(teller->context, &record, false);
    }
}

static void tell_resource(struct teller *teller, const struct resource *resource)
{
    const struct points *points = &resource->points;
    struct record record = {.product = resource->series.product,
                            .account = name_of(teller, resource->series.account),
                            .subject = name_of(teller, resource->series.name)};
    if (points->base.quantity > 0) {
        struct record launch = record;
        launch.kind = RECORD_LAUNCHED;
        launch.sku = name_of(teller, points->base.sku);
        launch.order = name_of(teller, points->base.order);
        launch.quantity = (int64_t)points->base.quantity;
        tell_made(teller, &launch, points->base_since_s * SECOND_US);
    }
    tell_points(teller, points, record);
}

static void tell_file_system(struct teller *teller, const struct file_system *of)
{
    struct record record = {.product = PRODUCT_STORAGE,
                            .account = name_of(teller, of->account),
                            .subject = name_of(teller, of->subject),
                            .sku = name_of(teller, of->sku)};
    if (of->points.base.quantity > 0) {
        struct record used = record;
        used.kind = RECORD_STORAGE_USED;
        used.bytes = (int64_t)of->points.base.quantity;
        tell_made(teller, &used, of->points.base_since_s * SECOND_US);
    }
    tell_points(teller, &of->points, record);
}

/* --- signs of life --- */

/* Those that judge seconds from closed_s on: of a span, one every `liveness` seconds says as much. */
static void tell_signs(struct teller *teller, const struct resource *resource)
{
    int64_t liveness_s = teller->fold->liveness_s[resource->series.product];
    int64_t from_s = teller->fold->clock.closed_s;
    from_s = from_s < INT64_MIN + liveness_s ? INT64_MIN : from_s - liveness_s;
    struct record record = {.kind = RECORD_HEARTBEAT,
                            .product = resource->series.product,
                            .account = name_of(teller, resource->series.account),
                            .subject = name_of(teller, resource->series.name)};
    for (uint32_t i = 0; i < resource->spans.list.count; i++) {
        struct span span = resource->spans.list.at[i];
        if (span.last_s < from_s)
            continue;
        int64_t sign_s = span.first_s > from_s ? span.first_s : from_s;
        for (; sign_s < span.last_s; sign_s += liveness_s)
            tell_made(teller, &record, sign_s * SECOND_US);
        tell_made(teller, &record, span.last_s * SECOND_US);
    }
}

/* --- counts --- */

/* As much of the sum as one event of the kind can say; false: there is nothing left. */
static bool take_counts(const struct kind_row *kind, unsigned __int128 left[COUNT_METERS_MAX],
                        struct record *record)
{
    bool any = false;
    for (int m = 0; m < kind->meter_count; m++) {
        enum meter meter = (enum meter)kind->meters[m];
        unsigned __int128 *of = &left[meter_row(meter)->slot];
        int64_t count = *of > (unsigned __int128)LIMIT_COUNT ? LIMIT_COUNT : (int64_t)*of;
        *(int64_t *)(void *)((char *)record + counted_rows[meter].at) = count;
        *of -= (unsigned __int128)count;
        any = any || count > 0;
    }
    for (int m = 0; m < kind->meter_count; m++) { /* what other meters count of it is part of it */
        const struct counted_row *row = &counted_rows[kind->meters[m]];
        for (int p = 0; p < 2 && row->parts[p] != 0; p++)
            *(int64_t *)(void *)((char *)record + row->at) +=
                *(const int64_t *)(const void *)((const char *)record + row->parts[p]);
    }
    return any;
}

static void tell_sum(struct teller *teller, const struct sum *sum, int64_t hour_s)
{
    const struct sum_key *key = &teller->fold->sums.keys.at[sum->key];
    unsigned __int128 left[COUNT_METERS_MAX];
    memcpy(left, sum->by_meter, sizeof left);
    for (enum record_kind k = 0; k < RECORD_KIND_COUNT; k++) {
        const struct kind_row *kind = kind_row(k);
        struct record record = {.kind = k,
                                .product = key->product,
                                .account = name_of(teller, key->account),
                                .subject = name_of(teller, key->subject),
                                .sku = name_of(teller, key->sku),
                                .succeeded = kind->by_status};
        bool counts = kind->shape == SHAPE_COUNT && kind->product == key->product;
        while (counts && take_counts(kind, left, &record))
            tell_made(teller, &record, (hour_s + sum->from_s) * SECOND_US);
    }
}

void fold_base(const struct fold *fold, base_visit *visit, void *context)
{
    CHECK(fold->touched.count == 0 && !fold->saying.under_way);
    struct teller teller = {fold, visit, context, 0};
    for (uint32_t i = 0; i < fold->resources.count; i++) {
        tell_resource(&teller, &fold->resources.at[i]);
        tell_signs(&teller, &fold->resources.at[i]);
    }
    for (uint32_t i = 0; i < fold->file_systems.count; i++)
        tell_file_system(&teller, &fold->file_systems.at[i]);
    for (uint32_t h = 0; h < fold->sums.hours.count; h++)
        for (uint32_t i = 0; i < fold->sums.hours.at[h].list.count; i++)
            tell_sum(&teller, &fold->sums.hours.at[h].list.at[i], fold->sums.hours.at[h].hour_s);
}
