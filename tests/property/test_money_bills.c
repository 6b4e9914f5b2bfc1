/* The second model of money: the ledger and bills, by cases that were worked out by hand (CONTRACT §6). */
#include <time.h>

#include "tests/property/money_desk.h"
#include "tests/property/money_sum.h"
#include "tests/support/test.h"

/* --- the ledger --- */

static void a_payment_is_posted_once_in_the_catalogs_currency(void **state)
{
    (void)state;
    struct desk desk = desk_of(2);
    credit(&desk, "b", "p", "0.50");
    credit(&desk, "a", "q", "3");
    credit(&desk, "a", "p", "2")->currency = "EUR";
    credit(&desk, "a", "p", "2");
    credit(&desk, "a", "q", "3")->credited = false;
    credit(&desk, "a", "q", "3")->credited = false;
    credit(&desk, "a", "q", "9")->for_bill = true;
    end_epoch(&desk, NOVEMBER);
    credit(&desk, "b", "p", "0.50");
    credit(&desk, "c", "p", "1")->currency = "EUR";
    end_epoch(&desk, NOVEMBER + 1);
    expect(desk.transfers, "a credit //q - 3\na debit //q - -3\nb credit //p - 0.5\n");
    uint32_t count;
    const struct money_balance *balances = money_model_balances(desk.model, &count);
    assert_int_equal(count, 3);
    assert_true(balances[0].reported && !balances[2].reported && !balances[2].prepaid);
    assert_string_equal(balances[0].debited, "3.000000000000");
    desk_release(&desk);
}

static void a_frame_makes_a_transfer_for_each_product_kind_and_order_but_none_of_zero(void **state)
{
    (void)state;
    static const char *const orders[] = {"p", "o", "p"};
    struct desk desk = desk_of(2);
    charge(&desk, "a", NOVEMBER, "1");
    charge(&desk, "a", NOVEMBER + HOUR, "2")->sku = "t";
    charge(&desk, "a", NOVEMBER, "5")->product = "storage";
    charge(&desk, "a", NOVEMBER, "-5")->product = "storage";
    accrue(&desk, "a", NOVEMBER, "7");
    for (int i = 0; i < 3; i++) {
        struct money_charge *order = charge(&desk, "a", NOVEMBER, i < 2 ? "100" : "-100");
        order->kind = i < 2 ? "subscription" : "void";
        order->name = orders[i];
    }
    credit(&desk, "a", "z", "1");
    end_epoch(&desk, NOVEMBER + HOUR);
    expect(desk.transfers, "a credit //z - 1\n"
                           "a charge container/subscription/o - -100\n"
                           "a charge container/subscription/p - -100\n"
                           "a charge container/usage/ - -3\n"
                           "a charge container/void/p - 100\n");
    desk_release(&desk);
}

/* --- bills --- */

static void a_bill_is_cut_a_day_after_its_months_end_and_posts_what_accrued(void **state)
{
    (void)state;
    struct desk desk = desk_of(2);
    end_epoch(&desk, NOVEMBER);
    charge(&desk, "a", NOVEMBER, "10.8000");
    accrue(&desk, "a", DECEMBER - HOUR, "0.7408");
    accrue(&desk, "a", DECEMBER, "7");
    end_epoch(&desk, DECEMBER + HOUR);
    take(&desk, (DECEMBER + DAY) * SECOND - 1, false);
    take(&desk, (DECEMBER + DAY) * SECOND, true);
    expect(desk.bills, "");
    expect(desk.transfers, "a charge container/usage/ - -10.8\n");
    struct money_said said = take(&desk, (DECEMBER + DAY) * SECOND, false);
    assert_int_equal(said.cut_up_to_s, DECEMBER);
    expect(desk.bills, "a 2026-11 * 11.5408 0 11.54 0.0008\n"
                       "a 2026-11 container 10.8 0 - -\n"
                       "a 2026-11 maas 0.7408 0 - -\n");
    expect(desk.transfers, "a bill maas// 2026-11 -0.7408\n");
    uint32_t count;
    const struct money_balance *balance = money_model_balances(desk.model, &count);
    assert_string_equal(balance->charged, "11.540800000000");
    assert_string_equal(balance->accrued, "7.000000000000");
    assert_string_equal(balance->available, "-18.540800000000");
    desk_release(&desk);
}

/* Paid in November, and void in January when the bills of November and December are cut: the credit note is
 * January's, and so is what of November comes late. */
static void a_void_across_a_bill_stands_in_the_next_one(void **state)
{
    (void)state;
    struct desk desk = desk_of(2);
    credit(&desk, "a", "p", "100");
    struct money_charge *order = charge(&desk, "a", NOVEMBER + 5 * HOUR, "120");
    order->kind = "subscription", order->name = "o";
    end_epoch(&desk, NOVEMBER + 6 * HOUR);
    expect(desk.notices, "a grace -20 -20 2026-11-01T08:00:00Z 2026-11-01T06:00:00Z\n");
    pass(&desk, NOVEMBER + 7 * HOUR, DECEMBER + DAY);
    expect(desk.notices, "a suspended -20 -20 - 2026-11-01T08:00:00Z\n");
    expect(desk.bills, "a 2026-11 * 120 0 120 0\na 2026-11 container 120 0 - -\n");
    pass(&desk, DECEMBER + DAY + HOUR, JANUARY + 2 * DAY);
    expect(desk.bills, "");
    expect(desk.transfers, "a credit //p - 100\na charge container/subscription/o - -120\n");
    struct money_charge *back = charge(&desk, "a", JANUARY + 2 * DAY, "-120");
    back->kind = "void", back->name = "o", back->units = "0";
    charge(&desk, "a", NOVEMBER + 6 * HOUR, "7.005");
    end_epoch(&desk, JANUARY + 2 * DAY + HOUR);
    expect(desk.notices, "a good 92.995 92.995 - 2027-01-03T01:00:00Z\n");
    expect(desk.transfers, "a charge container/usage/ - -7.005\na charge container/void/o - 120\n");
    pass(&desk, JANUARY + 2 * DAY + 2 * HOUR, JANUARY + 32 * DAY);
    expect(desk.bills, "a 2027-01 * -112.995 0 -113 0.005\na 2027-01 container -112.995 0 - -\n");
    desk_release(&desk);
}

static void a_month_that_is_due_at_the_first_watermark_has_no_bill(void **state)
{
    (void)state;
    struct desk desk = desk_of(2), early = desk_of(2);
    accrue(&desk, "a", OCTOBER, "1");
    accrue(&desk, "a", OCTOBER - HOUR, "2");
    take(&desk, (NOVEMBER + DAY) * SECOND, true);
    take(&desk, (NOVEMBER + DAY) * SECOND, false);
    expect(desk.bills, "");
    end_epoch(&desk, DECEMBER + DAY);
    expect(desk.bills, "a 2026-11 * 3 0 3 0\na 2026-11 maas 3 0 - -\n");
    accrue(&early, "a", OCTOBER, "1");
    take(&early, (NOVEMBER + DAY) * SECOND - 1, false);
    take(&early, (NOVEMBER + DAY) * SECOND, false);
    expect(early.bills, "a 2026-10 * 1 0 1 0\na 2026-10 maas 1 0 - -\n");
    desk_release(&early);
    desk_release(&desk);
}

static void several_months_due_at_once_are_cut_in_order_and_carry_on(void **state)
{
    (void)state;
    struct desk desk = desk_of(2);
    end_epoch(&desk, NOVEMBER);
    accrue(&desk, "a", NOVEMBER, "0.005");
    accrue(&desk, "a", JANUARY, "0.010");
    accrue(&desk, "a", JANUARY + 31 * DAY, "4");
    accrue(&desk, "b", DECEMBER, "0.015");
    struct money_said said = take(&desk, (JANUARY + 33 * DAY) * SECOND, false);
    assert_int_equal(said.cut_up_to_s, JANUARY + 31 * DAY);
    expect(desk.bills, "a 2026-11 * 0.005 0 0 0.005\na 2026-11 maas 0.005 0 - -\n"
                       "b 2026-12 * 0.015 0 0.02 -0.005\nb 2026-12 maas 0.015 0 - -\n"
                       "a 2027-01 * 0.01 0 0.02 -0.005\na 2027-01 maas 0.01 0 - -\n");
    expect(desk.transfers, "a bill maas// 2026-11 -0.005\n"
                           "a bill maas// 2027-01 -0.01\n"
                           "b bill maas// 2026-12 -0.015\n");
    desk_release(&desk);
}

static void a_bill_changes_nothing_available_and_comes_before_the_judgement(void **state)
{
    (void)state;
    struct desk desk = desk_of(2);
    credit(&desk, "a", "p", "1");
    accrue(&desk, "a", NOVEMBER, "1");
    credit(&desk, "b", "p", "5");
    accrue(&desk, "b", NOVEMBER, "9");
    end_epoch(&desk, NOVEMBER + HOUR);
    expect(desk.notices, "b grace 5 -4 2026-11-01T03:00:00Z 2026-11-01T01:00:00Z\n");
    accrue(&desk, "a", NOVEMBER, "2");
    take(&desk, (DECEMBER + DAY) * SECOND, false);
    expect(desk.notices, "a grace -2 -2 2026-12-02T02:00:00Z 2026-12-02T00:00:00Z\n"
                         "b grace -4 -4 2026-12-02T01:00:00Z 2026-12-02T00:00:00Z\n");
    expect(desk.bills, "a 2026-11 * 3 0 3 0\na 2026-11 maas 3 0 - -\n"
                       "b 2026-11 * 9 0 9 0\nb 2026-11 maas 9 0 - -\n");
    desk_release(&desk);
}

static void what_comes_to_nothing_in_every_hour_is_in_no_bill_and_what_moved_is(void **state)
{
    (void)state;
    struct desk desk = desk_of(2);
    charge(&desk, "gone", NOVEMBER, "2");
    charge(&desk, "part", NOVEMBER, "2");
    accrue(&desk, "part", NOVEMBER, "1");
    charge(&desk, "unpriced", NOVEMBER, "0")->unpriced = 1;
    end_epoch(&desk, NOVEMBER + HOUR);
    take_back(&desk, "gone", NOVEMBER, "-2");
    take_back(&desk, "part", NOVEMBER, "-2");
    end_epoch(&desk, NOVEMBER + 2 * HOUR);
    end_epoch(&desk, DECEMBER + DAY);
    expect(desk.bills, "part 2026-11 * 1 0 1 0\npart 2026-11 maas 1 0 - -\n"
                       "unpriced 2026-11 * 0 1 0 0\nunpriced 2026-11 container 0 1 - -\n");
    struct money_charge *gone = take_back(&desk, "part", NOVEMBER, "-1");
    struct money_charge *moved = charge(&desk, "part", NOVEMBER + HOUR, "1");
    gone->product = moved->product = "maas", gone->cycle = moved->cycle = true;
    take_back(&desk, "resold", NOVEMBER, "-1")->sku = "t";
    charge(&desk, "resold", NOVEMBER, "1");
    take_back(&desk, "kinds", NOVEMBER, "-1")->kind = "refund";
    charge(&desk, "kinds", NOVEMBER, "1");
    take_back(&desk, "meters", NOVEMBER, "-1")->meter = "months";
    charge(&desk, "meters", NOVEMBER, "1");
    take_back(&desk, "same", NOVEMBER, "-1");
    charge(&desk, "same", NOVEMBER, "1");
    take_back(&desk, "unpriced", NOVEMBER, "0")->unpriced = -1;
    charge(&desk, "unpriced", NOVEMBER, "0");
    end_epoch(&desk, JANUARY + DAY);
    expect(desk.bills, "kinds 2026-12 * 0 0 0 0\nkinds 2026-12 container 0 0 - -\n"
                       "meters 2026-12 * 0 0 0 0\nmeters 2026-12 container 0 0 - -\n"
                       "part 2026-12 * 0 0 0 0\npart 2026-12 maas 0 0 - -\n"
                       "resold 2026-12 * 0 0 0 0\nresold 2026-12 container 0 0 - -\n"
                       "unpriced 2026-12 * 0 -1 0 0\nunpriced 2026-12 container 0 -1 - -\n");
    desk_release(&desk);
}

/* --- what it counts with --- */

static void sums_are_exact_and_rounded_half_to_even(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"0.005", "0"},        {"0.015", "0.02"},
        {"-0.005", "0"},       {"-0.015", "-0.02"},
        {"1.2349", "1.23"},    {"-0.025000000001", "-0.03"},
        {"-7", "-7"},          {"-0.000000000001", "0"},
        {"-12.349", "-12.35"}, {"115792089237316195423570985008687907853269984665640564039457.5", NULL},
    };
    char text[MONEY_TEXT_SIZE], whole[MONEY_TEXT_SIZE];
    mpz_t sum, rounded;
    mpz_inits(sum, rounded, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        money_read(sum, cases[i][0]);
        money_round(rounded, sum, 2);
        money_write(whole, rounded);
        assert_string_equal(brief(whole, text), cases[i][1] ? cases[i][1] : cases[i][0]);
        money_write(whole, sum);
        assert_string_equal(brief(whole, text), cases[i][0]);
    }
    money_read(sum, "-0.000000000000");
    money_write(whole, sum);
    assert_string_equal(whole, "0.000000000000");
    mpz_clears(sum, rounded, NULL);
}

static void months_are_those_of_the_calendar(void **state)
{
    (void)state;
    for (int64_t day = -800; day < 84300; day++) {
        time_t noon = day * DAY + DAY / 2;
        struct tm parts;
        gmtime_r(&noon, &parts);
        int64_t month = (parts.tm_year + INT64_C(1900)) * 12 + parts.tm_mon;
        assert_int_equal(money_month_of(noon), month);
        if (parts.tm_mday > 1)
            continue;
        assert_int_equal(money_month_start_s(month), day * DAY);
        assert_int_equal(money_month_of(day * DAY), month);
        assert_int_equal(money_month_of(day * DAY - 1), month - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payment_is_posted_once_in_the_catalogs_currency),
        cmocka_unit_test(a_frame_makes_a_transfer_for_each_product_kind_and_order_but_none_of_zero),
        cmocka_unit_test(a_bill_is_cut_a_day_after_its_months_end_and_posts_what_accrued),
        cmocka_unit_test(a_void_across_a_bill_stands_in_the_next_one),
        cmocka_unit_test(a_month_that_is_due_at_the_first_watermark_has_no_bill),
        cmocka_unit_test(several_months_due_at_once_are_cut_in_order_and_carry_on),
        cmocka_unit_test(a_bill_changes_nothing_available_and_comes_before_the_judgement),
        cmocka_unit_test(what_comes_to_nothing_in_every_hour_is_in_no_bill_and_what_moved_is),
        cmocka_unit_test(sums_are_exact_and_rounded_half_to_even),
        cmocka_unit_test(months_are_those_of_the_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
