#include "lib/io/process.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/io/clock.h"
#include "lib/io/journal.h"

enum { WATCH_MS = 100, STOP_LIMIT_MS = 4500 };

static volatile sig_atomic_t stopping;
static atomic_bool reloading;
static _Atomic int64_t last_alive_ms;
static int limit_ms;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

void process_begin(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    struct sigaction hangup;
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) /* else nohup's */
        sigaction(SIGHUP, &action, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
}

void process_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (fcntl(fd, F_GETFD) < 0) /* the lowest that is free is taken, and that is this one */
            CHECK(open("/dev/null", flags) == fd);
    }
}

static void on_reload(int number)
{
    (void)number;
    atomic_store(&reloading, true);
}

void process_reloads(void)
{
    struct sigaction action = {.sa_handler = on_reload, .sa_flags = SA_RESTART}, before;
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
}

bool process_reload(void)
{
    return atomic_exchange(&reloading, false);
}

bool process_stopping(void)
{
    return stopping != 0;
}

static int64_t now_ms(void)
{
    return clock_steady_us() / 1000;
}

void process_alive(void)
{
    atomic_store(&last_alive_ms, now_ms());
}

static void *watch(void *context)
{
    (void)context;
    int64_t told_ms = INT64_MAX;
    for (;;) {
        nanosleep(&(struct timespec){0, WATCH_MS * 1000000L}, NULL);
        int64_t now = now_ms(), silent_ms = now - atomic_load(&last_alive_ms);
        if (stopping != 0 && told_ms == INT64_MAX)
            told_ms = now;
        if (told_ms != INT64_MAX && now - told_ms > STOP_LIMIT_MS) {
            journal_warning("stopped_where_it_stood", JOURNAL_INT("silent_ms", silent_ms));
            _exit(EX_TEMPFAIL);
        }
        if (silent_ms > limit_ms) {
            journal_error("watchdog", JOURNAL_INT("silent_ms", silent_ms));
            _exit(EX_SOFTWARE);
        }
    }
    return NULL;
}

void process_watchdog(int limit_s)
{
    pthread_t thread;
    limit_ms = limit_s * 1000;
    process_alive();
    CHECK(pthread_create(&thread, NULL, watch, NULL) == 0);
    pthread_detach(thread);
}

void process_pause(int milliseconds)
{
    process_alive();
    struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    if (!process_stopping())
        nanosleep(&pause, NULL);
}

/* --- as a port --- */

enum { PAUSE_SLICE_MS = 50 };

static int64_t host_now_ms(struct host *host)
{
    (void)host;
    return now_ms();
}

static bool host_stopping(struct host *host)
{
    (void)host;
    return process_stopping();
}

static void host_alive(struct host *host)
{
    (void)host;
    process_alive();
}

/* In slices: a signal that another thread takes wakes nobody here. */
static void host_pause(struct host *host, int64_t pause_ms)
{
    (void)host;
    for (int64_t end = now_ms() + pause_ms, left = pause_ms; left > 0 && !process_stopping();
         left = end - now_ms())
        process_pause(left < PAUSE_SLICE_MS ? (int)left : PAUSE_SLICE_MS);
}

static uint64_t host_random(struct host *host)
{
    (void)host;
    uint64_t number = 0;
    CHECK(getrandom(&number, sizeof number, 0) == (ssize_t)sizeof number);
    return number;
}

static int64_t host_clock_s(struct host *host)
{
    (void)host;
    return time(NULL);
}

struct host *process_host(void)
{
    static struct host host = {.now_ms = host_now_ms,
                               .stopping = host_stopping,
                               .alive = host_alive,
                               .pause = host_pause,
                               .random = host_random,
                               .clock_s = host_clock_s};
    return &host;
}
