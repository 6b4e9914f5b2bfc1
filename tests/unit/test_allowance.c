/* So much a second passes, and what was left over, up to a bound. */
#include "collectors/core/allowance.h"
#include "tests/support/test.h"

static void what_is_left_over_passes_at_once_and_then_so_much_a_second(void **state)
{
    (void)state;
    struct allowance allowance = allowance_of(10, 30, 1000);
    for (int i = 0; i < 30; i++)
        assert_true(allowance_take(&allowance, 1, 1000));
    assert_false(allowance_take(&allowance, 1, 1000));
    assert_false(allowance_take(&allowance, 1, 1099));
    assert_true(allowance_take(&allowance, 1, 1100));
    assert_false(allowance_take(&allowance, 1, 1150));
    assert_true(allowance_take(&allowance, 10, 2100));
}

static void asking_often_loses_nothing(void **state)
{
    (void)state;
    struct allowance allowance = allowance_of(10, 30, 0);
    int passed = 0;
    for (int64_t ms = 0; ms < 100000; ms += 7)
        passed += allowance_take(&allowance, 1, ms) ? 1 : 0;
    assert_in_range(passed, 30 + 999, 30 + 1000);
}

static void no_more_is_left_over_than_the_bound(void **state)
{
    (void)state;
    struct allowance allowance = allowance_of(10, 30, 0);
    assert_false(allowance_take(&allowance, 31, INT64_MAX / 2));
    assert_true(allowance_take(&allowance, 30, INT64_MAX / 2));
    assert_false(allowance_take(&allowance, 1, INT64_MAX / 2 + 50));
    allowance = allowance_of(10, 30, 0);
    assert_true(allowance_take(&allowance, 1, 0));
    assert_false(allowance_take(&allowance, 31, 900));
}

static void it_is_all_or_nothing(void **state)
{
    (void)state;
    struct allowance allowance = allowance_of(10, 30, 0);
    assert_true(allowance_take(&allowance, 20, 0));
    assert_false(allowance_take(&allowance, 11, 0));
    assert_true(allowance_take(&allowance, 10, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_over_passes_at_once_and_then_so_much_a_second),
        cmocka_unit_test(asking_often_loses_nothing),
        cmocka_unit_test(no_more_is_left_over_than_the_bound),
        cmocka_unit_test(it_is_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
