/* What is no name of a database is refused before anybody waits for it, and no word of it is told. */
#include <string.h>

#include "lib/io/pg_url.h"
#include "tests/support/test.h"

static void what_libpq_can_begin_with_is_good(void **state)
{
    (void)state;
    static const char *const good[] = {
        "postgresql://u@h:5432/n",
        "postgresql:///n",
        "postgresql://u:p%40%2Fq@h/n?passfile=/x/y",
        "postgresql://a:1,b:65535,c/n",
        "postgres://[::1]:5432/n",
        "host=/run/postgresql port=5432 dbname=n",
        "host=a,b port=5432,",
        "",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (pg_url_fault(good[i]) != NULL)
            print_message("# %s: %s\n", good[i], pg_url_fault(good[i]));
        assert_null(pg_url_fault(good[i]));
    }
}

static void a_name_alone_is_known_for_one(void **state)
{
    (void)state;
    assert_non_null(pg_url_fault("hourglass"));
    assert_true(pg_url_is_name("hourglass"));
    assert_false(pg_url_is_name("mysql://h/n"));
    assert_false(pg_url_is_name("dbname=n"));
}

static void what_no_waiting_heals_is_refused_and_not_repeated(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "mysql://u:sesame@h/n",
        "postgresql://u:sesame@[::1]x/n",
        "postgresql://u:sesame%zz@h/n",
        "postgresql://u:sesame%00@h/n",
        "postgresql://u:sesame@h/n?sesame=1",
        "postgresql://u:ses@ame@h/n", /* an @ in a password: the host is ame@h */
        "postgresql://u:ses/ame@h/n", /* a /: the port is ses */
        "postgresql://u:sesame@h:0/n",
        "postgresql://u:sesame@h:65536/n",
        "postgresql://u:sesame@a:1,b:-1/n",
        "host=h password=sesame port",
        "host=h sesame=1",
        "host='h password=sesame",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *fault = pg_url_fault(bad[i]);
        if (fault == NULL)
            print_message("# %s\n", bad[i]);
        assert_non_null(fault);
        assert_null(strstr(fault, "ses"));
        assert_null(strstr(fault, "ame@"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_libpq_can_begin_with_is_good),
        cmocka_unit_test(a_name_alone_is_known_for_one),
        cmocka_unit_test(what_no_waiting_heals_is_refused_and_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
