/* Balances and bills of final lines and payments (CONTRACT §6, Reports). */
#include "settler/core/summary.h"

#include "lib/base/time.h"
#include "settler/core/settle.h"
#include "tests/support/test.h"

/* 2026-11-01T00:00:00Z, and the months after it. */
static const int64_t november_s = 1793491200, december_s = 1796083200, january_s = 1798761600;

/* Nodes go over from hourly to the cycle with the second catalog. */
static const char hourly_yaml[] =
    "currency: USD\ncharge_scale: 4\nproducts:\n"
    "  container: {settle: hourly, skus: {s: {payg: {price: '0.0125', per: hour}}}}\n"
    "  node: {settle: hourly, skus: {n: {payg: {price: '1', per: hour}}}}\n"
    "  maas: {settle: cycle, skus: {m: {images: {price: '0.0033', per: 1}}}}\n";
static const char cycle_yaml[] = "currency: USD\ncharge_scale: 4\nproducts:\n"
                                 "  node: {settle: cycle, skus: {n: {payg: {price: '1', per: hour}}}}\n"
                                 "  maas: {settle: cycle, skus: {m: {images: {price: '0.0033', per: 1}}}}\n";

struct world {
    struct settlement settlement;
    struct summary summary;
    struct frame frame; /* the next one */
};

static void say(struct world *world)
{
    assert_int_equal(settle_frame(&world->settlement, &world->frame), SETTLED);
    summary_pay(&world->summary, &world->frame);
    world->frame.fact_count = world->frame.level_count = world->frame.count_count = 0;
}

static void say_catalog(struct world *world, enum control_kind kind, int64_t from_s, const char *yaml)
{
    struct fact fact = {.control = kind, .catalog = {from_s, str_of(yaml)}};
    world->frame.facts = &fact;
    world->frame.fact_count = 1;
    say(world);
}

static void begin(struct world *world)
{
    *world = (struct world){.frame = {.watermark_us = november_s * SECOND_US}};
    settlement_init(&world->settlement);
    summary_init(&world->summary, &world->settlement);
    say_catalog(world, CONTROL_INIT, INT64_MIN, hourly_yaml);
}

static void end(struct world *world)
{
    summary_release(&world->summary);
    settlement_release(&world->settlement);
}

/* A whole hour of one. */
static void say_hour(struct world *world, enum product product, const char *account, const char *sku,
                     int64_t hour_s)
{
    struct level_segment segment = {0, HOUR_S, str_of(sku), {NULL, 0}, 1};
    struct level_row row = {.product = product,
                            .account = str_of(account),
                            .resource = STR("r"),
                            .hour_s = hour_s,
                            .segments = &segment,
                            .segment_count = 1};
    world->frame.levels = &row;
    world->frame.level_count = 1;
    say(world);
}

static void say_image(struct world *world, const char *account, int64_t hour_s)
{
    struct count_sum sum = {METER_IMAGES, 0, 1};
    struct count_row row = {.product = PRODUCT_MAAS,
                            .account = str_of(account),
                            .resource = STR("e"),
                            .sku = STR("m"),
                            .hour_s = hour_s,
                            .sums = &sum,
                            .sum_count = 1};
    world->frame.counts = &row;
    world->frame.count_count = 1;
    say(world);
}

static void say_payment(struct world *world, enum record_kind kind, const char *account, const char *name,
                        const char *amount, const char *currency)
{
    static char ids[] = "a"; /* each payment comes with an id of its own */
    struct fact fact = {.record = {.kind = kind,
                                   .product = PRODUCT_NONE,
                                   .account = str_of(account),
                                   .subject = str_of(name),
                                   .source = STR("/p"),
                                   .id = str_of(ids),
                                   .time_us = november_s * SECOND_US,
                                   .amount = str_of(amount),
                                   .currency = str_of(currency)}};
    ids[0]++;
    world->frame.facts = &fact;
    world->frame.fact_count = 1;
    say(world);
}

static void keep(void *context, struct packer *out)
{
    struct packer *whole = context;
    pack_raw(whole, out->bytes.at, out->bytes.count);
    vec_clear(&out->bytes);
}

static void assert_printed(const struct world *world, enum report report, const char *expected)
{
    struct packer out = {0}, whole = {0};
    summary_print(&world->summary, report, SHEET_CSV, &out, keep, &whole);
    vec_release(&out.bytes);
    pack_raw(&whole, "", 1);
    assert_string_equal(strchr(whole.bytes.at, '\n') + 1, expected); /* behind the header */
    vec_release(&whole.bytes);
}

static void a_payment_counts_once_by_account_kind_and_name_whatever_its_currency(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say_payment(&world, RECORD_CREDITED, "a", "p", "10.5", "USD");
    say_payment(&world, RECORD_CREDITED, "a", "p", "99", "USD");
    say_payment(&world, RECORD_CREDITED, "a", "q", "0.000000000001", "USD");
    say_payment(&world, RECORD_DEBITED, "a", "p", "0.25", "USD");
    say_payment(&world, RECORD_CREDITED, "b", "p", "1", "USD");
    say_payment(&world, RECORD_CREDITED, "c", "p", "2", "EUR");
    say_payment(&world, RECORD_CREDITED, "c", "p", "2", "USD");
    summary_add_up(&world.summary, december_s);
    assert_printed(&world, REPORT_BALANCES,
                   "a,10.500000000001,0.2500,0.0000,0.0000,10.250000000001,USD\n"
                   "b,1.0000,0.0000,0.0000,0.0000,1.0000,USD\n");
    end(&world);
}

static void a_product_by_cycle_accrues_until_its_months_end_is_a_day_past(void **state)
{
    (void)state;
    static const struct {
        int64_t until_s;
        const char *balances, *bills;
    } cases[] = {
        {1796083200 + DAY_S - 1, "a,0.0000,0.0000,0.0125,0.0066,-0.0125,USD\n", ""},
        {1796083200 + DAY_S, "a,0.0000,0.0000,0.0158,0.0033,-0.0158,USD\n",
         "a,2026-11,*,0.0158,0,0.02,-0.0042,USD\na,2026-11,container,0.0125,0,,,USD\n"
         "a,2026-11,maas,0.0033,0,,,USD\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        begin(&world);
        say_image(&world, "a", december_s - HOUR_S);
        say_image(&world, "a", december_s);
        say_hour(&world, PRODUCT_CONTAINER, "a", "s", december_s - HOUR_S);
        summary_add_up(&world.summary, cases[i].until_s);
        assert_printed(&world, REPORT_BALANCES, cases[i].balances);
        assert_printed(&world, REPORT_BILLS, cases[i].bills);
        end(&world);
    }
}

static void the_catalog_of_the_hour_says_whether_a_product_accrues_and_who_is_in_none_is_hourly(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say_catalog(&world, CONTROL_CATALOG, november_s + HOUR_S, cycle_yaml);
    say_hour(&world, PRODUCT_NODE, "a", "n", november_s);
    say_hour(&world, PRODUCT_NODE, "a", "n", november_s + HOUR_S);
    say_hour(&world, PRODUCT_MODEL, "b", "none", november_s);
    summary_add_up(&world.summary, december_s);
    assert_printed(&world, REPORT_BALANCES,
                   "a,0.0000,0.0000,1.0000,1.0000,-1.0000,USD\n"
                   "b,0.0000,0.0000,0.0000,0.0000,0.0000,USD\n");
    assert_int_equal(world.summary.unpriced, 1);
    end(&world);
}

static void what_a_bills_rounding_left_is_carried_to_the_accounts_next_one(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say_hour(&world, PRODUCT_CONTAINER, "b", "s", january_s);
    say_hour(&world, PRODUCT_CONTAINER, "b", "s", november_s);
    say_hour(&world, PRODUCT_CONTAINER, "a", "s", december_s);
    for (int64_t hour = 0; hour < 2; hour++)
        say_hour(&world, PRODUCT_CONTAINER, "a", "s", november_s + hour * HOUR_S);
    summary_add_up(&world.summary, time_add_months(january_s, 1) + DAY_S);
    /* 0.025 rounds to the even 0.02 and leaves a half; 0.0175 then asks for 0.02. */
    assert_printed(&world, REPORT_BILLS,
                   "a,2026-11,*,0.0250,0,0.02,0.0050,USD\na,2026-11,container,0.0250,0,,,USD\n"
                   "a,2026-12,*,0.0125,0,0.02,-0.0025,USD\na,2026-12,container,0.0125,0,,,USD\n"
                   "b,2026-11,*,0.0125,0,0.01,0.0025,USD\nb,2026-11,container,0.0125,0,,,USD\n"
                   "b,2027-01,*,0.0125,0,0.02,-0.0050,USD\nb,2027-01,container,0.0125,0,,,USD\n");
    end(&world);
}

static void a_line_without_a_price_is_counted_in_its_bill_and_posts_nothing(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say_hour(&world, PRODUCT_CONTAINER, "a", "dear", november_s);
    say_hour(&world, PRODUCT_CONTAINER, "a", "dear", november_s + HOUR_S);
    summary_add_up(&world.summary, january_s);
    assert_printed(&world, REPORT_BILLS,
                   "a,2026-11,*,0.0000,2,0.00,0.0000,USD\na,2026-11,container,0.0000,2,,,USD\n");
    assert_printed(&world, REPORT_BALANCES, "a,0.0000,0.0000,0.0000,0.0000,0.0000,USD\n");
    end(&world);
}

static void rows_are_in_order_of_bytes_of_account_month_and_product(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    static const char *const accounts[] = {"b", "a\xC3\xA9", "ab", "a"};
    for (int i = 0; i < 4; i++) {
        say_image(&world, accounts[i], december_s);
        say_hour(&world, PRODUCT_NODE, accounts[i], "n", november_s);
        say_hour(&world, PRODUCT_CONTAINER, accounts[i], "s", december_s);
    }
    summary_add_up(&world.summary, november_s);
    assert_printed(&world, REPORT_BALANCES,
                   "a,0.0000,0.0000,1.0125,0.0033,-1.0125,USD\n"
                   "ab,0.0000,0.0000,1.0125,0.0033,-1.0125,USD\n"
                   "a\xC3\xA9,0.0000,0.0000,1.0125,0.0033,-1.0125,USD\n"
                   "b,0.0000,0.0000,1.0125,0.0033,-1.0125,USD\n");
    assert_printed(&world, REPORT_BILLS, "");
    for (uint32_t i = 0; i + 1 < world.summary.parts.count; i++) {
        const struct summary_part *x = &world.summary.parts.at[i], *y = x + 1;
        if (x->account == y->account && x->month_s == y->month_s)
            assert_true(strcmp(product_name(x->product), product_name(y->product)) < 0);
    }
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payment_counts_once_by_account_kind_and_name_whatever_its_currency),
        cmocka_unit_test(a_product_by_cycle_accrues_until_its_months_end_is_a_day_past),
        cmocka_unit_test(the_catalog_of_the_hour_says_whether_a_product_accrues_and_who_is_in_none_is_hourly),
        cmocka_unit_test(what_a_bills_rounding_left_is_carried_to_the_accounts_next_one),
        cmocka_unit_test(a_line_without_a_price_is_counted_in_its_bill_and_posts_nothing),
        cmocka_unit_test(rows_are_in_order_of_bytes_of_account_month_and_product),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
