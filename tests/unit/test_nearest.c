/* What was meant by a mistyped word. */
#include "lib/base/nearest.h"
#include "tests/support/test.h"

static void the_distance_counts_bytes_put_in_taken_out_changed_and_swapped(void **state)
{
    (void)state;
    assert_int_equal(nearest_distance("", ""), 0);
    assert_int_equal(nearest_distance("", "abc"), 3);
    assert_int_equal(nearest_distance("abc", "abc"), 0);
    assert_int_equal(nearest_distance("formt", "format"), 1);
    assert_int_equal(nearest_distance("format", "formt"), 1);
    assert_int_equal(nearest_distance("fprmat", "format"), 1);
    assert_int_equal(nearest_distance("rtae", "rate"), 1);
    assert_int_equal(nearest_distance("kitten", "sitting"), 3);
}

static void only_what_is_near_was_meant_and_of_equals_the_first(void **state)
{
    (void)state;
    struct nearest nearest = nearest_to("prefx");
    nearest_look(&nearest, "partitions");
    assert_null(nearest.word);
    nearest_look(&nearest, "prefix");
    nearest_look(&nearest, "prefax");
    assert_string_equal(nearest.word, "prefix");
    nearest = nearest_to("xy");
    nearest_look(&nearest, "ab");
    assert_null(nearest.word);
}

static void long_words_are_looked_at_in_part(void **state)
{
    (void)state;
    static const char longer[] = "0123456789012345678901234567890123456789012345678901234567890123456789";
    assert_int_equal(nearest_distance(longer, longer), 0);
    assert_int_equal(nearest_distance(longer, ""), 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_distance_counts_bytes_put_in_taken_out_changed_and_swapped),
        cmocka_unit_test(only_what_is_near_was_meant_and_of_equals_the_first),
        cmocka_unit_test(long_words_are_looked_at_in_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
