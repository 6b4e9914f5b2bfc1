/* The second model of money: states and notices, by cases that were worked out by hand (CONTRACT §6). */
#include "tests/property/money_desk.h"
#include "tests/support/test.h"

/* tests/conformance/grace: its frames by hand, and its notices. */
static void an_account_goes_through_grace_and_back(void **state)
{
    (void)state;
    static const char *const stopped[] = {"bill", "cents", "exact"};
    const int64_t ten = NOVEMBER + 10 * HOUR;
    struct desk desk = desk_of(2);
    credit(&desk, "p", "p1", "4");
    credit(&desk, "exact", "p2", "2.5");
    credit(&desk, "cents", "p4", "2.496");
    credit(&desk, "bill", "p5", "1")->for_bill = true;
    credit(&desk, "tokens", "p6", "1");
    end_epoch(&desk, ten - 10);
    for (int i = 0; i < 3; i++)
        charge(&desk, stopped[i], ten, "2.5");
    accrue(&desk, "tokens", ten, "1.5");
    for (int hour = 0; hour < 4; hour++) {
        charge(&desk, "p", ten + hour * HOUR, "2.5");
        charge(&desk, "never-paid", ten + hour * HOUR, "2.5");
        end_epoch(&desk, ten + (hour + 1) * HOUR);
    }
    credit(&desk, "p", "p3", "10");
    end_epoch(&desk, ten + 4 * HOUR + 1790);
    charge(&desk, "p", ten + 4 * HOUR, "2.5");
    end_epoch(&desk, ten + 5 * HOUR);
    expect(desk.notices, "tokens grace 1 -0.5 2026-11-01T13:00:00Z 2026-11-01T11:00:00Z\n"
                         "p grace -1 -1 2026-11-01T14:00:00Z 2026-11-01T12:00:00Z\n"
                         "tokens suspended 1 -0.5 - 2026-11-01T13:00:00Z\n"
                         "p suspended -6 -6 - 2026-11-01T14:00:00Z\n"
                         "p good 4 4 - 2026-11-01T14:29:50Z\n");
    uint32_t count;
    const struct money_balance *balances = money_model_balances(desk.model, &count);
    assert_int_equal(count, 6);
    assert_string_equal(balances[0].account, "bill");
    assert_false(balances[0].prepaid);
    assert_string_equal(balances[1].account, "cents");
    assert_string_equal(balances[1].balance, "-0.004000000000");
    assert_string_equal(balances[5].account, "tokens");
    assert_string_equal(balances[5].accrued, "1.500000000000");
    assert_string_equal(balances[5].balance, "1.000000000000");
    assert_true(balances[5].prepaid && balances[5].reported);
    assert_int_equal(balances[5].state, MONEY_SUSPENDED);
    desk_release(&desk);
}

static void an_account_owes_when_what_is_due_rounds_below_zero(void **state)
{
    (void)state;
    static const struct {
        uint32_t scale;
        const char *charged;
        bool owes;
    } cases[] = {
        {2, "0.005", false},          {2, "0.005000000001", true}, {2, "0.015", true},
        {2, "0.004999", false},       {0, "0.5", false},           {0, "1.5", true},
        {12, "0.000000000001", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct desk desk = desk_of(cases[i].scale);
        credit(&desk, "a", "p", "1");
        charge(&desk, "a", NOVEMBER, "1");
        charge(&desk, "a", NOVEMBER, cases[i].charged);
        end_epoch(&desk, NOVEMBER + HOUR);
        assert_int_equal(desk.notices[0] != '\0', cases[i].owes);
        desk_release(&desk);
    }
}

/* The account has paid 1 and owes 2 at 01:00. */
static struct desk owing(void)
{
    struct desk desk = desk_of(2);
    credit(&desk, "a", "p", "1");
    charge(&desk, "a", NOVEMBER, "3");
    end_epoch(&desk, NOVEMBER + HOUR);
    expect(desk.notices, "a grace -2 -2 2026-11-01T03:00:00Z 2026-11-01T01:00:00Z\n");
    return desk;
}

static void a_deadline_is_reached_at_its_watermark_and_not_before(void **state)
{
    (void)state;
    struct desk desk = owing();
    take(&desk, (NOVEMBER + 3 * HOUR) * SECOND - 1, false);
    expect(desk.notices, "");
    take(&desk, (NOVEMBER + 3 * HOUR) * SECOND, false);
    expect(desk.notices, "a suspended -2 -2 - 2026-11-01T03:00:00Z\n");
    desk_release(&desk);
}

/* Deadlines are to the microsecond, and said in whole seconds. */
static void times_are_said_rounded_down(void **state)
{
    (void)state;
    struct desk desk = desk_of(2);
    credit(&desk, "a", "p", "1");
    charge(&desk, "a", NOVEMBER, "3");
    take(&desk, (NOVEMBER + HOUR) * SECOND + 999999, false);
    expect(desk.notices, "a grace -2 -2 2026-11-01T03:00:00Z 2026-11-01T01:00:00Z\n");
    end_epoch(&desk, NOVEMBER + 3 * HOUR);
    expect(desk.notices, "");
    take(&desk, (NOVEMBER + 3 * HOUR) * SECOND + 999999, false);
    expect(desk.notices, "a suspended -2 -2 - 2026-11-01T03:00:00Z\n");
    desk_release(&desk);
}

/* What a deadline asks comes with the epoch's last frame, unless an earlier one changes what is available. */
static void a_credit_in_the_deadlines_epoch_comes_before_it(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c"};
    struct desk desk = desk_of(2);
    for (int i = 0; i < 3; i++) {
        credit(&desk, names[i], "p", "1");
        charge(&desk, names[i], NOVEMBER, "3");
    }
    end_epoch(&desk, NOVEMBER + HOUR);
    expect(desk.notices, "a grace -2 -2 2026-11-01T03:00:00Z 2026-11-01T01:00:00Z\n"
                         "b grace -2 -2 2026-11-01T03:00:00Z 2026-11-01T01:00:00Z\n"
                         "c grace -2 -2 2026-11-01T03:00:00Z 2026-11-01T01:00:00Z\n");
    credit(&desk, "a", "q", "2");
    charge(&desk, "c", NOVEMBER, "1");
    take(&desk, (NOVEMBER + 3 * HOUR) * SECOND, true);
    expect(desk.notices, "a good 0 0 - 2026-11-01T03:00:00Z\nc suspended -3 -3 - 2026-11-01T03:00:00Z\n");
    take(&desk, (NOVEMBER + 3 * HOUR) * SECOND, true);
    expect(desk.notices, "");
    take(&desk, (NOVEMBER + 3 * HOUR) * SECOND, false);
    expect(desk.notices, "b suspended -2 -2 - 2026-11-01T03:00:00Z\n");
    desk_release(&desk);
}

static void what_comes_and_goes_inside_a_frame_is_not_judged(void **state)
{
    (void)state;
    struct desk desk = owing();
    credit(&desk, "a", "q", "2");
    charge(&desk, "a", NOVEMBER, "2");
    take(&desk, (NOVEMBER + 3 * HOUR) * SECOND, true);
    expect(desk.notices, "");
    take(&desk, (NOVEMBER + 3 * HOUR) * SECOND, false);
    expect(desk.notices, "a suspended -2 -2 - 2026-11-01T03:00:00Z\n");
    desk_release(&desk);
}

static void who_owes_more_keeps_the_deadline(void **state)
{
    (void)state;
    struct desk desk = owing();
    charge(&desk, "a", NOVEMBER + HOUR, "5");
    end_epoch(&desk, NOVEMBER + 2 * HOUR);
    expect(desk.notices, "");
    credit(&desk, "a", "q", "6.99");
    end_epoch(&desk, NOVEMBER + 3 * HOUR);
    expect(desk.notices, "a suspended -0.01 -0.01 - 2026-11-01T03:00:00Z\n");
    charge(&desk, "a", NOVEMBER + 3 * HOUR, "5");
    end_epoch(&desk, NOVEMBER + 4 * HOUR);
    expect(desk.notices, "");
    desk_release(&desk);
}

static void without_grace_an_account_is_suspended_at_once(void **state)
{
    (void)state;
    struct desk desk = desk_of(2);
    desk.frame.grace_us = 0;
    credit(&desk, "a", "p", "1");
    charge(&desk, "a", NOVEMBER, "3");
    end_epoch(&desk, NOVEMBER + HOUR);
    credit(&desk, "a", "q", "5");
    end_epoch(&desk, NOVEMBER + 2 * HOUR);
    expect(desk.notices, "a suspended -2 -2 - 2026-11-01T01:00:00Z\na good 3 3 - 2026-11-01T02:00:00Z\n");
    desk_release(&desk);
}

static void a_catalog_changes_the_grace_of_those_alone_who_begin_to_owe(void **state)
{
    (void)state;
    struct desk desk = owing();
    desk.frame.grace_us = 0;
    credit(&desk, "b", "p", "1");
    charge(&desk, "a", NOVEMBER + HOUR, "1");
    end_epoch(&desk, NOVEMBER + 2 * HOUR);
    desk.frame.grace_us = 60 * SECOND;
    charge(&desk, "b", NOVEMBER + HOUR, "9");
    end_epoch(&desk, NOVEMBER + 3 * HOUR - 1);
    end_epoch(&desk, NOVEMBER + 3 * HOUR);
    expect(desk.notices, "b grace -8 -8 2026-11-01T03:00:59Z 2026-11-01T02:59:59Z\n"
                         "a suspended -3 -3 - 2026-11-01T03:00:00Z\n");
    desk_release(&desk);
}

static void no_deadline_lies_after_the_year_9999(void **state)
{
    (void)state;
    struct desk desk = desk_of(2);
    desk.frame.grace_us = INT64_MAX;
    credit(&desk, "a", "p", "1");
    charge(&desk, "a", NOVEMBER, "3");
    end_epoch(&desk, NOVEMBER + HOUR);
    expect(desk.notices, "a grace -2 -2 9999-12-31T23:59:59Z 2026-11-01T01:00:00Z\n");
    desk_release(&desk);
}

/* Three accounts in grace with deadlines at 02:00, 05:00 and 20:00, all since the first epoch, at 01:00. */
static struct desk three_deadlines(void)
{
    static const char *const names[] = {"a", "b", "c"};
    static const int hours[] = {1, 4, 19};
    struct desk desk = desk_of(2);
    for (int i = 0; i < 3; i++) {
        desk.frame.grace_us = hours[i] * HOUR * SECOND;
        credit(&desk, names[i], "p", "1");
        charge(&desk, names[i], NOVEMBER, "3");
        take(&desk, (NOVEMBER + HOUR) * SECOND, i < 2);
    }
    expect(desk.notices, "a grace -2 -2 2026-11-01T02:00:00Z 2026-11-01T01:00:00Z\n"
                         "b grace -2 -2 2026-11-01T05:00:00Z 2026-11-01T01:00:00Z\n"
                         "c grace -2 -2 2026-11-01T20:00:00Z 2026-11-01T01:00:00Z\n");
    return desk;
}

static void two_hours_are_no_standstill(void **state)
{
    (void)state;
    struct desk desk = three_deadlines();
    end_epoch(&desk, NOVEMBER + 3 * HOUR);
    expect(desk.notices, "a suspended -2 -2 - 2026-11-01T03:00:00Z\n");
    desk_release(&desk);
}

/* What is lengthened are the deadlines that stand when the epoch begins: not that of an account which begins
 * to owe in it (d). */
static void a_standstill_makes_every_deadline_an_hour_later_at_least(void **state)
{
    (void)state;
    struct desk desk = three_deadlines();
    const int64_t later_us = (NOVEMBER + 4 * HOUR) * SECOND + 1;
    desk.frame.grace_us = 60 * SECOND;
    credit(&desk, "d", "p", "1");
    charge(&desk, "d", NOVEMBER, "2");
    take(&desk, later_us, true);
    expect(desk.notices, "a grace -2 -2 2026-11-01T05:00:00Z 2026-11-01T04:00:00Z\n"
                         "b grace -2 -2 2026-11-01T05:00:00Z 2026-11-01T04:00:00Z\n"
                         "d grace -1 -1 2026-11-01T04:01:00Z 2026-11-01T04:00:00Z\n");
    take(&desk, later_us, false);
    expect(desk.notices, "");
    end_epoch(&desk, NOVEMBER + 5 * HOUR);
    expect(desk.notices, "d suspended -1 -1 - 2026-11-01T05:00:00Z\n");
    take(&desk, later_us + HOUR * SECOND, false);
    expect(desk.notices, "a suspended -2 -2 - 2026-11-01T05:00:00Z\n"
                         "b suspended -2 -2 - 2026-11-01T05:00:00Z\n");
    desk_release(&desk);
}

static void who_pays_in_the_standstills_epoch_is_good_and_who_owes_more_is_not_suspended(void **state)
{
    (void)state;
    struct desk desk = three_deadlines();
    credit(&desk, "a", "q", "2");
    charge(&desk, "b", NOVEMBER, "1");
    end_epoch(&desk, NOVEMBER + 19 * HOUR);
    expect(desk.notices, "a good 0 0 - 2026-11-01T19:00:00Z\n"
                         "b grace -3 -3 2026-11-01T20:00:00Z 2026-11-01T19:00:00Z\n");
    desk_release(&desk);
}

static void who_owes_and_then_pays_in_is_judged_when_made_prepaid(void **state)
{
    (void)state;
    struct desk desk = desk_of(2);
    charge(&desk, "a", NOVEMBER, "3");
    credit(&desk, "a", "p", "1")->for_bill = true;
    credit(&desk, "b", "p", "1")->currency = "EUR";
    charge(&desk, "b", NOVEMBER, "1");
    end_epoch(&desk, NOVEMBER + HOUR);
    charge(&desk, "a", NOVEMBER, "1");
    credit(&desk, "a", "q", "1");
    end_epoch(&desk, NOVEMBER + 2 * HOUR);
    expect(desk.notices, "a grace -2 -2 2026-11-01T04:00:00Z 2026-11-01T02:00:00Z\n");
    desk_release(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_goes_through_grace_and_back),
        cmocka_unit_test(an_account_owes_when_what_is_due_rounds_below_zero),
        cmocka_unit_test(a_deadline_is_reached_at_its_watermark_and_not_before),
        cmocka_unit_test(times_are_said_rounded_down),
        cmocka_unit_test(a_credit_in_the_deadlines_epoch_comes_before_it),
        cmocka_unit_test(what_comes_and_goes_inside_a_frame_is_not_judged),
        cmocka_unit_test(who_owes_more_keeps_the_deadline),
        cmocka_unit_test(without_grace_an_account_is_suspended_at_once),
        cmocka_unit_test(a_catalog_changes_the_grace_of_those_alone_who_begin_to_owe),
        cmocka_unit_test(no_deadline_lies_after_the_year_9999),
        cmocka_unit_test(two_hours_are_no_standstill),
        cmocka_unit_test(a_standstill_makes_every_deadline_an_hour_later_at_least),
        cmocka_unit_test(who_pays_in_the_standstills_epoch_is_good_and_who_owes_more_is_not_suspended),
        cmocka_unit_test(who_owes_and_then_pays_in_is_judged_when_made_prepaid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
