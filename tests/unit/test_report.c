/* Rows of the reports on money (CONTRACT §6, Reports). */
#include "lib/domain/report.h"
#include "tests/support/test.h"

static const struct report_style dollars = {SHEET_NDJSON, 4, 2, "USD"};

static struct amount amount(const char *text)
{
    struct amount read;
    assert_true(amount_read(text, strlen(text), REPORT_SCALE, &read));
    return read;
}

static void assert_printed(struct packer *out, const char *expected)
{
    pack_raw(out, "", 1);
    assert_string_equal(out->bytes.at, expected);
    vec_release(&out->bytes);
}

static void a_balance_is_what_came_in_less_what_went_out_and_was_charged(void **state)
{
    (void)state;
    struct packer out = {0};
    struct report_balance row = {STR("a"), amount("100.123456"), amount("0.25"), amount("18.7608"),
                                 amount("0.6")};
    report_print_balance(&dollars, &row, &out);
    assert_printed(&out, "{\"account\":\"a\",\"credited\":\"100.123456\",\"debited\":\"0.2500\","
                         "\"charged\":\"18.7608\",\"accrued\":\"0.6000\",\"balance\":\"81.112656\","
                         "\"currency\":\"USD\"}\n");
}

static void decimals_beyond_those_of_a_charge_have_no_trailing_zeros(void **state)
{
    (void)state;
    static const struct {
        uint32_t scale;
        const char *amount, *said;
    } cases[] = {
        {4, "0", "0.0000"},
        {4, "-0.5", "-0.5000"},
        {4, "1.000010000000", "1.00001"},
        {0, "1.5", "1.5"},
        {0, "20", "20"},
        {0, "0.000000000001", "0.000000000001"},
        {12, "1", "1.000000000000"},
        {6, "1.5000001", "1.5000001"},
        {6, "-12345678901234567890", "-12345678901234567890.000000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report_style style = {SHEET_NDJSON, cases[i].scale, 2, "USD"};
        struct amount read = amount(cases[i].amount);
        char text[AMOUNT_TEXT_SIZE];
        assert_int_equal(report_amount(&style, &read, text), strlen(cases[i].said));
        assert_string_equal(text, cases[i].said);
    }
}

static void a_whole_bill_asks_for_bill_scale_and_says_what_it_carries(void **state)
{
    (void)state;
    struct packer out = {0};
    struct report_bill row = {
        .account = STR("b"),
        .month = STR("2026-12"),
        .product = STR("*"),
        .amount = amount("1180.7968"),
        .unpriced = -1,
        .whole = true,
        .payable = amount("1180.8"),
        .carried = amount("-0.0032"),
    };
    report_print_bill(&dollars, &row, &out);
    assert_printed(&out,
                   "{\"account\":\"b\",\"month\":\"2026-12\",\"product\":\"*\",\"amount\":\"1180.7968\","
                   "\"unpriced\":-1,\"payable\":\"1180.80\",\"carried\":\"-0.0032\","
                   "\"currency\":\"USD\"}\n");
}

static void a_product_of_a_bill_asks_for_nothing(void **state)
{
    (void)state;
    struct packer out = {0};
    struct report_bill row = {
        .account = STR("b"), .month = STR("2026-12"), .product = STR("maas"), .amount = amount("0.0033")};
    report_print_bill(&dollars, &row, &out);
    assert_printed(&out, "{\"account\":\"b\",\"month\":\"2026-12\",\"product\":\"maas\","
                         "\"amount\":\"0.0033\",\"unpriced\":0,\"payable\":null,\"carried\":null,"
                         "\"currency\":\"USD\"}\n");
}

static void a_notice_has_a_deadline_or_null(void **state)
{
    (void)state;
    struct packer out = {0};
    struct report_notice row = {
        .account = STR("p"),
        .state = STR("grace"),
        .balance = amount("-1"),
        .available = amount("-1.5"),
        .deadline_s = 1793541600,
        .at_s = 1793534400,
    };
    report_print_notice(&dollars, &row, &out);
    row.state = STR("suspended");
    row.deadline_s = INT64_MIN;
    report_print_notice(&dollars, &row, &out);
    assert_printed(&out, "{\"account\":\"p\",\"state\":\"grace\",\"balance\":\"-1.0000\","
                         "\"available\":\"-1.5000\",\"deadline\":\"2026-11-01T14:00:00Z\","
                         "\"at\":\"2026-11-01T12:00:00Z\",\"currency\":\"USD\"}\n"
                         "{\"account\":\"p\",\"state\":\"suspended\",\"balance\":\"-1.0000\","
                         "\"available\":\"-1.5000\",\"deadline\":null,\"at\":\"2026-11-01T12:00:00Z\","
                         "\"currency\":\"USD\"}\n");
}

static void each_report_has_its_columns_in_the_order_of_the_contract(void **state)
{
    (void)state;
    static const char *const headers[] = {
        [REPORT_BALANCES] = "account,credited,debited,charged,accrued,balance,currency\n",
        [REPORT_BILLS] = "account,month,product,amount,unpriced,payable,carried,currency\n",
        [REPORT_NOTICES] = "account,state,balance,available,deadline,at,currency\n",
    };
    struct report_style style = {SHEET_CSV, 6, 2, "USD"};
    for (enum report report = REPORT_BALANCES; report <= REPORT_NOTICES; report++) {
        struct packer out = {0};
        report_header(&style, report, &out);
        assert_printed(&out, headers[report]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_balance_is_what_came_in_less_what_went_out_and_was_charged),
        cmocka_unit_test(decimals_beyond_those_of_a_charge_have_no_trailing_zeros),
        cmocka_unit_test(a_whole_bill_asks_for_bill_scale_and_says_what_it_carries),
        cmocka_unit_test(a_product_of_a_bill_asks_for_nothing),
        cmocka_unit_test(a_notice_has_a_deadline_or_null),
        cmocka_unit_test(each_report_has_its_columns_in_the_order_of_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
