/* An error is a class and one line of text. */
#include <string.h>

#include "lib/port/error.h"
#include "tests/support/test.h"

static void it_says_what_and_why_on_one_line(void **state)
{
    (void)state;
    struct error error = {0};
    assert_int_equal(error_set(&error, ERROR_FATAL, "database", "no such\nrelation"), ERROR_FATAL);
    assert_int_equal(error.class, ERROR_FATAL);
    assert_string_equal(error.text, "database: no such relation");
}

static void a_long_reason_is_cut(void **state)
{
    (void)state;
    struct error error = {0};
    char why[2 * sizeof error.text];
    memset(why, 'x', sizeof why - 1);
    why[sizeof why - 1] = 0;
    error_set(&error, ERROR_RETRY, "kafka", why);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_and_why_on_one_line),
        cmocka_unit_test(a_long_reason_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
