/* Lists in headers: codings of a body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collectors/core/headers.h"

static void assert_coding(const char *value, enum coding expected)
{
    assert_int_equal(coding_with(CODING_NONE, str_of(value)), expected);
}

static void gzip_and_identity_are_known_in_any_case(void **state)
{
    (void)state;
    assert_coding("gzip", CODING_GZIP);
    assert_coding("GZip", CODING_GZIP);
    assert_coding(" \tx-gzip ", CODING_GZIP);
    assert_coding("Identity", CODING_IDENTITY);
}

static void empty_elements_mean_nothing(void **state)
{
    (void)state;
    assert_coding("", CODING_NONE);
    assert_coding(" , \t,", CODING_NONE);
    assert_coding(",gzip, ,", CODING_GZIP);
}

static void any_other_coding_is_other(void **state)
{
    (void)state;
    static const char *const others[] = {"deflate", "br",       "zstd",     "compress",  "*",          "gzi",
                                         "gzipp",   "gzip;q=1", "\"gzip\"", "gzip gzip", "aws-chunked"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_coding(others[i], CODING_OTHER);
}

static void several_codings_are_other_in_one_header_or_in_two(void **state)
{
    (void)state;
    assert_coding("gzip, gzip", CODING_OTHER);
    assert_coding("identity,gzip", CODING_OTHER);
    assert_int_equal(coding_with(CODING_GZIP, STR("gzip")), CODING_OTHER);
    assert_int_equal(coding_with(CODING_GZIP, STR("identity")), CODING_OTHER);
    assert_int_equal(coding_with(CODING_IDENTITY, STR("gzip")), CODING_OTHER);
    assert_int_equal(coding_with(CODING_OTHER, STR("gzip")), CODING_OTHER);
    assert_int_equal(coding_with(CODING_GZIP, STR("")), CODING_GZIP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_and_identity_are_known_in_any_case),
        cmocka_unit_test(empty_elements_mean_nothing),
        cmocka_unit_test(any_other_coding_is_other),
        cmocka_unit_test(several_codings_are_other_in_one_header_or_in_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
