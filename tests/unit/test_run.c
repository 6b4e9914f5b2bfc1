/* What runs, as frames say it (CONTRACT §7): a function of the levels and log time, said where it changes. */
#include "lib/base/time.h"
#include "tests/support/driver.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

enum { LIVENESS_S = 90 };

static const int64_t hour_s = DRIVER_BEGIN_S;

static const char catalog[] =
    "currency: USD\nproducts:\n"
    "  container: {settle: hourly, skus: {k: {payg: {price: '1', per: hour}}}}\n"
    "  node: {settle: hourly, liveness: 90, skus: {k: {payg: {price: '1', per: hour}}}}\n";

static void begin(struct driver *driver)
{
    driver_begin(driver, 0, catalog,
                 rules_of(1, 35 * DAY_S * (int64_t)SECOND_US, DAY_S * (int64_t)SECOND_US));
}

static void send(struct driver *driver, int64_t clock_s, struct record record)
{
    assert_true(driver_send(driver, clock_s, &record, 1));
}

static struct record about(struct driver *driver, enum product product, enum record_kind kind, int64_t time_s)
{
    struct record record = driver_record(driver, kind, time_s);
    record.product = product;
    return record;
}

static void expect(const struct driver *driver, enum run_state state, int64_t since_s, int64_t sign_s)
{
    const struct state_row *row = driver_state(driver);
    assert_non_null(row);
    assert_int_equal(row->state, state);
    assert_true(row->since_s == since_s && row->sign_s == sign_s);
    assert_true(state == RUN_GONE || (str_equal(row->sku, STR("k")) && row->quantity > 0));
}

static void a_state_is_said_in_the_epoch_of_its_event_and_once(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    send(&driver, hour_s + 10, driver_record(&driver, RECORD_LAUNCHED, hour_s + 3));
    expect(&driver, RUN_RUNNING, hour_s + 3, INT64_MIN);
    driver_tick(&driver, hour_s + 20);
    assert_null(driver_state(&driver));
    send(&driver, hour_s + 30, driver_record(&driver, RECORD_STOPPED, hour_s + 25));
    expect(&driver, RUN_STOPPED, hour_s + 25, INT64_MIN);
    send(&driver, hour_s + 40, driver_record(&driver, RECORD_FAILED, hour_s + 35));
    assert_null(driver_state(&driver)); /* it did not run */
    send(&driver, hour_s + 50, driver_record(&driver, RECORD_DELETED, hour_s + 45));
    expect(&driver, RUN_DELETED, hour_s + 45, INT64_MIN);
    send(&driver, hour_s + 60, driver_record(&driver, RECORD_STOPPED, hour_s + 55));
    assert_null(driver_state(&driver));
    send(&driver, hour_s + 70, driver_record(&driver, RECORD_LAUNCHED, hour_s + 65));
    expect(&driver, RUN_RUNNING, hour_s + 65, INT64_MIN);
    driver_release(&driver);
}

static void what_it_runs_with_is_part_of_it(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    send(&driver, hour_s + 10, driver_record(&driver, RECORD_LAUNCHED, hour_s + 3));
    struct record more = driver_record(&driver, RECORD_RECONFIGURED, hour_s + 12);
    more.quantity = 5;
    more.order = STR("o");
    send(&driver, hour_s + 20, more);
    expect(&driver, RUN_RUNNING, hour_s + 12, INT64_MIN);
    assert_true(driver_state(&driver)->quantity == 5);
    assert_true(str_equal(driver_state(&driver)->order, STR("o")));
    more = driver_record(&driver, RECORD_RECONFIGURED, hour_s + 22);
    more.quantity = 5;
    send(&driver, hour_s + 30, more);
    assert_null(driver_state(&driver));
    send(&driver, hour_s + 40, driver_record(&driver, RECORD_STOPPED, hour_s + 32));
    expect(&driver, RUN_STOPPED, hour_s + 32, INT64_MIN);
    assert_true(driver_state(&driver)->quantity == 5);
    driver_release(&driver);
}

static void an_event_timed_ahead_is_said_when_log_time_has_reached_it(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    send(&driver, hour_s + 10, driver_record(&driver, RECORD_LAUNCHED, hour_s + 100));
    assert_null(driver_state(&driver));
    driver_restart(&driver);
    driver_tick(&driver, hour_s + 99);
    assert_null(driver_state(&driver));
    driver_tick(&driver, hour_s + 105);
    expect(&driver, RUN_RUNNING, hour_s + 100, INT64_MIN);
    driver_release(&driver);
}

static void a_launch_and_a_stop_of_one_microsecond_ran_with_something(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    const struct record records[] = {driver_record(&driver, RECORD_LAUNCHED, hour_s + 5),
                                     driver_record(&driver, RECORD_STOPPED, hour_s + 5)};
    driver_send(&driver, hour_s + 10, records, 2);
    expect(&driver, RUN_STOPPED, hour_s + 5, INT64_MIN);
    driver_release(&driver);
}

static void what_falls_silent_is_said_within_a_minute_and_a_sign_resumes_it(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    send(&driver, hour_s + 10, about(&driver, PRODUCT_NODE, RECORD_LAUNCHED, hour_s + 5));
    expect(&driver, RUN_RUNNING, hour_s + 5, hour_s + 5);
    send(&driver, hour_s + 60, about(&driver, PRODUCT_NODE, RECORD_HEARTBEAT, hour_s + 58));
    assert_null(driver_state(&driver)); /* a sign alone says nothing */
    driver_restart(&driver);
    driver_tick(&driver, hour_s + 58 + LIVENESS_S + 10);
    assert_null(driver_state(&driver));
    driver_tick(&driver, hour_s + 180); /* the minute after that of the last sign + liveness */
    expect(&driver, RUN_SILENT, hour_s + 58, hour_s + 58);
    driver_restart(&driver);
    send(&driver, hour_s + 190, about(&driver, PRODUCT_NODE, RECORD_HEARTBEAT, hour_s + 188));
    expect(&driver, RUN_RUNNING, hour_s + 5, hour_s + 188);
    driver_tick(&driver, hour_s + 300);
    expect(&driver, RUN_SILENT, hour_s + 188, hour_s + 188);
    driver_release(&driver);
}

static void what_ended_goes_when_the_horizon_is_past(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    const struct record records[] = {driver_record(&driver, RECORD_LAUNCHED, hour_s + 1),
                                     driver_record(&driver, RECORD_STOPPED, hour_s + 2)};
    driver_send(&driver, hour_s + 10, records, 2);
    for (int day = 1; day <= 35; day++) {
        driver_tick(&driver, hour_s + day * (int64_t)DAY_S);
        assert_null(driver_state(&driver));
    }
    uint32_t gone = 0;
    for (int half = 71; half <= 80; half++) {
        driver_tick(&driver, hour_s + half * (int64_t)DAY_S / 2);
        if (half == 73)
            driver_restart(&driver);
        if (driver_state(&driver) != NULL)
            expect(&driver, RUN_GONE, 0, INT64_MIN), gone++;
    }
    assert_int_equal(gone, 1);
    driver_release(&driver);
}

static void what_runs_stays_however_long(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    send(&driver, hour_s + 10, driver_record(&driver, RECORD_LAUNCHED, hour_s + 1));
    for (int day = 1; day <= 40; day++) {
        driver_tick(&driver, hour_s + day * (int64_t)DAY_S);
        assert_null(driver_state(&driver));
    }
    send(&driver, hour_s + 41 * (int64_t)DAY_S,
         driver_record(&driver, RECORD_STOPPED, hour_s + 41 * (int64_t)DAY_S - 3));
    expect(&driver, RUN_STOPPED, hour_s + 41 * (int64_t)DAY_S - 3, INT64_MIN);
    driver_release(&driver);
}

static void a_stop_that_a_later_event_puts_earlier_or_later_is_said_again(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    const struct record records[] = {driver_record(&driver, RECORD_LAUNCHED, hour_s + 3),
                                     driver_record(&driver, RECORD_STOPPED, hour_s + 25)};
    driver_send(&driver, hour_s + 30, records, 2);
    expect(&driver, RUN_STOPPED, hour_s + 25, INT64_MIN);
    send(&driver, hour_s + 40, driver_record(&driver, RECORD_STOPPED, hour_s + 20));
    expect(&driver, RUN_STOPPED, hour_s + 20, INT64_MIN);
    driver_restart(&driver);
    send(&driver, hour_s + 50, driver_record(&driver, RECORD_STOPPED, hour_s + 33));
    assert_null(driver_state(&driver)); /* it did not run then */
    send(&driver, hour_s + 60, driver_record(&driver, RECORD_LAUNCHED, hour_s + 22));
    expect(&driver, RUN_STOPPED, hour_s + 25, INT64_MIN);
    send(&driver, hour_s + 70, driver_record(&driver, RECORD_LAUNCHED, hour_s + 30));
    expect(&driver, RUN_STOPPED, hour_s + 33, INT64_MIN);
    driver_release(&driver);
}

static void a_launch_that_turns_out_to_be_earlier_is_said_again(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    send(&driver, hour_s + 20, driver_record(&driver, RECORD_LAUNCHED, hour_s + 13));
    expect(&driver, RUN_RUNNING, hour_s + 13, INT64_MIN);
    send(&driver, hour_s + 30, driver_record(&driver, RECORD_LAUNCHED, hour_s + 5));
    expect(&driver, RUN_RUNNING, hour_s + 5, INT64_MIN);
    const struct record records[] = {driver_record(&driver, RECORD_STOPPED, hour_s + 31),
                                     driver_record(&driver, RECORD_LAUNCHED, hour_s + 33)};
    driver_send(&driver, hour_s + 40, records, 2);
    expect(&driver, RUN_RUNNING, hour_s + 33, INT64_MIN);
    driver_release(&driver);
}

static void what_is_silent_is_so_since_the_last_sign_that_is_known(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    send(&driver, hour_s + 10, about(&driver, PRODUCT_NODE, RECORD_LAUNCHED, hour_s + 5));
    driver_tick(&driver, hour_s + 240);
    expect(&driver, RUN_SILENT, hour_s + 5, hour_s + 5);
    send(&driver, hour_s + 250, about(&driver, PRODUCT_NODE, RECORD_HEARTBEAT, hour_s + 60));
    expect(&driver, RUN_SILENT, hour_s + 60, hour_s + 60);
    send(&driver, hour_s + 260, about(&driver, PRODUCT_NODE, RECORD_HEARTBEAT, hour_s + 30));
    assert_null(driver_state(&driver));
    driver_release(&driver);
}

/* --- the last thing said is what is so, by all that is known --- */

enum { STEPS = 40, CHANGES_MAX = 2 * STEPS };

/* A change, in the order of times, of which no two are equal. */
struct known_change {
    int64_t time_us;
    enum record_kind kind;
    int64_t quantity;
};

struct known {
    struct known_change list[CHANGES_MAX];
    uint32_t count;
};

static void learn(struct known *known, struct known_change change)
{
    uint32_t at = known->count++;
    for (; at > 0 && known->list[at - 1].time_us > change.time_us; at--)
        known->list[at] = known->list[at - 1];
    known->list[at] = change;
}

static enum run_state state_left_by(enum record_kind kind)
{
    return kind == RECORD_STOPPED ? RUN_STOPPED : kind == RECORD_FAILED ? RUN_FAILED : RUN_DELETED;
}

/* What the changes up to now leave: CONTRACT §2 and §7, one after the other. */
static struct state_row state_of(const struct known *known, int64_t now_us)
{
    struct state_row row = {.state = RUN_GONE};
    for (uint32_t i = 0; i < known->count && known->list[i].time_us <= now_us; i++) {
        const struct known_change *change = &known->list[i];
        struct state_row next = row;
        if (change->kind == RECORD_LAUNCHED)
            next.state = RUN_RUNNING;
        else if (row.state == RUN_RUNNING && change->kind != RECORD_RECONFIGURED)
            next.state = state_left_by(change->kind);
        else if (row.state != RUN_GONE && change->kind == RECORD_DELETED)
            next.state = RUN_DELETED;
        bool sets = next.state == RUN_RUNNING && change->quantity != 0;
        next.quantity = sets ? change->quantity : row.quantity;
        if (next.state != row.state || next.quantity != row.quantity)
            next.since_s = time_second(change->time_us);
        row = next;
    }
    return row;
}

static struct record next_record(struct driver *driver, struct random *random, int64_t clock_s, int64_t step)
{
    static const enum record_kind kinds[] = {RECORD_LAUNCHED, RECORD_LAUNCHED, RECORD_RECONFIGURED,
                                             RECORD_STOPPED,  RECORD_FAILED,   RECORD_DELETED};
    int64_t time_s = clock_s + random_below(random, 130) - 100;
    struct record record = driver_record(driver, kinds[random_below(random, 6)], time_s);
    record.time_us = record.since_us += step;
    if (record.kind == RECORD_LAUNCHED || record.kind == RECORD_RECONFIGURED)
        record.quantity = 1 + random_below(random, 2);
    if (record.kind == RECORD_FAILED && random_below(random, 2) > 0)
        record.since_us -= random_below(random, 60) * (int64_t)SECOND_US + SECOND_US / 2;
    return record;
}

/* So many rows said what had been said but for `since`. */
static uint32_t follow(uint64_t seed)
{
    struct driver driver;
    struct random random = random_of(seed);
    struct known known = {.count = 0};
    struct state_row said = {.state = RUN_GONE};
    uint32_t moved = 0;
    begin(&driver);
    for (int64_t clock_s = hour_s + 5, step = 1; step <= STEPS; step++) {
        clock_s += 5 + random_below(&random, 40);
        if (random_below(&random, 3) > 0) {
            struct record record = next_record(&driver, &random, clock_s, step);
            learn(&known, (struct known_change){record.since_us, record.kind, record.quantity});
            if (record.time_us != record.since_us)
                learn(&known, (struct known_change){record.time_us, record.kind, 0});
            send(&driver, clock_s, record);
        } else {
            driver_tick(&driver, clock_s);
        }
        const struct state_row *row = driver_state(&driver);
        moved += row != NULL && row->state == said.state && row->quantity == said.quantity;
        if (row != NULL)
            said = *row;
        struct state_row is = state_of(&known, clock_s * SECOND_US);
        assert_int_equal(said.state, is.state);
        assert_true(said.quantity == is.quantity && said.since_s == is.since_s);
        if (random_below(&random, 4) == 0)
            driver_restart(&driver);
    }
    driver_release(&driver);
    return moved;
}

static void what_was_said_last_is_so_since_then_by_all_that_is_known(void **state)
{
    (void)state;
    uint32_t moved = 0;
    for (uint64_t seed = 1; seed <= 500; seed++)
        moved += follow(seed);
    assert_true(moved > 100);
}

/* A restart at any place changes nothing that is said of states, though what waits for time is worked out
 * anew. */
static void restarts_change_no_state(void **state)
{
    (void)state;
    uint32_t said = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct driver through, again;
        struct random random = random_of(seed);
        begin(&through);
        begin(&again);
        for (int64_t clock_s = hour_s + 5, i = 0; i < 60; i++) {
            static const enum record_kind kinds[] = {RECORD_LAUNCHED, RECORD_HEARTBEAT, RECORD_HEARTBEAT,
                                                     RECORD_STOPPED,  RECORD_FAILED,    RECORD_DELETED};
            clock_s += 5 + random_below(&random, 100);
            int64_t time_s = clock_s + random_below(&random, 300) - 200;
            struct record record = about(&through, PRODUCT_NODE, kinds[random_below(&random, 6)], time_s);
            if (random_below(&random, 3) > 0) {
                send(&through, clock_s, record);
                send(&again, clock_s, record);
            } else {
                driver_tick(&through, clock_s);
                driver_tick(&again, clock_s);
            }
            const struct state_row *x = driver_state(&through), *y = driver_state(&again);
            assert_true((x == NULL) == (y == NULL));
            said += x != NULL;
            assert_true(x == NULL || (x->state == y->state && x->since_s == y->since_s &&
                                      x->sign_s == y->sign_s && x->quantity == y->quantity));
            if (random_below(&random, 3) == 0)
                driver_restart(&again);
        }
        driver_release(&through);
        driver_release(&again);
    }
    assert_true(said > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_is_said_in_the_epoch_of_its_event_and_once),
        cmocka_unit_test(what_it_runs_with_is_part_of_it),
        cmocka_unit_test(an_event_timed_ahead_is_said_when_log_time_has_reached_it),
        cmocka_unit_test(a_launch_and_a_stop_of_one_microsecond_ran_with_something),
        cmocka_unit_test(what_falls_silent_is_said_within_a_minute_and_a_sign_resumes_it),
        cmocka_unit_test(what_ended_goes_when_the_horizon_is_past),
        cmocka_unit_test(what_runs_stays_however_long),
        cmocka_unit_test(a_stop_that_a_later_event_puts_earlier_or_later_is_said_again),
        cmocka_unit_test(a_launch_that_turns_out_to_be_earlier_is_said_again),
        cmocka_unit_test(what_is_silent_is_so_since_the_last_sign_that_is_known),
        cmocka_unit_test(what_was_said_last_is_so_since_then_by_all_that_is_known),
        cmocka_unit_test(restarts_change_no_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
