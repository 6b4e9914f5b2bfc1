/* Lists in headers: codings of a body, and preferences. */
#include "collectors/core/headers.h"
#include "tests/support/test.h"

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

static void a_preference_is_found_among_others(void **state)
{
    (void)state;
    static const char *const given[] = {"reply",
                                        "Reply",
                                        "respond-async, reply",
                                        "wait=10 ,\treply ,x",
                                        "reply; foo=bar",
                                        "reply ;foo=\"a,b\"",
                                        "x=\"a\\\",b\", reply",
                                        "reply=",
                                        "reply = \"\"",
                                        ",,reply",
                                        "reply=1, reply"};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        assert_true(preference_given(str_of(given[i]), "reply"));
}

static void what_only_looks_like_a_preference_is_none(void **state)
{
    (void)state;
    static const char *const others[] = {"",         "replies",           "rep",          "no-reply",
                                         "reply=no", "x; reply",          "x=reply",      "\"reply\"",
                                         "reply x",  "x=\"a, reply, b\"", "x=\"a, reply", "reply=\"no\""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(preference_given(str_of(others[i]), "reply"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_and_identity_are_known_in_any_case),
        cmocka_unit_test(empty_elements_mean_nothing),
        cmocka_unit_test(any_other_coding_is_other),
        cmocka_unit_test(several_codings_are_other_in_one_header_or_in_two),
        cmocka_unit_test(a_preference_is_found_among_others),
        cmocka_unit_test(what_only_looks_like_a_preference_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
