#include "settler/core/settle.h"

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "settler/core/cover.h"

/* --- levels --- */

static bool is_usage(const struct book_line *line)
{
    return line->key.kind == CHARGE_USAGE;
}

/* Every user of the order has to be rated again in that hour; noted now, touched when all rows are in. */
static void note_order(struct settlement *settlement, uint32_t line, uint32_t order_name, int64_t hour_s)
{
    struct book *book = &settlement->book;
    uint32_t order = book_order(book, book->lines.at[line].key.account, order_name);
    book_add_user(book, order, book->lines.at[line].resource, hour_s);
    work_pool(settlement, order, hour_s);
}

/* Empties a line's usage in an hour, keeping what it was; the orders that it named are touched. */
static void take_out(struct settlement *settlement, uint32_t line, int64_t hour_s)
{
    struct book *book = &settlement->book;
    uint32_t at = book_find_hour(book, line, hour_s);
    if (at == UINT32_MAX || !is_usage(&book->lines.at[line]))
        return;
    for (uint32_t i = 0; i < book->hours.at[at].use_count; i++)
        if (book->hours.at[at].uses[i].order != 0)
            note_order(settlement, line, book->hours.at[at].uses[i].order, hour_s);
    struct line_hour *hour = &book->hours.at[at];
    if (hour->replaced == 0) {
        vec_push(&settlement->replaced, (struct replaced){hour->uses, hour->use_count});
        hour->replaced = settlement->replaced.count;
        hour->uses = NULL;
        hour->use_capacity = 0;
    }
    hour->use_count = 0;
    work_touch(settlement, at);
}

static void put_in(struct settlement *settlement, const struct line_key *key, int64_t hour_s,
                   const struct level_segment *segment)
{
    struct book *book = &settlement->book;
    uint32_t line = book_line(book, key);
    uint32_t at = book_hour(book, line, hour_s);
    uint32_t order = names_intern(&book->names, segment->order);
    book_add_use(book, &book->hours.at[at],
                 (struct use){segment->from_s, segment->len_s, order, segment->quantity});
    book->hours.at[at].changed |= book->hours.at[at].replaced == 0;
    work_touch(settlement, at);
    if (order != 0)
        note_order(settlement, line, order, hour_s);
}

/* What a codec lets through; a caller that makes frames itself must keep to it too. */
static void check_level(const struct level_row *row)
{
    uint32_t at_s = 0;
    CHECK(row->hour_s % HOUR_S == 0 && row->account.size > 0 && row->resource.size > 0);
    for (uint32_t i = 0; i < row->segment_count; i++) {
        const struct level_segment *segment = &row->segments[i];
        CHECK(segment->from_s >= at_s && segment->len_s > 0 && segment->quantity > 0);
        at_s = (uint32_t)segment->from_s + segment->len_s;
    }
    CHECK(at_s <= HOUR_S);
}

static void settle_level(struct settlement *settlement, const struct level_row *row)
{
    struct book *book = &settlement->book;
    bool storage = product_is(row->product, SHAPE_POOL);
    check_level(row);
    struct line_key key = {
        .product = row->product,
        .meter = product_row(row->product)->usage,
        .kind = CHARGE_USAGE,
        .account = names_intern(&book->names, row->account),
        .resource = names_intern(&book->names, row->resource),
        .sku = names_intern(&book->names, row->sku),
    };
    if (storage) {
        take_out(settlement, book_line(book, &key), row->hour_s);
    } else {
        uint32_t resource = book_resource(book, row->product, row->account, row->resource);
        uint32_t line = book->resources.at[resource].first_line;
        for (; line != UINT32_MAX; line = book->lines.at[line].next)
            take_out(settlement, line, row->hour_s);
    }
    for (uint32_t i = 0; i < row->segment_count; i++) {
        if (!storage)
            key.sku = names_intern(&book->names, row->segments[i].sku);
        put_in(settlement, &key, row->hour_s, &row->segments[i]);
    }
}

/* --- counts --- */

static void add_count(struct book *book, struct line_hour *hour, const struct count_sum *sum)
{
    uint32_t i = 0;
    while (i < hour->use_count && hour->uses[i].from_s < sum->from_s)
        i++;
    if (i < hour->use_count && hour->uses[i].from_s == sum->from_s) {
        CHECK(!__builtin_add_overflow(hour->uses[i].quantity, sum->sum, &hour->uses[i].quantity));
        return;
    }
    book_add_use(book, hour, (struct use){0});
    memmove(hour->uses + i + 1, hour->uses + i, (hour->use_count - 1 - i) * sizeof *hour->uses);
    hour->uses[i] = (struct use){.from_s = sum->from_s, .quantity = sum->sum};
}

/* Empties what was counted of an endpoint and model in an hour, in every meter. */
static void take_counts_out(struct settlement *settlement, const struct count_row *row, uint32_t sku)
{
    struct book *book = &settlement->book;
    uint32_t resource = book_resource(book, row->product, row->account, row->resource);
    uint32_t line = book->resources.at[resource].first_line;
    for (; line != UINT32_MAX; line = book->lines.at[line].next)
        if (book->lines.at[line].key.sku == sku)
            take_out(settlement, line, row->hour_s);
}

static void settle_count(struct settlement *settlement, const struct count_row *row)
{
    struct book *book = &settlement->book;
    struct line_key key = {
        .product = row->product,
        .kind = CHARGE_USAGE,
        .account = names_intern(&book->names, row->account),
        .resource = names_intern(&book->names, row->resource),
        .sku = names_intern(&book->names, row->sku),
    };
    CHECK(row->hour_s % HOUR_S == 0 && row->account.size > 0 && row->sum_count > 0);
    if (row->replaces)
        take_counts_out(settlement, row, key.sku);
    for (uint32_t i = 0; i < row->sum_count; i++) {
        CHECK(row->sums[i].from_s < HOUR_S && row->sums[i].sum > 0);
        key.meter = row->sums[i].meter;
        uint32_t at = book_hour(book, book_line(book, &key), row->hour_s);
        add_count(book, &book->hours.at[at], &row->sums[i]);
        book->hours.at[at].changed |= book->hours.at[at].replaced == 0;
        work_touch(settlement, at);
    }
}

/* --- facts --- */

static void mark_changed(struct settlement *settlement, uint32_t order)
{
    if (!settlement->book.orders.at[order].changed)
        vec_push(&settlement->changed_orders, order);
    settlement->book.orders.at[order].changed = true;
}

static void settle_fact(struct settlement *settlement, const struct record *record)
{
    struct book *book = &settlement->book;
    uint32_t order = book_order(book, names_intern(&book->names, record->account),
                                names_intern(&book->names, record->subject));
    struct order_fact fact = order_fact_of(record);
    struct order_events before = book->orders.at[order].events;
    if (!book_add_fact(book, order, &fact)) {
        settlement->effects.repeated++;
        return;
    }
    effects_add(&settlement->effects, &before, record->kind);
    mark_changed(settlement, order);
}

static enum settle_outcome settle_facts(struct settlement *settlement, const struct frame *frame)
{
    struct book *book = &settlement->book;
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct fact *fact = &frame->facts[i];
        if (fact->control == CONTROL_NONE)
            continue;
        if (!prices_add(&book->prices, fact->catalog.from_s, fact->catalog.text))
            return SETTLE_CATALOG_BAD;
    }
    if (book->prices.list.count == 0)
        return SETTLE_NO_CATALOG;
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct fact *fact = &frame->facts[i];
        if (fact->control != CONTROL_NONE)
            continue;
        if (order_takes(fact->record.kind))
            settle_fact(settlement, &fact->record);
    }
    return SETTLED;
}

/* --- orders --- */

/* Touches the hours of [from_s, to_s) in which somebody named the order; of those that are settled. */
static void touch_span(struct settlement *settlement, uint32_t order_at, int64_t from_s, int64_t to_s)
{
    const struct book_order *order = &settlement->book.orders.at[order_at];
    int64_t first_s = INT64_MAX, last_s = INT64_MIN;
    for (uint32_t i = 0; i < order->users.count; i++) {
        if (order->users.at[i].first_hour_s < first_s)
            first_s = order->users.at[i].first_hour_s;
        if (order->users.at[i].last_hour_s > last_s)
            last_s = order->users.at[i].last_hour_s;
    }
    if (from_s >= to_s || first_s == INT64_MAX)
        return;
    if (first_s < settlement->from_s)
        first_s = settlement->from_s;
    if (to_s > settlement->to_s)
        to_s = settlement->to_s;
    int64_t hour_s = time_hour(from_s) > first_s ? time_hour(from_s) : first_s;
    for (; hour_s < to_s && hour_s <= last_s; hour_s += HOUR_S)
        cover_touch_users(settlement, order_at, hour_s);
}

/* The order's line of that kind and hour, as the state has it; not existing where the state has none. */
static void settle_order_line(struct settlement *settlement, uint32_t order_at, const struct order_state *of,
                              const struct order_line *line)
{
    struct book *book = &settlement->book;
    const struct book_order *order = &book->orders.at[order_at];
    struct line_key key = {
        .product = of->product,
        .meter = METER_MONTHS,
        .kind = line->kind,
        .account = order->account,
        .resource = order->name,
        .sku = names_intern(&book->names, of->sku),
    };
    uint32_t at = book_hour(book, book_line(book, &key), line->hour_s);
    work_touch(settlement, at);
}

void settle_await_void(struct settlement *settlement, uint32_t order_at)
{
    struct book *book = &settlement->book;
    struct book_order *order = &book->orders.at[order_at];
    if (order->state.void_due_us == INT64_MAX)
        return;
    if (!order->pending)
        vec_push(&book->pending, order_at);
    order->pending = true;
    if (order->state.void_due_us < book->next_due_us)
        book->next_due_us = order->state.void_due_us;
}

static void settle_order(struct settlement *settlement, uint32_t order_at, int64_t now_us)
{
    struct book *book = &settlement->book;
    struct book_order *order = &book->orders.at[order_at];
    struct order_state before = order->state;
    order->state = order_evaluate(order->facts.at, order->facts.count, &book->prices, now_us);
    struct order_state after = order->state;
    order->judged = true;
    struct order_change change = order_changes(&before, &after);
    for (int i = 0; i < 2; i++)
        touch_span(settlement, order_at, change.from_s[i], change.to_s[i]);
    for (uint32_t i = 0; i < before.line_count; i++)
        settle_order_line(settlement, order_at, &before, &before.lines[i]);
    for (uint32_t i = 0; i < after.line_count; i++)
        settle_order_line(settlement, order_at, &after, &after.lines[i]);
    settle_await_void(settlement, order_at);
}

/* Orders that void_after voids by now are evaluated again. */
static void find_due(struct settlement *settlement, int64_t now_us)
{
    struct book *book = &settlement->book;
    if (book->next_due_us >= now_us)
        return;
    uint32_t kept = 0;
    book->next_due_us = INT64_MAX;
    for (uint32_t i = 0; i < book->pending.count; i++) {
        uint32_t order_at = book->pending.at[i];
        struct book_order *order = &book->orders.at[order_at];
        int64_t due_us = order->state.void_due_us;
        order->pending = due_us != INT64_MAX && due_us >= now_us;
        if (due_us < now_us)
            mark_changed(settlement, order_at);
        if (!order->pending)
            continue;
        book->pending.at[kept++] = order_at;
        if (due_us < book->next_due_us)
            book->next_due_us = due_us;
    }
    book->pending.count = kept;
}

static void settle_orders(struct settlement *settlement, int64_t now_us)
{
    for (uint32_t i = 0; i < settlement->changed_orders.count; i++) {
        uint32_t order_at = settlement->changed_orders.at[i];
        settle_order(settlement, order_at, now_us);
        settlement->book.orders.at[order_at].changed = false;
    }
    vec_clear(&settlement->changed_orders);
}

/* --- rating --- */

static struct rated rate_usage(struct settlement *settlement, uint32_t at)
{
    struct book *book = &settlement->book;
    const struct line_hour *hour = &book->hours.at[at];
    const struct line_key *key = &book->lines.at[hour->line].key;
    const struct catalog *catalog = prices_at(&book->prices, hour->hour_s);
    struct str sku = names_get(&book->names, key->sku);
    struct price_list prices = catalog_prices(catalog, key->product, sku, key->meter);
    struct rating rating = rating_begin(key->meter);
    enum shape shape = product_row(key->product)->shape;
    unsigned __int128 free = shape == SHAPE_POOL ? catalog_free_bytes(catalog, sku) : 0;
    if (shape == SHAPE_POOL || shape == SHAPE_COUNT) {
        for (uint32_t i = 0; i < hour->use_count; i++) {
            struct use use = hour->uses[i];
            int64_t from_s = hour->hour_s + use.from_s;
            int64_t len_s = shape == SHAPE_COUNT ? 1 : use.len_s;
            if (use.quantity > free)
                rating_add_span(&rating, &prices, from_s, from_s + len_s, use.quantity - free);
        }
    } else {
        cover_rate(settlement, at, &prices, &rating);
    }
    return rating_end(&rating, prices_charge_scale(&book->prices));
}

/* What the order's state says of one of its lines. False: it has no such line. */
static bool rate_order_line(const struct book *book, const struct line_hour *hour, struct rated *rated)
{
    const struct line_key *key = &book->lines.at[hour->line].key;
    const struct order_state *state =
        &book->orders.at[book_find_order(book, key->account, key->resource)].state;
    bool same = state->product == key->product && str_equal(state->sku, names_get(&book->names, key->sku));
    for (uint32_t i = 0; i < state->line_count && same; i++) {
        if (state->lines[i].kind != key->kind || state->lines[i].hour_s != hour->hour_s)
            continue;
        *rated = state->lines[i].rated;
        return true;
    }
    return false;
}

struct settled settle_rate(struct settlement *settlement, uint32_t at)
{
    const struct line_hour *hour = &settlement->book.hours.at[at];
    struct rated rated = {0};
    bool exists;
    if (settlement->book.lines.at[hour->line].key.kind == CHARGE_USAGE) {
        rated = rate_usage(settlement, at);
        exists = rated.units > 0;
    } else {
        exists = rate_order_line(&settlement->book, hour, &rated);
    }
    if (!exists)
        return (struct settled){.ever = true};
    return (struct settled){true, true, rated.priced, rated.units, rated.amount};
}

static bool settled_same(const struct settled *a, const struct settled *b)
{
    return a->exists == b->exists && a->priced == b->priced && a->units == b->units &&
           amount_equal(&a->total, &b->total);
}

/* Whether the frame's levels left the usage other than they found it. */
static bool usage_changed(const struct settlement *settlement, const struct line_hour *hour)
{
    if (hour->changed || hour->replaced == 0)
        return hour->changed;
    const struct replaced *before = &settlement->replaced.at[hour->replaced - 1];
    if (before->count != hour->use_count)
        return true;
    for (uint32_t i = 0; i < before->count; i++) {
        const struct use *a = &before->uses[i], *b = &hour->uses[i];
        if (a->from_s != b->from_s || a->len_s != b->len_s || a->order != b->order ||
            a->quantity != b->quantity)
            return true;
    }
    return false;
}

/* A row where the usage or the charge is not what it was; none for a line that never was. */
static void settle_line(struct settlement *settlement, uint32_t at)
{
    struct settled now = settle_rate(settlement, at);
    struct line_hour *hour = &settlement->book.hours.at[at];
    hour->touched = false;
    bool nothing_new = settled_same(&now, &hour->settled) && !usage_changed(settlement, hour);
    bool never_was = !hour->settled.ever && !now.exists && hour->use_count == 0;
    hour->changed = false;
    hour->replaced = 0;
    if (nothing_new || never_was)
        return;
    struct amount change = amount_sub(&now.total, &hour->settled.total);
    struct amount sum = amount_add(&hour->settled.total, &change);
    CHECK(amount_equal(&sum, &now.total)); /* S1 */
    vec_push(&settlement->rows, (struct settled_row){at, change, hour->settled});
    hour->settled = now;
}

static int compare_keys(const struct book *book, const struct line_hour *x, const struct line_hour *y)
{
    const struct line_key *a = &book->lines.at[x->line].key, *b = &book->lines.at[y->line].key;
    const struct names *names = &book->names;
    int order = str_compare(names_get(names, a->account), names_get(names, b->account));
    if (order == 0)
        order = (x->hour_s > y->hour_s) - (x->hour_s < y->hour_s);
    if (order == 0 && a->product != b->product)
        order = strcmp(product_name(a->product), product_name(b->product));
    if (order == 0)
        order = str_compare(names_get(names, a->resource), names_get(names, b->resource));
    if (order == 0 && a->meter != b->meter)
        order = strcmp(meter_name(a->meter), meter_name(b->meter));
    if (order == 0)
        order = str_compare(names_get(names, a->sku), names_get(names, b->sku));
    if (order == 0 && a->kind != b->kind)
        order = strcmp(charge_kind_name(a->kind), charge_kind_name(b->kind));
    return order;
}

static int compare_hours(const void *a, const void *b, void *context)
{
    const struct book *book = context;
    return compare_keys(book, &book->hours.at[*(const uint32_t *)a], &book->hours.at[*(const uint32_t *)b]);
}

/* S2, S3 */
static void check_rows(const struct settlement *settlement)
{
    const struct book *book = &settlement->book;
    struct amount zero = amount_zero();
    for (uint32_t i = 0; i < settlement->rows.count; i++) {
        const struct line_hour *hour = &book->hours.at[settlement->rows.at[i].hour];
        const struct settled *now = &hour->settled;
        CHECK(i == 0 || compare_keys(book, &book->hours.at[settlement->rows.at[i - 1].hour], hour) < 0);
        CHECK(now->exists || now->units == 0);
        CHECK((now->exists && now->priced) || amount_equal(&now->total, &zero));
    }
}

static void rate_touched(struct settlement *settlement)
{
    uint32_t noted = settlement->pools.count;
    for (uint32_t i = 0; i < noted; i++)
        cover_touch_users(settlement, settlement->pools.at[i].order, settlement->pools.at[i].hour_s);
    if (settlement->touched.count > 0)
        qsort_r(settlement->touched.at, settlement->touched.count, sizeof *settlement->touched.at,
                compare_hours, &settlement->book);
    for (uint32_t i = 0; i < settlement->touched.count; i++)
        settle_line(settlement, settlement->touched.at[i]);
    work_clear(settlement);
}

enum settle_outcome settle_frame(struct settlement *settlement, const struct frame *frame)
{
    vec_clear(&settlement->rows);
    enum settle_outcome outcome = settle_facts(settlement, frame);
    if (outcome != SETTLED)
        return outcome;
    for (uint32_t i = 0; i < frame->level_count; i++)
        settle_level(settlement, &frame->levels[i]);
    for (uint32_t i = 0; i < frame->count_count; i++)
        settle_count(settlement, &frame->counts[i]);
    if (!frame->more) {
        CHECK(frame->watermark_us >= settlement->book.watermark_us); /* S4 */
        settlement->book.watermark_us = frame->watermark_us;
        find_due(settlement, frame->watermark_us);
    }
    settle_orders(settlement, settlement->book.watermark_us);
    rate_touched(settlement);
    check_rows(settlement);
    work_check(settlement);
    return SETTLED;
}

/* --- output --- */

enum { FLUSH_BYTES = 1 << 16 };

static void print_hour(const struct book *book, const struct line_hour *hour, enum sheet_format format,
                       struct packer *out)
{
    const struct line_key *key = &book->lines.at[hour->line].key;
    char units[40], amount[AMOUNT_TEXT_SIZE];
    u128_print(hour->settled.units, units);
    amount_print(&hour->settled.total, prices_charge_scale(&book->prices), amount);
    struct line line = {
        .account = names_get(&book->names, key->account),
        .hour_s = hour->hour_s,
        .product = product_name(key->product),
        .resource = names_get(&book->names, key->resource),
        .meter = meter_name(key->meter),
        .sku = names_get(&book->names, key->sku),
        .kind = charge_kind_name(key->kind),
        .units = units,
        .amount = hour->settled.priced ? amount : NULL,
        .currency = prices_currency(&book->prices),
    };
    line_print(format, &line, out);
}

uint64_t settlement_print(const struct settlement *settlement, enum sheet_format format, struct packer *out,
                          void (*flush)(void *context, struct packer *out), void *context)
{
    const struct book *book = &settlement->book;
    VEC(uint32_t) order = {0};
    uint64_t unpriced = 0;
    for (uint32_t i = 0; i < book->hours.count; i++)
        if (book->hours.at[i].settled.exists)
            vec_push(&order, i);
    union {
        const struct book *given;
        void *context;
    } unqualified = {.given = book}; /* qsort_r's context is not const; compare reads only */
    if (order.count > 0)
        qsort_r(order.at, order.count, sizeof *order.at, compare_hours, unqualified.context);
    line_header(format, out);
    for (uint32_t i = 0; i < order.count; i++) {
        print_hour(book, &book->hours.at[order.at[i]], format, out);
        unpriced += !book->hours.at[order.at[i]].settled.priced;
        if (out->bytes.count >= FLUSH_BYTES)
            flush(context, out);
    }
    flush(context, out);
    vec_release(&order);
    return unpriced;
}
