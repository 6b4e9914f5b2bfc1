/* Stopping: told to, a process may finish; hanging, it ends where it stands. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/io/process.h"
#include "tests/support/test.h"

/* A child runs the body with the watchdog on; returns its wait status. */
static int run(void (*body)(void), int limit_s, int signal_after_ms, int number)
{
    pid_t child = fork();
    if (child == 0) {
        process_begin();
        process_watchdog(limit_s);
        body();
        _exit(0);
    }
    if (signal_after_ms > 0) {
        nanosleep(&(struct timespec){0, signal_after_ms * 1000000L}, NULL);
        kill(child, number);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void work_until_told(void)
{
    while (!process_stopping())
        process_pause(10);
}

static void hang(void)
{
    for (;;)
        pause();
}

static void hang_alive(void)
{
    for (;;)
        process_pause(10);
}

static void a_process_that_listens_stops_as_it_likes(void **state)
{
    (void)state;
    int status = run(work_until_told, 60, 100, SIGTERM);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_hangup_stops_it_in_order_too(void **state)
{
    (void)state;
    int status = run(work_until_told, 60, 100, SIGHUP);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void raise_hangup(void)
{
    raise(SIGHUP);
    _exit(process_stopping() ? 1 : 0);
}

static void a_hangup_that_was_ignored_before_stays_so(void **state)
{
    (void)state;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGHUP, &ignore, &before);
    int status = run(raise_hangup, 60, 0, 0);
    sigaction(SIGHUP, &before, NULL);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Ends with 0 when it was told to stop, after it was asked to read again, once. */
static void read_again_until_told(void)
{
    int asked = 0;
    process_reloads();
    raise(SIGHUP);
    asked += process_reload();
    asked += process_reload();
    bool stops = process_stopping();
    raise(SIGTERM);
    _exit(asked == 1 && !stops && process_stopping() ? 0 : 1);
}

static void a_hangup_asks_who_reads_files_again_for_that_alone(void **state)
{
    (void)state;
    int status = run(read_again_until_told, 60, 0, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_process_that_is_silent_too_long_is_ended(void **state)
{
    (void)state;
    int status = run(hang, 1, 0, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 70);
}

static void a_process_that_does_not_stop_when_told_is_ended_within_five_seconds(void **state)
{
    (void)state;
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    int status = run(hang_alive, 60, 100, SIGTERM);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 75);
    assert_true(after.tv_sec - before.tv_sec <= 6);
}

/* What is opened next has none of the three numbers, and what is printed goes nowhere. */
static void a_stream_that_is_closed_is_taken_before_a_connection_can_be(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        close(STDIN_FILENO), close(STDOUT_FILENO), close(STDERR_FILENO);
        process_streams();
        int opened = open("/dev/null", O_RDWR);
        char byte = 'x';
        bool nowhere = write(STDOUT_FILENO, &byte, 1) < 0 && write(STDERR_FILENO, &byte, 1) < 0 &&
                       read(STDIN_FILENO, &byte, 1) < 0;
        _exit(opened > STDERR_FILENO && nowhere ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_that_listens_stops_as_it_likes),
        cmocka_unit_test(a_hangup_stops_it_in_order_too),
        cmocka_unit_test(a_hangup_that_was_ignored_before_stays_so),
        cmocka_unit_test(a_hangup_asks_who_reads_files_again_for_that_alone),
        cmocka_unit_test(a_process_that_is_silent_too_long_is_ended),
        cmocka_unit_test(a_process_that_does_not_stop_when_told_is_ended_within_five_seconds),
        cmocka_unit_test(a_stream_that_is_closed_is_taken_before_a_connection_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
