/* What was refused is kept as far as there is room, and costs no verdict. */
#include <stdio.h>
#include <sysexits.h>

#include "tests/support/sending.h"

/* --- rejects --- */

static struct submission *refusal_of_many(uint32_t count, const char *account)
{
    struct submission *submission = submission_new(&sending.held_bytes);
    for (uint32_t i = 0; i < count; i++)
        sending_refuse(submission, account);
    return submission;
}

static void what_was_refused_is_kept_by_account(void **state)
{
    (void)state;
    struct submission *named = refusal_of_many(2, "acme"), *nameless = refusal_of_many(1, "");
    sender_keep(sending.sender, named);
    sending_run(100);
    assert_int_equal(sending_rejects_in(partition_of(STR("acme"), PARTITIONS)), 2);
    int64_t before = sending_rejects_in(0);
    sender_keep(sending.sender, nameless);
    sending_run(100);
    assert_int_equal(sending_rejects_in(0), before + 1);
    assert_int_equal(sending_metric(SENDER_REJECTS_KEPT), 3);
    assert_int_equal(sending_metric(SENDER_REJECTS_NOT_KEPT), 0);
    submission_release(named);
    submission_release(nameless);
    assert_int_equal(metric_value(&sending.held_bytes), 0);
}

static void what_is_refused_and_not_kept_is_counted(void **state)
{
    (void)state;
    enum { ROUNDS = 30 };
    for (int i = 0; i < ROUNDS; i++) {
        struct submission *submission = refusal_of_many(1100, "acme");
        sender_keep(sending.sender, submission);
        submission_release(submission);
        sending_run(10);
    }
    sending_run(1000);
    int64_t kept = sending_metric(SENDER_REJECTS_KEPT), not_kept = sending_metric(SENDER_REJECTS_NOT_KEPT);
    assert_int_equal(kept + not_kept, ROUNDS * 1100);
    assert_in_range(kept, 10000, 10000 + 1500);
}

static void a_log_that_takes_no_rejects_fails_no_verdict(void **state)
{
    (void)state;
    memory_log_refuse(&sending.rejects, ERROR_FATAL, 3);
    struct submission *submission = refusal_of_many(5, "acme");
    sender_keep(sending.sender, submission);
    assert_true(sending_expect(sending_submit("a"), VERDICT_DURABLE) <= LINGER_MS + LATENCY_MS + 30);
    assert_true(sending_is_ready());
    assert_int_equal(sending_metric(SENDER_REJECTS_NOT_KEPT), 5);
    submission_release(submission);
    for (int i = 0; i < 10; i++) {
        submission = refusal_of_many(1, "acme");
        sender_keep(sending.sender, submission);
        submission_release(submission);
        sending_run(2000);
    }
    assert_true(sending_metric(SENDER_REJECTS_KEPT) >= 5);
    assert_int_equal(sending_metric(SENDER_RESTARTS), 0);
}

static void a_reject_whose_delivery_fails_is_counted_and_nothing_else(void **state)
{
    (void)state;
    struct submission *submission = refusal_of_many(1, "acme");
    sender_keep(sending.sender, submission);
    memory_log_delay(&sending.rejects, 500);
    sending_run(20);
    memory_log_lose_ack(&sending.rejects, sending.topics.rejects);
    sender_keep(sending.sender, submission);
    sending_run(3000);
    assert_int_equal(sending_metric(SENDER_RESTARTS), 0);
    assert_true(sending_is_ready());
    submission_release(submission);
}

/* As large as they may be. */
static void keep_large(int count)
{
    static char text[LIMIT_REJECT_BYTES];
    for (int i = 0; i < count; i++) {
        struct submission *submission = submission_new(&sending.held_bytes);
        rejects_add(&submission->rejects,
                    &(struct reject){.reason = STR("json: bad"), .bytes = {text, sizeof text}});
        sender_keep(sending.sender, submission);
        submission_release(submission);
        sending_run(20);
    }
}

static void large_rejects_are_bounded_by_bytes_a_second(void **state)
{
    (void)state;
    keep_large(500);
    int64_t seconds = sending_now_ms() / 1000 + 1,
            bytes = sending_metric(SENDER_REJECTS_KEPT) * LIMIT_REJECT_BYTES;
    assert_in_range(bytes, 8 << 20, (8 << 20) + (seconds << 20));
}

static void rejects_on_their_way_are_bounded(void **state)
{
    (void)state;
    memory_log_away(sending.log, 100000);
    keep_large(4000);
    assert_in_range(log_pending(sending.rejects.handle).bytes, 7 << 20, 8 << 20);
}

static void what_waits_to_be_kept_when_a_handle_dies_is_counted(void **state)
{
    (void)state;
    struct submission *submission = refusal_of_many(4, "acme");
    sender_keep(sending.sender, submission);
    memory_log_kill(&sending.appends, false);
    sending_run(100);
    assert_int_equal(sending_metric(SENDER_REJECTS_NOT_KEPT), 4);
    submission_release(submission);
}

static void who_is_closed_keeps_nothing_and_counts_it(void **state)
{
    (void)state;
    struct submission *submission = refusal_of_many(4, "acme");
    sender_keep(sending.sender, submission);
    assert_int_equal(sending_metric(SENDER_REJECTS_NOT_KEPT), 4);
    submission_release(submission);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_refused_is_kept_by_account),
        TEST(what_is_refused_and_not_kept_is_counted),
        TEST(a_log_that_takes_no_rejects_fails_no_verdict),
        TEST(a_reject_whose_delivery_fails_is_counted_and_nothing_else),
        TEST(large_rejects_are_bounded_by_bytes_a_second),
        TEST(rejects_on_their_way_are_bounded),
        TEST(what_waits_to_be_kept_when_a_handle_dies_is_counted),
        TEST_YOUNG(who_is_closed_keeps_nothing_and_counts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
