/* Why a process is not ready, and since when. */
#include <string.h>

#include "lib/io/readiness.h"
#include "tests/support/test.h"

static struct readiness_view seen(struct readiness *readiness)
{
    struct readiness_view view;
    readiness_view(readiness, &view);
    return view;
}

static void a_process_begins_as_starting(void **state)
{
    (void)state;
    struct readiness readiness = READINESS_STARTING, other;
    readiness_init(&other);
    assert_false(seen(&readiness).ready);
    assert_string_equal(seen(&readiness).why, "starting");
    assert_string_equal(seen(&other).why, "starting");
    assert_true(seen(&other).since_us > 0);
    readiness_release(&other);
}

static void another_reason_leaves_the_time(void **state)
{
    (void)state;
    struct readiness readiness;
    readiness_init(&readiness);
    readiness.since_us = 17; /* long ago */
    readiness_set_waiting(&readiness, "no broker");
    assert_int_equal(seen(&readiness).since_us, 17);
    assert_string_equal(seen(&readiness).why, "no broker");
    readiness_set_ready(&readiness);
    assert_true(seen(&readiness).since_us > 17);
    assert_string_equal(seen(&readiness).why, "");
    readiness.since_us = 18;
    readiness_set_ready(&readiness);
    assert_int_equal(seen(&readiness).since_us, 18);
    readiness_set_waiting(&readiness, "no broker");
    assert_true(seen(&readiness).since_us > 18);
    readiness_release(&readiness);
}

static void a_long_reason_is_cut(void **state)
{
    (void)state;
    struct readiness readiness;
    char why[1000];
    memset(why, 'x', sizeof why - 1);
    why[sizeof why - 1] = 0;
    readiness_init(&readiness);
    readiness_set_waiting(&readiness, why);
    assert_int_equal(strlen(seen(&readiness).why), READINESS_WHY_BYTES - 1);
    readiness_release(&readiness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_begins_as_starting),
        cmocka_unit_test(another_reason_leaves_the_time),
        cmocka_unit_test(a_long_reason_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
