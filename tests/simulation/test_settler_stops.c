/* Each rule by which a partition of the settler stops before it bills wrongly, and each part of the fence:
 * what another settler or a restored database did is noticed before anything is written. */
#include "lib/io/journal.h"
#include "settler/store/memory_own.h"
#include "tests/simulation/stand.h"
#include "tests/support/test.h"

/* A frame that does not come is missed after a minute. */
enum { AGGREGATOR, SETTLER, MISSED_MS = 61000 };

static struct stand stand;

static void begin(struct stand_kind kind)
{
    kind.aggregators = kind.settlers = 1;
    stand_begin(&stand, kind);
}

/* The first partition stopped by this rule and not by another; what it settled before is right, and the
 * second one is whole. */
static void expect_stopped(enum stop_rule rule)
{
    struct dump dump;
    dump_make(&dump, stand.house->tables, stand.input.partitions);
    assert_true(stand_stops(&stand, rule) > 0);
    assert_false(stand_is_whole(&stand, 0));
    assert_true(dump_same_below(&dump, &stand.reference.dump, 0, tables_next_seq(stand.house->tables, 0)));
    assert_true(stand_is_whole(&stand, 1));
    dump_release(&dump);
    stand_end(&stand);
}

static void expect_whole(void)
{
    assert_int_equal(stand.house->stops.count, 0);
    assert_true(stand_is_whole(&stand, 0));
    assert_true(stand_is_whole(&stand, 1));
    stand_end(&stand);
}

static uint64_t fenced(enum fence_branch branch)
{
    return stand.house->fence.struck[branch];
}

/* --- frames --- */

static void a_frame_that_cannot_be_settled_stops_the_partition(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 500);
    stand_strike(&stand, strike_frame_unsettleable, 0);
    assert_true(house_rest(stand.house)); /* before the aggregator says another of that number */
    stand_feed(&stand, 1000);
    expect_stopped(RULE_FRAME_BAD);
}

static void two_frames_of_one_number_stop_the_partition(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 500);
    stand_strike(&stand, strike_frame_forged, 0);
    stand_feed(&stand, 1000);
    expect_stopped(RULE_TWO_FRAMES);
}

static void a_minute_passes_before_a_missing_frame_stops_the_partition(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 500);
    house_freeze(&stand.house->processes[SETTLER], 2000);
    house_feed(stand.house, 8);
    while (stand.house->processes[SETTLER].thaws_ms > memory_log_now(stand.house->log) + 500)
        house_turn(stand.house, &stand.house->processes[AGGREGATOR]);
    stand_strike(&stand, strike_frame_flipped, 2);
    stand_feed(&stand, 100);
    assert_int_equal(stand.house->stops.count, 0);
    memory_log_pass(stand.house->log, MISSED_MS);
    stand_feed(&stand, 1000);
    expect_stopped(RULE_FRAME_MISSED);
}

static void frames_that_were_deleted_below_its_position_stop_the_partition(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 500);
    house_kill(&stand.house->processes[SETTLER], 0, MEMORY_LANDS, 60000);
    house_feed(stand.house, 40);
    for (int i = 0; i < 40; i++)
        house_turn(stand.house, &stand.house->processes[AGGREGATOR]);
    struct log_range range = {.topic = stand.house->topics.frames, .partition = 0};
    memory_log_range(stand.house->log, &range);
    assert_true(
        memory_log_delete_below(stand.house->log, &(struct log_position){range.topic, 0, range.high - 1}));
    stand_feed(&stand, 1000);
    assert_true(stand_stops(&stand, RULE_FRAMES_GONE) > 0);
    assert_true(tables_next_seq(stand.house->tables, 1) == stand.reference.chains[1].list.count);
    stand_end(&stand);
}

static void frames_of_another_log_or_partition_are_not_settled(void **state)
{
    (void)state;
    for (uint64_t value = 0; value < 4; value++) {
        begin((struct stand_kind){0});
        stand_feed(&stand, 500);
        stand_strike(&stand, strike_frame_foreign, value);
        stand_feed(&stand, 1000);
        expect_whole();
    }
}

/* --- claims --- */

static void a_claim_that_was_taken_is_claimed_again_after_a_pause(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 500);
    fence_take(&stand.house->fence, 0);
    house_feed(stand.house, 40);
    assert_true(house_rest(stand.house));
    assert_true(fenced(FENCE_OTHER_OWNER) > 0);
    memory_log_pass(stand.house->log, 2000);
    stand_feed(&stand, 1000);
    expect_whole();
}

/* Tables that come back beneath a connection that stays have the owner's fence, and less than it knows of. */
static void tables_that_came_back_beneath_it_are_settled_from_where_they_are(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 400);
    struct memory_tables *backup = memory_tables_copy(stand.house->tables);
    stand_feed(&stand, 200);
    fence_restore(&stand.house->fence, backup, true);
    stand_feed(&stand, 100);
    assert_true(fenced(FENCE_OTHER_SEQ) > 0);
    assert_int_equal(fenced(FENCE_OTHER_OWNER), 0);
    memory_log_pass(stand.house->log, 2000);
    stand_feed(&stand, 1000);
    memory_tables_free(backup);
    expect_whole();
}

static void tables_that_came_back_between_the_steps_of_a_frame_are_settled_from_there(void **state)
{
    (void)state;
    begin((struct stand_kind){.work_max = 1});
    stand_feed(&stand, 300);
    house_feed(stand.house, stand.input.list.count / 2);
    struct memory_tables *backup = NULL;
    uint64_t seq = 0;
    while (fenced(FENCE_OTHER_STEP) == 0) {
        int64_t step = tables_step(stand.house->tables, 0);
        struct memory_tables *before = memory_tables_copy(stand.house->tables);
        uint64_t seq_before = tables_next_seq(stand.house->tables, 0);
        for (uint32_t i = 0; i < stand.house->count; i++)
            house_turn(stand.house, &stand.house->processes[i]);
        seq = tables_next_seq(stand.house->tables, 0);
        if (backup == NULL && seq == seq_before && step != 0 && tables_step(stand.house->tables, 0) != step) {
            backup = before;
            fence_restore(&stand.house->fence, backup, true);
        } else {
            memory_tables_free(before);
        }
        assert_true(seq < stand.reference.chains[0].list.count);
    }
    memory_log_pass(stand.house->log, 2000);
    stand_feed(&stand, 1000);
    memory_tables_free(backup);
    expect_whole();
}

static void a_reply_to_commit_that_was_lost_is_found_out_by_claiming_again(void **state)
{
    (void)state;
    for (uint64_t calls = 1; calls < 60; calls++) {
        begin((struct stand_kind){0});
        stand_feed(&stand, 300);
        memory_tables_fail(stand.house->tables, calls, MEMORY_FAULT_REPLY_LOST);
        stand_feed(&stand, 300);
        memory_log_pass(stand.house->log, 2000);
        stand_feed(&stand, 1000);
        assert_int_equal(memory_tables_struck(stand.house->tables, MEMORY_FAULT_REPLY_LOST), 1);
        expect_whole();
    }
}

/* Turns that take longer than any pause, so that it is over before the next one begins; a few messages each.
 */
static void slow_turns(int count, uint32_t messages)
{
    for (int i = 0; i < count; i++) {
        house_feed(stand.house, messages);
        for (uint32_t p = 0; p < stand.house->count; p++)
            house_turn(stand.house, &stand.house->processes[p]);
        memory_log_pass(stand.house->log, 1000);
    }
}

static void a_partition_whose_rows_were_refused_goes_on_from_its_claim_however_soon(void **state)
{
    (void)state;
    for (uint64_t calls = 1; calls < 120; calls++) {
        begin((struct stand_kind){0});
        house_feed(stand.house, 4);
        assert_true(house_rest(stand.house));
        memory_tables_fail(stand.house->tables, calls, MEMORY_FAULT_REFUSED);
        slow_turns(60, 4 + 2 * (uint32_t)(calls % 4));
        stand_feed(&stand, 1000);
        assert_int_equal(memory_tables_struck(stand.house->tables, MEMORY_FAULT_REFUSED), 1);
        expect_whole();
    }
}

static void a_log_that_was_made_anew_ends_the_settler(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 300);
    stand.house->tables->rows.meta.generation.init_hash[0] ^= 1;
    house_kill(&stand.house->processes[SETTLER], 0, MEMORY_LANDS, 0);
    for (int i = 0; i < 100 && !stand.house->ended; i++)
        house_turn(stand.house, &stand.house->processes[SETTLER]);
    assert_true(stand.house->ended);
    assert_string_equal(stand.house->why_ended, "settler-0 ended with 78");
    stand_end(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_that_cannot_be_settled_stops_the_partition),
        cmocka_unit_test(two_frames_of_one_number_stop_the_partition),
        cmocka_unit_test(a_minute_passes_before_a_missing_frame_stops_the_partition),
        cmocka_unit_test(frames_that_were_deleted_below_its_position_stop_the_partition),
        cmocka_unit_test(frames_of_another_log_or_partition_are_not_settled),
        cmocka_unit_test(a_claim_that_was_taken_is_claimed_again_after_a_pause),
        cmocka_unit_test(tables_that_came_back_beneath_it_are_settled_from_where_they_are),
        cmocka_unit_test(tables_that_came_back_between_the_steps_of_a_frame_are_settled_from_there),
        cmocka_unit_test(a_reply_to_commit_that_was_lost_is_found_out_by_claiming_again),
        cmocka_unit_test(a_partition_whose_rows_were_refused_goes_on_from_its_claim_however_soon),
        cmocka_unit_test(a_log_that_was_made_anew_ends_the_settler),
    };
    journal_init("test", false, JOURNAL_LEVEL_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
