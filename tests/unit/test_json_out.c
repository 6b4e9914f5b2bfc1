/* Messages as JSON: every field by its schema's name, times twice, big numbers as strings, always UTF-8. */
#include <stdlib.h>

#include "lib/base/time.h"
#include "lib/codec/json_out.h"
#include "lib/codec/json_text.h"
#include "tests/support/test.h"

static const struct json_place place = {3, 42, 1793527200123, {0}};

#define PLACE                                                                                                \
    "{\"partition\":3,\"offset\":42,\"timestamp\":1793527200123,"                                            \
    "\"timestamp_time\":\"2026-11-01T10:00:00.123Z\","
#define ZEROS "\"0000000000000000000000000000000000000000000000000000000000000000\""

/* The text is what stands there; releases it. */
static void assert_text(struct packer *out, const char *expected)
{
    pack_raw(out, "", 1);
    assert_string_equal(out->bytes.at, expected);
    vec_release(&out->bytes);
}

static void assert_str(struct str text, const char *expected)
{
    struct packer out = {0};
    json_put_str(&out, text);
    assert_text(&out, expected);
}

static void strings_are_escaped_and_always_utf8(void **state)
{
    (void)state;
    assert_str(STR(""), "\"\"");
    assert_str(STR("a\"b\\c\n\t\x01\x7f"), "\"a\\\"b\\\\c\\n\\u0009\\u0001\\u007f\"");
    assert_str(STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    assert_str(STR("\xff"), "\"\xef\xbf\xbd\"");
    assert_str(STR("\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_str(STR("\xed\xa0\x80x"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\"");
    assert_str(STR("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void assert_time(int64_t us, const char *expected)
{
    struct packer out = {0};
    json_member_time_us(&out, "t", us);
    assert_text(&out, expected);
}

static void times_have_the_decimals_that_they_need(void **state)
{
    (void)state;
    assert_time(0, "\"t\":\"1970-01-01T00:00:00Z\"");
    assert_time(1793527200000001, "\"t\":\"2026-11-01T10:00:00.000001Z\"");
    assert_time(1793527200500000, "\"t\":\"2026-11-01T10:00:00.5Z\"");
    assert_time(-1, "\"t\":null");
    assert_time(INT64_MIN, "\"t\":null");
    assert_time(INT64_MAX, "\"t\":null");
}

static void a_message_has_its_records_by_kind(void **state)
{
    (void)state;
    const struct record records[] = {
        {.kind = RECORD_LAUNCHED,
         .product = PRODUCT_NODE,
         .account = STR("a"),
         .subject = STR("r"),
         .source = STR("/s"),
         .id = STR("1"),
         .time_us = 1793527200000000,
         .since_us = 1793527200000000,
         .sku = STR("k"),
         .quantity = 2},
        {.kind = RECORD_ORDER_FULFILLED,
         .product = PRODUCT_NONE,
         .account = STR("a"),
         .subject = STR("o"),
         .source = STR("/s"),
         .id = STR("2"),
         .time_us = 1793527200000000,
         .since_us = 1793527200000000},
    };
    struct message message = {.clock_us = 1793527200000000,
                              .feed = STR("http"),
                              .incarnation = UINT64_MAX,
                              .acknowledged = 7,
                              .records = records,
                              .record_count = 2};
    struct packer out = {0};
    json_out_usage(&place, &message, &out);
    assert_text(&out, PLACE "\"schema\":\"UsageMessage\",\"clock_us\":1793527200000000,"
                            "\"clock\":\"2026-11-01T10:00:00Z\",\"feed\":\"http\",\"incarnation\":-1,"
                            "\"acknowledged\":7,\"control\":null,\"records\":["
                            "{\"account\":\"a\",\"subject\":\"r\",\"source\":\"/s\",\"id\":\"1\","
                            "\"time_us\":1793527200000000,\"time\":\"2026-11-01T10:00:00Z\","
                            "\"body\":{\"Launched\":{\"product\":\"node\",\"sku\":\"k\",\"quantity\":2,"
                            "\"order\":\"\"}}},"
                            "{\"account\":\"a\",\"subject\":\"o\",\"source\":\"/s\",\"id\":\"2\","
                            "\"time_us\":1793527200000000,\"time\":\"2026-11-01T10:00:00Z\","
                            "\"body\":{\"OrderFulfilled\":{}}}]}\n");
}

static void a_control_message_has_its_catalog(void **state)
{
    (void)state;
    struct message message = {.control = CONTROL_CATALOG,
                              .origin = {.by = STR("ann@host"), .clock_us = 1793527200000000},
                              .feed = STR(""),
                              .catalog = {1793527200, STR("currency: USD\n")}};
    struct packer out = {0};
    json_out_usage(&place, &message, &out);
    assert_text(&out, PLACE "\"schema\":\"UsageMessage\",\"clock_us\":0,\"clock\":null,\"feed\":\"\","
                            "\"incarnation\":0,\"acknowledged\":0,\"control\":{\"CatalogChange\":{"
                            "\"prev_hash\":" ZEROS ",\"hash\":" ZEROS ",\"by\":\"ann@host\","
                            "\"clock_us\":1793527200000000,\"clock\":\"2026-11-01T10:00:00Z\","
                            "\"from_s\":1793527200,\"from\":\"2026-11-01T10:00:00Z\","
                            "\"catalog\":\"currency: USD\\n\"}},\"records\":[]}\n");
}

static void a_frame_has_rows_with_big_numbers_as_strings(void **state)
{
    (void)state;
    const struct level_segment segment = {0, 3600, STR("k"), STR("o"), ~(unsigned __int128)0};
    const struct level_row level = {PRODUCT_NODE, STR("a"), STR("r"), STR(""), 1793527200, true, &segment, 1};
    const struct count_sum sums[] = {{METER_CACHED_INPUT_TOKENS, 0, 7}, {METER_IMAGES, 1800, 5}};
    const struct count_row count = {PRODUCT_MAAS, STR("a"), STR("e"), STR("m"), 1793527200, true, sums, 2};
    const struct state_row state_row = {PRODUCT_NODE, STR("a"), STR("r"),   RUN_SILENT, STR("k"),
                                        STR("o"),     4,        1793527200, INT64_MIN};
    const struct fact facts[] = {{.control = CONTROL_CATALOG,
                                  .origin = {.by = STR("me@here"), .clock_us = 1793527200500000},
                                  .catalog = {1793527200, STR("c")}},
                                 {.record = {.kind = RECORD_DEBITED,
                                             .product = PRODUCT_NONE,
                                             .account = STR("a"),
                                             .subject = STR("p"),
                                             .source = STR("/s"),
                                             .id = STR("1"),
                                             .time_us = 1793527200000000,
                                             .amount = STR("5.00"),
                                             .currency = STR("EUR")}}};
    const struct frame_reject reject = {STR("time: late"), STR("http"), STR("/s"), STR("9"), 12};
    struct frame frame = {.partition = 3,
                          .rules_number = 1,
                          .seq = 8,
                          .next_offset = 99,
                          .watermark_us = INT64_MIN,
                          .closed_s = INT64_MIN,
                          .more = true,
                          .counters = {6, 5, 4, 2, 1, 1},
                          .facts = facts,
                          .fact_count = 2,
                          .levels = &level,
                          .level_count = 1,
                          .counts = &count,
                          .count_count = 1,
                          .states = &state_row,
                          .state_count = 1,
                          .rejects = &reject,
                          .reject_count = 1};
    struct packer out = {0};
    json_out_frame(&place, &frame, &out);
    assert_text(&out, PLACE
                "\"schema\":\"Frame\",\"rules_number\":1,\"seq\":8,\"next_offset\":99,"
                "\"prev_hash\":" ZEROS ",\"snapshot_digest\":" ZEROS ","
                "\"watermark_us\":-9223372036854775808,\"watermark\":null,"
                "\"closed_s\":-9223372036854775808,\"closed\":null,\"more\":true,"
                "\"messages\":6,\"ticks\":5,"
                "\"records_in\":4,\"records_applied\":2,\"records_repeated\":1,\"records_rejected\":1,"
                "\"facts\":[{\"CatalogFact\":{\"hash\":" ZEROS ",\"by\":\"me@here\","
                "\"clock_us\":1793527200500000,\"clock\":\"2026-11-01T10:00:00.5Z\","
                "\"from_s\":1793527200,\"from\":\"2026-11-01T10:00:00Z\",\"catalog\":\"c\"}},"
                "{\"RecordFact\":{\"kind\":\"debited\",\"account\":\"a\",\"subject\":\"p\","
                "\"source\":\"/s\",\"id\":\"1\",\"time_us\":1793527200000000,"
                "\"time\":\"2026-11-01T10:00:00Z\",\"product\":\"\",\"sku\":\"\",\"quantity\":0,"
                "\"months\":0,\"amount\":\"5.00\",\"currency\":\"EUR\",\"for_bill\":false}}],"
                "\"levels\":[{\"product\":\"node\",\"account\":\"a\",\"resource\":\"r\",\"sku\":\"\","
                "\"hour_s\":1793527200,\"hour\":\"2026-11-01T10:00:00Z\",\"stopped\":true,\"segments\":["
                "{\"from_s\":0,\"len_s\":3600,\"sku\":\"k\",\"order\":\"o\","
                "\"quantity\":\"340282366920938463463374607431768211455\"}]}],"
                "\"counts\":[{\"product\":\"maas\",\"account\":\"a\",\"resource\":\"e\",\"sku\":\"m\","
                "\"hour_s\":1793527200,\"hour\":\"2026-11-01T10:00:00Z\",\"replaces\":true,\"sums\":["
                "{\"meter\":\"cached_input_tokens\",\"from_s\":0,\"sum\":\"7\"},"
                "{\"meter\":\"images\",\"from_s\":1800,\"sum\":\"5\"}]}],"
                "\"states\":[{\"product\":\"node\",\"account\":\"a\",\"resource\":\"r\","
                "\"state\":\"silent\",\"sku\":\"k\",\"order\":\"o\",\"quantity\":4,"
                "\"since_s\":1793527200,\"since\":\"2026-11-01T10:00:00Z\","
                "\"sign_s\":-9223372036854775808,\"sign\":null}],"
                "\"rejects\":[{\"reason\":\"time: late\",\"feed\":\"http\",\"source\":\"/s\",\"id\":\"9\","
                "\"offset\":12}],\"hash\":" ZEROS "}\n");
}

static void the_smaller_messages_have_theirs(void **state)
{
    (void)state;
    struct packer out = {0};
    json_out_snapshot_chunk(&place, &(struct snapshot_chunk){4, 5, 6, STR("xyz")}, &out);
    assert_text(&out, PLACE "\"schema\":\"SnapshotChunk\",\"partition_within\":4,\"seq\":5,\"index\":6,"
                            "\"bytes_size\":3}\n");
    json_out_snapshot_manifest(&place, &(struct snapshot_manifest){3, 5, 1, 3, {0}, 10, 20}, &out);
    assert_text(&out, PLACE "\"schema\":\"SnapshotManifest\",\"seq\":5,\"chunks\":1,\"size_bytes\":3,"
                            "\"digest\":" ZEROS ",\"frame_offset\":10,\"next_offset\":20}\n");
    json_out_generation(&place, &(struct generation){64, 1, 2, 3, false, {0}}, &out);
    assert_text(&out, PLACE "\"schema\":\"Generation\",\"partitions\":64,\"rules_number\":1,"
                            "\"lifecycle_horizon_us\":2,\"report_horizon_us\":3,\"simulated\":false,"
                            "\"init_digest\":" ZEROS "}\n");
    json_out_reject(&place,
                    &(struct reject){.reason = STR("time: x"),
                                     .feed = STR("http"),
                                     .sender = STR("10.0.0.1"),
                                     .origin = STR("f:1"),
                                     .account = STR("a"),
                                     .type = STR("t"),
                                     .source = STR("/s"),
                                     .id = STR("9"),
                                     .bytes = STR("{\"a\"")},
                    &out);
    assert_text(
        &out, PLACE
        "\"schema\":\"Reject\",\"reason\":\"time: x\",\"feed\":\"http\","
        "\"sender\":\"10.0.0.1\",\"origin\":\"f:1\",\"account\":\"a\","
        "\"type\":\"t\",\"source\":\"/s\",\"id\":\"9\",\"clock_us\":0,\"clock\":\"1970-01-01T00:00:00Z\","
        "\"bytes\":\"{\\\"a\\\"\"}\n");
    json_out_undecoded(&place, 17, &out);
    assert_text(&out, "{\"partition\":3,\"offset\":42,\"undecoded_bytes\":17}\n");
}

static void a_key_is_shown_and_a_line_begins_without_a_comma(void **state)
{
    (void)state;
    struct json_place keyed = place;
    keyed.key = STR("chunk 1");
    struct packer out = {0};
    json_out_undecoded(&keyed, 1, &out);
    json_out_tombstone(&keyed, &out);
    assert_text(&out, "{\"partition\":3,\"offset\":42,\"undecoded_bytes\":1}\n" PLACE
                      "\"key\":\"chunk 1\",\"tombstone\":true}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped_and_always_utf8),
        cmocka_unit_test(times_have_the_decimals_that_they_need),
        cmocka_unit_test(a_message_has_its_records_by_kind),
        cmocka_unit_test(a_control_message_has_its_catalog),
        cmocka_unit_test(a_frame_has_rows_with_big_numbers_as_strings),
        cmocka_unit_test(the_smaller_messages_have_theirs),
        cmocka_unit_test(a_key_is_shown_and_a_line_begins_without_a_comma),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
