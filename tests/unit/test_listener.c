/* A port that is had, or said by name to be taken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/io/listener.h"
#include "tests/support/test.h"

static int opened(const char *address, uint16_t port, const char *port_file, struct error *error)
{
    return listener_open(&(struct listener_place){address, port, port_file}, error);
}

static void any_free_port_is_had_and_written(void **state)
{
    (void)state;
    struct error error;
    char path[] = "/tmp/hourglass-listener.XXXXXX", text[16] = "", expected[16];
    close(mkstemp(path));
    int fd = opened("127.0.0.1", 0, path, &error);
    assert_true(fd >= 0);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    unlink(path);
    snprintf(expected, sizeof expected, "%u\n", listener_port(fd));
    assert_string_equal(text, expected);
    close(fd);
}

static void names_and_ipv6_are_resolved(void **state)
{
    (void)state;
    struct error error;
    static const char *const addresses[] = {"localhost", "0.0.0.0", "::1"};
    for (size_t i = 0; i < 3; i++) {
        int fd = opened(addresses[i], 0, NULL, &error);
        if (fd < 0 && i == 2) /* a machine may have no IPv6 */
            continue;
        assert_true(fd >= 0);
        assert_true(listener_port(fd) > 0);
        close(fd);
    }
}

static void a_taken_port_is_named(void **state)
{
    (void)state;
    struct error error;
    char expected[100];
    int fd = opened("127.0.0.1", 0, NULL, &error);
    uint16_t port = listener_port(fd);
    assert_int_equal(opened("127.0.0.1", port, NULL, &error), -1);
    snprintf(expected, sizeof expected, "127.0.0.1:%u: Address already in use", port);
    assert_string_equal(error.text, expected);
    assert_int_equal(error.class, ERROR_FATAL);
    close(fd);
}

static void an_address_that_does_not_resolve_is_named(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(opened("256.1.1.1.invalid", 0, NULL, &error), -1);
    assert_memory_equal(error.text, "256.1.1.1.invalid: ", 19);
}

static void a_port_file_that_cannot_be_written_is_named(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(opened("127.0.0.1", 0, "/nodir/x", &error), -1);
    assert_string_equal(error.text, "/nodir/x: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_free_port_is_had_and_written),
        cmocka_unit_test(names_and_ipv6_are_resolved),
        cmocka_unit_test(a_taken_port_is_named),
        cmocka_unit_test(an_address_that_does_not_resolve_is_named),
        cmocka_unit_test(a_port_file_that_cannot_be_written_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
