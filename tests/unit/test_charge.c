/* What a frame changed: its rows summed to charges, what is due of them, and payments (CONTRACT §6, Posting).
 */
#include <stdio.h>

#include "lib/base/time.h"
#include "settler/core/charge.h"
#include "settler/core/settle.h"
#include "tests/support/test.h"

/* 2026-01-31T23:00:00Z and the hour after it, of another month. */
#define HOUR_1_S INT64_C(1769900400)
#define HOUR_2_S (HOUR_1_S + HOUR_S)
#define FEBRUARY_S HOUR_2_S
#define MARCH_S (FEBRUARY_S + 28 * (int64_t)DAY_S)

#define SKUS                                                                                                 \
    "{s: {payg: {price: '1', per: hour}, subscription: {price: '10', per: month}},\n"                        \
    "    t: {payg: {price: '2', per: hour}}}"
static const char hourly[] = "currency: USD\ncharge_scale: 2\nproducts:\n"
                             "  container: {settle: hourly, skus: " SKUS "}\n"
                             "  maas: {settle: cycle, skus: {m: {images: {price: '0.5', per: 1}}}}\n";
/* Its nodes are missing, and containers go by cycle. */
static const char by_cycle[] = "currency: USD\ncharge_scale: 2\nproducts:\n"
                               "  container: {settle: cycle, skus: " SKUS "}\n"
                               "  maas: {settle: hourly, skus: {m: {images: {price: '0.5', per: 1}}}}\n";

struct world {
    struct settlement settlement;
    struct frame_money money;
    struct frame frame; /* the next one */
    int64_t next_month_s;
    struct level_row levels[8];
    struct fact facts[8];
};

static void settle(struct world *world)
{
    world->frame.levels = world->levels;
    world->frame.facts = world->facts;
    assert_int_equal(settle_frame(&world->settlement, &world->frame), SETTLED);
    frame_money_take(&world->settlement, &world->frame, true, world->next_month_s, &world->money);
    world->frame.level_count = world->frame.fact_count = 0;
}

static void add_catalog(struct world *world, int64_t from_s, const char *yaml)
{
    world->facts[world->frame.fact_count++] =
        (struct fact){.control = CONTROL_CATALOG, .catalog = {from_s, str_of(yaml)}};
}

static void begin(struct world *world)
{
    *world = (struct world){.next_month_s = INT64_MIN, .frame = {.watermark_us = HOUR_1_S * SECOND_US}};
    settlement_init(&world->settlement);
    add_catalog(world, INT64_MIN, hourly);
    settle(world);
    assert_int_equal(world->money.charges.count, 0);
}

static void end(struct world *world)
{
    settlement_release(&world->settlement);
    frame_money_release(&world->money);
}

static const struct level_segment one_s[] = {{0, 3600, {"s", 1}, {NULL, 0}, 1}};
static const struct level_segment two_s[] = {{0, 3600, {"s", 1}, {NULL, 0}, 2}};
static const struct level_segment s_and_t[] = {{0, 1800, {"s", 1}, {NULL, 0}, 1},
                                               {1800, 1800, {"t", 1}, {NULL, 0}, 1}};
static const struct level_segment ordered[] = {{0, 3600, {"s", 1}, {"o", 1}, 1}};
static const struct level_segment unknown[] = {{0, 3600, {"x", 1}, {NULL, 0}, 1}};

#define LEVEL(account, resource, hour_s, segments)                                                           \
    level(PRODUCT_CONTAINER, account, resource, hour_s, segments, sizeof(segments) / sizeof *(segments))

static struct level_row level(enum product product, const char *account, const char *resource, int64_t hour_s,
                              const struct level_segment *segments, size_t count)
{
    return (struct level_row){.product = product,
                              .account = str_of(account),
                              .resource = str_of(resource),
                              .hour_s = hour_s,
                              .segments = segments,
                              .segment_count = (uint32_t)count};
}

static void add_level(struct world *world, struct level_row row)
{
    world->levels[world->frame.level_count++] = row;
}

static struct level_row nothing(const char *account, const char *resource, int64_t hour_s)
{
    return level(PRODUCT_CONTAINER, account, resource, hour_s, NULL, 0);
}

static void add_order(struct world *world, enum record_kind kind, const char *order, int64_t time_s)
{
    world->facts[world->frame.fact_count++] = (struct fact){.record = {.kind = kind,
                                                                       .product = PRODUCT_CONTAINER,
                                                                       .account = STR("a"),
                                                                       .subject = str_of(order),
                                                                       .source = STR("/p"),
                                                                       .id = str_of(order),
                                                                       .time_us = time_s * SECOND_US,
                                                                       .sku = STR("s"),
                                                                       .quantity = 1,
                                                                       .months = 1}};
}

/* As "s runtime usage +1 lines 3600 units 1.00"; the account, hour and product where the test looks. */
static void assert_charge(const struct world *world, uint32_t i, const char *expected)
{
    assert_true(i < world->money.charges.count);
    const struct charge *charge = &world->money.charges.at[i];
    struct str sku = names_get(&world->settlement.book.names, charge->sku);
    char units[AMOUNT_TEXT_SIZE], amount[AMOUNT_TEXT_SIZE], text[400];
    amount_print(&charge->units, 0, units);
    amount_print(&charge->amount, 2, amount);
    snprintf(text, sizeof text, "%.*s %s %s lines %lld unpriced %lld units %s amount %s", STR_ARG(sku),
             meter_name(charge->meter), charge_kind_name(charge->kind), (long long)charge->lines,
             (long long)charge->unpriced, units, amount);
    assert_string_equal(text, expected);
}

/* As "container usage o posted 1 accrued 0" */
static void assert_due(const struct world *world, uint32_t i, const char *expected)
{
    assert_true(i < world->money.dues.count);
    const struct due *due = &world->money.dues.at[i];
    struct str order = names_get(&world->settlement.book.names, due->order);
    char posted[AMOUNT_TEXT_SIZE], accrued[AMOUNT_TEXT_SIZE], text[400];
    amount_print_short(&due->posted, 12, 0, posted);
    amount_print_short(&due->accrued, 12, 0, accrued);
    snprintf(text, sizeof text, "%s %s %.*s posted %s accrued %s", product_name(due->product),
             charge_kind_name(due->kind), STR_ARG(order), posted, accrued);
    assert_string_equal(text, expected);
}

/* --- charges --- */

static void rows_are_summed_by_hour_product_sku_meter_and_kind(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_level(&world, LEVEL("a", "1", HOUR_1_S, one_s));
    add_level(&world, LEVEL("a", "2", HOUR_1_S, s_and_t));
    add_level(&world, LEVEL("a", "3", HOUR_1_S, two_s));
    add_level(&world, LEVEL("a", "1", HOUR_2_S, one_s));
    add_level(&world, LEVEL("b", "1", HOUR_1_S, one_s));
    add_order(&world, RECORD_ORDER_PAID, "o", HOUR_1_S);
    settle(&world);
    assert_int_equal(world.money.charges.count, 5);
    assert_charge(&world, 0, "s months subscription lines 1 unpriced 0 units 1 amount 10.00");
    assert_charge(&world, 1, "s runtime usage lines 3 unpriced 0 units 12600 amount 3.50");
    assert_charge(&world, 2, "t runtime usage lines 1 unpriced 0 units 1800 amount 1.00");
    assert_charge(&world, 3, "s runtime usage lines 1 unpriced 0 units 3600 amount 1.00");
    assert_charge(&world, 4, "s runtime usage lines 1 unpriced 0 units 3600 amount 1.00");
    assert_int_equal(world.money.charges.at[2].hour_s, HOUR_1_S);
    assert_int_equal(world.money.charges.at[3].hour_s, HOUR_2_S);
    assert_true(
        str_equal(names_get(&world.settlement.book.names, world.money.charges.at[4].account), STR("b")));
    assert_int_equal(world.money.dues.count, 3);
    assert_due(&world, 0, "container subscription o posted 10 accrued 0");
    assert_due(&world, 1, "container usage  posted 5.5 accrued 0");
    assert_due(&world, 2, "container usage  posted 1 accrued 0");
    end(&world);
}

static void a_correction_changes_units_lines_and_amount_by_the_difference(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_level(&world, LEVEL("a", "1", HOUR_1_S, two_s));
    add_level(&world, LEVEL("a", "2", HOUR_1_S, two_s));
    settle(&world);
    add_level(&world, LEVEL("a", "1", HOUR_1_S, one_s));
    settle(&world);
    assert_int_equal(world.money.charges.count, 1);
    assert_charge(&world, 0, "s runtime usage lines 0 unpriced 0 units -3600 amount -1.00");
    add_level(&world, nothing("a", "2", HOUR_1_S));
    settle(&world);
    assert_charge(&world, 0, "s runtime usage lines -1 unpriced 0 units -7200 amount -2.00");
    assert_due(&world, 0, "container usage  posted -2 accrued 0");
    end(&world);
}

static void what_sums_to_nothing_is_left_out(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_level(&world, LEVEL("a", "1", HOUR_1_S, one_s));
    settle(&world);
    add_level(&world, nothing("a", "1", HOUR_1_S));
    add_level(&world, LEVEL("a", "2", HOUR_1_S, one_s));
    settle(&world);
    assert_int_equal(world.settlement.rows.count, 2);
    assert_int_equal(world.money.charges.count, 0);
    assert_int_equal(world.money.dues.count, 0);
    end(&world);
}

static void what_changes_the_number_of_lines_alone_is_a_charge(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_level(&world, LEVEL("a", "1", HOUR_1_S, two_s));
    settle(&world);
    add_level(&world, LEVEL("a", "1", HOUR_1_S, one_s));
    add_level(&world, LEVEL("a", "2", HOUR_1_S, one_s));
    settle(&world);
    assert_int_equal(world.money.charges.count, 1);
    assert_charge(&world, 0, "s runtime usage lines 1 unpriced 0 units 0 amount 0.00");
    assert_int_equal(world.money.dues.count, 0);
    end(&world);
}

static void what_is_covered_is_no_charge(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_order(&world, RECORD_ORDER_PAID, "o", HOUR_1_S);
    settle(&world);
    add_level(&world, LEVEL("a", "1", HOUR_1_S, ordered));
    settle(&world);
    assert_int_equal(world.settlement.rows.count, 1);
    assert_int_equal(world.money.charges.count, 0);
    end(&world);
}

static void what_is_unpriced_is_counted_and_changes_no_balance(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_level(&world, LEVEL("a", "1", HOUR_1_S, unknown));
    settle(&world);
    assert_charge(&world, 0, "x runtime usage lines 1 unpriced 1 units 3600 amount 0.00");
    assert_int_equal(world.money.dues.count, 0);
    add_level(&world, LEVEL("a", "1", HOUR_1_S, one_s));
    settle(&world);
    assert_charge(&world, 0, "s runtime usage lines 1 unpriced 0 units 3600 amount 1.00");
    assert_charge(&world, 1, "x runtime usage lines -1 unpriced -1 units -3600 amount 0.00");
    assert_int_equal(world.money.dues.count, 1);
    end(&world);
}

static void a_row_stands_in_its_own_months_bill_or_in_the_next_that_is_cut(void **state)
{
    (void)state;
    static const int64_t next_s[] = {INT64_MIN, 0, FEBRUARY_S, MARCH_S};
    static const int64_t billed_s[][2] = {
        {INT64_MIN, INT64_MIN}, {INT64_MIN, INT64_MIN}, {FEBRUARY_S, INT64_MIN}, {MARCH_S, MARCH_S}};
    for (size_t i = 0; i < sizeof next_s / sizeof *next_s; i++) {
        struct world world;
        begin(&world);
        world.next_month_s = next_s[i];
        add_level(&world, LEVEL("a", "1", HOUR_1_S, one_s));
        add_level(&world, LEVEL("a", "1", HOUR_2_S, one_s));
        settle(&world);
        for (uint32_t c = 0; c < 2; c++)
            assert_int_equal(world.money.charges.at[c].billed_s, billed_s[i][c]);
        end(&world);
    }
    assert_int_equal(charge_bill_month(HOUR_2_S, 0), FEBRUARY_S);
    assert_int_equal(charge_bill_month(HOUR_1_S, FEBRUARY_S), FEBRUARY_S);
}

/* --- accruing --- */

static void what_settles_by_cycle_in_the_catalog_of_its_hour_accrues(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_catalog(&world, HOUR_2_S, by_cycle);
    add_level(&world, LEVEL("a", "1", HOUR_1_S, one_s));
    add_level(&world, LEVEL("a", "1", HOUR_2_S, two_s));
    struct count_sum sum = {METER_IMAGES, 0, 3};
    struct count_row counts[] = {
        {PRODUCT_MAAS, STR("a"), STR("e"), STR("m"), HOUR_1_S, false, &sum, 1},
        {PRODUCT_MAAS, STR("a"), STR("e"), STR("m"), HOUR_2_S, false, &sum, 1},
    };
    world.frame.counts = counts;
    world.frame.count_count = 2;
    settle(&world);
    world.frame.count_count = 0;
    static const bool accrues[] = {false, true, true, false};
    assert_int_equal(world.money.charges.count, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(world.money.charges.at[i].accrues, accrues[i]);
    assert_int_equal(world.money.dues.count, 2);
    assert_due(&world, 0, "container usage  posted 1 accrued 2");
    assert_due(&world, 1, "maas usage  posted 1.5 accrued 1.5");
    end(&world);
}

static void a_product_that_the_catalog_has_not_is_settled_hourly(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_catalog(&world, HOUR_2_S, by_cycle);
    add_level(&world, level(PRODUCT_NODE, "a", "1", HOUR_1_S, one_s, 1));
    add_level(&world, level(PRODUCT_NODE, "a", "1", HOUR_2_S, one_s, 1));
    settle(&world);
    assert_int_equal(world.money.charges.count, 2);
    assert_false(world.money.charges.at[0].accrues);
    assert_false(world.money.charges.at[1].accrues);
    end(&world);
}

static void the_lines_of_an_order_accrue_by_its_product_each_in_its_hour(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_catalog(&world, HOUR_2_S, by_cycle);
    add_order(&world, RECORD_ORDER_PAID, "o", HOUR_1_S);
    add_order(&world, RECORD_ORDER_FAILED, "o", HOUR_2_S);
    add_order(&world, RECORD_ORDER_PAID, "n", HOUR_2_S);
    settle(&world);
    assert_int_equal(world.money.dues.count, 3);
    assert_due(&world, 0, "container subscription n posted 0 accrued 10");
    assert_due(&world, 1, "container subscription o posted 10 accrued 0");
    assert_due(&world, 2, "container void o posted 0 accrued -10");
    end(&world);
}

/* --- payments --- */

static void add_payment(struct world *world, enum record_kind kind, const char *name, const char *amount,
                        const char *currency)
{
    world->facts[world->frame.fact_count++] = (struct fact){.record = {.kind = kind,
                                                                       .product = PRODUCT_NONE,
                                                                       .account = STR("a"),
                                                                       .subject = str_of(name),
                                                                       .source = STR("/p"),
                                                                       .id = str_of(amount),
                                                                       .amount = str_of(amount),
                                                                       .currency = str_of(currency)}};
}

static void assert_paid(const struct world *world, uint32_t i, const char *name, const char *amount)
{
    char text[AMOUNT_TEXT_SIZE];
    assert_true(i < world->money.paid.count);
    const struct paid *paid = &world->money.paid.at[i];
    assert_true(str_equal(names_get(&world->settlement.book.names, paid->payment), str_of(name)));
    amount_print_short(&paid->amount, 12, 0, text);
    assert_string_equal(text, amount);
}

static void a_payment_counts_once_for_ever_the_first_of_those_that_differ(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_payment(&world, RECORD_CREDITED, "p", "12.50", "USD");
    add_payment(&world, RECORD_CREDITED, "p", "13", "USD");
    add_payment(&world, RECORD_DEBITED, "p", "0.000000000001", "USD");
    add_payment(&world, RECORD_CREDITED, "q", "999999999999.999999999999", "USD");
    world.facts[3].record.for_bill = true;
    settle(&world);
    assert_int_equal(world.money.paid.count, 3);
    assert_paid(&world, 0, "p", "12.5");
    assert_paid(&world, 1, "p", "0.000000000001");
    assert_paid(&world, 2, "q", "999999999999.999999999999");
    static const bool credited[] = {true, false, true}, for_balance[] = {true, false, false};
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(world.money.paid.at[i].credited, credited[i]);
        assert_int_equal(world.money.paid.at[i].for_balance, for_balance[i]);
    }
    add_payment(&world, RECORD_CREDITED, "p", "12.50", "USD");
    add_payment(&world, RECORD_CREDITED, "p", "12.50", "USD");
    world.facts[1].record.account = STR("b");
    settle(&world);
    assert_int_equal(world.money.paid.count, 1);
    assert_true(str_equal(names_get(&world.settlement.book.names, world.money.paid.at[0].account), STR("b")));
    end(&world);
}

static void a_payment_in_another_currency_is_known_and_not_posted(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_payment(&world, RECORD_CREDITED, "p", "1", "EUR");
    add_payment(&world, RECORD_CREDITED, "p", "1", "USD");
    settle(&world);
    assert_int_equal(world.money.paid.count, 0);
    end(&world);
}

static void the_book_knows_the_payments_that_a_store_has(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_true(book_add_payment(&world.settlement.book, STR("a"), RECORD_CREDITED, STR("p")));
    assert_false(book_add_payment(&world.settlement.book, STR("a"), RECORD_CREDITED, STR("p")));
    add_payment(&world, RECORD_CREDITED, "p", "1", "USD");
    add_payment(&world, RECORD_DEBITED, "p", "1", "USD");
    settle(&world);
    assert_int_equal(world.money.paid.count, 1);
    end(&world);
}

static void a_step_without_facts_takes_no_payment(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_payment(&world, RECORD_CREDITED, "p", "1", "USD");
    world.frame.facts = world.facts;
    for (int facts = 0; facts < 2; facts++) {
        assert_int_equal(settle_frame(&world.settlement, &world.frame), SETTLED);
        frame_money_take(&world.settlement, &world.frame, facts != 0, INT64_MIN, &world.money);
        assert_int_equal(world.money.paid.count, facts);
    }
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_summed_by_hour_product_sku_meter_and_kind),
        cmocka_unit_test(a_correction_changes_units_lines_and_amount_by_the_difference),
        cmocka_unit_test(what_sums_to_nothing_is_left_out),
        cmocka_unit_test(what_changes_the_number_of_lines_alone_is_a_charge),
        cmocka_unit_test(what_is_covered_is_no_charge),
        cmocka_unit_test(what_is_unpriced_is_counted_and_changes_no_balance),
        cmocka_unit_test(a_row_stands_in_its_own_months_bill_or_in_the_next_that_is_cut),
        cmocka_unit_test(what_settles_by_cycle_in_the_catalog_of_its_hour_accrues),
        cmocka_unit_test(a_product_that_the_catalog_has_not_is_settled_hourly),
        cmocka_unit_test(the_lines_of_an_order_accrue_by_its_product_each_in_its_hour),
        cmocka_unit_test(a_payment_counts_once_for_ever_the_first_of_those_that_differ),
        cmocka_unit_test(a_payment_in_another_currency_is_known_and_not_posted),
        cmocka_unit_test(the_book_knows_the_payments_that_a_store_has),
        cmocka_unit_test(a_step_without_facts_takes_no_payment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
