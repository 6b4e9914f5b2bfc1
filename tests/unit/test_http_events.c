/* A body's events, without a server: good ones into a submission, refused ones into the answer and the
 * rejects. */
#include "collectors/http_events.h"
#include "lib/base/time.h"
#include "tests/support/test.h"

enum { BATCH_EVENTS = 10 };
static const int64_t clock_us = 1800000000 * (int64_t)SECOND_US; /* 2027-01-15T08:00:00Z */
static struct event_reader *reader;
static struct http_events events;
static struct metric held;

static int begin(void **state)
{
    (void)state;
    reader = event_reader_new(BATCH_EVENTS);
    events = (struct http_events){.submission = submission_new(&held)};
    events.submission->clock_us = clock_us;
    return 0;
}

static int end(void **state)
{
    (void)state;
    submission_release(events.submission);
    http_events_release(&events);
    event_reader_free(reader);
    return 0;
}

static void take(enum http_form form, const char *text)
{
    static const int64_t hour_us = HOUR_S * (int64_t)SECOND_US;
    const struct http_body_of_events body = {.form = form,
                                             .text = str_of(text),
                                             .sender = STR("10.0.0.7"),
                                             .horizons = {35 * 24 * hour_us, 24 * hour_us}};
    http_events_take(&events, reader, &body);
}

#define EVENT(id, type, time)                                                                                \
    "{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"/s\",\"type\":\"" type                          \
    "\",\"subject\":\"c\",\"time\":\"" time "\",\"data\":{\"account\":\"acme\"}}"
#define NOW "2027-01-15T08:00:00Z"
#define LATE "2027-01-14T07:59:59Z"
#define EARLY "2027-01-15T08:05:01Z"

static struct reject reject_at(uint32_t i)
{
    struct reject reject;
    assert_int_equal(reject_decode(rejects_at(&events.submission->rejects, i), &reject), DECODE_OK);
    return reject;
}

static void assert_str(struct str found, const char *expected)
{
    assert_int_equal(found.size, strlen(expected));
    assert_memory_equal(found.at, expected, found.size);
}

static void a_good_event_is_a_record(void **state)
{
    (void)state;
    take(HTTP_FORM_EVENT, EVENT("1", "node.stopped", NOW));
    assert_int_equal(events.submission->accepted_count, 1);
    assert_false(events.submission->is_in_doubt);
    assert_int_equal(events.first_reason.bytes.count + events.submission->rejects.ends.count, 0);
}

static void a_bad_event_is_a_reject_as_it_came(void **state)
{
    (void)state;
    static const char text[] = " {\"id\": \"x\", \"type\":5}";
    take(HTTP_FORM_EVENT, text);
    assert_false(events.submission->is_in_doubt);
    assert_int_equal(events.refused[REFUSED_SPECVERSION], 1);
    struct reject reject = reject_at(0);
    assert_str(reject.bytes, text);
    assert_str(reject.id, "x");
    assert_str(reject.sender, "10.0.0.7");
    assert_str(reject.feed, "http");
    assert_str(reject.origin, "");
    assert_int_equal(reject.clock_us, clock_us);
}

static void what_is_refused_by_the_clock_is_in_doubt(void **state)
{
    (void)state;
    take(HTTP_FORM_BATCH, "[" EVENT("1", "node.heartbeat", LATE) "," EVENT(
                              "2", "node.stopped", NOW) "," EVENT("3", "node.stopped", EARLY) "]");
    assert_true(events.submission->is_in_doubt);
    assert_int_equal(events.submission->accepted_count, 1);
    assert_int_equal(events.refused[REFUSED_TOO_LATE], 1);
    assert_int_equal(events.refused[REFUSED_TOO_EARLY], 1);
    assert_str(reject_at(0).reason, "time: behind the clock 2027-01-15T08:00:00Z by more than 24 h");
    assert_str(reject_at(0).account, "acme");
    assert_str(reject_at(0).type, "node.heartbeat");
    assert_str(reject_at(1).reason, "time: ahead of the clock 2027-01-15T08:00:00Z by more than 5 min");
    assert_str(reject_at(1).origin, "batch/2");
    assert_str(reject_at(1).id, "3");
    assert_int_equal(events.rejected_count, 2);
}

static void a_batch_keeps_each_refused_event_by_itself(void **state)
{
    (void)state;
    take(HTTP_FORM_BATCH, "[ 7 , {\"id\" : \"x\"} ]");
    assert_str(reject_at(0).bytes, "7");
    assert_str(reject_at(1).bytes, "{\"id\":\"x\"}");
    assert_int_equal(events.refused[REFUSED_JSON], 1);
    assert_str(
        (struct str){events.rejected.bytes.at, events.rejected.bytes.count},
        "{\"index\":0,\"id\":null,\"reason\":\"json: expected one object by RFC 8259, in UTF-8 without byte "
        "order mark, at most 64 deep\"},"
        "{\"index\":1,\"id\":\"x\",\"reason\":\"specversion: expected \\\"1.0\\\"\"}");
}

static void what_is_no_batch_is_one_reject(void **state)
{
    (void)state;
    take(HTTP_FORM_BATCH, "{}");
    assert_int_equal(events.rejected_count, 0);
    assert_int_equal(events.rejected.bytes.count, 0);
    assert_true(events.first_reason.bytes.count > 0);
    assert_str(reject_at(0).bytes, "{}");
}

static void too_many_events_are_not_read_on(void **state)
{
    (void)state;
    take(HTTP_FORM_BATCH, "[1,1,1,1,1,1,1,1,1,1]");
    assert_false(events.too_many);
    assert_int_equal(events.rejected_count, BATCH_EVENTS);
    take(HTTP_FORM_BATCH, "[1,1,1,1,1,1,1,1,1,1,1,1,1,1]");
    assert_true(events.too_many);
    assert_int_equal(events.rejected_count, 2 * BATCH_EVENTS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_event_is_a_record),
        TEST(a_bad_event_is_a_reject_as_it_came),
        TEST(what_is_refused_by_the_clock_is_in_doubt),
        TEST(a_batch_keeps_each_refused_event_by_itself),
        TEST(what_is_no_batch_is_one_reject),
        TEST(too_many_events_are_not_read_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
