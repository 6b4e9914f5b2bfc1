/* What the admin port answers. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/io/admin.h"
#include "tests/support/test.h"

static struct readiness readiness = READINESS_STARTING;
static const struct metrics metrics = {.program = "collector"};

/* The whole answer to GET path. */
static void ask(const struct admin *admin, const char *path, char *answer, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(admin_port(admin)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[200];
    int length =
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    union {
        struct sockaddr_in *in;
        struct sockaddr *any;
    } to = {&address};
    assert_int_equal(connect(fd, to.any, sizeof address), 0);
    assert_int_equal(write(fd, request, (size_t)length), length);
    size_t got = 0;
    for (ssize_t n = 1; n > 0 && got<size - 1; got += n> 0 ? (size_t)n : 0)
        n = read(fd, answer + got, size - 1 - got);
    answer[got] = 0;
    close(fd);
}

static void answers(const struct admin *admin, const char *path, const char *status, const char *body)
{
    char answer[16384], expected[32];
    ask(admin, path, answer, sizeof answer);
    snprintf(expected, sizeof expected, "HTTP/1.1 %s ", status);
    assert_memory_equal(answer, expected, strlen(expected));
    assert_non_null(strstr(answer, body));
}

static struct admin *started(void)
{
    struct error error;
    struct admin *admin =
        admin_start(&(struct admin_config){"127.0.0.1", 0, NULL, &metrics, &readiness}, &error);
    assert_non_null(admin);
    return admin;
}

static void readyz_says_why_not_and_since_when(void **state)
{
    (void)state;
    struct admin *admin = started();
    answers(admin, "/readyz", "503", "\r\n\r\nnot ready: starting (since 1970-01-01T00:00:00Z)\n");
    readiness_set_waiting(&readiness, "no broker");
    readiness.since_us = 1764239400000000;
    answers(admin, "/readyz", "503", "\r\n\r\nnot ready: no broker (since 2025-11-27T10:30:00Z)\n");
    readiness_set_ready(&readiness);
    answers(admin, "/readyz", "200", "\r\n\r\nready\n");
    admin_stop(admin);
}

static void health_metrics_and_other_paths_are_answered(void **state)
{
    (void)state;
    struct admin *admin = started();
    answers(admin, "/healthz", "200", "\r\n\r\nok\n");
    answers(admin, "/metrics", "200", "\nhourglass_build_info{program=\"collector\",version=");
    answers(admin, "/", "404", "\r\n\r\nexpected /healthz, /readyz or /metrics\n");
    answers(admin, "/metricsx", "404", "expected");
    admin_stop(admin);
}

static void a_taken_port_is_named(void **state)
{
    (void)state;
    struct error error;
    char expected[100];
    struct admin *admin = started();
    struct admin_config config = {"127.0.0.1", admin_port(admin), NULL, &metrics, NULL};
    assert_null(admin_start(&config, &error));
    snprintf(expected, sizeof expected, "127.0.0.1:%u: Address already in use", config.port);
    assert_string_equal(error.text, expected);
    admin_stop(admin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readyz_says_why_not_and_since_when),
        cmocka_unit_test(health_metrics_and_other_paths_are_answered),
        cmocka_unit_test(a_taken_port_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
