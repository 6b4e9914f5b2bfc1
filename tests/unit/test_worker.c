/* The worker recovers from whatever fails, in one place and for ever, and tells the truth about it. */
#include <stdio.h>
#include <sysexits.h>

#include "tests/support/counting_worker.h"

/* --- working --- */

static void each_message_is_taken_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        put(f, p, 100 + p);
    counting_live(f, 3000);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        assert_int_equal(f->stood[p], 100 + p);
        assert_int_equal(f->lags[p], 0);
    }
}

static void group_offsets_are_committed_for_whoever_watches_lag(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    put(f, 1, 40);
    counting_live(f, 12000);
    assert_int_equal(memory_log_committed(f->log, "g", "t", 1), 40);
}

static void lag_is_shown_while_a_partition_waits(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    f->take_fails[1] = ERROR_RETRY;
    put(f, 1, 40);
    counting_live(f, 2000);
    f->take_fails[1] = ERROR_NONE;
    counting_live(f, 60000);
    assert_int_equal(f->lags[1], 0);
    assert_int_equal(f->stood[1], 40);
}

static void a_topic_beside_is_read_with_it_and_no_message_of_it_is_missed(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "b", PARTITIONS);
    f->stage.beside = "b";
    f->fills = true;
    counting_begin_well(f);
    for (uint32_t i = 0; i < 20 * PARTITIONS; i++) {
        put(f, i % PARTITIONS, 1);
        put_in(f, "b", i % PARTITIONS, 7);
        counting_live(f, 200);
    }
    counting_live(f, 5000);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        assert_int_equal(f->stood[p], 20);
        assert_int_equal(f->beside[p], 140);
    }
}

static void what_fails_beside_stops_no_partition(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "b", PARTITIONS);
    put_in(f, "b", 1, 50);
    memory_log_delete_below(f->log, &(struct log_position){"b", 1, 20});
    f->stage.beside = "b";
    counting_begin_well(f);
    put(f, 1, 10);
    counting_live(f, 3000);
    assert_true(f->ready);
    assert_int_equal(f->stood[1], 10);
    assert_int_equal(f->beside_gone, 1);
}

/* --- what an operator must mend --- */

static void ends_for_an_operator(struct fixture *f, const char *partitions)
{
    counting_begin(f, partitions);
    counting_live(f, 10000);
    assert_true(f->ended);
    assert_int_equal(f->status, EX_CONFIG);
}

static void a_topic_that_is_not_there_ends_it_and_says_the_way_out(void **state)
{
    struct fixture *f = *state;
    ends_for_an_operator(f, "group");
    assert_int_equal(f->opened, 1);
}

static void a_partition_that_the_topic_has_not_ends_it(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    ends_for_an_operator(f, "0,7");
}

static void a_stage_that_says_fatal_ends_it(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    f->open_fails = ERROR_FATAL;
    ends_for_an_operator(f, "group");
}

/* --- what heals --- */

static void what_cannot_be_opened_is_tried_again_for_ever_ever_more_rarely(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    f->open_fails = ERROR_ABORT;
    counting_begin(f, "all");
    counting_live(f, 3600 * 1000);
    assert_false(f->ended);
    assert_false(f->ready);
    assert_string_equal(f->why, "store: cannot be had");
    /* Here pauses are half of 0.5, 1, 2, ... 30 s. */
    assert_in_range(f->opened, 240, 250);
    f->open_fails = ERROR_NONE;
    counting_live(f, 40000);
    assert_true(f->ready);
    assert_int_equal(f->restarts, f->opened - 1);
}

static void a_group_is_not_joined_before_there_is_something_to_work_with(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    f->open_fails = ERROR_ABORT;
    counting_begin(f, "group");
    for (int i = 0; i < 1000; i++) {
        counting_live(f, 1);
        assert_null(f->member.handle);
    }
}

static void a_log_that_cannot_be_opened_is_tried_again(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    memory_log_refuse(&f->member, ERROR_ABORT, 5);
    counting_begin(f, "all");
    counting_live(f, 60000);
    assert_true(f->ready);
    assert_int_equal(f->restarts, 5);
}

static void a_dead_handle_is_opened_again_and_nothing_is_missed(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    put(f, 0, 100);
    counting_live(f, 500);
    memory_log_kill(&f->member, false);
    put(f, 0, 100);
    counting_live(f, 1000);
    counting_live(f, 60000);
    assert_true(f->ready);
    assert_int_equal(f->stood[0], 200);
    assert_int_equal(f->restarts, 1);
}

static void handles_are_let_go_only_once_it_is_shown_not_ready(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    f->probe_fails = ERROR_ABORT;
    counting_live(f, 2000);
    assert_int_equal(f->restarts, 1);
    assert_false(f->closed_while_ready);
    assert_string_equal(f->why, "store: does not answer");
}

static void brokers_that_are_away_make_it_not_ready_within_two_seconds_and_it_waits(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    memory_log_away(f->log, 24 * 3600 * 1000);
    counting_live(f, 2000);
    assert_false(f->ready);
    assert_true(f->why[0] != 0);
    counting_live(f, 24 * 3600 * 1000);
    assert_false(f->ended);
    put(f, 2, 10);
    counting_live(f, 60000);
    assert_true(f->ready);
    assert_int_equal(f->stood[2], 10);
}

static void a_store_that_does_not_answer_makes_it_not_ready_within_a_second(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    f->probe_fails = ERROR_ABORT;
    counting_live(f, 1100);
    assert_false(f->ready);
    assert_string_equal(f->why, "store: does not answer");
    f->probe_fails = ERROR_NONE;
    counting_live(f, 10000);
    assert_true(f->ready);
}

static void after_a_failure_it_is_ready_only_when_it_has_proven_so(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    f->turn_fails = true;
    counting_live(f, 200);
    for (int64_t end_ms = memory_log_now(f->log) + 300000; memory_log_now(f->log) < end_ms;) {
        counting_live(f, 1);
        assert_false(f->ready);
    }
    assert_in_range(f->restarts, 15, 26);
    f->turn_fails = false;
    counting_live(f, 40000);
    assert_true(f->ready);
}

/* --- what concerns one partition --- */

static void a_partition_whose_rows_are_refused_waits_alone(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    f->take_fails[1] = ERROR_RETRY;
    for (uint32_t p = 0; p < PARTITIONS; p++)
        put(f, p, 50);
    counting_live(f, 120000);
    assert_false(f->ended);
    assert_false(f->ready);
    assert_string_equal(f->why, "partition 1 waits: rows: refused");
    assert_int_equal(f->stood[0], 50);
    assert_int_equal(f->stood[1], 0);
    assert_int_equal(f->stood[2], 50);
    assert_int_equal(f->restarts, 0);
    assert_in_range(f->claims[1], 8, 20);
    assert_int_equal(f->claims[0], 1);
    f->take_fails[1] = ERROR_NONE;
    counting_live(f, 40000);
    assert_int_equal(f->stood[1], 50);
    assert_true(f->ready);
}

/* So that each pause is the longest that chance gives. */
static uint64_t most(struct host *host)
{
    (void)host;
    return 251ULL * 501 * 1001 * 2001 * 4001 * 8001 - 1; /* 0.5, 1, 2 ... 16 s are whole */
}

static void a_claim_alone_does_not_end_a_refusal_whatever_chance_says(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    f->host.host.random = most;
    f->take_fails[1] = ERROR_RETRY;
    put(f, 1, 50);
    counting_live(f, 30000);
    assert_false(f->ready);
    assert_in_range(f->claims[1], 5, 7);
}

static void records_that_are_gone_stop_their_partition_and_no_other(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    put(f, 1, 50);
    memory_log_delete_below(f->log, &(struct log_position){"t", 1, 20});
    put(f, 0, 50);
    counting_begin(f, "group");
    counting_live(f, 10000);
    assert_false(f->ended);
    assert_false(f->ready);
    assert_int_equal(f->states[1], PARTITION_STOPPED);
    assert_string_equal(f->why, "partition 1 is stopped: the records at its offset are gone or damaged");
    assert_int_equal(f->states[0], PARTITION_WORKING);
    assert_int_equal(f->stood[0], 50);
    assert_int_equal(f->stood[1], 0);
    put(f, 2, 5);
    counting_live(f, 5000);
    assert_int_equal(f->stood[2], 5);
    assert_int_equal(f->restarts, 0);
}

static void a_partition_that_was_lost_is_claimed_again_after_ever_longer_pauses(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    f->lose[2] = true;
    put(f, 2, 1);
    counting_live(f, 900 * 1000);
    assert_false(f->ready);
    /* Here pauses are half of 1, 2, 4, ... 60 s. */
    assert_in_range(f->claims[2], 1 + 6 + 20, 1 + 6 + 30);
    assert_int_equal(f->claims[1], 1);
    f->lose[2] = false;
    counting_live(f, 200 * 1000);
    assert_true(f->ready);
    assert_int_equal(f->stood[2], 1);
}

/* Those that are good for where it was say nothing of where it goes on. */
static void how_far_behind_it_is_is_not_known_until_the_log_was_asked_again(void **state)
{
    struct fixture *f = *state;
    counting_begin_well(f);
    put(f, 2, 5);
    counting_live(f, 3000);
    assert_int_equal(f->lags[2], 0);
    f->lose[2] = true;
    put(f, 2, 1);
    counting_live(f, 300);
    f->lose[2] = false;
    f->stood[2] = 0; /* a backup of its tables came back */
    f->lag_claimed[2] = 0;
    counting_live(f, 5000);
    assert_int_equal(f->lag_claimed[2], -1);
    assert_int_equal(f->stood[2], 6);
}

/* --- the group --- */

static void what_the_group_hands_out_is_what_is_worked_on(void **state)
{
    struct fixture *f = *state;
    struct fixture other = {.stage = {.ops = f->stage.ops}, .log = f->log};
    counting_begin_well(f);
    other.member = (struct memory_member){.log = f->log, .group = "g", .topic = "t", .name = "two"};
    other.host = f->host;
    counting_begin(&other, "group");
    for (int i = 0; i < 200; i++) {
        counting_live(f, 100);
        counting_live(&other, 100);
    }
    assert_int_equal(f->shown + other.shown, PARTITIONS);
    assert_true(f->shown > 0 && other.shown > 0);
    assert_true(f->ready && other.ready);
    worker_free(other.worker);
    counting_live(f, 60000);
    assert_int_equal(f->shown, PARTITIONS);
    assert_true(f->ready);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, counting_make, counting_unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_message_is_taken_once_and_in_order),
        TEST(group_offsets_are_committed_for_whoever_watches_lag),
        TEST(lag_is_shown_while_a_partition_waits),
        TEST(a_topic_beside_is_read_with_it_and_no_message_of_it_is_missed),
        TEST(what_fails_beside_stops_no_partition),
        TEST(a_topic_that_is_not_there_ends_it_and_says_the_way_out),
        TEST(a_partition_that_the_topic_has_not_ends_it),
        TEST(a_stage_that_says_fatal_ends_it),
        TEST(what_cannot_be_opened_is_tried_again_for_ever_ever_more_rarely),
        TEST(a_group_is_not_joined_before_there_is_something_to_work_with),
        TEST(a_log_that_cannot_be_opened_is_tried_again),
        TEST(a_dead_handle_is_opened_again_and_nothing_is_missed),
        TEST(handles_are_let_go_only_once_it_is_shown_not_ready),
        TEST(brokers_that_are_away_make_it_not_ready_within_two_seconds_and_it_waits),
        TEST(a_store_that_does_not_answer_makes_it_not_ready_within_a_second),
        TEST(after_a_failure_it_is_ready_only_when_it_has_proven_so),
        TEST(a_partition_whose_rows_are_refused_waits_alone),
        TEST(a_claim_alone_does_not_end_a_refusal_whatever_chance_says),
        TEST(records_that_are_gone_stop_their_partition_and_no_other),
        TEST(a_partition_that_was_lost_is_claimed_again_after_ever_longer_pauses),
        TEST(how_far_behind_it_is_is_not_known_until_the_log_was_asked_again),
        TEST(what_the_group_hands_out_is_what_is_worked_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
