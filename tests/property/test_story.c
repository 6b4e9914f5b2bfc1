/* What must hold of every story (story.h), epoch by epoch. Each property also asserts that it was put to the
 * test: a run that corrects nothing proves nothing. */
#include "collectors/core/simulate.h"
#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"
#include "tests/property/life.h"
#include "tests/property/story.h"
#include "tests/support/test.h"

static const int64_t far_s = INT64_C(4000000000);

/* What is left behind the last epoch, and every hour up to TIME. */
static void finish(const struct log *log, struct fold *fold, struct byte_list *frames)
{
    fold_close_epoch(fold);
    log_say(fold, frames);
    fold_finish(fold, log->until_s);
    log_say(fold, frames);
}

static void add_counts(struct outcome *sum, const struct outcome *more)
{
    sum->corrections += more->corrections;
    sum->far_corrections += more->far_corrections;
    sum->late_voids += more->late_voids;
    sum->silences += more->silences;
}

static void expect_counts(const struct outcome *counts, uint64_t least)
{
    print_message("# %llu corrections, %llu more than 48 hours back, %llu late voids, %llu silences\n",
                  (unsigned long long)counts->corrections, (unsigned long long)counts->far_corrections,
                  (unsigned long long)counts->late_voids, (unsigned long long)counts->silences);
    assert_true(counts->corrections > least);
    assert_true(counts->far_corrections > least / 40);
    assert_true(counts->late_voids > 50);
    assert_true(counts->silences > 50);
}

static void lines_of(const struct world *world, uint32_t partitions, int64_t until_s, struct byte_list *lines,
                     struct outcome *counts)
{
    struct log log;
    log_make(&log, world, world->arrivals.count, partitions, until_s);
    for (uint32_t p = 0; p < partitions; p++) {
        struct byte_list frames = {0};
        struct outcome outcome;
        struct fold *fold = fold_new(p);
        log_fold(&log, p, fold, 0, &frames);
        finish(&log, fold, &frames);
        outcome_init(&outcome);
        for (uint32_t i = 0; i < frames.ends.count; i++)
            outcome_take(&outcome, byte_list_at(&frames, i));
        outcome_lines(&outcome, far_s, lines);
        add_counts(counts, &outcome);
        outcome_release(&outcome);
        fold_free(fold);
        byte_list_release(&frames);
    }
    byte_list_sort(lines);
    log_release(&log);
}

static int compare_times(const void *a, const void *b)
{
    const struct record *x = &((const struct arrival *)a)->record, *y = &((const struct arrival *)b)->record;
    if (x->since_us != y->since_us)
        return x->since_us < y->since_us ? -1 : 1;
    return str_compare(x->id, y->id);
}

/* In the middle of the story, most often inside an hour; or not given. */
static int64_t choose_until(const struct world *world, struct random *random)
{
    if (random_below(random, 2) == 0)
        return INT64_MAX;
    int64_t time_us = world->arrivals.at[world->arrivals.count / 2].record.time_us;
    return time_second(time_us) + random_below(random, 2 * HOUR_S);
}

static void order_repeats_and_partitions_change_no_line_of_any_time(void **state)
{
    (void)state;
    struct outcome counts = {0};
    uint64_t lines = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct random random = random_of(seed);
        struct world world = {0};
        struct byte_list sorted = {0}, told = {0}, shuffled = {0};
        story_make(&world, seed, (struct story_kind){150, 96, 90, true, false});
        int64_t until_s = choose_until(&world, &random);
        lines_of(&world, 1, until_s, &told, &counts);
        world_repeat(&world, &random);
        world_shuffle(&world, &random);
        lines_of(&world, 4, until_s, &shuffled, &counts);
        qsort(world.arrivals.at, world.arrivals.count, sizeof *world.arrivals.at, compare_times);
        lines_of(&world, 1, until_s, &sorted, &counts);
        lines += sorted.ends.count;
        assert_true(byte_list_equal(&sorted, &told));
        assert_true(byte_list_equal(&sorted, &shuffled));
        byte_list_release(&sorted);
        byte_list_release(&told);
        byte_list_release(&shuffled);
        world_release(&world);
    }
    assert_true(lines > 10000);
    expect_counts(&counts, 10000);
}

/* --- restarts --- */

static void a_snapshot_after_any_epoch_leads_to_the_same_frames_and_snapshots(void **state)
{
    (void)state;
    uint64_t restarts = 0;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        struct world world = {0};
        struct log log;
        bool forgetful = seed % 2 > 0;
        story_make(&world, seed + 3000,
                   (struct story_kind){90, forgetful ? 160 : 72, forgetful ? 20 : 60, true, false});
        world.horizon_us = forgetful ? 20 * HOUR_S * (int64_t)SECOND_US : 0;
        world.frame_rows = (int64_t)seed % 5;
        log_make(&log, &world, world.arrivals.count, 1, INT64_MAX);
        struct life first = {.log = &log, .fold = fold_new(0)}, again = {.log = &log, .fold = fold_new(0)};
        while (life_epoch(&first))
            ;
        while (life_epoch(&again))
            ;
        assert_true(byte_list_is_rest(&first.frames, 0, &again.frames));
        assert_true(byte_list_is_rest(&first.snapshots, 0, &again.snapshots));
        for (uint32_t i = 0; i < first.snapshots.ends.count; i++, restarts++) {
            struct life other = life_from_snapshot(&log, byte_list_at(&first.snapshots, i));
            while (life_epoch(&other))
                ;
            assert_true(byte_list_is_rest(&first.frames, first.frames_at.at[i], &other.frames));
            assert_true(byte_list_is_rest(&first.snapshots, i + 1, &other.snapshots));
            life_release(&other);
        }
        life_release(&first);
        life_release(&again);
        log_release(&log);
        world_release(&world);
    }
    print_message("# %llu restarts\n", (unsigned long long)restarts);
    assert_true(restarts > 1000);
}

/* --- settling --- */

/* Of each line and hour, its changes so far. */
struct sums {
    VEC(struct amount) list;
};

static void check_sums(const struct settlement *settlement, struct sums *sums)
{
    const struct book *book = &settlement->book;
    while (sums->list.count < book->hours.count)
        vec_push(&sums->list, amount_zero());
    for (uint32_t i = 0; i < settlement->rows.count; i++) {
        const struct settled_row *row = &settlement->rows.at[i];
        struct amount *sum = &sums->list.at[row->hour];
        *sum = amount_add(sum, &row->change);
        assert_true(amount_equal(sum, &book->hours.at[row->hour].settled.total));
    }
}

static void expect_same_rows(const struct settlement *a, const struct settlement *b)
{
    assert_int_equal(a->rows.count, b->rows.count);
    for (uint32_t i = 0; i < a->rows.count; i++) {
        const struct settled_row *x = &a->rows.at[i], *y = &b->rows.at[i];
        const struct line_hour *of_x = &a->book.hours.at[x->hour], *of_y = &b->book.hours.at[y->hour];
        assert_true(of_x->hour_s == of_y->hour_s && of_x->line == of_y->line);
        assert_true(of_x->settled.exists == of_y->settled.exists);
        assert_true(of_x->settled.priced == of_y->settled.priced);
        assert_true(of_x->settled.units == of_y->settled.units);
        assert_true(amount_equal(&x->change, &y->change));
    }
}

/* Settles a frame from bytes that are gone when this returns. */
static void take_and_wipe(struct outcome *outcome, struct str frame)
{
    char *copy = malloc(frame.size);
    assert_non_null(copy);
    memcpy(copy, frame.at, frame.size);
    outcome_take(outcome, (struct str){copy, frame.size});
    memset(copy, 0xAA, frame.size);
    free(copy);
}

static void rows_add_up_and_need_no_frame_that_was_settled(void **state)
{
    (void)state;
    struct outcome counts = {0};
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct world world = {0};
        struct log log;
        struct byte_list frames = {0};
        struct sums sums = {0};
        struct outcome kept, wiped;
        struct fold *fold = fold_new(0);
        story_make(&world, seed + 5000, (struct story_kind){150, 96, 90, true, false});
        log_make(&log, &world, world.arrivals.count, 1, INT64_MAX);
        log_fold(&log, 0, fold, 0, &frames);
        finish(&log, fold, &frames);
        outcome_init(&kept);
        outcome_init(&wiped);
        for (uint32_t i = 0; i < frames.ends.count; i++) {
            outcome_take(&kept, byte_list_at(&frames, i));
            take_and_wipe(&wiped, byte_list_at(&frames, i));
            expect_same_rows(&kept.settlement, &wiped.settlement);
            check_sums(&kept.settlement, &sums);
        }
        add_counts(&counts, &kept);
        vec_release(&sums.list);
        outcome_release(&kept);
        outcome_release(&wiped);
        fold_free(fold);
        byte_list_release(&frames);
        log_release(&log);
        world_release(&world);
    }
    expect_counts(&counts, 5000);
}

/* --- closed hours --- */

/* The log of the events that have arrived, judged at the frame's close. Orders alone are judged at once: by
 * all their events that are here, and void_after by the watermark. */
static void log_of_arrived(struct log *log, const struct world *world, uint32_t count,
                           const struct frame *frame)
{
    struct batch later = {0};
    struct packer bytes = {0};
    log_make(log, world, count, 1, frame->closed_s);
    for (uint32_t i = 0; i < count; i++) {
        const struct record *record = &world->arrivals.at[i].record;
        if (record->kind >= RECORD_ORDER_PAID && time_second(record->time_us) >= frame->closed_s)
            batch_add(&later, record);
    }
    struct message message = {.clock_us = frame->watermark_us + rules_of(1, INT64_MAX, INT64_MAX).delay_us,
                              .feed = STR("test"),
                              .records = later.records.at,
                              .record_count = later.records.count};
    usage_encode(&message, &bytes);
    byte_list_add(&log->messages[0], &bytes);
    vec_release(&bytes.bytes);
    batch_release(&later);
}

static void lines_of_arrived(const struct world *world, uint32_t count, const struct frame *frame,
                             struct byte_list *lines)
{
    struct log log;
    struct byte_list frames = {0};
    struct outcome outcome;
    struct fold *fold = fold_new(0);
    log_of_arrived(&log, world, count, frame);
    log_fold(&log, 0, fold, 0, &frames);
    fold_close_epoch(fold);
    log_say(fold, &frames);
    outcome_init(&outcome);
    for (uint32_t i = 0; i < frames.ends.count; i++)
        outcome_take(&outcome, byte_list_at(&frames, i));
    outcome_lines(&outcome, frame->closed_s, lines);
    byte_list_sort(lines);
    outcome_release(&outcome);
    fold_free(fold);
    byte_list_release(&frames);
    log_release(&log);
}

static void print_missing(const struct byte_list *from, const struct byte_list *in, const char *word)
{
    for (uint32_t i = 0; i < from->ends.count; i++) {
        struct str line = byte_list_at(from, i);
        bool found = false;
        for (uint32_t j = 0; j < in->ends.count && !found; j++)
            found = str_equal(line, byte_list_at(in, j));
        if (!found)
            print_message("# %s %.*s", word, STR_ARG(line));
    }
}

static void expect_lines(const struct byte_list *got, const struct byte_list *want, uint64_t seed,
                         const struct frame *frame)
{
    if (byte_list_equal(got, want))
        return;
    char closed[TIME_TEXT_SIZE];
    time_print(frame->closed_s, closed);
    print_message("# story %llu, frame %llu, closed %s\n", (unsigned long long)seed,
                  (unsigned long long)frame->seq, closed);
    print_missing(got, want, "got");
    print_missing(want, got, "want");
    fail();
}

static uint64_t check_story(uint64_t seed, struct outcome *counts)
{
    struct world world = {0};
    struct log log;
    struct byte_list frames = {0};
    struct outcome outcome;
    struct random random = random_of(seed);
    struct frame_rows rows = {0};
    struct fold *fold = fold_new(0);
    uint64_t lines = 0;
    bool live = seed % 4 == 1;
    story_make(&world, seed, (struct story_kind){80, 80, 90, false, live});
    world_repeat(&world, &random);
    world.frame_rows = (int64_t)seed % 6;
    if (live)
        log_make_live(&log, &world, world.arrivals.count,
                      world.arrivals.at[world.arrivals.count - 1].arrives_us +
                          3 * HOUR_S * (int64_t)SECOND_US);
    else
        log_make(&log, &world, world.arrivals.count, 1, INT64_MAX);
    log_fold(&log, 0, fold, 0, &frames);
    outcome_init(&outcome);
    for (uint32_t i = 0; i < frames.ends.count; i++) {
        struct frame frame;
        struct byte_list got = {0}, want = {0};
        outcome_take(&outcome, byte_list_at(&frames, i));
        assert_int_equal(frame_decode(byte_list_at(&frames, i), &rows, &frame), DECODE_OK);
        if (frame.more || log.arrived[0].at[frame.next_offset - 1] == 0)
            continue;
        lines_of_arrived(&world, log.arrived[0].at[frame.next_offset - 1], &frame, &want);
        outcome_lines(&outcome, frame.closed_s, &got);
        byte_list_sort(&got);
        expect_lines(&got, &want, seed, &frame);
        lines += got.ends.count;
        byte_list_release(&got);
        byte_list_release(&want);
    }
    add_counts(counts, &outcome);
    frame_rows_release(&rows);
    outcome_release(&outcome);
    fold_free(fold);
    byte_list_release(&frames);
    log_release(&log);
    world_release(&world);
    return lines;
}

static void closed_hours_are_what_has_arrived_though_late_and_twice(void **state)
{
    (void)state;
    struct outcome counts = {0};
    uint64_t lines = 0;
    for (uint64_t seed = 10001; seed <= 10400; seed++)
        lines += check_story(seed, &counts);
    assert_true(lines > 100000);
    expect_counts(&counts, 1000);
}

/* --- forgetting --- */

/* The story's lines; the size of the state that is left, and how many records were refused. */
static size_t live_story(const struct world *world, struct byte_list *lines, struct outcome *counts,
                         uint64_t *refused)
{
    struct log log;
    struct byte_list frames = {0};
    struct packer snapshot = {0};
    struct outcome outcome;
    struct frame_rows rows = {0};
    struct frame frame;
    struct fold *fold = fold_new(0);
    log_make(&log, world, world->arrivals.count, 1, INT64_MAX);
    log_fold(&log, 0, fold, 0, &frames);
    outcome_init(&outcome);
    for (uint32_t i = 0; i < frames.ends.count; i++) {
        outcome_take(&outcome, byte_list_at(&frames, i));
        assert_int_equal(frame_decode(byte_list_at(&frames, i), &rows, &frame), DECODE_OK);
        *refused += frame.counters.records_rejected;
    }
    outcome_lines(&outcome, far_s, lines);
    add_counts(counts, &outcome);
    fold_snapshot(fold, &snapshot);
    size_t size = snapshot.bytes.count;
    frame_rows_release(&rows);
    outcome_release(&outcome);
    fold_free(fold);
    vec_release(&snapshot.bytes);
    byte_list_release(&frames);
    log_release(&log);
    return size;
}

/* All first news come within the horizon; some repeats come after it. */
static void forgetting_what_is_too_late_changes_no_line(void **state)
{
    (void)state;
    struct outcome counts = {0};
    uint64_t refused = 0, refused_without_end = 0;
    size_t forgetful = 0, mindful = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct random random = random_of(seed);
        struct world world = {0};
        struct byte_list with = {0}, without = {0};
        int late_hours = seed % 2 > 0 ? 4 : 20;
        story_make(&world, seed + 20000, (struct story_kind){120, 24 * 10, late_hours, true, false});
        world_repeat(&world, &random);
        mindful += live_story(&world, &without, &counts, &refused_without_end);
        world.horizon_us = late_hours * HOUR_S * (int64_t)SECOND_US;
        forgetful += live_story(&world, &with, &counts, &refused);
        print_missing(&with, &without, "got");
        print_missing(&without, &with, "want");
        assert_true(byte_list_equal(&with, &without));
        byte_list_release(&with);
        byte_list_release(&without);
        world_release(&world);
    }
    print_message("# %zu bytes of state, %zu where nothing is forgotten\n", forgetful, mindful);
    assert_true(forgetful < mindful * 2 / 3); /* catalogs stay */
    assert_true(refused > 100 && refused_without_end == 0);
    expect_counts(&counts, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_repeats_and_partitions_change_no_line_of_any_time),
        cmocka_unit_test(a_snapshot_after_any_epoch_leads_to_the_same_frames_and_snapshots),
        cmocka_unit_test(rows_add_up_and_need_no_frame_that_was_settled),
        cmocka_unit_test(closed_hours_are_what_has_arrived_though_late_and_twice),
        cmocka_unit_test(forgetting_what_is_too_late_changes_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
