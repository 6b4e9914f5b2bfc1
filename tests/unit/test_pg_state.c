/* What becomes of a failure of PostgreSQL, by its SQLSTATE. */
#include "lib/io/pg_state.h"
#include "tests/support/test.h"

static void assert_class(const char *const *states, enum error_class class)
{
    for (; *states != NULL; states++) {
        if (pg_state_class(*states) != class)
            print_message("# %s\n", *states);
        assert_int_equal(pg_state_class(*states), class);
    }
}

static void what_refuses_rows_leaves_the_connection_good(void **state)
{
    (void)state;
    static const char *const states[] = {"23505", "23514", "22003", "22021", "42501",
                                         "42P01", "42703", "40001", "40P01", "55P03",
                                         "57014", "P0001", "0A000", "XX000", NULL};
    assert_class(states, ERROR_RETRY);
}

static void what_time_heals_asks_for_another_connection(void **state)
{
    (void)state;
    static const char *const states[] = {"08006", "08P01", "25006", "25P03", "28000", "3D000",
                                         "53100", "53200", "53300", "57P01", "57P02", "57P03",
                                         "57P05", "58030", "",      NULL};
    assert_class(states, ERROR_ABORT);
    assert_int_equal(pg_state_class(NULL), ERROR_ABORT);
}

static void a_wrong_password_is_for_an_operator(void **state)
{
    (void)state;
    static const char *const states[] = {"28P01", NULL};
    assert_class(states, ERROR_FATAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_refuses_rows_leaves_the_connection_good),
        cmocka_unit_test(what_time_heals_asks_for_another_connection),
        cmocka_unit_test(a_wrong_password_is_for_an_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
