/* Descriptors that may be needed are had at the start, or asked for by name. */
#include <string.h>
#include <sys/resource.h>

#include "lib/io/descriptors.h"
#include "tests/support/test.h"

static void limit_is(rlim_t soft, rlim_t hard)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){soft, hard}), 0);
}

static rlim_t soft_limit(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit.rlim_cur;
}

/* One test: a hard limit is lowered for good. */
static void the_soft_limit_is_raised_to_the_hard_one_and_no_further(void **state)
{
    (void)state;
    struct error error;
    limit_is(64, 128);
    assert_int_equal(descriptors_reserve(64, "--connections 10", &error), ERROR_NONE);
    assert_int_equal(soft_limit(), 64);
    assert_int_equal(descriptors_reserve(128, "--connections 50", &error), ERROR_NONE);
    assert_int_equal(soft_limit(), 128);
    limit_is(64, 128);
    assert_int_equal(descriptors_reserve(129, "--connections 51", &error), ERROR_FATAL);
    assert_string_equal(error.text, "--connections 51: needs 129 descriptors, and the limit is 128: raise it "
                                    "(ulimit -n, LimitNOFILE=), or ask for less");
    assert_int_equal(soft_limit(), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_soft_limit_is_raised_to_the_hard_one_and_no_further)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
