/* What must hold whatever comes in, proven over seeds. Each property also asserts that it was put to the
 * test. */
#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "tests/property/world.h"
#include "tests/support/test.h"

static const int64_t far_s = INT64_C(4000000000);

/* The lines that a log comes to, sorted over its partitions; counts corrections. */
static void lines_of_log(const struct log *log, struct byte_list *lines, struct outcome *counts)
{
    for (uint32_t p = 0; p < log->partitions; p++) {
        struct byte_list frames = {0};
        struct outcome outcome;
        struct fold *fold = fold_new(p);
        outcome_init(&outcome);
        log_fold(log, p, fold, 0, &frames);
        for (uint32_t i = 0; i < frames.ends.count; i++)
            outcome_take(&outcome, byte_list_at(&frames, i));
        outcome_lines(&outcome, far_s, lines);
        counts->corrections += outcome.corrections;
        counts->far_corrections += outcome.far_corrections;
        counts->late_voids += outcome.late_voids;
        outcome_release(&outcome);
        fold_free(fold);
        byte_list_release(&frames);
    }
    byte_list_sort(lines);
}

static void lines_of_world(const struct world *world, uint32_t partitions, struct byte_list *lines,
                           struct outcome *counts)
{
    struct log log;
    log_make(&log, world, world->arrivals.count, partitions, INT64_MAX);
    lines_of_log(&log, lines, counts);
    log_release(&log);
}

static void order_of_arrival_repeats_and_partitions_change_no_line(void **state)
{
    (void)state;
    struct outcome counts = {0};
    for (uint64_t seed = 1; seed <= 600; seed++) {
        struct random random = random_of(seed);
        struct world world = {0};
        struct byte_list first = {0}, second = {0}, third = {0};
        world_make(
            &world, &random,
            (struct world_kind){
                .events = 120, .hours = 72, .orders = true, .late_heartbeats = true, .late_s = 71 * HOUR_S});
        lines_of_world(&world, 1, &first, &counts);
        world_repeat(&world, &random);
        lines_of_world(&world, 4, &second, &counts);
        world_shuffle(&world, &random);
        lines_of_world(&world, 1, &third, &counts);
        assert_true(first.ends.count > 0);
        assert_true(byte_list_equal(&first, &second));
        assert_true(byte_list_equal(&first, &third));
        byte_list_release(&first);
        byte_list_release(&second);
        byte_list_release(&third);
        world_release(&world);
    }
    print_message("%llu corrections, %llu of hours more than 48 hours back, %llu voids\n",
                  (unsigned long long)counts.corrections, (unsigned long long)counts.far_corrections,
                  (unsigned long long)counts.late_voids);
    assert_true(counts.corrections > 1000);
    assert_true(counts.far_corrections > 100);
    assert_true(counts.late_voids > 20);
}

/* Folds up to and with message `stop`, takes a snapshot there if an epoch ended just then, and goes on. */
static bool fold_with_restart(const struct log *log, uint32_t stop, bool restart, struct byte_list *frames,
                              struct packer *end)
{
    struct log head = *log;
    struct fold *fold = fold_new(0);
    head.messages[0].ends.count = stop;
    log_fold(&head, 0, fold, 0, frames);
    uint64_t seq = fold_next_seq(fold);
    head.messages[0].ends.count = stop + 1;
    log_fold(&head, 0, fold, stop, frames);
    struct packer snapshot = {0};
    uint8_t digest[DIGEST_SIZE];
    bool at_epoch = fold_next_seq(fold) > seq;
    if (at_epoch) {
        fold_snapshot(fold, &snapshot);
        digest_of(snapshot.bytes.at, snapshot.bytes.count, digest);
        fold_snapshot_taken(fold, digest, snapshot.bytes.count);
    }
    if (at_epoch && restart) {
        fold_free(fold);
        fold = fold_restore((struct str){snapshot.bytes.at, snapshot.bytes.count}, digest);
        assert_non_null(fold);
    }
    log_fold(log, 0, fold, stop + 1, frames);
    fold_snapshot(fold, end);
    fold_free(fold);
    vec_release(&snapshot.bytes);
    return at_epoch;
}

static void a_restart_from_a_snapshot_after_any_epoch_makes_the_same_frames(void **state)
{
    (void)state;
    int restarts = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct random random = random_of(seed + 1000);
        struct world world = {0};
        struct log log;
        world_make(
            &world, &random,
            (struct world_kind){
                .events = 40, .hours = 12, .orders = true, .late_heartbeats = true, .late_s = 6 * HOUR_S});
        world.frame_rows = (int64_t)seed % 4;
        log_make(&log, &world, world.arrivals.count, 1, INT64_MAX);
        for (uint32_t stop = 0; stop + 1 < log.messages[0].ends.count; stop++) {
            struct byte_list through = {0}, again = {0};
            struct packer end_through = {0}, end_again = {0};
            restarts += fold_with_restart(&log, stop, true, &again, &end_again);
            fold_with_restart(&log, stop, false, &through, &end_through);
            assert_true(byte_list_equal(&through, &again));
            assert_int_equal(end_through.bytes.count, end_again.bytes.count);
            assert_memory_equal(end_through.bytes.at, end_again.bytes.at, end_again.bytes.count);
            byte_list_release(&through);
            byte_list_release(&again);
            vec_release(&end_through.bytes);
            vec_release(&end_again.bytes);
        }
        log_release(&log);
        world_release(&world);
    }
    assert_true(restarts > 1000);
}

static void a_snapshot_that_is_cut_or_longer_is_refused(void **state)
{
    (void)state;
    struct random random = random_of(5);
    struct world world = {0};
    struct log log;
    world_make(&world, &random, (struct world_kind){.events = 30, .hours = 5, .orders = true});
    log_make(&log, &world, world.arrivals.count, 1, INT64_MAX);
    struct byte_list frames = {0};
    struct fold *fold = fold_new(0);
    struct packer snapshot = {0};
    uint8_t digest[DIGEST_SIZE] = {0};
    log_fold(&log, 0, fold, 0, &frames);
    fold_snapshot(fold, &snapshot);
    pack_u64(&snapshot, 0);
    for (uint32_t size = 0; size <= snapshot.bytes.count; size++) {
        struct fold *restored = fold_restore((struct str){snapshot.bytes.at, size}, digest);
        assert_int_equal(restored != NULL, size == snapshot.bytes.count - 8);
        fold_free(restored);
    }
    vec_release(&snapshot.bytes);
    fold_free(fold);
    byte_list_release(&frames);
    log_release(&log);
    world_release(&world);
}

/* After each epoch: the lines of closed hours are what the events that have arrived say, judged at the close.
 */
static void check_closed_hours(const struct world *world, const struct log *log, struct byte_list *frames,
                               uint64_t *checked)
{
    struct outcome outcome;
    struct frame_rows rows = {0};
    outcome_init(&outcome);
    for (uint32_t i = 0; i < frames->ends.count; i++) {
        struct frame frame;
        outcome_take(&outcome, byte_list_at(frames, i));
        assert_int_equal(frame_decode(byte_list_at(frames, i), &rows, &frame), DECODE_OK);
        if (frame.more)
            continue;
        struct byte_list got = {0}, want = {0};
        struct outcome unused = {0};
        struct log fresh;
        log_make(&fresh, world, log->arrived[0].at[frame.next_offset - 1], 1, frame.closed_s);
        lines_of_log(&fresh, &want, &unused);
        outcome_lines(&outcome, frame.closed_s, &got);
        byte_list_sort(&got);
        assert_true(byte_list_equal(&got, &want));
        *checked += got.ends.count;
        log_release(&fresh);
        byte_list_release(&got);
        byte_list_release(&want);
    }
    frame_rows_release(&rows);
    outcome_release(&outcome);
}

static void after_every_epoch_closed_hours_are_what_the_events_so_far_say(void **state)
{
    (void)state;
    uint64_t checked = 0;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct random random = random_of(seed + 2000);
        struct world world = {0};
        struct byte_list frames = {0};
        struct log log;
        struct fold *fold = fold_new(0);
        world_make(&world, &random, (struct world_kind){.events = 50, .hours = 10, .late_s = 7 * HOUR_S});
        log_make(&log, &world, world.arrivals.count, 1, INT64_MAX);
        log_fold(&log, 0, fold, 0, &frames);
        check_closed_hours(&world, &log, &frames, &checked);
        fold_free(fold);
        byte_list_release(&frames);
        log_release(&log);
        world_release(&world);
    }
    assert_true(checked > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_of_arrival_repeats_and_partitions_change_no_line),
        cmocka_unit_test(a_restart_from_a_snapshot_after_any_epoch_makes_the_same_frames),
        cmocka_unit_test(a_snapshot_that_is_cut_or_longer_is_refused),
        cmocka_unit_test(after_every_epoch_closed_hours_are_what_the_events_so_far_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
