/* What becomes of an order: CONTRACT §4, Subscription, Refund and Void. */
#include <stdio.h>

#include "lib/base/time.h"
#include "settler/core/order.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

enum { FACTS_MAX = 8, PERMUTATIONS = 40 };

/* A whole day counts as void_after where `VOIDS` is used. */
#define CATALOG(policies)                                                                                    \
    STR("currency: USD\ncharge_scale: 2\n" policies                                                          \
        "products: {container: {settle: hourly, skus: {s: {subscription: {price: '31.00', per: month}},"     \
        " p: {payg: {price: '1', per: hour}}}}}\n")
#define VOIDS "void_after: 1d\n"

struct event {
    enum record_kind kind;
    const char *time;
    const char *id;
    const char *sku;
    int64_t quantity;
    int64_t months;
};

struct expected_line {
    enum charge_kind kind;
    const char *hour;
    const char *amount; /* NULL: unpriced */
};

struct order_case {
    const char *what;
    bool voids;
    struct event events[FACTS_MAX];
    struct expected_line lines[ORDER_LINES_MAX];
    const char *covers[2]; /* NULL: nothing */
};

#define PAID(time, id, quantity, months)                                                                     \
    {                                                                                                        \
        RECORD_ORDER_PAID, time, id, "s", quantity, months                                                   \
    }
#define THEN(kind, time, id)                                                                                 \
    {                                                                                                        \
        RECORD_ORDER_##kind, time, id, NULL, 0, 0                                                            \
    }
#define JANUARY                                                                                              \
    {                                                                                                        \
        "2026-01-01T10:00:00Z", "2026-02-01T10:00:00Z"                                                       \
    }

static const struct order_case cases[] = {
    {"it covers calendar months and costs price x quantity x months",
     false,
     {PAID("2026-01-01T10:20:30.9Z", "1", 2, 3)},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "186.00"}},
     {"2026-01-01T10:20:30Z", "2026-04-01T10:20:30Z"}},
    {"never paid, it is nothing",
     true,
     {THEN(FAILED, "2026-01-01T10:00:00Z", "1"), THEN(REFUNDED, "2026-01-02T10:00:00Z", "2")},
     {{0}},
     {0}},
    {"a sku without subscription covers, unpriced",
     false,
     {{RECORD_ORDER_PAID, "2026-01-01T10:00:00Z", "1", "p", 1, 1},
      THEN(REFUNDED, "2026-01-02T11:00:00Z", "2")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", NULL}, {CHARGE_REFUND, "2026-01-02T11:00:00Z", NULL}},
     {"2026-01-01T10:00:00Z", "2026-01-02T11:00:00Z"}},
    {"a refund gives back the seconds left and ends the coverage",
     false,
     {PAID("2026-01-01T10:00:00Z", "1", 1, 1), THEN(REFUNDED, "2026-01-11T10:00:00Z", "2")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"},
      {CHARGE_REFUND, "2026-01-11T10:00:00Z", "-21.00"}},
     {"2026-01-01T10:00:00Z", "2026-01-11T10:00:00Z"}},
    {"a refund at the end is no line, and yet the first",
     false,
     {PAID("2026-01-01T10:00:00Z", "1", 1, 1), THEN(REFUNDED, "2026-02-01T10:00:00Z", "2"),
      THEN(FAILED, "2026-02-01T10:00:01Z", "3")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"}},
     JANUARY},
    {"a failure voids it whole, whenever it comes",
     false,
     {PAID("2026-01-01T10:00:00Z", "1", 1, 1), THEN(FAILED, "2026-03-01T10:59:59Z", "2")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"},
      {CHARGE_VOID, "2026-03-01T10:00:00Z", "-31.00"}},
     {0}},
    {"of refund and void at one time the void counts",
     false,
     {PAID("2026-01-01T10:00:00Z", "1", 1, 1), THEN(REFUNDED, "2026-01-02T10:00:00Z", "2"),
      THEN(FAILED, "2026-01-02T10:00:00Z", "3")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"},
      {CHARGE_VOID, "2026-01-02T10:00:00Z", "-31.00"}},
     {0}},
    {"a refund a microsecond before the void counts instead of it",
     false,
     {PAID("2026-01-01T10:00:00Z", "1", 1, 1), THEN(REFUNDED, "2026-01-02T10:00:00.000001Z", "2"),
      THEN(FAILED, "2026-01-02T10:00:00.000002Z", "3")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"},
      {CHARGE_REFUND, "2026-01-02T10:00:00Z", "-30.00"}},
     {"2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"}},
    {"what is timed before order.paid counts as at its time",
     false,
     {PAID("2026-01-01T10:00:00Z", "1", 1, 1), THEN(REFUNDED, "2025-12-01T10:00:00Z", "2")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"},
      {CHARGE_REFUND, "2026-01-01T10:00:00Z", "-31.00"}},
     {0}},
    {"before order.paid all are at once, so the void counts",
     false,
     {PAID("2026-01-01T10:00:00Z", "1", 1, 1), THEN(REFUNDED, "2025-12-01T10:00:00Z", "2"),
      THEN(FAILED, "2025-12-31T10:00:00Z", "3")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"},
      {CHARGE_VOID, "2026-01-01T10:00:00Z", "-31.00"}},
     {0}},
    {"of several payments the first by time counts",
     false,
     {PAID("2026-01-01T11:00:00Z", "1", 5, 5), PAID("2026-01-01T10:00:00Z", "2", 1, 1)},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"}},
     JANUARY},
    {"of several payments at one time the first by id counts",
     false,
     {PAID("2026-01-01T10:00:00Z", "b", 5, 5), PAID("2026-01-01T10:00:00Z", "a", 1, 1),
      PAID("2026-01-01T10:00:00Z", "aa", 2, 2)},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"}},
     JANUARY},
    {"nothing in time: it is void, at the microsecond when the time was up",
     true,
     {PAID("2026-01-01T10:00:00.5Z", "1", 1, 1)},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"},
      {CHARGE_VOID, "2026-01-02T10:00:00Z", "-31.00"}},
     {0}},
    {"delivered at the last moment it stands",
     true,
     {PAID("2026-01-01T10:00:00.5Z", "1", 1, 1), THEN(FULFILLED, "2026-01-02T10:00:00.5Z", "2")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"}},
     JANUARY},
    {"delivered a microsecond late it is void",
     true,
     {PAID("2026-01-01T10:00:00.5Z", "1", 1, 1), THEN(FULFILLED, "2026-01-02T10:00:00.500001Z", "2")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"},
      {CHARGE_VOID, "2026-01-02T10:00:00Z", "-31.00"}},
     {0}},
    {"delivered before it was paid, as events go, it stands",
     true,
     {PAID("2026-01-01T10:00:00Z", "1", 1, 1), THEN(FULFILLED, "2025-01-01T10:00:00Z", "2")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"}},
     JANUARY},
    {"refunded in time it is not void",
     true,
     {PAID("2026-01-01T10:00:00Z", "1", 1, 1), THEN(REFUNDED, "2026-01-02T10:00:00Z", "2")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"},
      {CHARGE_REFUND, "2026-01-02T10:00:00Z", "-30.00"}},
     {"2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"}},
    {"refunded late it is void all the same",
     true,
     {PAID("2026-01-01T10:00:00Z", "1", 1, 1), THEN(REFUNDED, "2026-01-02T10:00:01Z", "2")},
     {{CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"},
      {CHARGE_VOID, "2026-01-02T10:00:00Z", "-31.00"}},
     {0}},
};

static int64_t time_us(const char *text)
{
    int64_t us;
    assert_true(time_parse(str_of(text), &us));
    return us;
}

static uint32_t facts_of(const struct order_case *order, struct order_fact facts[FACTS_MAX])
{
    uint32_t count = 0;
    for (; count < FACTS_MAX && order->events[count].time != NULL; count++) {
        const struct event *event = &order->events[count];
        facts[count] = (struct order_fact){
            .kind = event->kind,
            .time_us = time_us(event->time),
            .id = str_of(event->id),
            .source = STR("/platform"),
            .product = event->kind == RECORD_ORDER_PAID ? PRODUCT_CONTAINER : PRODUCT_NONE,
            .sku = event->sku == NULL ? (struct str){0} : str_of(event->sku),
            .quantity = event->quantity,
            .months = event->months,
        };
    }
    return count;
}

static void assert_line(const struct order_line *line, const struct expected_line *expected)
{
    char hour[TIME_TEXT_SIZE], amount[AMOUNT_TEXT_SIZE];
    time_print(line->hour_s, hour);
    amount_print(&line->rated.amount, 2, amount);
    assert_int_equal(line->kind, expected->kind);
    assert_string_equal(hour, expected->hour);
    assert_int_equal(line->rated.priced, expected->amount != NULL);
    assert_string_equal(amount, expected->amount == NULL ? "0.00" : expected->amount);
    assert_true((line->rated.units == 0) == (line->kind != CHARGE_SUBSCRIPTION));
}

static void assert_state(const struct order_case *order, const struct order_state *state)
{
    uint32_t lines = 0;
    while (lines < ORDER_LINES_MAX && order->lines[lines].hour != NULL)
        lines++;
    assert_int_equal(state->line_count, lines);
    for (uint32_t i = 0; i < lines; i++)
        assert_line(&state->lines[i], &order->lines[i]);
    if (order->covers[0] == NULL) {
        assert_true(state->covers_from_s >= state->covers_to_s);
        return;
    }
    assert_int_equal(state->covers_from_s, time_us(order->covers[0]) / SECOND_US);
    assert_int_equal(state->covers_to_s, time_us(order->covers[1]) / SECOND_US);
}

static void shuffle(struct random *random, struct order_fact *facts, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = random_below(random, i);
        struct order_fact swapped = facts[i - 1];
        facts[i - 1] = facts[j];
        facts[j] = swapped;
    }
}

/* Both catalogs: with void_after and without. */
static void prices_of(struct prices prices[2])
{
    assert_true(prices_add(&prices[0], INT64_MIN, CATALOG("")));
    assert_true(prices_add(&prices[1], INT64_MIN, CATALOG(VOIDS)));
}

static void an_order_becomes_what_the_contract_says_in_whatever_order_its_events_came(void **state)
{
    (void)state;
    struct random random = random_of(6);
    struct prices prices[2] = {0};
    prices_of(prices);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct order_fact facts[FACTS_MAX];
        uint32_t count = facts_of(&cases[i], facts);
        for (int p = 0; p < PERMUTATIONS; p++) {
            if (p == 0)
                print_message("# %s\n", cases[i].what);
            struct order_state is =
                order_evaluate(facts, count, &prices[cases[i].voids], time_us("2100-01-01T00:00:00Z"));
            assert_state(&cases[i], &is);
            shuffle(&random, facts, count);
        }
    }
    prices_release(&prices[0]);
    prices_release(&prices[1]);
}

static void time_voids_an_order_only_when_it_is_past(void **state)
{
    (void)state;
    struct prices prices[2] = {0};
    prices_of(prices);
    struct order_fact facts[FACTS_MAX];
    const struct order_case paid = {.events = {PAID("2026-01-01T10:00:00Z", "1", 1, 1)}};
    uint32_t count = facts_of(&paid, facts);
    int64_t due_us = facts[0].time_us + DAY_S * (int64_t)SECOND_US;
    struct order_state at_due = order_evaluate(facts, count, &prices[1], due_us);
    assert_int_equal(at_due.line_count, 1);
    assert_int_equal(at_due.void_due_us, due_us);
    struct order_state after = order_evaluate(facts, count, &prices[1], due_us + 1);
    assert_int_equal(after.line_count, 2);
    assert_int_equal(after.lines[1].kind, CHARGE_VOID);
    assert_int_equal(after.void_due_us, INT64_MAX);
    struct order_state never = order_evaluate(facts, count, &prices[0], due_us + 1);
    assert_int_equal(never.void_due_us, INT64_MAX);
    prices_release(&prices[0]);
    prices_release(&prices[1]);
}

static void whole_years_cost_the_years_price_where_there_is_one_at_that_second(void **state)
{
    (void)state;
    struct prices prices = {0};
    assert_true(
        prices_add(&prices, INT64_MIN,
                   STR("currency: USD\ncharge_scale: 2\nproducts: {container: {settle: hourly, skus: {s:"
                       " {subscription: {price: '10', per: month}, subscription_year: [{from:"
                       " '2026-01-01T10:00:01Z', price: '100.01', per: year}]}}}}\n")));
    const struct {
        const char *time;
        int64_t months;
        const char *amount;
    } years[] = {
        {"2026-01-01T10:00:00.999999Z", 12, "360.00"}, {"2026-01-01T10:00:01Z", 12, "300.03"},
        {"2026-01-01T10:00:01Z", 24, "600.06"},        {"2026-01-01T10:00:01Z", 11, "330.00"},
        {"2026-01-01T10:00:01Z", 18, "540.00"},        {"2026-01-01T10:00:01Z", 120, "3000.30"},
    };
    for (size_t i = 0; i < sizeof years / sizeof *years; i++) {
        struct order_fact facts[FACTS_MAX];
        const struct order_case paid = {.events = {PAID(years[i].time, "1", 3, years[i].months)}};
        struct order_state is = order_evaluate(facts, facts_of(&paid, facts), &prices, INT64_MIN);
        assert_line(&is.lines[0],
                    &(struct expected_line){CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", years[i].amount});
        assert_true(is.lines[0].rated.units == 3 * (unsigned __int128)years[i].months);
    }
    prices_release(&prices);
}

static void an_order_costs_what_the_catalog_of_its_hour_says(void **state)
{
    (void)state;
    struct prices prices = {0};
    assert_true(prices_add(&prices, INT64_MIN, CATALOG("")));
    assert_true(prices_add(
        &prices, time_us("2026-01-01T11:00:00Z") / SECOND_US,
        STR("currency: USD\ncharge_scale: 2\nvoid_after: 1h\nproducts: {container: {settle: hourly, skus: {s:"
            " {subscription: {price: '40.00', per: month}}}}}\n")));
    struct order_fact facts[FACTS_MAX];
    const struct order_case before = {.events = {PAID("2026-01-01T10:59:59.999999Z", "1", 1, 1)}};
    const struct order_case after = {.events = {PAID("2026-01-01T11:00:00Z", "1", 1, 1)}};
    uint32_t count = facts_of(&before, facts);
    struct order_state is = order_evaluate(facts, count, &prices, INT64_MAX);
    assert_int_equal(is.line_count, 1);
    assert_line(&is.lines[0], &(struct expected_line){CHARGE_SUBSCRIPTION, "2026-01-01T10:00:00Z", "31.00"});
    count = facts_of(&after, facts);
    is = order_evaluate(facts, count, &prices, INT64_MAX);
    assert_int_equal(is.line_count, 2);
    assert_line(&is.lines[0], &(struct expected_line){CHARGE_SUBSCRIPTION, "2026-01-01T11:00:00Z", "40.00"});
    assert_line(&is.lines[1], &(struct expected_line){CHARGE_VOID, "2026-01-01T12:00:00Z", "-40.00"});
    prices_release(&prices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_becomes_what_the_contract_says_in_whatever_order_its_events_came),
        cmocka_unit_test(time_voids_an_order_only_when_it_is_past),
        cmocka_unit_test(whole_years_cost_the_years_price_where_there_is_one_at_that_second),
        cmocka_unit_test(an_order_costs_what_the_catalog_of_its_hour_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
