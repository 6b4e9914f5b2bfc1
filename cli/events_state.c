#include "cli/events_state.h"

#include "lib/base/arena.h"
#include "lib/base/check.h"
#include "lib/base/table.h"
#include "lib/base/time.h"
#include "lib/domain/seen.h"

/* A fact about an order, as far as it decides which one counts. */
struct order_fact {
    enum record_kind kind;
    int64_t time_us;
    struct str id;
    struct str source;
};

struct order_facts {
    struct str account;
    struct str name;
    bool paid;
    struct order_fact payment;   /* the one that counts (CONTRACT §4) */
    VEC(struct order_fact) ends; /* voids and refunds */
};

struct events_state {
    struct arena strings;
    struct seen learnt; /* identities of facts */
    struct seen judged;
    VEC(struct order_facts) orders;
    struct table index;
};

struct events_state *events_state_new(void)
{
    struct events_state *states = calloc(1, sizeof *states);
    CHECK(states != NULL);
    return states;
}

void events_state_free(struct events_state *states)
{
    if (states == NULL)
        return;
    for (uint32_t i = 0; i < states->orders.count; i++)
        vec_release(&states->orders.at[i].ends);
    vec_release(&states->orders);
    table_release(&states->index);
    seen_release(&states->learnt);
    seen_release(&states->judged);
    arena_release(&states->strings);
    free(states);
}

/* --- orders --- */

static bool is_fact(const struct record *record)
{
    enum shape shape = kind_row(record->kind)->shape;
    return shape == SHAPE_ORDER || shape == SHAPE_PAYMENT;
}

static bool is_new(struct seen *seen, const struct record *record)
{
    return seen_add(seen, time_hour(time_second(record->time_us)), identity_of(record));
}

static uint64_t hash_of(struct str account, struct str name)
{
    return hash_mix(hash_str(account), hash_str(name));
}

/* NULL: nothing is known of it. */
static struct order_facts *find(const struct events_state *states, const struct record *record)
{
    uint64_t hash = hash_of(record->account, record->subject);
    for (struct table_probe p = table_probe(&states->index, hash); table_next(&states->index, &p);) {
        struct order_facts *order = &states->orders.at[p.index];
        if (str_equal(order->account, record->account) && str_equal(order->name, record->subject))
            return order;
    }
    return NULL;
}

static struct order_facts *find_or_make(struct events_state *states, const struct record *record)
{
    struct order_facts *found = find(states, record);
    if (found != NULL)
        return found;
    struct order_facts order = {.account = arena_copy(&states->strings, record->account),
                                .name = arena_copy(&states->strings, record->subject)};
    table_insert(&states->index, hash_of(order.account, order.name), states->orders.count);
    vec_push(&states->orders, order);
    return &states->orders.at[states->orders.count - 1];
}

static int compare_payments(const struct order_fact *a, const struct order_fact *b)
{
    int order = (a->time_us > b->time_us) - (a->time_us < b->time_us);
    order = order != 0 ? order : str_compare(a->id, b->id);
    return order != 0 ? order : str_compare(a->source, b->source);
}

/* By time, at the order's payment at the earliest, then voids before refunds, then id (CONTRACT §4). */
static int compare_ends(const struct order_fact *a, const struct order_fact *b, int64_t paid_us)
{
    int64_t x = a->time_us > paid_us ? a->time_us : paid_us, y = b->time_us > paid_us ? b->time_us : paid_us;
    int order = (x > y) - (x < y);
    if (order == 0 && a->kind != b->kind)
        order = a->kind == RECORD_ORDER_FAILED ? -1 : 1;
    order = order != 0 ? order : str_compare(a->id, b->id);
    return order != 0 ? order : str_compare(a->source, b->source);
}

static bool ends_order(enum record_kind kind)
{
    return kind == RECORD_ORDER_FAILED || kind == RECORD_ORDER_REFUNDED;
}

void events_state_learn(struct events_state *states, const struct record *record)
{
    if (kind_row(record->kind)->shape != SHAPE_ORDER || !is_new(&states->learnt, record))
        return;
    struct order_facts *order = find_or_make(states, record);
    struct order_fact fact = {record->kind, record->time_us, arena_copy(&states->strings, record->id),
                              arena_copy(&states->strings, record->source)};
    if (ends_order(record->kind))
        vec_push(&order->ends, fact);
    if (record->kind != RECORD_ORDER_PAID)
        return;
    if (!order->paid || compare_payments(&fact, &order->payment) < 0)
        order->payment = fact;
    order->paid = true;
}

/* Why an order's event has no effect; NULL: it has one, or nobody knows. */
static const char *why_idle(const struct events_state *states, const struct record *record, bool whole)
{
    const struct order_facts *order = find(states, record);
    struct order_fact fact = {record->kind, record->time_us, record->id, record->source};
    if (order == NULL || !order->paid)
        return whole ? "the order was never paid" : NULL;
    if (record->kind == RECORD_ORDER_PAID && compare_payments(&fact, &order->payment) > 0)
        return "another order.paid of the order counts";
    for (uint32_t i = 0; ends_order(record->kind) && i < order->ends.count; i++)
        if (compare_ends(&order->ends.at[i], &fact, order->payment.time_us) < 0)
            return "an earlier void or refund of the order counts";
    return NULL;
}

static const char *why_without_effect(const struct events_state *states, const struct record *record,
                                      const struct events_known *known)
{
    if (!record_bills(record))
        return "its status is not \"succeeded\"";
    if (kind_row(record->kind)->shape == SHAPE_ORDER)
        return why_idle(states, record, known->whole);
    return known->idle ? "nothing of that name runs then" : NULL;
}

void events_state_judge(struct events_state *states, const struct record *record,
                        const struct events_known *known, struct event_marks *marks)
{
    bool repeated = known->verdict == FOLD_REPEATED || (is_fact(record) && !is_new(&states->judged, record));
    marks->reason = NULL;
    if (known->verdict == FOLD_TOO_LATE) {
        marks->state = "rejected";
        marks->reason = "time: expected an event within the horizon of its kind";
    } else if (repeated) {
        marks->state = "repeated";
    } else {
        marks->reason = why_without_effect(states, record, known);
        marks->state = marks->reason == NULL ? "accepted" : "without effect";
    }
}
