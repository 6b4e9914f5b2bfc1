#include "settler/core/order.h"

#include "lib/base/check.h"
#include "lib/base/time.h"

bool order_takes(enum record_kind kind)
{
    return kind == RECORD_ORDER_PAID || kind == RECORD_ORDER_FULFILLED || kind == RECORD_ORDER_FAILED ||
           kind == RECORD_ORDER_REFUNDED;
}

struct order_fact order_fact_of(const struct record *record)
{
    return (struct order_fact){
        .kind = record->kind,
        .time_us = record->time_us,
        .id = record->id,
        .source = record->source,
        .product = record->product,
        .sku = record->sku,
        .quantity = record->quantity,
        .months = record->months,
    };
}

const char *charge_kind_name(enum charge_kind kind)
{
    static const char *const names[] = {"usage", "subscription", "refund", "void"};
    CHECK((size_t)kind < sizeof names / sizeof *names);
    return names[kind];
}

/* The first order.paid by (time, id, source); NULL: never paid. */
static const struct order_fact *first_paid(const struct order_fact *facts, uint32_t count)
{
    const struct order_fact *first = NULL;
    for (uint32_t i = 0; i < count; i++) {
        const struct order_fact *fact = &facts[i];
        if (fact->kind != RECORD_ORDER_PAID)
            continue;
        int order = first == NULL ? -1 : (fact->time_us > first->time_us) - (fact->time_us < first->time_us);
        if (order == 0)
            order = str_compare(fact->id, first->id);
        if (order == 0)
            order = str_compare(fact->source, first->source);
        if (order < 0)
            first = fact;
    }
    return first;
}

/* What ends an order: a refund, or a void by failure or by void_after. */
struct end {
    bool is_void;
    int64_t time_us;
};

/* By time, then void before refund. (Then by id, which decides between equals only.) */
static bool end_before(struct end a, struct end b)
{
    return a.time_us != b.time_us ? a.time_us < b.time_us : a.is_void && !b.is_void;
}

/* An event timed before order.paid counts as if at its time. */
static int64_t counted_us(const struct order_fact *fact, const struct order_fact *paid)
{
    return fact->time_us > paid->time_us ? fact->time_us : paid->time_us;
}

static bool first_end(const struct order_fact *facts, uint32_t count, const struct order_fact *paid,
                      struct end *end)
{
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        enum record_kind kind = facts[i].kind;
        if (kind != RECORD_ORDER_FAILED && kind != RECORD_ORDER_REFUNDED)
            continue;
        struct end candidate = {kind == RECORD_ORDER_FAILED, counted_us(&facts[i], paid)};
        if (!found || end_before(candidate, *end))
            *end = candidate;
        found = true;
    }
    return found;
}

/* When void_after voids it; INT64_MAX: something came in time, or there is no void_after. */
static int64_t void_after_us(const struct order_fact *facts, uint32_t count, const struct order_fact *paid,
                             int64_t limit_us)
{
    if (limit_us == 0)
        return INT64_MAX;
    int64_t due_us = paid->time_us + limit_us;
    for (uint32_t i = 0; i < count; i++)
        if (facts[i].kind != RECORD_ORDER_PAID && counted_us(&facts[i], paid) <= due_us)
            return INT64_MAX;
    return due_us;
}

enum { YEAR_MONTHS = 12 };

/* Whole years go by the year's price, where there is one. */
static struct rated rate_subscription(const struct order_fact *paid, const struct catalog *catalog,
                                      uint32_t scale)
{
    int64_t paid_s = time_second(paid->time_us);
    struct price_list list = catalog_year_prices(catalog, paid->product, paid->sku);
    int32_t at = paid->months % YEAR_MONTHS == 0 ? price_list_at(list, paid_s) : -1;
    if (at < 0) {
        list = catalog_prices(catalog, paid->product, paid->sku, METER_MONTHS);
        at = price_list_at(list, paid_s);
    }
    struct rating rating = rating_begin(METER_MONTHS);
    rating_add(&rating, (unsigned __int128)paid->quantity * (unsigned __int128)paid->months,
               at < 0 ? NULL : &list.prices[at]);
    return rating_end(&rating, scale);
}

static void add_line(struct order_state *state, enum charge_kind kind, int64_t time_us, struct rated rated)
{
    CHECK(state->line_count < ORDER_LINES_MAX);
    state->lines[state->line_count++] = (struct order_line){kind, time_hour(time_second(time_us)), rated};
}

static void apply_end(struct order_state *state, struct end end, struct rated paid)
{
    if (end.is_void) {
        add_line(state, CHARGE_VOID, end.time_us,
                 (struct rated){0, paid.priced, amount_negate(&paid.amount)});
        state->covers_to_s = state->covers_from_s;
        return;
    }
    int64_t end_s = time_second(end.time_us);
    if (end_s >= state->covers_to_s)
        return;
    int64_t whole_s = state->covers_to_s - state->covers_from_s;
    struct amount back = rating_refund(&paid.amount, state->covers_to_s - end_s, whole_s);
    add_line(state, CHARGE_REFUND, end.time_us, (struct rated){0, paid.priced, back});
    state->covers_to_s = end_s;
}

struct order_state order_evaluate(const struct order_fact *facts, uint32_t count, const struct prices *prices,
                                  int64_t now_us)
{
    const struct order_fact *paid = first_paid(facts, count);
    if (paid == NULL)
        return (struct order_state){.void_due_us = INT64_MAX};
    int64_t paid_s = time_second(paid->time_us);
    const struct catalog *catalog = prices_at(prices, time_hour(paid_s));
    struct order_state state = {
        .paid = true,
        .product = paid->product,
        .sku = paid->sku,
        .quantity = (unsigned __int128)paid->quantity,
        .covers_from_s = paid_s,
        .covers_to_s = time_add_months(paid_s, paid->months),
        .void_due_us = INT64_MAX,
    };
    struct rated rated = rate_subscription(paid, catalog, prices_charge_scale(prices));
    add_line(&state, CHARGE_SUBSCRIPTION, paid->time_us, rated);
    struct end end = {false, 0};
    bool ended = first_end(facts, count, paid, &end);
    int64_t due_us = void_after_us(facts, count, paid, catalog_void_after_us(catalog));
    if (due_us < now_us) {
        /* Nothing came in time, so whatever ended it came later. */
        end = (struct end){true, due_us};
        ended = true;
    } else {
        state.void_due_us = due_us;
    }
    if (ended)
        apply_end(&state, end, rated);
    return state;
}

static bool covers(const struct order_state *state)
{
    return state->covers_from_s < state->covers_to_s;
}

static bool covers_same_units(const struct order_state *a, const struct order_state *b)
{
    return a->product == b->product && a->quantity == b->quantity && str_equal(a->sku, b->sku);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Moved edges where the units stay; all of old and new otherwise. */
struct order_change order_changes(const struct order_state *before, const struct order_state *after)
{
    if (!covers(before) || !covers(after) || !covers_same_units(before, after))
        return (struct order_change){{before->covers_from_s, after->covers_from_s},
                                     {before->covers_to_s, after->covers_to_s}};
    return (struct order_change){
        {least(before->covers_from_s, after->covers_from_s), least(before->covers_to_s, after->covers_to_s)},
        {most(before->covers_from_s, after->covers_from_s), most(before->covers_to_s, after->covers_to_s)}};
}
