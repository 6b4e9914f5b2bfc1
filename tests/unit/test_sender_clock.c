/* What is refused by the clock is refused for good only when the clock was right. */
#include <stdio.h>
#include <sysexits.h>

#include "tests/support/sending.h"

/* --- refusals that rest on the clock --- */

static void a_refusal_by_the_clock_stands_after_a_round(void **state)
{
    (void)state;
    sending_run(1500);
    struct submission *submission = sending_submit_in_doubt(NULL, 0);
    sending_run(10);
    assert_int_equal(verdict_of(submission), VERDICT_WAITING);
    assert_true(sending_expect(submission, VERDICT_DURABLE) < 1000);
    sending_run(100);
    assert_int_equal(sending_rejects_in(partition_of(STR("late"), PARTITIONS)), 1);
}

static void many_refusals_by_the_clock_share_rounds(void **state)
{
    (void)state;
    int64_t before = sending_metric(SENDER_TICKS);
    for (int i = 0; i < 500; i++)
        submission_release(sending_submit_in_doubt(NULL, 0)), sending_run(20);
    sending_run(2000);
    assert_int_equal(sending_metric(SENDER_WAITING), 0);
    assert_true(sending_metric(SENDER_TICKS) - before <= 14 * PARTITIONS);
}

/* Where acknowledgements take longer than rounds could follow each other. */
static void no_refusal_starves_behind_later_ones(void **state)
{
    (void)state;
    memory_log_delay(&sending.appends, 1500);
    struct submission *first = sending_submit_in_doubt(NULL, 0);
    for (int i = 0; i < 100 && verdict_of(first) == VERDICT_WAITING; i++) {
        submission_release(sending_submit_in_doubt(NULL, 0));
        sending_run(90);
    }
    assert_int_equal(sending_expect(first, VERDICT_DURABLE), 0);
}

static void expect_fallen(int64_t step_us)
{
    sending_run(1500);
    sending.step_us = step_us;
    struct submission *submission = sending_submit_in_doubt(NULL, 0);
    assert_true(sending_expect(submission, VERDICT_UNAVAILABLE) < 1000);
    assert_false(sending_is_ready());
    sending.step_us = 0;
    sending_run(10000);
    assert_true(sending_is_ready());
    for (uint32_t p = 0; p < PARTITIONS; p++)
        assert_int_equal(sending_rejects_in(p), 0);
}

static void a_clock_an_hour_back_refuses_nothing_for_good(void **state)
{
    (void)state;
    expect_fallen(-HOUR_US);
}

static void a_clock_a_year_ahead_refuses_nothing_for_good(void **state)
{
    (void)state;
    expect_fallen(365 * 24 * HOUR_US);
}

static void a_clock_that_was_ahead_for_a_moment_refuses_nothing_for_good(void **state)
{
    (void)state;
    sending_run(1500);
    sending.step_us = HOUR_US;
    struct submission *submission = sending_submit_in_doubt(NULL, 0);
    sending.step_us = 0;
    sending_expect(submission, VERDICT_UNAVAILABLE);
    assert_true(sending_is_ready());
}

static void a_batch_with_good_and_late_events_waits_for_the_round(void **state)
{
    (void)state;
    static const char *const accounts[] = {"a"};
    struct submission *submission = sending_submit_in_doubt(accounts, 1);
    sending_run(LINGER_MS + LATENCY_MS + 50);
    assert_int_equal(sending_records_of("a"), 1);
    assert_int_equal(verdict_of(submission), VERDICT_WAITING);
    sending_expect(submission, VERDICT_DURABLE);
}

static void good_events_are_not_held_up_by_others_that_are_late(void **state)
{
    (void)state;
    sending_run(200);
    struct submission *late = sending_submit_in_doubt(NULL, 0);
    assert_true(sending_expect(sending_submit("a"), VERDICT_DURABLE) <= LINGER_MS + LATENCY_MS + 30);
    assert_int_equal(verdict_of(late), VERDICT_WAITING);
    sending_expect(late, VERDICT_DURABLE);
}

static void without_a_round_a_refusal_is_unavailable_after_ten_seconds(void **state)
{
    (void)state;
    memory_log_away(sending.log, 60000);
    int64_t took_ms = sending_expect(sending_submit_in_doubt(NULL, 0), VERDICT_UNAVAILABLE);
    assert_in_range(took_ms, ANSWER_MS, ANSWER_MS + 50);
    sending_run(1000);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        assert_int_equal(sending_rejects_in(p), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_refusal_by_the_clock_stands_after_a_round),
        TEST(many_refusals_by_the_clock_share_rounds),
        TEST(no_refusal_starves_behind_later_ones),
        TEST(a_clock_an_hour_back_refuses_nothing_for_good),
        TEST(a_clock_a_year_ahead_refuses_nothing_for_good),
        TEST(a_clock_that_was_ahead_for_a_moment_refuses_nothing_for_good),
        TEST(a_batch_with_good_and_late_events_waits_for_the_round),
        TEST(good_events_are_not_held_up_by_others_that_are_late),
        TEST(without_a_round_a_refusal_is_unavailable_after_ten_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
