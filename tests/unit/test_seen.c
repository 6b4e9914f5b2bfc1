/* Identities of counts: each is new once, until its hour is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "aggregator/core/seen.h"
#include "tests/unit/random.h"

enum { MANY = 20000, HOURS = 50, HOUR = 3600 };

static struct identity numbered(uint32_t number)
{
    char id[16];
    snprintf(id, sizeof id, "%u", number);
    return identity_of(STR("/x"), str_of(id));
}

static void an_identity_is_new_once(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct random random = random_of(1);
    static bool told[MANY];
    for (int i = 0; i < 4 * MANY; i++) {
        uint32_t number = random_below(&random, MANY);
        assert_true(seen_add(&seen, number % HOURS * HOUR, numbered(number)) == !told[number]);
        told[number] = true;
    }
    seen_release(&seen);
}

static void only_hours_before_the_horizon_are_forgotten(void **state)
{
    (void)state;
    struct seen seen = {0};
    for (uint32_t i = 0; i < HOURS; i++)
        assert_true(seen_add(&seen, i * HOUR, numbered(i)));
    seen_forget(&seen, 20 * HOUR);
    for (uint32_t i = 0; i < HOURS; i++)
        assert_true(seen_add(&seen, i * HOUR, numbered(i)) == (i < 20));
    seen_release(&seen);
}

/* A sanitizer sees what is left. */
static void release_leaves_no_hour_however_far(void **state)
{
    (void)state;
    struct seen seen = {0};
    assert_true(seen_add(&seen, INT64_MIN, numbered(1)));
    assert_true(seen_add(&seen, INT64_MAX, numbered(2)));
    seen_release(&seen);
    assert_int_equal(seen.buckets.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_is_new_once),
        cmocka_unit_test(only_hours_before_the_horizon_are_forgotten),
        cmocka_unit_test(release_leaves_no_hour_however_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
