#include "tests/support/audit.h"

#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/line.h"
#include "settler/core/order.h"

struct order {
    struct str account;
    struct str name;
    VEC(struct order_fact) facts;
    struct order_state state;
};

/* Of one meter, at the second whose price it has. */
struct counted {
    const struct count_row *row;
    struct count_sum sum;
};

struct audit {
    struct arena memory;
    struct prices prices;
    VEC(struct level_row) levels; /* the last said of each */
    VEC(struct counted) counts;
    VEC(struct order) orders;
    VEC(struct line) lines;
};

/* --- what was said, the last word of each --- */

static void take_level(struct audit *audit, const struct level_row *row)
{
    for (uint32_t i = 0; i < audit->levels.count; i++) {
        struct level_row *known = &audit->levels.at[i];
        if (known->product == row->product && known->hour_s == row->hour_s &&
            str_equal(known->account, row->account) && str_equal(known->resource, row->resource)) {
            *known = *row;
            return;
        }
    }
    vec_push(&audit->levels, *row);
}

static struct order *order_of(struct audit *audit, struct str account, struct str name)
{
    for (uint32_t i = 0; i < audit->orders.count; i++)
        if (str_equal(audit->orders.at[i].account, account) && str_equal(audit->orders.at[i].name, name))
            return &audit->orders.at[i];
    vec_push(&audit->orders, (struct order){.account = account, .name = name});
    return &audit->orders.at[audit->orders.count - 1];
}

static void take_record(struct audit *audit, const struct record *record)
{
    for (uint32_t o = 0; o < audit->orders.count; o++)
        for (uint32_t i = 0; i < audit->orders.at[o].facts.count; i++)
            if (audit->orders.at[o].facts.at[i].kind == record->kind &&
                str_equal(audit->orders.at[o].account, record->account) &&
                str_equal(audit->orders.at[o].facts.at[i].id, record->id) &&
                str_equal(audit->orders.at[o].facts.at[i].source, record->source))
                return;
    vec_push(&order_of(audit, record->account, record->subject)->facts,
             (struct order_fact){.kind = record->kind,
                                 .time_us = record->time_us,
                                 .id = record->id,
                                 .source = record->source,
                                 .product = record->product,
                                 .sku = record->sku,
                                 .quantity = record->quantity,
                                 .months = record->months});
}

static bool same_counts(const struct count_row *a, const struct count_row *b)
{
    return a->hour_s == b->hour_s && str_equal(a->account, b->account) &&
           str_equal(a->resource, b->resource) && str_equal(a->sku, b->sku);
}

static void take_count(struct audit *audit, const struct count_row *row)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < audit->counts.count; i++)
        if (!row->replaces || !same_counts(audit->counts.at[i].row, row))
            audit->counts.at[kept++] = audit->counts.at[i];
    audit->counts.count = kept;
    for (uint32_t s = 0; s < row->sum_count; s++)
        vec_push(&audit->counts, (struct counted){row, row->sums[s]});
}

static void take(struct audit *audit, const struct said *said)
{
    if (said->kind == SAID_LEVEL)
        take_level(audit, &said->level);
    else if (said->kind == SAID_COUNT)
        take_count(audit, &said->count);
    else if (said->fact.control != CONTROL_NONE)
        CHECK(prices_add(&audit->prices, said->fact.catalog.from_s, said->fact.catalog.text));
    else if (!record_is_payment(said->fact.record.kind))
        take_record(audit, &said->fact.record);
}

/* --- lines --- */

static void add_line(struct audit *audit, const struct line *line, const struct rated *rated)
{
    char units[40], amount[AMOUNT_TEXT_SIZE];
    uint32_t u = (uint32_t)u128_print(rated->units, units) + 1;
    uint32_t a = (uint32_t)amount_print(&rated->amount, prices_charge_scale(&audit->prices), amount) + 1;
    struct line whole = *line;
    whole.units = arena_copy(&audit->memory, (struct str){units, u}).at;
    whole.amount = rated->priced ? arena_copy(&audit->memory, (struct str){amount, a}).at : NULL;
    whole.currency = prices_currency(&audit->prices);
    vec_push(&audit->lines, whole);
}

static void add_units(struct audit *audit, struct rating *rating, const struct line *line, enum meter meter,
                      int64_t second_s, unsigned __int128 units)
{
    const struct catalog *catalog = prices_at(&audit->prices, time_hour(second_s));
    struct price_list list = catalog_prices(catalog, product_of(str_of(line->product)), line->sku, meter);
    int32_t at = price_list_at(list, second_s);
    rating_add(rating, units, at < 0 ? NULL : &list.prices[at]);
}

/* --- runtime and capacity --- */

static const struct level_segment *segment_at(const struct level_row *row, int64_t second_s)
{
    for (uint32_t i = 0; i < row->segment_count; i++) {
        int64_t from_s = row->hour_s + row->segments[i].from_s;
        if (second_s >= from_s && second_s < from_s + row->segments[i].len_s)
            return &row->segments[i];
    }
    return NULL;
}

/* The units of level that the order leaves to the resource in that second, when all those before it by name
 * have taken theirs. */
static unsigned __int128 covered(struct audit *audit, const struct level_row *row,
                                 const struct level_segment *level, int64_t second_s)
{
    const struct order_state *state = &order_of(audit, row->account, level->order)->state;
    if (level->order.size == 0 || !state->paid || state->product != row->product ||
        !str_equal(state->sku, level->sku) || second_s < state->covers_from_s ||
        second_s >= state->covers_to_s)
        return 0;
    unsigned __int128 before = 0;
    for (uint32_t i = 0; i < audit->levels.count; i++) {
        const struct level_row *other = &audit->levels.at[i];
        if (other->hour_s != row->hour_s || other->product != row->product ||
            !str_equal(other->account, row->account) || str_compare(other->resource, row->resource) >= 0)
            continue;
        const struct level_segment *theirs = segment_at(other, second_s);
        if (theirs != NULL && str_equal(theirs->order, level->order) && str_equal(theirs->sku, level->sku))
            before += theirs->quantity;
    }
    unsigned __int128 left = state->quantity > before ? state->quantity - before : 0;
    return level->quantity < left ? level->quantity : left;
}

static unsigned __int128 free_units(struct audit *audit, const struct level_row *row)
{
    return (unsigned __int128)catalog_free_bytes(prices_at(&audit->prices, row->hour_s), row->sku);
}

static void add_level_line(struct audit *audit, const struct level_row *row, struct str sku)
{
    bool storage = row->product == PRODUCT_STORAGE;
    enum meter meter = storage ? METER_CAPACITY : METER_RUNTIME;
    struct line line = {.account = row->account,
                        .hour_s = row->hour_s,
                        .product = product_name(row->product),
                        .resource = row->resource,
                        .meter = meter_name(meter),
                        .sku = sku,
                        .kind = "usage"};
    struct rating rating = rating_begin(meter);
    for (int64_t s = row->hour_s; s < row->hour_s + HOUR_S; s++) {
        const struct level_segment *level = segment_at(row, s);
        if (level == NULL || (!storage && !str_equal(level->sku, sku)))
            continue;
        unsigned __int128 out = storage ? free_units(audit, row) : covered(audit, row, level, s);
        if (level->quantity > out)
            add_units(audit, &rating, &line, meter, s, level->quantity - out);
    }
    struct rated rated = rating_end(&rating, prices_charge_scale(&audit->prices));
    if (rated.units > 0)
        add_line(audit, &line, &rated);
}

/* One line for each sku of the row. */
static void add_level_lines(struct audit *audit, const struct level_row *row)
{
    if (row->product == PRODUCT_STORAGE) {
        add_level_line(audit, row, row->sku);
        return;
    }
    for (uint32_t i = 0; i < row->segment_count; i++) {
        bool again = false;
        for (uint32_t j = 0; j < i; j++)
            again = again || str_equal(row->segments[j].sku, row->segments[i].sku);
        if (!again)
            add_level_line(audit, row, row->segments[i].sku);
    }
}

/* --- counts and orders --- */

static bool same_count_line(const struct counted *a, const struct counted *b)
{
    return a->sum.meter == b->sum.meter && same_counts(a->row, b->row);
}

/* The line of the i-th count, unless an earlier one made it. */
static void add_count_line(struct audit *audit, uint32_t i)
{
    const struct counted *first = &audit->counts.at[i];
    struct line line = {.account = first->row->account,
                        .hour_s = first->row->hour_s,
                        .product = "maas",
                        .resource = first->row->resource,
                        .meter = meter_name(first->sum.meter),
                        .sku = first->row->sku,
                        .kind = "usage"};
    struct rating rating = rating_begin(first->sum.meter);
    for (uint32_t j = 0; j < audit->counts.count; j++) {
        const struct counted *counted = &audit->counts.at[j];
        if (!same_count_line(counted, first))
            continue;
        if (j < i)
            return;
        add_units(audit, &rating, &line, counted->sum.meter, line.hour_s + counted->sum.from_s,
                  counted->sum.sum);
    }
    struct rated rated = rating_end(&rating, prices_charge_scale(&audit->prices));
    add_line(audit, &line, &rated);
}

static void add_order_lines(struct audit *audit, const struct order *order)
{
    for (uint32_t i = 0; i < order->state.line_count; i++) {
        const struct order_line *line = &order->state.lines[i];
        add_line(audit,
                 &(struct line){.account = order->account,
                                .hour_s = line->hour_s,
                                .product = product_name(order->state.product),
                                .resource = order->name,
                                .meter = "months",
                                .sku = order->state.sku,
                                .kind = charge_kind_name(line->kind)},
                 &line->rated);
    }
}

/* Field by field as bytes: account, hour, product, resource, meter, sku, kind. */
static int compare_lines(const void *x, const void *y)
{
    const struct line *a = x, *b = y;
    int order = str_compare(a->account, b->account);
    if (order == 0)
        order = (a->hour_s > b->hour_s) - (a->hour_s < b->hour_s);
    if (order == 0)
        order = strcmp(a->product, b->product);
    if (order == 0)
        order = str_compare(a->resource, b->resource);
    if (order == 0)
        order = strcmp(a->meter, b->meter);
    if (order == 0)
        order = str_compare(a->sku, b->sku);
    if (order == 0)
        order = strcmp(a->kind, b->kind);
    return order;
}

static void release(struct audit *audit)
{
    for (uint32_t i = 0; i < audit->orders.count; i++)
        vec_release(&audit->orders.at[i].facts);
    vec_release(&audit->levels);
    vec_release(&audit->counts);
    vec_release(&audit->orders);
    vec_release(&audit->lines);
    prices_release(&audit->prices);
    arena_release(&audit->memory);
}

void audit_print(const struct frame_log *log, uint32_t frames, int64_t watermark_us, struct packer *out)
{
    struct audit audit = {0};
    for (uint32_t i = 0; i < log->list.count; i++)
        if (log->list.at[i].frame < frames)
            take(&audit, &log->list.at[i]);
    for (uint32_t i = 0; i < audit.orders.count; i++) {
        struct order *order = &audit.orders.at[i];
        order->state = order_evaluate(order->facts.at, order->facts.count, &audit.prices, watermark_us);
        add_order_lines(&audit, order);
    }
    for (uint32_t i = 0; i < audit.levels.count; i++)
        add_level_lines(&audit, &audit.levels.at[i]);
    for (uint32_t i = 0; i < audit.counts.count; i++)
        add_count_line(&audit, i);
    if (audit.lines.count > 0)
        qsort(audit.lines.at, audit.lines.count, sizeof *audit.lines.at, compare_lines);
    for (uint32_t i = 0; i < audit.lines.count; i++)
        line_print(SHEET_NDJSON, &audit.lines.at[i], out);
    release(&audit);
}
