/* Too early and too late, at the border of each kind (CONTRACT §2.3). */
#include "collectors/core/lateness.h"
#include "lib/base/time.h"
#include "tests/support/test.h"

static const int64_t clock_us = 1800000000 * (int64_t)SECOND_US;
#define MINUTE_US (60 * (int64_t)SECOND_US)
static const struct horizons horizons = {35 * 24 * 60 * MINUTE_US, 24 * 60 * MINUTE_US};

static bool in_time(enum record_kind kind, int64_t time_us, int64_t since_us)
{
    struct record record = {.kind = kind, .time_us = time_us, .since_us = since_us};
    char reason[LATENESS_TEXT_SIZE];
    return lateness_of(&record, &horizons, clock_us, reason) == LATENESS_IN_TIME;
}

static void nothing_is_taken_more_than_five_minutes_ahead(void **state)
{
    (void)state;
    for (int kind = 0; kind < RECORD_KIND_COUNT; kind++) {
        int64_t last_us = clock_us + 5 * MINUTE_US;
        assert_true(in_time((enum record_kind)kind, last_us, last_us));
        assert_false(in_time((enum record_kind)kind, last_us + 1, last_us + 1));
    }
}

static void each_kind_has_its_horizon(void **state)
{
    (void)state;
    static const struct {
        enum record_kind kind;
        int64_t horizon_h;
    } kinds[] = {{RECORD_LAUNCHED, 35 * 24}, {RECORD_RECONFIGURED, 35 * 24}, {RECORD_STOPPED, 35 * 24},
                 {RECORD_FAILED, 35 * 24},   {RECORD_DELETED, 35 * 24},      {RECORD_HEARTBEAT, 24},
                 {RECORD_STORAGE_USED, 24},  {RECORD_STORAGE_DELETED, 24},   {RECORD_TOKENS, 24},
                 {RECORD_IMAGES, 24}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int64_t first_us = clock_us - kinds[i].horizon_h * HOUR_S * SECOND_US;
        assert_true(in_time(kinds[i].kind, first_us, first_us));
        assert_false(in_time(kinds[i].kind, first_us - 1, first_us - 1));
    }
}

static void orders_and_credits_are_never_too_late(void **state)
{
    (void)state;
    for (int kind = RECORD_ORDER_PAID; kind < RECORD_KIND_COUNT; kind++)
        assert_true(in_time((enum record_kind)kind, 0, 0));
}

static void a_failure_is_early_by_its_time_and_late_by_its_since(void **state)
{
    (void)state;
    assert_false(in_time(RECORD_FAILED, clock_us + 6 * MINUTE_US, clock_us));
    assert_false(in_time(RECORD_FAILED, clock_us, clock_us - horizons.lifecycle_us - 1));
    struct record record = {.kind = RECORD_FAILED, .time_us = clock_us, .since_us = 0};
    char reason[LATENESS_TEXT_SIZE];
    assert_int_equal(lateness_of(&record, &horizons, clock_us, reason), LATENESS_TOO_LATE);
    assert_string_equal(reason, "data.since: behind the clock 2027-01-15T08:00:00Z by more than 35 d");
}

static void horizons_without_end_know_no_late(void **state)
{
    (void)state;
    struct horizons endless = {INT64_MAX, INT64_MAX};
    struct record record = {.kind = RECORD_HEARTBEAT};
    char reason[LATENESS_TEXT_SIZE];
    assert_int_equal(lateness_of(&record, &endless, clock_us, reason), LATENESS_IN_TIME);
}

static void a_reason_names_the_horizon_and_the_clock(void **state)
{
    (void)state;
    struct record record = {.kind = RECORD_HEARTBEAT};
    char reason[LATENESS_TEXT_SIZE];
    lateness_of(&record, &horizons, clock_us, reason);
    assert_string_equal(reason, "time: behind the clock 2027-01-15T08:00:00Z by more than 24 h");
    struct horizons odd = {0, 90 * (int64_t)SECOND_US};
    lateness_of(&record, &odd, clock_us, reason);
    assert_string_equal(reason, "time: behind the clock 2027-01-15T08:00:00Z by more than 90 s");
    record.time_us = record.since_us = clock_us + 6 * MINUTE_US;
    assert_int_equal(lateness_of(&record, &horizons, clock_us, reason), LATENESS_TOO_EARLY);
    assert_string_equal(reason, "time: ahead of the clock 2027-01-15T08:00:00Z by more than 5 min");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_taken_more_than_five_minutes_ahead),
        cmocka_unit_test(each_kind_has_its_horizon),
        cmocka_unit_test(orders_and_credits_are_never_too_late),
        cmocka_unit_test(a_failure_is_early_by_its_time_and_late_by_its_since),
        cmocka_unit_test(horizons_without_end_know_no_late),
        cmocka_unit_test(a_reason_names_the_horizon_and_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
