/* What is on its way to a partition, and what of it is acknowledged. */
#include "collectors/lane.h"
#include "tests/support/test.h"

static struct lane *lane;
static struct metric held;

static int begin(void **state)
{
    (void)state;
    lane = lanes_new(1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lane_begin_again(lane);
    lanes_free(lane, 1);
    return 0;
}

static const struct record record = {.kind = RECORD_STOPPED, .account = {"a", 1}};

static void a_submission_counts_once_a_message(void **state)
{
    (void)state;
    struct submission *one = submission_new(&held), *other = submission_new(&held);
    lane_add(lane, one, &record, 5);
    lane_add(lane, one, &record, 6);
    lane_add(lane, other, &record, 7);
    assert_int_equal(one->unacknowledged, 1);
    assert_int_equal(lane->submissions.count, 2);
    assert_int_equal(lane->opened_ms, 5);
    struct flight flight = {.round = 3};
    lane_sent(lane, &flight, 8);
    assert_int_equal(lane->batch.records.count, 0);
    assert_int_equal(flight.submissions.count, 2);
    lane_add(lane, one, &record, 9);
    assert_int_equal(one->unacknowledged, 2);
    for (uint32_t i = 0; i < flight.submissions.count; i++)
        submission_release(flight.submissions.at[i]);
    vec_release(&flight.submissions);
    submission_release(one);
    submission_release(other);
}

static void its_clock_is_the_latest_of_its_records(void **state)
{
    (void)state;
    static const int64_t clocks_us[] = {20, 30, 10};
    for (int i = 0; i < 3; i++) {
        struct submission *submission = submission_new(&held);
        submission->clock_us = clocks_us[i];
        lane_add(lane, submission, &record, 0);
        submission_release(submission);
    }
    assert_int_equal(lane->clock_us, 30);
}

static bool deliver(int64_t offset, bool failed, int64_t now_ms)
{
    struct flight flight = {0};
    lane_sent(lane, &flight, now_ms);
    return lane_delivered(lane, &(struct log_delivery){.offset = offset, .failed = failed}, now_ms);
}

static void an_offset_that_does_not_rise_is_told(void **state)
{
    (void)state;
    assert_true(deliver(7, false, 0));
    assert_false(deliver(7, false, 0));
    assert_false(deliver(3, false, 0));
    assert_true(deliver(4, false, 0));
    lane_begin_again(lane);
    assert_false(deliver(4, false, 0));
}

static void an_offset_that_is_not_known_tells_nothing(void **state)
{
    (void)state;
    assert_true(deliver(7, false, 0));
    assert_true(deliver(-1, false, 0));
    assert_true(deliver(-1, true, 0));
    assert_false(deliver(7, false, 0));
    assert_int_equal(lane->acknowledged, 3);
}

static void it_is_silent_while_something_is_in_flight_and_nothing_comes_back(void **state)
{
    (void)state;
    struct flight flight = {0};
    const struct log_delivery delivery = {.offset = 1};
    assert_int_equal(lane_silence_ms(lane, 1000), 0);
    lane_sent(lane, &flight, 1000);
    lane_sent(lane, &flight, 1500);
    assert_int_equal(lane_silence_ms(lane, 1600), 600);
    assert_true(lane_delivered(lane, &delivery, 1700));
    assert_int_equal(lane_silence_ms(lane, 1800), 100);
    assert_false(lane_delivered(lane, &delivery, 1900));
    assert_int_equal(lane_silence_ms(lane, 5000), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_submission_counts_once_a_message),
        TEST(its_clock_is_the_latest_of_its_records),
        TEST(an_offset_that_does_not_rise_is_told),
        TEST(an_offset_that_is_not_known_tells_nothing),
        TEST(it_is_silent_while_something_is_in_flight_and_nothing_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
