/* A charge line in its three formats (CONTRACT §5). */
#include "lib/domain/line.h"
#include "tests/support/test.h"

static const struct line plain = {
    .account = {"acme", sizeof "acme" - 1},
    .hour_s = 1793527200,
    .product = "container",
    .resource = {"c-1", sizeof "c-1" - 1},
    .meter = "runtime",
    .sku = {"gpu.a100", sizeof "gpu.a100" - 1},
    .kind = "usage",
    .units = "3600",
    .amount = "2.500000",
    .currency = "USD",
};

static void assert_printed(enum sheet_format format, const struct line *line, const char *expected)
{
    struct packer out = {0};
    line_print(format, line, &out);
    pack_raw(&out, "", 1);
    assert_string_equal(out.bytes.at, expected);
    vec_release(&out.bytes);
}

static void a_line_of_ndjson_is_one_object(void **state)
{
    (void)state;
    assert_printed(SHEET_NDJSON, &plain,
                   "{\"account\":\"acme\",\"hour\":\"2026-11-01T10:00:00Z\",\"product\":\"container\","
                   "\"resource\":\"c-1\",\"meter\":\"runtime\",\"sku\":\"gpu.a100\",\"kind\":\"usage\","
                   "\"units\":\"3600\",\"amount\":\"2.500000\",\"currency\":\"USD\"}\n");
}

static void quotes_and_backslashes_are_escaped_in_json(void **state)
{
    (void)state;
    struct line line = plain;
    line.resource = STR("a\"b\\c");
    struct packer out = {0};
    line_print(SHEET_NDJSON, &line, &out);
    pack_raw(&out, "", 1);
    assert_non_null(strstr(out.bytes.at, "\"resource\":\"a\\\"b\\\\c\""));
    vec_release(&out.bytes);
}

static void what_has_no_price_is_null_empty_or_unpriced(void **state)
{
    (void)state;
    struct line line = plain;
    line.amount = NULL;
    static const struct {
        enum sheet_format format;
        const char *said;
    } cases[] = {
        {SHEET_NDJSON, "\"amount\":null"}, {SHEET_CSV, ",3600,,USD"}, {SHEET_TABLE, " unpriced  USD"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct packer out = {0};
        line_print(cases[i].format, &line, &out);
        pack_raw(&out, "", 1);
        assert_non_null(strstr(out.bytes.at, cases[i].said));
        vec_release(&out.bytes);
    }
}

static void csv_quotes_only_what_needs_it(void **state)
{
    (void)state;
    struct line line = plain;
    line.resource = STR("a,\"b\"");
    assert_printed(SHEET_CSV, &line,
                   "acme,2026-11-01T10:00:00Z,container,\"a,\"\"b\"\"\",runtime,gpu.a100,usage,3600,2.500000,"
                   "USD\n");
}

static void columns_of_a_table_align_by_characters(void **state)
{
    (void)state;
    struct packer head = {0}, line = {0};
    struct line accents = plain;
    accents.account = STR("\xC3\xA9\x63ole");
    line_header(SHEET_TABLE, &head);
    line_print(SHEET_TABLE, &accents, &line);
    pack_raw(&head, "", 1);
    pack_raw(&line, "", 1);
    long hour = strstr(head.bytes.at, "hour") - head.bytes.at;
    /* One letter of two bytes stands before it. */
    assert_int_equal(strstr(line.bytes.at, "2026-") - line.bytes.at, hour + 1);
    vec_release(&head.bytes);
    vec_release(&line.bytes);
}

static void csv_begins_with_the_names_and_ndjson_with_nothing(void **state)
{
    (void)state;
    struct packer out = {0};
    line_header(SHEET_NDJSON, &out);
    assert_int_equal(out.bytes.count, 0);
    line_header(SHEET_CSV, &out);
    pack_raw(&out, "", 1);
    assert_string_equal(out.bytes.at, "account,hour,product,resource,meter,sku,kind,units,amount,currency\n");
    vec_release(&out.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_ndjson_is_one_object),
        cmocka_unit_test(quotes_and_backslashes_are_escaped_in_json),
        cmocka_unit_test(what_has_no_price_is_null_empty_or_unpriced),
        cmocka_unit_test(csv_quotes_only_what_needs_it),
        cmocka_unit_test(columns_of_a_table_align_by_characters),
        cmocka_unit_test(csv_begins_with_the_names_and_ndjson_with_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
