#include "lib/io/process.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/io/log.h"

static volatile sig_atomic_t stopping;
static _Atomic long last_alive_s;
static int limit;

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
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
}

bool process_stopping(void)
{
    return stopping != 0;
}

void process_stop(void)
{
    stopping = 1;
}

static long now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

void process_alive(void)
{
    atomic_store(&last_alive_s, now_s());
}

static void *watch(void *context)
{
    (void)context;
    for (;;) {
        struct timespec second = {1, 0};
        nanosleep(&second, NULL);
        if (now_s() - atomic_load(&last_alive_s) > limit) {
            log_error("watchdog", LOG_INT("silent_s", now_s() - atomic_load(&last_alive_s)));
            _exit(EX_SOFTWARE);
        }
    }
    return NULL;
}

void process_watchdog(int limit_s)
{
    pthread_t thread;
    limit = limit_s;
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
