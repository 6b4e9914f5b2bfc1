/* What --check-config says of values. */
#include "lib/run/value_checks.h"
#include "tests/support/test.h"

static void an_address_is_one_or_a_name_that_has_one(void **state)
{
    (void)state;
    assert_null(check_address("127.0.0.1"));
    assert_null(check_address("localhost"));
    assert_null(check_address("::1"));
    assert_non_null(check_address("no.such.host.invalid"));
}

static void servers_are_hosts_with_ports(void **state)
{
    (void)state;
    assert_null(check_servers("127.0.0.1:9092"));
    assert_null(check_servers("127.0.0.1:9092,localhost,[::1]:9092"));
    static const char *const bad[] = {
        "127.0.0.1:", "127.0.0.1:0",     "127.0.0.1:65536",          "127.0.0.1:x",
        ":9092",      "127.0.0.1:9092,", "no.such.host.invalid:9092"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(check_servers(bad[i]));
}

static void files_are_there_to_be_read_and_folders_to_be_written(void **state)
{
    (void)state;
    assert_null(check_input_file("-"));
    assert_null(check_input_file("/proc/self/status"));
    assert_non_null(check_input_file("/no/such/file"));
    assert_non_null(check_input_file("/tmp"));
    assert_null(check_output_file("/tmp/port"));
    assert_null(check_output_file("port"));
    assert_non_null(check_output_file("/no/such/port"));
    assert_non_null(check_output_file("/tmp"));
}

static void times_partitions_and_prefixes_have_their_form(void **state)
{
    (void)state;
    assert_null(check_time("2026-11-01T10:00:00Z"));
    assert_non_null(check_time("tomorrow"));
    assert_null(check_partitions("group"));
    assert_null(check_partitions("all"));
    assert_null(check_partitions("0,3,12"));
    assert_non_null(check_partitions("some"));
    assert_non_null(check_partitions("1,,2"));
    assert_null(check_prefix("run_7.eu-west."));
    assert_non_null(check_prefix("a b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_one_or_a_name_that_has_one),
        cmocka_unit_test(servers_are_hosts_with_ports),
        cmocka_unit_test(files_are_there_to_be_read_and_folders_to_be_written),
        cmocka_unit_test(times_partitions_and_prefixes_have_their_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
