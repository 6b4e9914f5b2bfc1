/* Verdicts are true, whatever the log does: the sender on a log in memory, in simulated time. */
#include <stdio.h>
#include <sysexits.h>

#include "tests/support/sending.h"

/* --- readiness and recovery --- */

static void it_is_ready_once_a_round_of_ticks_has_agreed(void **state)
{
    (void)state;
    assert_false(sending_is_ready());
    assert_false(sender_is_open(sending.sender));
    sending_put_generation();
    sending_run(LATENCY_MS);
    assert_false(sending_is_ready());
    sending_run(LATENCY_MS + 20);
    assert_true(sending_is_ready() && sender_is_open(sending.sender));
    assert_int_equal(sending_metric(SENDER_TICKS), PARTITIONS);
}

static void nothing_is_sent_without_a_generation(void **state)
{
    (void)state;
    assert_false(sender_turn(sending.sender));
    assert_int_equal(sender_finish(sending.sender), EX_CONFIG);
    assert_int_equal(sending_metric(SENDER_TICKS), 0);
}

static void a_silent_partition_gets_a_tick_an_epoch(void **state)
{
    (void)state;
    int64_t before = sending_metric(SENDER_TICKS);
    sending_run(60000);
    assert_int_equal(sending_metric(SENDER_TICKS) - before, 12 * PARTITIONS);
    for (int i = 0; i < 60; i++) {
        struct submission *submission = sending_submit("busy");
        sending_expect(submission, VERDICT_DURABLE);
        sending_run(1000);
    }
    before = sending_metric(SENDER_TICKS);
    for (int i = 0; i < 60; i++) {
        sending_expect(sending_submit("busy"), VERDICT_DURABLE);
        sending_run(1000);
    }
    assert_in_range(sending_metric(SENDER_TICKS) - before, 12 * (PARTITIONS - 1), 13 * (PARTITIONS - 1));
}

static void a_log_that_is_away_is_waited_for_for_ever(void **state)
{
    (void)state;
    memory_log_away(sending.log, 1800 * 1000);
    struct submission *submission = sending_submit("a");
    sending_run(LINGER_MS + 1100);
    assert_false(sending_is_ready());
    assert_true(sender_is_open(sending.sender));
    assert_int_equal(sending_expect(submission, VERDICT_UNAVAILABLE) > ANSWER_MS - 2000, true);
    sending_run(1795 * 1000);
    assert_true(sending_is_ready());
    /* It was queued all the time, and no tick behind it. */
    assert_int_equal(sending_records_of("a"), 1);
    assert_in_range(sending_metric(SENDER_TICKS), PARTITIONS, 4 * PARTITIONS);
    assert_int_equal(sending_metric(SENDER_RESTARTS), 0);
    sending_expect(sending_submit("a"), VERDICT_DURABLE);
}

static void an_idle_one_notices_within_an_epoch_that_the_log_is_silent(void **state)
{
    (void)state;
    memory_log_away(sending.log, 60000);
    sending_run(6100);
    assert_false(sending_is_ready());
}

static void a_handle_that_cannot_be_had_is_asked_for_again_for_ever(void **state)
{
    (void)state;
    memory_log_refuse(&sending.appends, ERROR_ABORT, 40);
    memory_log_kill(&sending.appends, false);
    sending_run(10000);
    assert_false(sending_is_ready());
    for (int i = 0; i < 60 && !sending_is_ready(); i++)
        sending_run(30000);
    assert_true(sending_is_ready());
    assert_in_range(sending.longest_pause_ms, 15000, 30000);
    sending.longest_pause_ms = 0;
    memory_log_kill(&sending.appends, false);
    sending_run(3000);
    assert_true(sending_is_ready());
    assert_in_range(sending.longest_pause_ms, 250, 500);
}

/* A log that has just come back may not know its topics yet. */
static void who_had_a_generation_waits_for_it(void **state)
{
    (void)state;
    assert_true(memory_log_remove(sending.log, &(struct log_position){sending.topics.snapshots, 0, 0}));
    memory_log_kill(&sending.appends, false);
    sending_run(60000);
    assert_false(sending_is_ready());
    sending_put_generation();
    sending_run(60000);
    assert_true(sending_is_ready());
}

static void expect_fatal(struct generation generation)
{
    sending_put(generation);
    assert_false(sender_turn(sending.sender));
    assert_int_equal(sender_finish(sending.sender), EX_CONFIG);
    assert_int_equal(sending_metric(SENDER_TICKS), 0);
}

static void a_generation_for_files_takes_nothing_live(void **state)
{
    (void)state;
    expect_fatal((struct generation){.partitions = PARTITIONS, .rules_number = 1, .simulated = true});
}

static void newer_rules_are_not_spoken(void **state)
{
    (void)state;
    expect_fatal((struct generation){.partitions = PARTITIONS, .rules_number = 2});
}

static void a_generation_that_was_made_anew_is_another(void **state)
{
    (void)state;
    assert_true(memory_log_remove(sending.log, &(struct log_position){sending.topics.snapshots, 0, 0}));
    sending_put((struct generation){.partitions = PARTITIONS, .rules_number = 1, .init_digest = {1}});
    memory_log_kill(&sending.appends, false);
    assert_true(sender_turn(sending.sender));
    assert_false(sender_turn(sending.sender));
    assert_int_equal(sender_finish(sending.sender), EX_CONFIG);
}

/* --- durable --- */

static void it_is_durable_when_acknowledged_not_when_sent(void **state)
{
    (void)state;
    memory_log_delay(&sending.appends, 2000);
    struct submission *submission = sending_submit("a");
    sending_run(LINGER_MS + 1000);
    assert_int_equal(sending_metric(SENDER_MESSAGES), 1);
    assert_int_equal(verdict_of(submission), VERDICT_WAITING);
    assert_int_equal(sending.told, 0);
    sending_expect(submission, VERDICT_DURABLE);
    assert_int_equal(sending.told, 1);
    assert_int_equal(sending_records_of("a"), 1);
    assert_int_equal(metric_value(&sending.held_bytes), 0);
}

/* Of another partition than the first one's. */
static const char *elsewhere(const char *account)
{
    static char other[8];
    for (int i = 0; i < 100; i++) {
        snprintf(other, sizeof other, "x%d", i);
        if (partition_of(str_of(other), PARTITIONS) != partition_of(str_of(account), PARTITIONS))
            break;
    }
    return other;
}

static void it_is_durable_when_all_of_its_messages_are_acknowledged(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    static const char *accounts[MANY];
    for (int i = 0; i < MANY; i++)
        accounts[i] = "a"; /* fills messages, which are sent at once */
    accounts[MANY - 1] = elsewhere("a");
    memory_log_delay(&sending.appends, 0);
    struct submission *submission = sending_submission(accounts, MANY);
    assert_true(sender_submit(sending.sender, submission));
    sending_run(LATENCY_MS + 15);
    assert_true(sending_metric(SENDER_MESSAGES) > 0);
    assert_int_equal(verdict_of(submission), VERDICT_WAITING);
    sending_expect(submission, VERDICT_DURABLE);
    assert_int_equal(sending_records_of("a"), MANY - 1);
    assert_int_equal(sending_records_of(accounts[MANY - 1]), 1);
}

static void a_failed_delivery_is_never_durable(void **state)
{
    (void)state;
    uint64_t before = sending_look(0).last.incarnation;
    memory_log_lose_ack(&sending.appends, sending.topics.records);
    sending_expect(sending_submit("a"), VERDICT_UNAVAILABLE);
    sending_run(5000);
    assert_true(sending_is_ready());
    assert_int_equal(sending_metric(SENDER_RESTARTS), 1);
    assert_true(sending_look(0).last.incarnation != before);
    sending_expect(sending_submit("a"), VERDICT_DURABLE);
}

static void what_waits_when_a_handle_dies_is_unavailable(void **state)
{
    (void)state;
    memory_log_delay(&sending.appends, 5000);
    struct submission *sent = sending_submit("a");
    sending_run(LINGER_MS + 20);
    struct submission *queued = sending_submit("b");
    memory_log_kill(&sending.appends, true);
    assert_true(sending_expect(sent, VERDICT_UNAVAILABLE) < 1000);
    assert_true(sending_expect(queued, VERDICT_UNAVAILABLE) < 1000);
    struct submission *early = sending_submission(NULL, 0);
    assert_false(sender_submit(sending.sender, early));
    submission_release(early);
    assert_int_equal(metric_value(&sending.held_bytes), 0);
}

static void where_there_is_no_room_it_stays_for_later(void **state)
{
    (void)state;
    memory_log_fill(&sending.appends, 5);
    struct submission *submission = sending_submit("a");
    while (memory_log_struck(sending.log, MEMORY_QUEUE_FULL) < 5) {
        sending_run(1);
        assert_true(sending_is_ready());
    }
    sending_expect(submission, VERDICT_DURABLE);
    assert_int_equal(sending_records_of("a"), 1);
    assert_int_equal(memory_log_struck(sending.log, MEMORY_QUEUE_FULL), 5);
}

static void what_waits_at_the_end_is_sent(void **state)
{
    (void)state;
    struct submission *submission = sending_submit("a");
    sender_finish(sending.sender);
    assert_int_equal(verdict_of(submission), VERDICT_DURABLE);
    submission_release(submission);
    assert_int_equal(sending_records_of("a"), 1);
    assert_false(sender_is_open(sending.sender));
}

/* --- what messages say --- */

static void a_record_lies_in_its_accounts_partition(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        char account[8];
        snprintf(account, sizeof account, "p%d", i);
        uint32_t before = sending_records_of(account);
        sending_expect(sending_submit(account), VERDICT_DURABLE);
        assert_int_equal(sending_records_of(account), before + 1);
    }
}

static void a_message_says_how_many_before_it_were_acknowledged(void **state)
{
    (void)state;
    uint32_t partition = partition_of(STR("a"), PARTITIONS);
    for (int i = 0; i < 10; i++) {
        uint32_t before = sending_look(partition).messages;
        sending_expect(sending_submit("a"), VERDICT_DURABLE);
        assert_int_equal(sending_look(partition).messages, before + 1);
        assert_int_equal(sending_look(partition).last.acknowledged, before);
    }
    memory_log_kill(&sending.appends, false);
    sending_run(5000);
    assert_true(sending_look(partition).last.acknowledged <= 1);
    /* Sent is not acknowledged. */
    memory_log_delay(&sending.appends, 3000);
    uint64_t before = sending_look(partition).last.acknowledged;
    struct submission *first = sending_submit("a");
    sending_run(LINGER_MS + 20);
    struct submission *second = sending_submit("a");
    sending_expect(second, VERDICT_DURABLE);
    sending_expect(first, VERDICT_DURABLE);
    assert_in_range(sending_look(partition).last.acknowledged, before + 1, before + 1);
}

/* --- a log that loses what it acknowledged --- */

static void lose_last(const char *account)
{
    struct log_range range = {sending.topics.records, partition_of(str_of(account), PARTITIONS), 0, 0};
    memory_log_range(sending.log, &range);
    assert_true(memory_log_lose_tail(sending.log,
                                     &(struct log_position){range.topic, range.partition, range.high - 2}));
}

static void an_acknowledged_tail_that_is_lost_is_said_once(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        sending_expect(sending_submit("a"), VERDICT_DURABLE);
    assert_int_equal(sending_metric(SENDER_TAILS_LOST), 0);
    lose_last("a");
    sending_expect(sending_submit("a"), VERDICT_DURABLE);
    assert_int_equal(sending_metric(SENDER_TAILS_LOST), 1);
    sending_expect(sending_submit("a"), VERDICT_DURABLE);
    assert_int_equal(sending_metric(SENDER_TAILS_LOST), 1);
    assert_true(sending_is_ready());
}

static void it_is_said_across_handles_too(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        sending_expect(sending_submit("a"), VERDICT_DURABLE);
    memory_log_kill(&sending.appends, false);
    lose_last("a");
    sending_run(3000);
    assert_int_equal(sending_metric(SENDER_TAILS_LOST), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_YOUNG(it_is_ready_once_a_round_of_ticks_has_agreed),
        TEST_YOUNG(nothing_is_sent_without_a_generation),
        TEST(a_silent_partition_gets_a_tick_an_epoch),
        TEST(a_log_that_is_away_is_waited_for_for_ever),
        TEST(an_idle_one_notices_within_an_epoch_that_the_log_is_silent),
        TEST(a_handle_that_cannot_be_had_is_asked_for_again_for_ever),
        TEST(who_had_a_generation_waits_for_it),
        TEST_YOUNG(a_generation_for_files_takes_nothing_live),
        TEST_YOUNG(newer_rules_are_not_spoken),
        TEST(a_generation_that_was_made_anew_is_another),
        TEST(it_is_durable_when_acknowledged_not_when_sent),
        TEST(it_is_durable_when_all_of_its_messages_are_acknowledged),
        TEST(a_failed_delivery_is_never_durable),
        TEST(what_waits_when_a_handle_dies_is_unavailable),
        TEST(where_there_is_no_room_it_stays_for_later),
        TEST(what_waits_at_the_end_is_sent),
        TEST(a_record_lies_in_its_accounts_partition),
        TEST(a_message_says_how_many_before_it_were_acknowledged),
        TEST(an_acknowledged_tail_that_is_lost_is_said_once),
        TEST(it_is_said_across_handles_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
