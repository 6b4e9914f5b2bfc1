/* The fold of one resource: CONTRACT §2.1. Any order of arrival leaves the same levels. */
#include <stdio.h>

#include "aggregator/core/points.h"
#include "lib/base/slab.h"
#include "lib/base/time.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

enum { EVENTS = 9, SPAN = 12, ROUNDS = 5000 };

struct world {
    struct names names;
    struct slab ids;
    struct points points;
};

static void world_release(struct world *world)
{
    vec_release(&world->points.list);
    names_release(&world->names);
    slab_release(&world->ids);
}

static enum points_outcome add(struct world *world, const struct record *record)
{
    struct points_shared shared = {&world->names, &world->ids};
    return points_add(&world->points, &shared, record);
}

static struct record random_record(struct random *random, char id[8], int number)
{
    static const enum record_kind kinds[] = {RECORD_LAUNCHED, RECORD_RECONFIGURED, RECORD_STOPPED,
                                             RECORD_FAILED, RECORD_DELETED};
    snprintf(id, 8, "%d", number);
    int64_t time_us = random_below(random, SPAN) * (int64_t)SECOND_US + random_below(random, 2) * 500000;
    struct record record = {
        .kind = kinds[random_below(random, 5)],
        .account = STR("a"),
        .subject = STR("c"),
        .source = random_below(random, 2) ? STR("/x") : STR("/y"),
        .id = str_of(id),
        .time_us = time_us,
        .since_us = time_us,
    };
    if (record.kind == RECORD_LAUNCHED || record.kind == RECORD_RECONFIGURED) {
        record.sku = random_below(random, 2) ? STR("s") : STR("t");
        record.quantity = 1 + random_below(random, 3);
    }
    if (record.kind == RECORD_FAILED)
        record.since_us = (int64_t)random_below(random, (uint32_t)(time_us / SECOND_US) + 1) * SECOND_US;
    if (record.since_us > time_us)
        record.since_us = time_us;
    return record;
}

static void shuffle(struct random *random, struct record records[EVENTS])
{
    for (int i = EVENTS - 1; i > 0; i--) {
        int j = (int)random_below(random, (uint32_t)i + 1);
        struct record kept = records[i];
        records[i] = records[j];
        records[j] = kept;
    }
}

/* What meets no level could as well not have come. */
static uint32_t leave_out(const struct world *all, const struct record records[EVENTS], int left_out)
{
    struct world others = {0};
    if (points_meets_level(&all->points, &all->names, &records[left_out]))
        return 0;
    names_init(&others.names);
    for (int i = 0; i < EVENTS; i++)
        if (i != left_out)
            add(&others, &records[i]);
    for (int64_t s = 0; s <= SPAN; s++)
        assert_true(points_level(&others.points, s).quantity == points_level(&all->points, s).quantity);
    world_release(&others);
    return 1;
}

static void a_change_that_meets_nothing_running_changes_no_level(void **state)
{
    (void)state;
    struct random random = random_of(7);
    uint32_t idle = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct record records[EVENTS];
        char ids[EVENTS][8];
        struct world world = {0};
        names_init(&world.names);
        for (int i = 0; i < EVENTS; i++) {
            records[i] = random_record(&random, ids[i], i);
            add(&world, &records[i]);
        }
        for (int i = 0; i < EVENTS; i++)
            idle += leave_out(&world, records, i);
        world_release(&world);
    }
    assert_true(idle > ROUNDS);
}

static void a_stop_meets_what_runs_until_it(void **state)
{
    (void)state;
    struct world world = {0};
    names_init(&world.names);
    struct record launch = {.kind = RECORD_LAUNCHED,
                            .source = STR("/s"),
                            .id = STR("1"),
                            .sku = STR("k"),
                            .quantity = 1,
                            .time_us = 5,
                            .since_us = 5};
    struct record stop = {
        .kind = RECORD_STOPPED, .source = STR("/s"), .id = STR("2"), .time_us = 9, .since_us = 9};
    struct record again = stop;
    again.id = STR("3");
    add(&world, &launch);
    add(&world, &stop);
    add(&world, &again);
    assert_true(points_meets_level(&world.points, &world.names, &stop));
    assert_false(points_meets_level(&world.points, &world.names, &again));
    struct record change = launch; /* of the microsecond of a stop, which comes first */
    change.kind = RECORD_RECONFIGURED;
    change.id = STR("4");
    change.time_us = change.since_us = stop.time_us;
    add(&world, &change);
    assert_false(points_meets_level(&world.points, &world.names, &change));
    again.time_us = again.since_us = 7;
    assert_true(points_meets_level(&world.points, &world.names, &again)); /* not known */
    world_release(&world);
}

/* What was counted comes to what is so in the end, however often it was otherwise in between. */
static void expect_idle(const struct world *world, const struct record records[EVENTS],
                        const struct points_effects *effects)
{
    uint64_t idle = 0;
    for (int i = 0; i < EVENTS; i++)
        idle += !points_meets_level(&world->points, &world->names, &records[i]);
    assert_int_equal(effects->lost - effects->found, idle);
}

static void the_order_of_arrival_changes_no_level_and_no_count_of_what_is_without_effect(void **state)
{
    (void)state;
    struct random random = random_of(6);
    uint64_t regained = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct record records[EVENTS];
        char ids[EVENTS][8];
        for (int i = 0; i < EVENTS; i++)
            records[i] = random_record(&random, ids[i], i);
        struct world first = {0}, second = {0};
        names_init(&first.names);
        names_init(&second.names);
        for (int i = 0; i < EVENTS; i++)
            add(&first, &records[i]);
        shuffle(&random, records);
        struct points_shared shared = {&second.names, &second.ids};
        struct points_effects effects = {0};
        for (int i = 0; i < EVENTS; i++) {
            assert_int_equal(points_put(&second.points, &shared, &records[i]), POINTS_ADDED);
            assert_int_equal(points_put(&second.points, &shared, &records[i]), POINTS_REPEATED);
            if (i + 1 == EVENTS || random_below(&random, 3) == 0)
                points_refresh(&second.points, &second.names, &effects);
        }
        for (int s = 0; s < SPAN; s++) {
            struct level a = points_level(&first.points, s), b = points_level(&second.points, s);
            assert_true(a.quantity == b.quantity);
            assert_true(str_equal(names_get(&first.names, a.sku), names_get(&second.names, b.sku)));
        }
        expect_idle(&first, records, &effects);
        expect_idle(&second, records, &effects);
        regained += effects.found;
        world_release(&first);
        world_release(&second);
    }
    assert_true(regained > ROUNDS / 2);
}

static struct record event(enum record_kind kind, double second, const char *id)
{
    int64_t time_us = (int64_t)(second * SECOND_US);
    return (struct record){.kind = kind,
                           .account = STR("a"),
                           .subject = STR("c"),
                           .source = STR("/"),
                           .id = str_of(id),
                           .time_us = time_us,
                           .since_us = time_us,
                           .quantity = 1,
                           .sku = kind == RECORD_LAUNCHED ? STR("s") : STR("")};
}

static uint64_t seconds_running(struct world *world, int64_t to_s)
{
    struct timeline out = {0};
    points_fold(&world->points, 0, to_s, &out);
    uint64_t seconds = 0;
    for (uint32_t i = 0; i < out.steps.count; i++)
        seconds += (uint64_t)(out.steps.at[i].to_s - out.steps.at[i].from_s);
    vec_release(&out.steps);
    return seconds;
}

static void a_launch_across_one_second_boundary_is_one_second(void **state)
{
    (void)state;
    struct world world = {0};
    names_init(&world.names);
    struct record launched = event(RECORD_LAUNCHED, 10.9, "1"), stopped = event(RECORD_STOPPED, 11.1, "2");
    add(&world, &launched);
    add(&world, &stopped);
    assert_int_equal(seconds_running(&world, 100), 1);
    world_release(&world);
}

static void launched_and_stopped_inside_one_second_is_none(void **state)
{
    (void)state;
    struct world world = {0};
    names_init(&world.names);
    struct record stopped = event(RECORD_STOPPED, 10.5, "2"), launched = event(RECORD_LAUNCHED, 10.1, "1");
    add(&world, &stopped);
    add(&world, &launched);
    assert_int_equal(seconds_running(&world, 100), 0);
    world_release(&world);
}

static void a_failure_stands_at_since_and_at_time(void **state)
{
    (void)state;
    struct world world = {0};
    names_init(&world.names);
    struct record launched = event(RECORD_LAUNCHED, 0, "1"), again = event(RECORD_LAUNCHED, 30, "2");
    struct record failed = event(RECORD_FAILED, 40, "3");
    failed.since_us = 20 * (int64_t)SECOND_US;
    add(&world, &failed);
    add(&world, &launched);
    add(&world, &again);
    assert_int_equal(seconds_running(&world, 100), 30);
    assert_int_equal(points_last_stop(&world.points, 0, 100), 20);
    world_release(&world);
}

static void forgetting_keeps_the_level_that_was_left(void **state)
{
    (void)state;
    struct world world = {0};
    names_init(&world.names);
    struct record launched = event(RECORD_LAUNCHED, 5, "1"), stopped = event(RECORD_STOPPED, 50, "2");
    add(&world, &launched);
    add(&world, &stopped);
    struct points_shared shared = {&world.names, &world.ids};
    points_forget(&world.points, &shared, 20);
    assert_int_equal(world.points.list.count, 1);
    assert_int_equal((uint64_t)points_level(&world.points, 30).quantity, 1);
    assert_int_equal((uint64_t)points_level(&world.points, 50).quantity, 0);
    world_release(&world);
}

/* Folded in one by one, late ones cost the square of what follows them: a minute, and the test its time. */
static void late_events_are_folded_in_together(void **state)
{
    (void)state;
    enum { MANY = 40000 };
    struct world together = {0}, alone = {0};
    struct points_shared shared = {&together.names, &together.ids};
    struct record record = {
        .kind = RECORD_LAUNCHED, .source = STR("/x"), .sku = STR("s"), .quantity = 1, .id = STR("launch")};
    names_init(&together.names);
    names_init(&alone.names);
    add(&together, &record);
    add(&alone, &record);
    record.kind = RECORD_RECONFIGURED;
    for (int i = 0; i < 2 * MANY; i++) {
        char id[8];
        snprintf(id, sizeof id, "%d", i);
        record.id = str_of(id);
        record.time_us = record.since_us = i < MANY ? SECOND_US + i : 1 + i / 2;
        record.order = i < MANY ? STR("o") : STR("");
        record.sku = STR("");
        record.quantity = i < MANY ? 0 : 1 + i % 3;
        assert_int_equal(points_put(&together.points, &shared, &record), POINTS_ADDED);
        if (i % MANY == MANY - 1)
            add(&alone, &record);
    }
    struct points_effects effects = {0};
    points_refresh(&together.points, &together.names, &effects);
    struct level got = points_level(&together.points, 2), want = points_level(&alone.points, 2);
    assert_true(got.quantity == want.quantity && got.quantity == 1 + (2 * MANY - 1) % 3);
    assert_true(str_equal(names_get(&together.names, got.order), STR("o")));
    assert_int_equal(points_level(&together.points, 0).order, 0);
    world_release(&together);
    world_release(&alone);
}

/* Both kinds set the bytes outright: the last in order holds, and none folds its microsecond (of many, that
 * is the test's time too). */
static void of_reports_of_one_microsecond_the_last_holds(void **state)
{
    (void)state;
    enum { MANY = 70000 };
    struct world world = {0};
    names_init(&world.names);
    for (int i = 0; i < MANY; i++) {
        char id[8];
        snprintf(id, sizeof id, "%05d", i);
        struct record record = {.kind = RECORD_STORAGE_USED,
                                .source = STR("/x"),
                                .id = str_of(id),
                                .bytes = i,
                                .time_us = SECOND_US,
                                .since_us = SECOND_US};
        assert_int_equal(add(&world, &record), POINTS_ADDED);
        assert_true(points_level(&world.points, 1).quantity == (unsigned)i);
    }
    struct record deleted = event(RECORD_STORAGE_DELETED, 1, "0");
    add(&world, &deleted);
    assert_true(points_level(&world.points, 1).quantity == 0);
    world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_arrival_changes_no_level_and_no_count_of_what_is_without_effect),
        cmocka_unit_test(a_change_that_meets_nothing_running_changes_no_level),
        cmocka_unit_test(a_stop_meets_what_runs_until_it),
        cmocka_unit_test(a_launch_across_one_second_boundary_is_one_second),
        cmocka_unit_test(launched_and_stopped_inside_one_second_is_none),
        cmocka_unit_test(a_failure_stands_at_since_and_at_time),
        cmocka_unit_test(forgetting_keeps_the_level_that_was_left),
        cmocka_unit_test(late_events_are_folded_in_together),
        cmocka_unit_test(of_reports_of_one_microsecond_the_last_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
