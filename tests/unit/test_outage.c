/* How long to wait, and when to say so. */
#include "lib/run/outage.h"
#include "tests/support/test.h"

static void pauses_double_up_to_the_most_and_stay_there(void **state)
{
    (void)state;
    struct outage outage = {0};
    static const int64_t whole[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        int64_t half = whole[i] / 2;
        struct outage again = outage;
        assert_int_equal(outage_pause(&again, 500, 30000, (uint64_t)half), whole[i]);
        assert_int_equal(outage_pause(&outage, 500, 30000, 0), whole[i] - half);
    }
    for (int i = 0; i < 10000; i++)
        assert_in_range(outage_pause(&outage, 500, 30000, (uint64_t)i * 7919), 15000, 30000);
}

static void it_speaks_at_once_and_then_once_a_minute(void **state)
{
    (void)state;
    struct outage outage = {0};
    assert_false(outage_speaks(&outage, 1000));
    outage_fail(&outage, 1000, "away");
    assert_true(outage_speaks(&outage, 1000));
    int spoken = 0;
    for (int64_t now_ms = 1000; now_ms <= 1000 + 5 * OUTAGE_SAY_MS; now_ms += 500) {
        outage_fail(&outage, now_ms, "still away");
        spoken += outage_speaks(&outage, now_ms);
    }
    assert_int_equal(spoken, 5);
    assert_string_equal(outage.why, "still away");
    assert_int_equal(outage.since_ms, 1000);
}

static void healing_says_how_long_it_lasted_and_begins_anew(void **state)
{
    (void)state;
    struct outage outage = {0};
    assert_int_equal(outage_heal(&outage, 5), -1);
    outage_fail(&outage, 1000, "away");
    assert_true(outage_speaks(&outage, 1000));
    outage_pause(&outage, 500, 30000, 0);
    outage_pause(&outage, 500, 30000, 0);
    assert_int_equal(outage_heal(&outage, 43000), 42000);
    assert_false(outage.going);
    assert_int_equal(outage_pause(&outage, 500, 30000, 250), 500);
}

static void what_comes_and_goes_is_said_three_times_a_minute_and_its_end_as_often(void **state)
{
    (void)state;
    struct outage outage = {0};
    int spoken = 0, backs = 0;
    for (int64_t now_ms = 1000; now_ms < 1000 + 5 * OUTAGE_SAY_MS; now_ms += 2000) {
        outage_fail(&outage, now_ms, "now and then");
        spoken += outage_speaks(&outage, now_ms);
        backs += outage_heal(&outage, now_ms + 1000) == 1000;
    }
    assert_int_equal(spoken, 5 * 3);
    assert_int_equal(backs, spoken);
}

static void one_that_lasts_is_said_even_after_those_that_came_and_went(void **state)
{
    (void)state;
    struct outage outage = {0};
    for (int64_t now_ms = 1000; now_ms < 7000; now_ms += 2000) {
        outage_fail(&outage, now_ms, "now and then");
        assert_true(outage_speaks(&outage, now_ms));
        (void)outage_heal(&outage, now_ms + 1000);
    }
    outage_fail(&outage, 8000, "for good");
    assert_false(outage_speaks(&outage, 8000 + OUTAGE_LASTS_MS - 1));
    assert_true(outage_speaks(&outage, 8000 + OUTAGE_LASTS_MS));
    assert_false(outage_speaks(&outage, 8000 + OUTAGE_LASTS_MS + OUTAGE_SAY_MS - 1));
    assert_int_equal(outage_heal(&outage, 38000), 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_the_most_and_stay_there),
        cmocka_unit_test(it_speaks_at_once_and_then_once_a_minute),
        cmocka_unit_test(what_comes_and_goes_is_said_three_times_a_minute_and_its_end_as_often),
        cmocka_unit_test(one_that_lasts_is_said_even_after_those_that_came_and_went),
        cmocka_unit_test(healing_says_how_long_it_lasted_and_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
