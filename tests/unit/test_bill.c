/* Bills: when a month's are cut, and what stands in them (CONTRACT §6, Bills). */
#include "tests/unit/money_fixture.h"

/* Months of 2026, from 1. */
static int64_t month_s(int month)
{
    return time_add_months(MONEY_BEGIN_S, month - 1);
}

static struct bill_sum sum_of(int month, enum product product, const char *amount, const char *accrued)
{
    return (struct bill_sum){
        .month_s = month_s(month), .product = product, .amount = money(amount), .accrued = money(accrued)};
}

/* Cuts with an epoch that is a year later. */
static void cut(struct bank *bank, const struct bill_sum *sums, uint32_t count)
{
    uint32_t at = accounts_get(&bank->accounts, bank_name(bank, "a"));
    posted_clear(&bank->out);
    bank->place.watermark_us = time_add_months(MONEY_BEGIN_S, 24) * SECOND_US;
    account_bill(&bank->accounts, at, &bank->book.prices, &bank->place, (struct bill_sums){sums, count},
                 &bank->out);
    accounts_end_frame(&bank->accounts, &bank->book, &bank->place, &bank->out);
    bank->place.seq++;
}

static void assert_product(const struct bank *bank, uint32_t i, enum product product, const char *amount)
{
    assert_true(i < bank->out.bills.count);
    const struct bill_row *row = &bank->out.bills.at[i];
    assert_false(row->whole);
    assert_int_equal(row->product, product);
    assert_money(row->amount, amount);
}

static const struct bill_row *whole_at(const struct bank *bank, uint32_t i)
{
    assert_true(i < bank->out.bills.count);
    assert_true(bank->out.bills.at[i].whole);
    return &bank->out.bills.at[i];
}

static void assert_whole(const struct bank *bank, uint32_t i, const char *payable, const char *carried)
{
    assert_money(whole_at(bank, i)->payable, payable);
    assert_money(whole_at(bank, i)->carried, carried);
}

/* --- when --- */

static void a_month_is_due_24_hours_after_its_end(void **state)
{
    (void)state;
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t end_s = MONEY_BEGIN_S;
    for (int month = 1; month <= 12; month++) {
        int64_t begin_s = end_s;
        end_s += days[month - 1] * (int64_t)DAY_S;
        int64_t due_us = (end_s + DAY_S) * SECOND_US;
        assert_true(bill_is_due(begin_s, due_us));
        assert_false(bill_is_due(begin_s, due_us - 1));
        assert_int_equal(bill_first_month_s(due_us), end_s);
        assert_int_equal(bill_first_month_s(due_us - 1), begin_s);
    }
    assert_false(bill_is_due(MONEY_BEGIN_S, INT64_MIN));
}

static void february_of_a_leap_year_has_29_days(void **state)
{
    (void)state;
    int64_t february_s = INT64_C(1706745600), march_s = INT64_C(1709251200); /* of 2024 */
    assert_false(bill_is_due(february_s, (march_s + DAY_S) * SECOND_US - 1));
    assert_true(bill_is_due(february_s, (march_s + DAY_S) * SECOND_US));
    assert_int_equal(bill_first_month_s((march_s + DAY_S) * SECOND_US), march_s);
}

static void at_the_beginning_of_time_no_month_is_due(void **state)
{
    (void)state;
    assert_int_equal(bill_first_month_s(-10 * (int64_t)SECOND_US), 0);
    assert_int_equal(bill_first_month_s(0), 0);
    assert_false(bill_is_due(0, -10 * (int64_t)SECOND_US));
}

/* --- what --- */

static void a_bill_has_a_row_for_each_product_and_one_of_the_whole(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD");
    struct bill_sum sums[] = {sum_of(1, PRODUCT_CONTAINER, "1.25", "0"),
                              sum_of(1, PRODUCT_MAAS, "0.5", "0.5")};
    sums[0].unpriced = 3;
    sums[1].unpriced = -1;
    cut(&bank, sums, 2);
    assert_int_equal(bank.out.bills.count, 3);
    assert_product(&bank, 0, PRODUCT_CONTAINER, "1.25");
    assert_product(&bank, 1, PRODUCT_MAAS, "0.5");
    assert_int_equal(bank.out.bills.at[0].unpriced, 3);
    assert_int_equal(bank.out.bills.at[1].unpriced, -1);
    assert_int_equal(whole_at(&bank, 2)->unpriced, 2);
    assert_money(whole_at(&bank, 2)->amount, "1.75");
    assert_int_equal(whole_at(&bank, 2)->month_s, month_s(1));
    bank_close(&bank);
}

static void what_is_asked_for_is_rounded_half_to_even_and_the_next_bill_has_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        const char *amounts[3];
        const char *asked[3];
        const char *carried[3];
    } cases[] = {
        {"currency: USD", {"1.005", "0.01", "2"}, {"1", "0.02", "2"}, {"0.005", "-0.005", "-0.005"}},
        {"currency: JPY", {"1.5", "1.5", "-0.5"}, {"2", "1", "0"}, {"-0.5", "0", "-0.5"}},
        {"currency: USD\nbill_scale: 12", {"0.5", "1", "1"}, {"0.5", "1", "1"}, {"0", "0", "0"}},
        {"currency: KWD", {"0.0004", "0.0004", "9"}, {"0", "0.001", "9"}, {"0.0004", "-0.0002", "-0.0002"}}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct bank bank;
        bank_open(&bank, cases[c].head);
        for (int i = 0; i < 3; i++) {
            struct bill_sum sum = sum_of(1 + i, PRODUCT_CONTAINER, cases[c].amounts[i], "0");
            cut(&bank, &sum, 1);
            assert_whole(&bank, 1, cases[c].asked[i], cases[c].carried[i]);
            assert_money(bank_account(&bank, "a")->carried, cases[c].carried[i]);
        }
        bank_close(&bank);
    }
}

static void a_month_below_zero_is_a_credit_note(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD");
    struct bill_sum sum = sum_of(1, PRODUCT_CONTAINER, "-3.125", "0");
    cut(&bank, &sum, 1);
    assert_whole(&bank, 1, "-3.12", "-0.005");
    bank_close(&bank);
}

static void several_months_are_cut_in_order(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD");
    struct bill_sum sums[] = {
        sum_of(1, PRODUCT_CONTAINER, "0.004", "0"), sum_of(2, PRODUCT_CONTAINER, "1", "1"),
        sum_of(2, PRODUCT_STORAGE, "0.004", "0"), sum_of(12, PRODUCT_MAAS, "0.001", "0.001")};
    cut(&bank, sums, 4);
    assert_int_equal(bank.out.bills.count, 7);
    assert_whole(&bank, 1, "0", "0.004");
    assert_whole(&bank, 4, "1.01", "-0.002");
    assert_whole(&bank, 6, "0", "-0.001");
    assert_int_equal(bank.out.transfers.count, 2);
    assert_int_equal(bank.out.transfers.at[0].month_s, month_s(2));
    assert_int_equal(bank.out.transfers.at[1].month_s, month_s(12));
    bank_close(&bank);
}

static void what_accrued_is_posted_and_what_is_available_stays(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD");
    bank_credit(&bank, "a", "1");
    bank_due(&bank, "a", "4", "5");
    bank_frame(&bank);
    assert_int_equal(bank.out.notices.count, 1);
    struct bill_sum sums[] = {sum_of(1, PRODUCT_CONTAINER, "7", "3"), sum_of(1, PRODUCT_MAAS, "2", "2"),
                              sum_of(2, PRODUCT_CONTAINER, "-1", "0")};
    bank.place.last = true;
    bank_account(&bank, "a")->deadline_us = INT64_C(253402300799) * SECOND_US;
    cut(&bank, sums, 3);
    const struct account *account = bank_account(&bank, "a");
    assert_money(account_balance(account), "-8");
    assert_money(account_available(account), "-8");
    assert_money(account->charged, "9");
    assert_money(account->accrued, "0");
    assert_int_equal(bank.out.transfers.count, 2);
    assert_int_equal(bank.out.transfers.at[0].what, TRANSFER_BILL);
    assert_int_equal(bank.out.transfers.at[0].product, PRODUCT_CONTAINER);
    assert_money(bank.out.transfers.at[0].amount, "-3");
    assert_money(bank.out.transfers.at[1].amount, "-2");
    assert_int_equal(bank.out.notices.count, 0); /* a bill has nobody judged */
    bank_close(&bank);
}

static void what_sums_to_nothing_is_in_no_bill_and_carries_nothing(void **state)
{
    (void)state;
    struct bank bank;
    bank_open(&bank, "currency: USD");
    struct bill_sum first = sum_of(1, PRODUCT_CONTAINER, "0.004", "0");
    cut(&bank, &first, 1);
    struct bill_sum sums[] = {sum_of(2, PRODUCT_CONTAINER, "0", "0"), sum_of(3, PRODUCT_CONTAINER, "0", "0"),
                              sum_of(3, PRODUCT_MAAS, "0", "0")};
    sums[0].zero = sums[1].zero = true;
    cut(&bank, sums, 3); /* of maas something moved, though it sums to zero */
    assert_int_equal(bank.out.bills.count, 2);
    assert_product(&bank, 0, PRODUCT_MAAS, "0");
    assert_int_equal(whole_at(&bank, 1)->month_s, month_s(3));
    assert_whole(&bank, 1, "0", "0.004");
    assert_int_equal(bank.out.transfers.count, 0);
    cut(&bank, NULL, 0);
    assert_int_equal(bank.out.bills.count, 0);
    assert_money(bank_account(&bank, "a")->carried, "0.004");
    bank_close(&bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_is_due_24_hours_after_its_end),
        cmocka_unit_test(february_of_a_leap_year_has_29_days),
        cmocka_unit_test(at_the_beginning_of_time_no_month_is_due),
        cmocka_unit_test(a_bill_has_a_row_for_each_product_and_one_of_the_whole),
        cmocka_unit_test(what_is_asked_for_is_rounded_half_to_even_and_the_next_bill_has_the_rest),
        cmocka_unit_test(a_month_below_zero_is_a_credit_note),
        cmocka_unit_test(several_months_are_cut_in_order),
        cmocka_unit_test(what_accrued_is_posted_and_what_is_available_stays),
        cmocka_unit_test(what_sums_to_nothing_is_in_no_bill_and_carries_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
