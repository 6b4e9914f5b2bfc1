/* Which message is what: whole frames, frames in parts, tombstones, and bytes that are nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/message_json.h"

enum { TEXT_BYTES = 1000000 };

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

/* A frame with a catalog too long for one message. */
static void encode_frame(struct frame *frame, struct fact *fact, struct packer *out)
{
    char *yaml = malloc(TEXT_BYTES);
    assert_non_null(yaml);
    memset(yaml, 'y', TEXT_BYTES);
    *fact = (struct fact){.control = CONTROL_CATALOG, .catalog = {3600, {yaml, TEXT_BYTES}}};
    *frame = (struct frame){.partition = 2,
                            .rules_number = 1,
                            .seq = 4,
                            .next_offset = 9,
                            .watermark_us = INT64_MIN,
                            .closed_s = INT64_MIN,
                            .counters = {.messages = 1, .records_in = 1, .records_applied = 1},
                            .facts = fact,
                            .fact_count = 1};
    frame_encode(frame, out, frame->hash);
    free(yaml);
}

static void a_frame_in_parts_is_shown_by_the_part_that_completes_it(void **state)
{
    (void)state;
    struct frame frame;
    struct fact fact;
    struct packer bytes = {0}, parts[2] = {{{0}}, {{0}}};
    encode_frame(&frame, &fact, &bytes);
    assert_int_equal(frame_part_count(bytes.bytes.count), 2);
    for (uint32_t i = 0; i < 2; i++) {
        struct frame_part part = frame_part_of(&frame, text_of(&bytes), i);
        frame_part_encode(&part, &parts[i]);
    }
    struct message_printer printer = {0};
    assert_printed(&printer, text_of(&parts[1]),
                   "\"schema\":\"FramePart\",\"seq\":4,\"part\":1,\"parts\":2,\"hash\":\"");
    assert_printed(&printer, text_of(&parts[1]), "\"schema\":\"FramePart\"");
    assert_printed(&printer, text_of(&parts[0]),
                   "\"schema\":\"Frame\",\"parts\":2,\"rules_number\":1,\"seq\":4,");
    message_printer_release(&printer);
    vec_release(&bytes.bytes);
    for (int i = 0; i < 2; i++)
        vec_release(&parts[i].bytes);
}

static void a_frame_that_was_changed_is_not_decoded(void **state)
{
    (void)state;
    struct frame frame = {.rules_number = 1, .watermark_us = INT64_MIN, .closed_s = INT64_MIN};
    struct packer bytes = {0};
    frame_encode(&frame, &bytes, frame.hash);
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
        cmocka_unit_test(a_frame_in_parts_is_shown_by_the_part_that_completes_it),
        cmocka_unit_test(a_frame_that_was_changed_is_not_decoded),
        cmocka_unit_test(no_value_is_a_tombstone_and_other_bytes_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
