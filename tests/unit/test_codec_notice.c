/* A message of billing.notices as CONTRACT §6 has it, and read again. */
#include "lib/codec/notice.h"
#include "settler/notices.h"
#include "tests/support/test.h"

static struct amount amount_of_text(const char *text)
{
    struct amount amount;
    assert_true(amount_read(text, strlen(text), 12, &amount));
    return amount;
}

static void a_row_is_printed_as_the_contract_has_it(void **state)
{
    (void)state;
    struct packer out = {0};
    struct store_notice row = {.seq = 1207,
                               .ordinal = 2,
                               .account = STR("a\"\\\xC3\xA9"),
                               .state = STR("grace"),
                               .balance = amount_of_text("-1"),
                               .available = amount_of_text("-1.500000700000"),
                               .deadline_s = 253402300799,
                               .watermark_us = 1793534399999999,
                               .currency = STR("USD"),
                               .charge_scale = 6};
    notice_print(3, &row, &out);
    pack_raw(&out, "", 1);
    assert_string_equal(
        out.bytes.at,
        "{\"id\":\"3-1207-2\",\"account\":\"a\\\"\\\\\xC3\xA9\",\"state\":\"grace\",\"balance\":\"-1."
        "000000\","
        "\"available\":\"-1.5000007\",\"deadline\":\"9999-12-31T23:59:59Z\",\"at\":\"2026-11-01T11:59:59Z\","
        "\"currency\":\"USD\"}");
    struct arena memory = {0};
    struct str texts[NOTICE_KEYS];
    assert_int_equal(notice_texts((struct str){out.bytes.at, out.bytes.count - 1}, &memory, texts),
                     DECODE_OK);
    assert_true(str_equal(texts[NOTICE_ACCOUNT], row.account));
    vec_clear(&out.bytes);
    row.deadline_s = INT64_MIN;
    row.charge_scale = 0;
    notice_print(3, &row, &out);
    pack_raw(&out, "", 1);
    assert_non_null(
        strstr(out.bytes.at, "\"balance\":\"-1\",\"available\":\"-1.5000007\",\"deadline\":null,"));
    assert_int_equal(notice_texts((struct str){out.bytes.at, out.bytes.count - 1}, &memory, texts),
                     DECODE_OK);
    assert_null(texts[NOTICE_DEADLINE].at);
    for (uint32_t cut = 0; cut < out.bytes.count - 1; cut++)
        assert_int_equal(notice_texts((struct str){out.bytes.at, cut}, &memory, texts), DECODE_MALFORMED);
    arena_release(&memory);
    vec_release(&out.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_printed_as_the_contract_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
