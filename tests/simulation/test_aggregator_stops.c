/* Each rule by which a partition of the aggregator stops before it says anything wrong: it stops, says no
 * more, and the other partition goes on. And what it does not stop for: broken snapshots, frames that are not
 * its own.
 */
#include "aggregator/counters.h"
#include "lib/io/journal.h"
#include "tests/simulation/stand.h"
#include "tests/support/test.h"

static struct stand stand;

static void begin(struct stand_kind kind)
{
    kind.aggregators = 1;
    stand_begin(&stand, kind);
}

/* The first partition stopped by this rule and not by another, and the second one is whole. */
static void expect_stopped(enum stop_rule rule)
{
    assert_true(stand_stops(&stand, rule) > 0);
    assert_false(stand_is_whole(&stand, 0));
    assert_true(stand_is_whole(&stand, 1));
    stand_end(&stand);
}

static void expect_whole(void)
{
    assert_int_equal(stand.house->stops.count, 0);
    assert_true(stand_is_whole(&stand, 0));
    assert_true(stand_is_whole(&stand, 1));
    stand_end(&stand);
}

static struct log_position last_frame(void)
{
    struct log_range range = {.topic = stand.house->topics.frames, .partition = 0};
    memory_log_range(stand.house->log, &range);
    return (struct log_position){range.topic, 0, range.high - 1};
}

/* --- usage.records --- */

static void a_message_of_a_later_schema_stops_the_partition(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 500);
    stand_strike(&stand, strike_record_of_later_schema, 0);
    stand_feed(&stand, 1000);
    expect_stopped(RULE_RECORDS_SCHEMA);
}

static void a_log_that_does_not_begin_with_its_rules_stops_the_partition(void **state)
{
    (void)state;
    static const enum stop_rule rules[] = {RULE_NO_RULES, RULE_RULES_UNKNOWN, RULE_CATALOG_BAD};
    for (uint64_t value = 0; value < 3; value++) {
        begin((struct stand_kind){0});
        stand_strike(&stand, strike_first_record_wrong, value);
        stand_feed(&stand, 1000);
        expect_stopped(rules[value]);
    }
}

static void a_gap_in_the_offsets_stops_the_partition(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    house_feed(stand.house, stand.input.list.count / 2); /* and it is not read yet */
    stand_strike(&stand, strike_record_missing, 3);
    stand_feed(&stand, 1000);
    expect_stopped(RULE_OFFSET_GAP);
}

static void a_gap_before_a_record_that_does_not_decode_stops_the_partition_too(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    house_feed(stand.house, stand.input.list.count / 2);
    stand_strike(&stand, strike_record_missing, 0); /* the last one */
    memory_log_put(stand.house->log,
                   &(struct log_record){.topic = stand.house->topics.records, .value = STR("no message")});
    stand_feed(&stand, 1000);
    expect_stopped(RULE_OFFSET_GAP);
}

static void records_that_were_acknowledged_and_are_missing_stop_the_partition(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    house_feed(stand.house, stand.input.list.count / 2); /* and it is not read yet */
    stand_strike(&stand, strike_records_tail_lost, 2);
    stand_feed(&stand, 1000);
    expect_stopped(RULE_RECORDS_MISSING);
}

static void records_that_were_deleted_below_its_position_stop_the_partition(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 500);
    house_kill(&stand.house->processes[0], 0, MEMORY_LANDS, 1000);
    stand_strike(&stand, strike_records_deleted, 0);
    stand_feed(&stand, 1000);
    expect_stopped(RULE_RECORDS_GONE);
}

static void records_that_it_has_read_and_the_log_has_lost_stop_the_partition(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 500);
    stand_strike(&stand, strike_records_tail_lost, 2);
    assert_true(house_rest(stand.house));
    stand_feed(&stand, 1000);
    expect_stopped(RULE_RECORDS_GONE);
}

static void a_record_that_its_checksum_refuses_stops_the_partition(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    house_feed(stand.house, stand.input.list.count / 2);
    stand_strike(&stand, strike_record_spoiled, 3);
    stand_feed(&stand, 1000);
    expect_stopped(RULE_RECORDS_GONE);
}

/* --- usage.frames --- */

static void a_frame_that_does_not_come_out_as_it_was_sent_stops_the_partition(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 500);
    const struct log_position last = last_frame();
    stand_strike(&stand, strike_frame_forged, 0);
    assert_true(memory_log_remove(stand.house->log, &last)); /* the forged one stands in its place */
    stand_restart(&stand, 0);
    stand_feed(&stand, 1000);
    expect_stopped(RULE_FRAME_DIFFERS);
}

static void two_frames_of_one_number_stop_the_partition_when_it_is_recovered(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 500);
    stand_strike(&stand, strike_frame_forged, 0);
    stand_restart(&stand, 0);
    stand_feed(&stand, 1000);
    expect_stopped(RULE_TWO_CHAINS);
}

static void a_frame_of_a_later_schema_stops_the_partition_when_it_is_recovered(void **state)
{
    (void)state;
    begin((struct stand_kind){0});
    stand_feed(&stand, 500);
    stand_strike(&stand, strike_frame_of_later_schema, 0);
    stand_restart(&stand, 0);
    stand_feed(&stand, 1000);
    expect_stopped(RULE_FRAMES_SCHEMA);
}

static void frames_that_are_not_its_own_or_no_frames_are_skipped(void **state)
{
    (void)state;
    for (uint64_t value = 0; value < 4; value++) {
        begin((struct stand_kind){0});
        stand_feed(&stand, 500);
        stand_strike(&stand, strike_frame_foreign, value);
        stand_restart(&stand, 0);
        stand_feed(&stand, 1000);
        expect_whole();
    }
}

static void frames_that_the_log_lost_are_said_again(void **state)
{
    (void)state;
    static strike *const strikes[] = {strike_frames_tail_lost, strike_frame_spoiled};
    for (size_t i = 0; i < sizeof strikes / sizeof *strikes; i++) {
        begin((struct stand_kind){0});
        stand_feed(&stand, 500);
        stand_strike(&stand, strikes[i], 3);
        stand_restart(&stand, 0);
        stand_feed(&stand, 1000);
        /* One that is spoiled lies there still, beside the one that was said again. */
        expect_whole();
    }
}

/* --- aggregator.snapshots --- */

static int64_t counted(enum aggregator_metric metric)
{
    return atomic_load(&aggregator_metrics[metric].value);
}

static void a_broken_snapshot_is_skipped_for_the_one_before(void **state)
{
    (void)state;
    static strike *const strikes[] = {strike_snapshot_missing, strike_snapshot_torn, strike_snapshot_flipped,
                                      strike_snapshot_spoiled};
    for (size_t i = 0; i < sizeof strikes / sizeof *strikes; i++)
        for (uint64_t value = 0; value < 8; value++) {
            begin((struct stand_kind){.snapshot_bytes = 1000});
            stand_feed(&stand, 500);
            stand_strike(&stand, strikes[i], value);
            int64_t restored = counted(AGGREGATOR_RECOVERED_SNAPSHOT);
            stand_restart(&stand, 0);
            assert_int_equal(counted(AGGREGATOR_RECOVERED_SNAPSHOT) - restored, 2);
            stand_feed(&stand, 1000);
            expect_whole();
        }
}

static void without_a_snapshot_that_is_good_it_begins_with_the_log(void **state)
{
    (void)state;
    begin((struct stand_kind){.snapshot_bytes = 1000});
    stand_feed(&stand, 500);
    struct log_range range = {.topic = stand.house->topics.snapshots, .partition = 0};
    memory_log_range(stand.house->log, &range);
    for (struct log_position at = {range.topic, 0, 1}; at.offset < range.high; at.offset++)
        memory_log_flip(stand.house->log, &at, 77);
    int64_t from_log = counted(AGGREGATOR_RECOVERED_LOG), skipped = counted(AGGREGATOR_SNAPSHOTS_SKIPPED);
    stand_restart(&stand, 0);
    assert_int_equal(counted(AGGREGATOR_RECOVERED_LOG) - from_log, 1);
    assert_true(counted(AGGREGATOR_SNAPSHOTS_SKIPPED) > skipped);
    stand_feed(&stand, 1000);
    expect_whole();
}

/* A snapshot may stand only where its frame does. */
static void no_snapshot_stands_whose_frame_was_lost(void **state)
{
    (void)state;
    for (uint64_t calls = 1; calls < 120; calls++) {
        begin((struct stand_kind){.snapshot_bytes = 300, .latency_ms = 40});
        stand_feed(&stand, 300);
        memory_log_kill_after(&stand.house->processes[0].member, (uint32_t)calls, MEMORY_SOME_LANDS);
        stand_feed(&stand, 100);
        stand_restart(&stand, 0);
        stand_feed(&stand, 1000);
        expect_whole();
    }
}

/* --- counters --- */

enum { FIRST_COUNTED = AGGREGATOR_RECORDS_APPLIED, LAST_COUNTED = AGGREGATOR_EFFECT_LATER_IDLE };

static void note_counted(int64_t out[AGGREGATOR_METRICS])
{
    for (int m = FIRST_COUNTED; m <= LAST_COUNTED; m++)
        out[m] = counted((enum aggregator_metric)m) - out[m];
}

/* What it folds again after a restart it has counted before. */
static void a_record_is_counted_once_however_often_it_restarts(void **state)
{
    (void)state;
    int64_t whole[AGGREGATOR_METRICS] = {0};
    for (uint32_t restarts = 0; restarts < 5; restarts++) {
        int64_t here[AGGREGATOR_METRICS] = {0};
        begin((struct stand_kind){.snapshot_bytes = 1000});
        note_counted(here);
        for (uint32_t i = 1; i <= restarts; i++) {
            stand_feed(&stand, 1000 * i / (restarts + 1));
            stand_restart(&stand, 0);
        }
        stand_feed(&stand, 1000);
        note_counted(here);
        expect_whole();
        if (restarts == 0)
            memcpy(whole, here, sizeof whole);
        assert_memory_equal(here, whole, sizeof whole);
        assert_true(here[AGGREGATOR_RECORDS_APPLIED] > 50 && here[AGGREGATOR_WITHOUT_EFFECT_IDLE] > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_of_a_later_schema_stops_the_partition),
        cmocka_unit_test(a_log_that_does_not_begin_with_its_rules_stops_the_partition),
        cmocka_unit_test(a_gap_in_the_offsets_stops_the_partition),
        cmocka_unit_test(a_gap_before_a_record_that_does_not_decode_stops_the_partition_too),
        cmocka_unit_test(records_that_were_acknowledged_and_are_missing_stop_the_partition),
        cmocka_unit_test(records_that_were_deleted_below_its_position_stop_the_partition),
        cmocka_unit_test(records_that_it_has_read_and_the_log_has_lost_stop_the_partition),
        cmocka_unit_test(a_record_that_its_checksum_refuses_stops_the_partition),
        cmocka_unit_test(a_frame_that_does_not_come_out_as_it_was_sent_stops_the_partition),
        cmocka_unit_test(two_frames_of_one_number_stop_the_partition_when_it_is_recovered),
        cmocka_unit_test(a_frame_of_a_later_schema_stops_the_partition_when_it_is_recovered),
        cmocka_unit_test(frames_that_are_not_its_own_or_no_frames_are_skipped),
        cmocka_unit_test(frames_that_the_log_lost_are_said_again),
        cmocka_unit_test(a_broken_snapshot_is_skipped_for_the_one_before),
        cmocka_unit_test(without_a_snapshot_that_is_good_it_begins_with_the_log),
        cmocka_unit_test(no_snapshot_stands_whose_frame_was_lost),
        cmocka_unit_test(a_record_is_counted_once_however_often_it_restarts),
    };
    journal_init("test", false, JOURNAL_LEVEL_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
