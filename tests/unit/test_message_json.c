/* Which message is what: frames, tombstones, and bytes that are nothing. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/message_json.h"
#include "tests/support/test.h"

static const struct json_place place = {2, 5, 0, {0}};

static struct str text_of(struct packer *packer)
{
    return (struct str){packer->bytes.at, packer->bytes.count};
}

static void assert_printed(struct message_printer *printer, struct str value, const char *expected)
{
    struct packer out = {0};
    message_print(printer, &place, value, &out);
    pack_raw(&out, "", 1);
    assert_non_null(strstr(out.bytes.at, expected));
    assert_ptr_equal(strchr(out.bytes.at, '\n'), out.bytes.at + out.bytes.count - 2);
    vec_release(&out.bytes);
}

static void frame_bytes(struct frame *frame, struct packer *out)
{
    struct frame_writer writer = {0};
    frame_encode(&writer, frame, out, frame->hash);
    frame_writer_release(&writer);
}

static void a_frame_is_shown_with_its_facts(void **state)
{
    (void)state;
    struct fact fact = {.control = CONTROL_CATALOG, .catalog = {3600, STR("yaml")}};
    struct frame frame = {.partition = 2,
                          .rules_number = 1,
                          .seq = 4,
                          .watermark_us = INT64_MIN,
                          .closed_s = INT64_MIN,
                          .more = true,
                          .facts = &fact,
                          .fact_count = 1};
    struct packer bytes = {0};
    frame_bytes(&frame, &bytes);
    struct message_printer printer = {0};
    assert_printed(&printer, text_of(&bytes), "\"schema\":\"Frame\",\"rules_number\":1,\"seq\":4,");
    assert_printed(&printer, text_of(&bytes), "\"more\":true,");
    assert_printed(&printer, text_of(&bytes), "\"catalog\":\"yaml\"}}]");
    message_printer_release(&printer);
    vec_release(&bytes.bytes);
}

static void a_notice_is_shown_as_it_is(void **state)
{
    (void)state;
    struct message_printer printer = {0};
    const struct str notice = STR(
        "{\"id\":\"3-4-1\",\"account\":\"a\",\"state\":\"good\",\"balance\":\"0.00\",\"available\":\"0.00\","
        "\"deadline\":null,\"at\":\"2026-11-01T12:00:00Z\",\"currency\":\"USD\"}");
    assert_printed(&printer, notice, "\"schema\":\"Notice\",\"notice\":{\"id\":\"3-4-1\",\"account\":\"a\",");
    assert_printed(&printer, (struct str){notice.at, notice.size - 1}, "undecoded_bytes");
    message_printer_release(&printer);
}

static void a_frame_that_was_changed_is_not_decoded(void **state)
{
    (void)state;
    struct frame frame = {.rules_number = 1, .watermark_us = INT64_MIN, .closed_s = INT64_MIN};
    struct packer bytes = {0};
    frame_bytes(&frame, &bytes);
    struct message_printer printer = {0};
    assert_printed(&printer, text_of(&bytes), "\"schema\":\"Frame\",\"partition_within\":0,");
    bytes.bytes.at[bytes.bytes.count - 1] ^= 1;
    char expected[64];
    snprintf(expected, sizeof expected, "\"offset\":5,\"undecoded_bytes\":%u}", bytes.bytes.count);
    assert_printed(&printer, text_of(&bytes), expected);
    message_printer_release(&printer);
    vec_release(&bytes.bytes);
}

static void no_value_is_a_tombstone_and_other_bytes_are_said(void **state)
{
    (void)state;
    struct message_printer printer = {0};
    assert_printed(&printer, (struct str){NULL, 0}, "\"tombstone\":true}");
    assert_printed(&printer, STR(""), "\"undecoded_bytes\":0}");
    assert_printed(&printer, STR("\xc3\x01garbage"), "\"undecoded_bytes\":9}");
    message_printer_release(&printer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_shown_with_its_facts),
        cmocka_unit_test(a_notice_is_shown_as_it_is),
        cmocka_unit_test(a_frame_that_was_changed_is_not_decoded),
        cmocka_unit_test(no_value_is_a_tombstone_and_other_bytes_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
