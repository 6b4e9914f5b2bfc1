#include "settler/core/cover.h"

#include "lib/base/check.h"
#include "lib/base/time.h"

static bool names_order(const struct line_hour *hour, uint32_t order)
{
    for (uint32_t i = 0; i < hour->use_count; i++)
        if (hour->uses[i].order == order)
            return true;
    return false;
}

/* Calls visit for each line and hour of a user that names the order. */
typedef void visit_user(struct settlement *settlement, uint32_t hour, const struct book_order *order);

static void visit_users(struct settlement *settlement, uint32_t order_at, int64_t hour_s, visit_user *visit)
{
    struct book *book = &settlement->book;
    const struct book_order *order = &book->orders.at[order_at];
    for (uint32_t i = 0; i < order->users.count; i++) {
        const struct order_user *user = &order->users.at[i];
        if (hour_s < user->first_hour_s || hour_s > user->last_hour_s)
            continue;
        uint32_t line = book->resources.at[user->resource].first_line;
        for (; line != UINT32_MAX; line = book->lines.at[line].next) {
            uint32_t hour = book_find_hour(book, line, hour_s);
            if (hour != UINT32_MAX && names_order(&book->hours.at[hour], order->name))
                visit(settlement, hour, order);
        }
    }
}

static void touch_user(struct settlement *settlement, uint32_t hour, const struct book_order *order)
{
    (void)order;
    work_touch(settlement, hour);
}

void cover_touch_users(struct settlement *settlement, uint32_t order, int64_t hour_s)
{
    visit_users(settlement, order, hour_s, touch_user);
}

/* --- handing out --- */

/* A use that the order may cover, to be put in order of the resources' names. */
static void note_use(struct settlement *settlement, uint32_t hour_at, const struct book_order *order)
{
    const struct line_hour *hour = &settlement->book.hours.at[hour_at];
    const struct book_line *line = &settlement->book.lines.at[hour->line];
    bool fits = line->key.product == order->state.product &&
                str_equal(names_get(&settlement->book.names, line->key.sku), order->state.sku);
    for (uint32_t i = 0; i < hour->use_count && fits; i++) {
        struct use use = hour->uses[i];
        if (use.order == order->name)
            vec_push(&settlement->covered, (struct covered){hour_at, use.from_s, use.len_s, use.quantity});
    }
}

static struct str resource_name(const struct book *book, uint32_t hour)
{
    return names_get(&book->names, book->lines.at[book->hours.at[hour].line].key.resource);
}

static int compare_by_name(const void *a, const void *b, void *context)
{
    const struct book *book = context;
    const struct covered *x = a, *y = b;
    int order =
        x->hour == y->hour ? 0 : str_compare(resource_name(book, x->hour), resource_name(book, y->hour));
    return order != 0 ? order : (int)x->from_s - (int)y->from_s;
}

/* What of the order's quantity is not handed out yet, by second of the hour. */
struct left {
    unsigned __int128 by_second[HOUR_S];
};

static void fill_left(struct left *left, const struct order_state *state, int64_t hour_s)
{
    for (int64_t s = 0; s < HOUR_S; s++) {
        bool runs = hour_s + s >= state->covers_from_s && hour_s + s < state->covers_to_s;
        left->by_second[s] = runs ? state->quantity : 0;
    }
}

/* C1 */
static void check_parts(const struct covered *parts, uint32_t count, struct covered use)
{
    uint32_t at_s = use.from_s;
    for (uint32_t i = 0; i < count; at_s += parts[i++].len_s)
        CHECK(parts[i].from_s == at_s && parts[i].len_s > 0);
    CHECK(at_s == (uint32_t)use.from_s + use.len_s && at_s <= HOUR_S);
}

/* Takes one use's level out of what is left; what is above is to pay, in runs of equal seconds. */
static void hand_out(struct settlement *settlement, struct left *left, struct covered use)
{
    uint32_t from = settlement->covered.count;
    for (uint32_t s = use.from_s; s < (uint32_t)use.from_s + use.len_s; s++) {
        unsigned __int128 taken = use.paid < left->by_second[s] ? use.paid : left->by_second[s];
        unsigned __int128 paid = use.paid - taken;
        CHECK(taken <= left->by_second[s] && paid <= use.paid); /* C2, C3 */
        left->by_second[s] -= taken;
        struct covered *last =
            settlement->covered.count > from ? &settlement->covered.at[settlement->covered.count - 1] : NULL;
        if (last != NULL && last->paid == paid)
            last->len_s++;
        else
            vec_push(&settlement->covered, (struct covered){use.hour, (uint16_t)s, 1, paid});
    }
    check_parts(settlement->covered.at + from, settlement->covered.count - from, use);
}

/* Works out, once a frame, what an order leaves its users to pay in an hour. */
static const struct order_pool *share_out(struct settlement *settlement, uint32_t order, int64_t hour_s)
{
    uint32_t at = work_pool(settlement, order, hour_s);
    if (settlement->pools.at[at].shared)
        return &settlement->pools.at[at];
    struct book *book = &settlement->book;
    uint32_t first = settlement->covered.count;
    visit_users(settlement, order, hour_s, note_use);
    uint32_t uses = settlement->covered.count - first;
    if (uses > 1)
        qsort_r(settlement->covered.at + first, uses, sizeof(struct covered), compare_by_name, book);
    struct left left;
    fill_left(&left, &book->orders.at[order].state, hour_s);
    for (uint32_t i = 0; i < uses; i++)
        hand_out(settlement, &left, settlement->covered.at[first + i]);
    struct order_pool *noted = &settlement->pools.at[at];
    noted->shared = true;
    noted->first = first + uses;
    noted->count = settlement->covered.count - noted->first;
    return noted;
}

/* --- rating --- */

/* Whether the order takes part in this line at all; if not, every unit of the use is to pay. */
static bool may_cover(const struct book *book, uint32_t order, const struct book_line *line, int64_t hour_s)
{
    if (order == UINT32_MAX)
        return false;
    const struct order_state *state = &book->orders.at[order].state;
    return state->paid && state->product == line->key.product && state->covers_from_s < state->covers_to_s &&
           state->covers_from_s < hour_s + HOUR_S && state->covers_to_s > hour_s &&
           str_equal(names_get(&book->names, line->key.sku), state->sku);
}

static bool use_has_order_before(const struct line_hour *hour, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++)
        if (hour->uses[j].order == hour->uses[i].order)
            return true;
    return false;
}

/* Adds the parts that an order leaves the line to pay: they lie side by side, by name of the resource. */
static void rate_parts(const struct settlement *settlement, const struct order_pool *shared, uint32_t hour_at,
                       const struct price_list *prices, struct rating *rating)
{
    const struct book *book = &settlement->book;
    const struct covered *parts = settlement->covered.at + shared->first;
    struct str name = resource_name(book, hour_at);
    int64_t hour_s = book->hours.at[hour_at].hour_s;
    uint32_t from = 0, to = shared->count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (str_compare(resource_name(book, parts[middle].hour), name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    for (; from < shared->count && parts[from].hour == hour_at; from++)
        rating_add_span(rating, prices, hour_s + parts[from].from_s,
                        hour_s + parts[from].from_s + parts[from].len_s, parts[from].paid);
}

void cover_rate(struct settlement *settlement, uint32_t hour_at, const struct price_list *prices,
                struct rating *rating)
{
    struct book *book = &settlement->book;
    const struct line_hour *hour = &book->hours.at[hour_at];
    const struct book_line *line = &book->lines.at[hour->line];
    for (uint32_t i = 0; i < hour->use_count; i++) {
        struct use use = hour->uses[i];
        uint32_t order = use.order == 0 ? UINT32_MAX : book_find_order(book, line->key.account, use.order);
        if (!may_cover(book, order, line, hour->hour_s)) {
            rating_add_span(rating, prices, hour->hour_s + use.from_s, hour->hour_s + use.from_s + use.len_s,
                            use.quantity);
            continue;
        }
        if (use_has_order_before(hour, i))
            continue; /* its parts came with the first use of that order */
        const struct order_pool *shared = share_out(settlement, order, hour->hour_s);
        rate_parts(settlement, shared, hour_at, prices, rating);
    }
}
