/* Events made of records: every entrance takes them again, and makes the same records. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/events_json.h"
#include "collectors/core/accept.h"
#include "lib/domain/limits.h"
#include "tests/support/samples.h"
#include "tests/support/test.h"

enum { ROUNDS = 400 };
#define YEAR_2200_US (INT64_C(7258118400) * SECOND_US)

static const struct event_marks unmarked;

static struct str text_of(const struct packer *packer)
{
    return (struct str){packer->bytes.at, packer->bytes.count};
}

static void assert_taken_again(struct acceptor *acceptor, const struct record *record,
                               const struct event_marks *marks)
{
    struct packer out = {0};
    struct record again = {0};
    struct rejection rejection;
    event_print(record, marks, &out);
    struct str line = {out.bytes.at, out.bytes.count - 1};
    assert_int_equal(out.bytes.at[line.size], '\n');
    assert_null(memchr(line.at, '\n', line.size));
    if (!accept_event(acceptor, line, &again, &rejection))
        fail_msg("%.*s\n%.*s", STR_ARG(line), STR_ARG(rejection.reason));
    if (!same_record(record, &again))
        fail_msg("not the same record: %.*s", STR_ARG(line));
    vec_release(&out.bytes);
}

/* What an entrance can have made of an event. */
static struct record sample_accepted(struct samples *samples, enum record_kind kind)
{
    struct record record;
    do {
        record = sample_record(samples, kind);
    } while (record.cached_input_tokens > LIMIT_COUNT || record.cache_write_tokens > LIMIT_COUNT ||
             record_count(&record, METER_INPUT_TOKENS) > LIMIT_COUNT);
    record.account.size = record.account.size > LIMIT_ID_BYTES ? 1 : record.account.size;
    record.id.size = record.id.size > LIMIT_ID_BYTES ? 1 : record.id.size;
    record.account.at = record.account.size == 1 ? "a" : record.account.at;
    record.id.at = record.id.size == 1 ? "i" : record.id.at;
    record.time_us %= YEAR_2200_US;
    if (record.since_us > record.time_us || kind != RECORD_FAILED)
        record.since_us = record.time_us;
    return record;
}

static void an_event_of_a_record_gives_the_record(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(11)};
    struct acceptor *acceptor = acceptor_new();
    const struct event_marks marks = {"accepted", "because", true, 3, 17, 1793527200250000};
    for (int i = 0; i < ROUNDS; i++)
        for (enum record_kind k = 0; k < RECORD_KIND_COUNT; k++) {
            struct record record = sample_accepted(&samples, k);
            assert_taken_again(acceptor, &record, i % 2 > 0 ? &marks : &unmarked);
            samples_reset(&samples);
        }
    acceptor_free(acceptor);
    samples_release(&samples);
}

static void assert_printed(const struct record *record, const struct event_marks *marks, const char *expected)
{
    struct packer out = {0};
    event_print(record, marks, &out);
    if (!str_equal(text_of(&out), str_of(expected)))
        fail_msg("%.*s", STR_ARG(text_of(&out)));
    vec_release(&out.bytes);
}

static void an_event_is_one_line_of_cloudevents(void **state)
{
    (void)state;
    struct record record = {.kind = RECORD_FAILED,
                            .product = PRODUCT_NODE,
                            .account = STR("a\"b"),
                            .subject = STR("n1"),
                            .source = STR("/s"),
                            .id = STR("e1"),
                            .time_us = 1793527200250000,
                            .since_us = 1793527140000000};
    assert_printed(&record, &unmarked,
                   "{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"/s\",\"type\":\"node.failed\","
                   "\"subject\":\"n1\",\"time\":\"2026-11-01T10:00:00.25Z\",\"data\":{\"account\":\"a\\\"b\","
                   "\"since\":\"2026-11-01T09:59:00Z\"}}\n");
}

static void marks_are_attributes_of_their_own(void **state)
{
    (void)state;
    struct record record = {.kind = RECORD_IMAGES,
                            .product = PRODUCT_MAAS,
                            .account = STR("a"),
                            .subject = STR("e"),
                            .source = STR("/s"),
                            .id = STR("e1"),
                            .sku = STR("flux"),
                            .time_us = 1793527200000000,
                            .since_us = 1793527200000000};
    const struct event_marks marks = {"without effect", "its status", true, 3, 17, 1793527201500000};
    assert_printed(&record, &marks,
                   "{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"/s\",\"type\":\"maas.images\","
                   "\"subject\":\"e\",\"time\":\"2026-11-01T10:00:00Z\",\"state\":\"without effect\","
                   "\"statereason\":\"its status\",\"partition\":3,\"offset\":17,\"logtime\":"
                   "\"2026-11-01T10:00:01.5Z\",\"data\":{\"account\":\"a\",\"model\":\"flux\",\"images\":0,"
                   "\"status\":\"failed\"}}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_of_a_record_gives_the_record),
        cmocka_unit_test(an_event_is_one_line_of_cloudevents),
        cmocka_unit_test(marks_are_attributes_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
