/* Accounts: what changes a balance, and who is good, in grace or suspended (CONTRACT §6). */
#include <stdio.h>

#include "tests/unit/money_fixture.h"

#define HOUR_US ((int64_t)HOUR_S * SECOND_US)

static void assert_transfer(const struct bank *bank, uint32_t i, enum transfer_what what, const char *amount)
{
    assert_true(i < bank->out.transfers.count);
    assert_int_equal(bank->out.transfers.at[i].what, what);
    assert_money(bank->out.transfers.at[i].amount, amount);
}

static void assert_state(struct bank *bank, const char *name, enum account_state state, int64_t deadline_us)
{
    const struct account *account = bank_account(bank, name);
    assert_int_equal(account->state, state);
    assert_int_equal(account->deadline_us, deadline_us);
}

/* --- posting --- */

static void every_change_of_a_balance_is_a_transfer(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD");
    bank_credit(&bank, "a", "10.5");
    vec_push(&bank.money.paid, (struct paid){.account = bank_name(&bank, "a"),
                                             .payment = bank_name(&bank, "q"),
                                             .amount = money("0.000000000001")});
    bank_due(&bank, "a", "3", "0");
    bank_due(&bank, "a", "-0.25", "0");
    bank_frame(&bank);
    assert_int_equal(bank.out.transfers.count, 4);
    assert_transfer(&bank, 0, TRANSFER_CREDIT, "10.5");
    assert_transfer(&bank, 1, TRANSFER_DEBIT, "-0.000000000001");
    assert_transfer(&bank, 2, TRANSFER_CHARGE, "-3");
    assert_transfer(&bank, 3, TRANSFER_CHARGE, "0.25");
    assert_int_equal(bank.out.transfers.at[0].name, bank_name(&bank, "p"));
    const struct account *account = bank_account(&bank, "a");
    assert_money(account->credited, "10.5");
    assert_money(account->debited, "0.000000000001");
    assert_money(account->charged, "2.75");
    assert_money(account_balance(account), "7.749999999999");
    bank_close(&bank);
}

static void what_accrues_is_no_transfer_and_is_no_longer_available(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD");
    bank_credit(&bank, "a", "10");
    bank_due(&bank, "a", "0", "4");
    bank_frame(&bank);
    assert_int_equal(bank.out.transfers.count, 1);
    assert_money(account_balance(bank_account(&bank, "a")), "10");
    assert_money(account_available(bank_account(&bank, "a")), "6");
    bank_due(&bank, "a", "0", "7");
    bank_frame(&bank);
    assert_int_equal(bank.out.transfers.count, 0);
    assert_state(&bank, "a", ACCOUNT_GRACE, bank.place.watermark_us + 24 * HOUR_US);
    bank_close(&bank);
}

static void one_account_changes_no_other(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD");
    bank_credit(&bank, "a", "10");
    bank_credit(&bank, "b", "20");
    bank_due(&bank, "b", "21", "0");
    bank_frame(&bank);
    assert_money(account_balance(bank_account(&bank, "a")), "10");
    assert_money(account_balance(bank_account(&bank, "b")), "-1");
    assert_state(&bank, "a", ACCOUNT_GOOD, INT64_MIN);
    assert_int_equal(accounts_find(&bank.accounts, bank_name(&bank, "c")), UINT32_MAX);
    bank_close(&bank);
}

/* --- who is prepaid --- */

static void who_was_never_prepaid_is_good_whatever_he_owes(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD\ngrace: 0");
    bank_due(&bank, "a", "1000", "5");
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_GOOD, INT64_MIN);
    assert_int_equal(bank.out.notices.count, 0);
    bank_close(&bank);
}

static void a_credit_for_a_bill_makes_nobody_prepaid_one_for_the_balance_does(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD\ngrace: 0");
    bank_due(&bank, "a", "10", "0");
    bank_credit(&bank, "a", "1");
    bank.money.paid.at[0].for_balance = false;
    bank_frame(&bank);
    assert_false(bank_account(&bank, "a")->prepaid);
    assert_state(&bank, "a", ACCOUNT_GOOD, INT64_MIN);
    bank_credit(&bank, "a", "1");
    bank_frame(&bank);
    assert_true(bank_account(&bank, "a")->prepaid);
    assert_state(&bank, "a", ACCOUNT_SUSPENDED, INT64_MIN);
    bank_close(&bank);
}

static void who_is_made_prepaid_is_judged_though_nothing_moved(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD\ngrace: 0");
    bank_due(&bank, "a", "10", "0");
    bank_frame(&bank);
    bank_credit(&bank, "a", "1");
    bank_due(&bank, "a", "1", "0");
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_SUSPENDED, INT64_MIN);
    assert_int_equal(bank.out.notices.count, 1);
    bank_close(&bank);
}

/* --- grace --- */

static void below_zero_begins_grace_by_the_catalog_that_holds_at_the_watermark(void **state)
{
    (void)state;
    static const struct {
        int64_t after_us, grace_us;
    } cases[] = {{HOUR_US - 1, HOUR_US}, {HOUR_US, 2 * HOUR_US}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bank bank;
        bank_open(&bank, "currency: USD\ngrace: 1h");
        bank_add_catalog(&bank, MONEY_BEGIN_S + HOUR_S, "currency: USD\ngrace: 2h");
        bank_credit(&bank, "a", "1");
        bank_frame(&bank);
        bank_wait(&bank, cases[i].after_us);
        bank_due(&bank, "a", "2", "0");
        bank_frame(&bank);
        assert_state(&bank, "a", ACCOUNT_GRACE, bank.place.watermark_us + cases[i].grace_us);
        bank_close(&bank);
    }
}

static void without_grace_who_owes_is_suspended_at_once(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD\ngrace: 0");
    bank_credit(&bank, "a", "1");
    bank_due(&bank, "a", "2", "0");
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_SUSPENDED, INT64_MIN);
    bank_close(&bank);
}

static void who_owes_less_than_half_of_the_least_unit_owes_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *due;
        const char *scale;
        bool owes;
    } cases[] = {{"1", "2", false},
                 {"1.000000000001", "2", false},
                 {"1.005", "2", false}, /* half to even */
                 {"1.005000000001", "2", true},
                 {"1.5", "0", false},
                 {"1.500000000001", "0", true},
                 {"1.000000000001", "12", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bank bank;
        char head[80];
        snprintf(head, sizeof head, "currency: USD\nbill_scale: %s", cases[i].scale);
        bank_open(&bank, head);
        bank_credit(&bank, "a", "1");
        bank_due(&bank, "a", cases[i].due, "0");
        bank_frame(&bank);
        assert_int_equal(bank_account(&bank, "a")->state, cases[i].owes ? ACCOUNT_GRACE : ACCOUNT_GOOD);
        bank_close(&bank);
    }
}

/* An account whose grace of an hour began at the first watermark. */
static void open_in_grace(struct bank *bank)
{
    bank_open(bank, "currency: USD\ngrace: 1h");
    bank_credit(bank, "a", "1");
    bank_due(bank, "a", "2", "0");
    bank_frame(bank);
    assert_state(bank, "a", ACCOUNT_GRACE, MONEY_BEGIN_US + HOUR_US);
}

static void a_deadline_is_reached_to_the_microsecond(void **state)
{
    (void)state;
    struct bank bank;
    open_in_grace(&bank);
    bank_wait(&bank, HOUR_US - 1);
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_GRACE, MONEY_BEGIN_US + HOUR_US);
    assert_int_equal(bank.out.notices.count, 0);
    bank_wait(&bank, 1);
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_SUSPENDED, INT64_MIN);
    assert_int_equal(bank.out.notices.count, 1);
    bank_wait(&bank, 1);
    bank_frame(&bank);
    assert_int_equal(bank.out.notices.count, 0);
    bank_close(&bank);
}

static void a_deadline_is_looked_at_with_an_epochs_last_frame(void **state)
{
    (void)state;
    struct bank bank;
    open_in_grace(&bank);
    bank_wait(&bank, HOUR_US);
    bank.place.last = false;
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_GRACE, MONEY_BEGIN_US + HOUR_US);
    bank.place.last = true;
    bank.place.first = false;
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_SUSPENDED, INT64_MIN);
    bank_close(&bank);
}

static void whose_balance_a_frame_changed_is_judged_by_his_deadline_at_its_end(void **state)
{
    (void)state;
    struct bank bank;
    open_in_grace(&bank);
    bank_wait(&bank, HOUR_US);
    bank.place.last = false;
    bank_due(&bank, "a", "0", "0.01");
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_SUSPENDED, INT64_MIN);
    bank_close(&bank);
}

static void a_credit_in_the_epoch_of_the_deadline_comes_in_time(void **state)
{
    (void)state;
    for (int last = 0; last < 2; last++) {
        struct bank bank;
        open_in_grace(&bank);
        bank_wait(&bank, HOUR_US);
        bank.place.last = last != 0;
        bank_credit(&bank, "a", "1");
        bank_frame(&bank);
        assert_state(&bank, "a", ACCOUNT_GOOD, INT64_MIN);
        assert_int_equal(bank.out.notices.count, 1);
        bank_close(&bank);
    }
}

static void a_deadline_stays_as_it_was_set(void **state)
{
    (void)state;
    struct bank bank;
    open_in_grace(&bank);
    bank_add_catalog(&bank, MONEY_BEGIN_S, "currency: USD\ngrace: 30d");
    bank_wait(&bank, HOUR_US / 2);
    bank_due(&bank, "a", "2", "0");
    bank_credit(&bank, "a", "0.5");
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_GRACE, MONEY_BEGIN_US + HOUR_US);
    assert_int_equal(bank.out.notices.count, 0);
    bank_close(&bank);
}

static void who_pays_is_good_and_owing_again_has_a_grace_of_its_own(void **state)
{
    (void)state;
    struct bank bank;
    open_in_grace(&bank);
    bank_wait(&bank, 2 * HOUR_US);
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_SUSPENDED, INT64_MIN);
    bank_due(&bank, "a", "1", "0");
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_SUSPENDED, INT64_MIN);
    bank_credit(&bank, "a", "2");
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_GOOD, INT64_MIN);
    bank_due(&bank, "a", "1", "0");
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_GRACE, bank.place.watermark_us + HOUR_US);
    bank_close(&bank);
}

static void no_deadline_is_after_the_year_9999(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD\ngrace: 999999999999999999d");
    bank_credit(&bank, "a", "1");
    bank_due(&bank, "a", "2", "0");
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_GRACE, INT64_C(253402300799) * SECOND_US);
    bank_close(&bank);
}

static void what_sums_to_nothing_in_a_frame_has_nobody_judged(void **state)
{
    (void)state;
    struct bank bank;
    open_in_grace(&bank);
    bank_wait(&bank, HOUR_US);
    bank.place.last = false;
    bank_credit(&bank, "a", "0.5");
    bank_due(&bank, "a", "0.2", "0.3");
    bank_frame(&bank);
    assert_int_equal(bank.out.transfers.count, 2);
    assert_state(&bank, "a", ACCOUNT_GRACE, MONEY_BEGIN_US + HOUR_US);
    bank_close(&bank);
}

/* --- steps --- */

/* What a store keeps of the account, in another transaction. */
static void read_again(struct bank *bank)
{
    struct account kept = *bank_account(bank, "a");
    accounts_release(&bank->accounts);
    kept.changed = kept.touched = kept.timed = false;
    *bank_account(bank, "a") = kept;
}

static void judge_step(struct bank *bank)
{
    account_judge(&bank->accounts, accounts_find(&bank->accounts, bank_name(bank, "a")), &bank->book.prices,
                  &bank->place, &bank->out);
}

static void what_sums_to_nothing_over_the_steps_of_a_frame_has_nobody_judged(void **state)
{
    (void)state;
    struct bank bank;
    open_in_grace(&bank);
    bank_wait(&bank, HOUR_US);
    bank.place.last = false;
    posted_clear(&bank.out);
    bank_due(&bank, "a", "0.5", "0");
    bank_post(&bank);
    read_again(&bank);
    bank_due(&bank, "a", "-0.3", "-0.2");
    bank_post(&bank);
    read_again(&bank);
    judge_step(&bank);
    assert_state(&bank, "a", ACCOUNT_GRACE, MONEY_BEGIN_US + HOUR_US);
    assert_int_equal(bank.out.notices.count, 0);
    bank_close(&bank);
}

static void an_account_is_judged_alike_however_many_steps_a_frame_takes(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD\ngrace: 1h");
    bank_due(&bank, "a", "5", "0");
    bank_frame(&bank);
    posted_clear(&bank.out);
    bank_credit(&bank, "a", "1");
    bank_post(&bank);
    read_again(&bank);
    bank_due(&bank, "a", "1", "0");
    bank_post(&bank);
    read_again(&bank);
    judge_step(&bank); /* it was made prepaid, though nothing moved */
    assert_state(&bank, "a", ACCOUNT_GRACE, MONEY_BEGIN_US + HOUR_US);
    assert_int_equal(bank.out.notices.count, 1);
    bank_close(&bank);
}

/* --- standstill --- */

static void after_a_standstill_whose_deadline_passed_has_an_hour_more(void **state)
{
    (void)state;
    struct bank bank;
    open_in_grace(&bank);
    bank_wait(&bank, 2 * HOUR_US + 1);
    assert_true(place_is_standstill(&bank.place));
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_GRACE, bank.place.watermark_us + HOUR_US);
    assert_int_equal(bank.out.notices.count, 1);
    assert_int_equal(bank.out.notices.at[0].state, ACCOUNT_GRACE);
    bank_wait(&bank, HOUR_US);
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_SUSPENDED, INT64_MIN);
    bank_close(&bank);
}

static void two_hours_are_no_standstill_and_neither_is_the_first_epoch(void **state)
{
    (void)state;
    struct bank bank;
    open_in_grace(&bank);
    assert_false(place_is_standstill(&bank.place));
    bank_wait(&bank, 2 * HOUR_US);
    assert_false(place_is_standstill(&bank.place));
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_SUSPENDED, INT64_MIN);
    bank_close(&bank);
}

static void a_standstill_moves_deadlines_with_its_first_frame_before_anyone_is_judged(void **state)
{
    (void)state;
    struct bank bank;
    open_in_grace(&bank);
    bank_add_catalog(&bank, MONEY_BEGIN_S + HOUR_S, "currency: USD\ngrace: 1m");
    bank_credit(&bank, "b", "1");
    bank_frame(&bank);
    bank_wait(&bank, 3 * HOUR_US);
    bank.place.last = false;
    bank_due(&bank, "a", "1", "0");
    bank_due(&bank, "b", "2", "0");
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_GRACE, bank.place.watermark_us + HOUR_US);
    assert_int_equal(bank.out.notices.count, 2);
    bank.place.first = false;
    bank.place.last = true;
    bank_frame(&bank);
    assert_state(&bank, "b", ACCOUNT_GRACE, bank.place.watermark_us + MINUTE_S * (int64_t)SECOND_US);
    assert_int_equal(bank.out.notices.count, 0);
    bank_close(&bank);
}

static void a_standstill_leaves_deadlines_that_are_an_hour_away_and_those_it_sets(void **state)
{
    (void)state;
    static const int64_t after_us[] = {24 * HOUR_US - HOUR_US, 24 * HOUR_US - HOUR_US + 1};
    for (size_t i = 0; i < 2; i++) {
        struct bank bank;
        bank_open(&bank, "currency: USD\ngrace: 24h");
        bank_credit(&bank, "a", "1");
        bank_due(&bank, "a", "2", "0");
        bank_credit(&bank, "b", "1");
        bank_frame(&bank);
        bank_add_catalog(&bank, MONEY_BEGIN_S + HOUR_S, "currency: USD\ngrace: 1m");
        bank_wait(&bank, after_us[i]);
        bank_due(&bank, "b", "2", "0");
        bank_frame(&bank);
        assert_state(&bank, "a", ACCOUNT_GRACE, MONEY_BEGIN_US + 24 * HOUR_US + (int64_t)i);
        assert_state(&bank, "b", ACCOUNT_GRACE, bank.place.watermark_us + MINUTE_S * (int64_t)SECOND_US);
        assert_int_equal(bank.out.notices.count, 1 + i);
        bank_close(&bank);
    }
}

static void who_pays_in_a_standstill_is_good(void **state)
{
    (void)state;
    struct bank bank;
    open_in_grace(&bank);
    bank_wait(&bank, 30 * HOUR_US);
    bank_credit(&bank, "a", "1");
    bank_frame(&bank);
    assert_state(&bank, "a", ACCOUNT_GOOD, INT64_MIN);
    assert_int_equal(bank.out.notices.count, 1);
    bank_close(&bank);
}

/* --- notices --- */

static void notices_are_of_the_frames_end_in_order_of_bytes(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD");
    for (const char *const *name = (const char *const[]){"b", "a", "B", "aa", NULL}; *name != NULL; name++) {
        bank_credit(&bank, *name, "1");
        bank_due(&bank, *name, "1.25", "1.5");
    }
    bank_credit(&bank, "c", "1");
    bank_frame(&bank);
    assert_int_equal(bank.out.notices.count, 4);
    static const char *const sorted[] = {"B", "a", "aa", "b"};
    for (uint32_t i = 0; i < 4; i++) {
        const struct notice *notice = &bank.out.notices.at[i];
        assert_int_equal(notice->account, bank_name(&bank, sorted[i]));
        assert_int_equal(notice->deadline_us, MONEY_BEGIN_US + 24 * HOUR_US);
        assert_money(notice->balance, "-0.25");
        assert_money(notice->available, "-1.75");
    }
    bank_close(&bank);
}

static void deadlines_of_many_are_reached_each_at_its_time(void **state)
{
    (void)state;
    enum { ACCOUNTS = 50 };
    struct bank bank;
    bank_open(&bank, "currency: USD\ngrace: 1h");
    for (int i = 0; i < ACCOUNTS; i++) {
        char name[8];
        snprintf(name, sizeof name, "%02d", i * 7 % ACCOUNTS);
        bank_credit(&bank, name, "1");
        bank_due(&bank, name, "2", "0");
        bank_frame(&bank);
        bank_wait(&bank, SECOND_US);
    }
    bank_wait(&bank, HOUR_US - (ACCOUNTS + 1) * (int64_t)SECOND_US);
    for (int i = 0; i < ACCOUNTS; i++) {
        bank_wait(&bank, SECOND_US);
        bank_frame(&bank);
        assert_int_equal(bank.out.notices.count, 1);
        assert_int_equal(bank.out.notices.at[0].state, ACCOUNT_SUSPENDED);
    }
    bank_close(&bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_of_a_balance_is_a_transfer),
        cmocka_unit_test(what_accrues_is_no_transfer_and_is_no_longer_available),
        cmocka_unit_test(one_account_changes_no_other),
        cmocka_unit_test(who_was_never_prepaid_is_good_whatever_he_owes),
        cmocka_unit_test(a_credit_for_a_bill_makes_nobody_prepaid_one_for_the_balance_does),
        cmocka_unit_test(who_is_made_prepaid_is_judged_though_nothing_moved),
        cmocka_unit_test(below_zero_begins_grace_by_the_catalog_that_holds_at_the_watermark),
        cmocka_unit_test(without_grace_who_owes_is_suspended_at_once),
        cmocka_unit_test(who_owes_less_than_half_of_the_least_unit_owes_nothing),
        cmocka_unit_test(a_deadline_is_reached_to_the_microsecond),
        cmocka_unit_test(a_deadline_is_looked_at_with_an_epochs_last_frame),
        cmocka_unit_test(whose_balance_a_frame_changed_is_judged_by_his_deadline_at_its_end),
        cmocka_unit_test(a_credit_in_the_epoch_of_the_deadline_comes_in_time),
        cmocka_unit_test(a_deadline_stays_as_it_was_set),
        cmocka_unit_test(who_pays_is_good_and_owing_again_has_a_grace_of_its_own),
        cmocka_unit_test(no_deadline_is_after_the_year_9999),
        cmocka_unit_test(what_sums_to_nothing_in_a_frame_has_nobody_judged),
        cmocka_unit_test(what_sums_to_nothing_over_the_steps_of_a_frame_has_nobody_judged),
        cmocka_unit_test(an_account_is_judged_alike_however_many_steps_a_frame_takes),
        cmocka_unit_test(after_a_standstill_whose_deadline_passed_has_an_hour_more),
        cmocka_unit_test(two_hours_are_no_standstill_and_neither_is_the_first_epoch),
        cmocka_unit_test(a_standstill_moves_deadlines_with_its_first_frame_before_anyone_is_judged),
        cmocka_unit_test(a_standstill_leaves_deadlines_that_are_an_hour_away_and_those_it_sets),
        cmocka_unit_test(who_pays_in_a_standstill_is_good),
        cmocka_unit_test(notices_are_of_the_frames_end_in_order_of_bytes),
        cmocka_unit_test(deadlines_of_many_are_reached_each_at_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
