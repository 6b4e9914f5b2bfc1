/* What must hold of every story as it comes about live: events ahead of log time and behind it, repeats that
 * differ, stops that wait for their minute (story.h). */
#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"
#include "tests/property/life.h"
#include "tests/property/story.h"
#include "tests/support/test.h"

static const int64_t delay_us = 10 * (int64_t)SECOND_US;

/* --- the log --- */

/* The event again, with another content or another time. */
static struct record altered(struct record record, struct random *random)
{
    if (random_below(random, 2) > 0) {
        int64_t later_us = (int64_t)random_below(random, 2 * HOUR_S) * SECOND_US;
        record.time_us += later_us;
        record.since_us += later_us;
        return record;
    }
    if (record.kind == RECORD_LAUNCHED)
        record.quantity++;
    if (record.kind == RECORD_STORAGE_USED)
        record.bytes += INT64_C(7000000000);
    if (record.kind == RECORD_TOKENS)
        record.input_tokens += 1000;
    if (record.kind == RECORD_IMAGES) {
        record.images = record.succeeded ? 0 : 2;
        record.succeeded = !record.succeeded;
    }
    return record;
}

static int compare_arrivals(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    return (x->arrives_us > y->arrives_us) - (x->arrives_us < y->arrives_us);
}

/* A third of the events come again, and differ. No sign of life comes late: the invariant is of the next
 * close. */
static void repeat_and_differ(struct world *world, struct random *random)
{
    uint32_t count = world->arrivals.count;
    for (uint32_t i = 0; i < count; i++) {
        struct arrival again = world->arrivals.at[i];
        if (again.record.kind == RECORD_HEARTBEAT || random_below(random, 3) > 0)
            continue;
        again.record = altered(again.record, random);
        int64_t since_us = again.record.since_us;
        again.arrives_us = again.arrives_us > since_us ? again.arrives_us : since_us;
        again.arrives_us += (int64_t)random_below(random, 3 * HOUR_S) * SECOND_US;
        vec_push(&world->arrivals, again);
    }
    qsort(world->arrivals.at, world->arrivals.count, sizeof *world->arrivals.at, compare_arrivals);
}

static int64_t last_us(const struct world *world)
{
    return world->arrivals.at[world->arrivals.count - 1].arrives_us + 3 * HOUR_S * (int64_t)SECOND_US;
}

static void make(struct world *world, struct log *log, uint64_t seed, struct story_kind kind)
{
    struct random random = random_of(seed);
    kind.ahead = true;
    story_make(world, seed + 40000, kind);
    repeat_and_differ(world, &random);
    world->frame_rows = (int64_t)seed % 5;
    log_make_live(log, world, world->arrivals.count, last_us(world));
}

/* --- restarts --- */

static void restarts_change_no_byte(void **state)
{
    (void)state;
    uint64_t restarts = 0;
    for (uint64_t seed = 1; seed <= 24; seed++) {
        struct world world = {.horizon_us = seed % 2 > 0 ? 20 * HOUR_S * (int64_t)SECOND_US : 0};
        struct log log;
        make(&world, &log, seed, (struct story_kind){60, 96, 18, true, true});
        struct life first = {.log = &log, .fold = fold_new(0)};
        while (life_epoch(&first))
            ;
        for (uint32_t i = 0; i < first.snapshots.ends.count; i += 1 + (uint32_t)seed % 3, restarts++) {
            struct life other = life_from_snapshot(&log, byte_list_at(&first.snapshots, i));
            while (life_epoch(&other))
                ;
            assert_true(byte_list_is_rest(&first.frames, first.frames_at.at[i], &other.frames));
            assert_true(byte_list_is_rest(&first.snapshots, i + 1, &other.snapshots));
            life_release(&other);
        }
        life_release(&first);
        log_release(&log);
        world_release(&world);
    }
    print_message("# %llu restarts\n", (unsigned long long)restarts);
    assert_true(restarts > 1000);
}

/* --- what runs --- */

/* What the frames so far say of what runs; names lie in the frames. */
struct told {
    VEC(struct state_row) list;
};

static bool same_resource(const struct state_row *a, const struct state_row *b)
{
    return a->product == b->product && str_equal(a->account, b->account) &&
           str_equal(a->resource, b->resource);
}

static void told_take(struct told *told, const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->state_count; i++) {
        const struct state_row *row = &frame->states[i];
        uint32_t at = 0;
        while (at < told->list.count && !same_resource(&told->list.at[at], row))
            at++;
        if (at < told->list.count)
            vec_remove(&told->list, at, 1);
        if (row->state != RUN_GONE)
            vec_push(&told->list, *row);
    }
}

/* Every resource of `want` is the same in `got`: since and signs as known when it was said. */
static void expect_told(const struct told *got, const struct told *want)
{
    assert_int_equal(got->list.count, want->list.count);
    for (uint32_t i = 0; i < want->list.count; i++) {
        const struct state_row *x = &want->list.at[i], *y = got->list.at;
        while (y < got->list.at + got->list.count && !same_resource(x, y))
            y++;
        assert_true(y < got->list.at + got->list.count);
        assert_int_equal(x->state, y->state);
        assert_true(str_equal(x->sku, y->sku) && str_equal(x->order, y->order));
        assert_true(x->quantity == y->quantity);
    }
}

/* All that arrived, in one epoch at that log time. */
static void fold_at_once(const struct world *world, uint32_t count, int64_t now_us, struct byte_list *frames)
{
    struct world head = *world;
    struct log log;
    struct fold *fold = fold_new(0);
    VEC(struct arrival) arrivals = {0};
    for (uint32_t i = 0; i < count; i++) {
        vec_push(&arrivals, world->arrivals.at[i]);
        arrivals.at[i].arrives_us = now_us;
    }
    memcpy(&head.arrivals, &arrivals, sizeof head.arrivals);
    log_make_live(&log, &head, count, now_us);
    log_fold(&log, 0, fold, 0, frames);
    fold_free(fold);
    log_release(&log);
    vec_release(&arrivals);
}

static void told_take_all(struct told *told, const struct byte_list *frames, struct frame_rows *rows)
{
    for (uint32_t i = 0; i < frames->ends.count; i++) {
        struct frame frame;
        assert_int_equal(frame_decode(byte_list_at(frames, i), rows, &frame), DECODE_OK);
        told_take(told, &frame);
    }
}

static void what_was_told_is_what_runs_at_log_time(void **state)
{
    (void)state;
    uint64_t compared = 0, changes = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct world world = {0};
        struct log log;
        struct byte_list frames = {0};
        struct told got = {0};
        struct frame_rows rows = {0}, other_rows = {0};
        struct fold *fold = fold_new(0);
        make(&world, &log, seed + 500, (struct story_kind){80, 80, 60, true, true});
        log_fold(&log, 0, fold, 0, &frames);
        for (uint32_t i = 0; i < frames.ends.count; i++) {
            struct frame frame;
            struct told want = {0};
            struct byte_list at_once = {0};
            assert_int_equal(frame_decode(byte_list_at(&frames, i), &rows, &frame), DECODE_OK);
            changes += frame.state_count;
            told_take(&got, &frame);
            if (frame.more || log.arrived[0].at[frame.next_offset - 1] == 0)
                continue;
            fold_at_once(&world, log.arrived[0].at[frame.next_offset - 1], frame.watermark_us + delay_us,
                         &at_once);
            told_take_all(&want, &at_once, &other_rows);
            expect_told(&got, &want);
            compared += want.list.count;
            vec_release(&want.list);
            byte_list_release(&at_once);
        }
        vec_release(&got.list);
        frame_rows_release(&rows);
        frame_rows_release(&other_rows);
        fold_free(fold);
        byte_list_release(&frames);
        log_release(&log);
        world_release(&world);
    }
    print_message("# %llu states compared, %llu said\n", (unsigned long long)compared,
                  (unsigned long long)changes);
    assert_true(compared > 10000 && changes > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restarts_change_no_byte),
        cmocka_unit_test(what_was_told_is_what_runs_at_log_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
