#include "tests/support/memory_host.h"

static struct memory_host *of(struct host *host)
{
    return (struct memory_host *)host;
}

static int64_t now_ms(struct host *host)
{
    return memory_log_now(of(host)->log);
}

static bool stopping(struct host *host)
{
    return of(host)->stopping;
}

static void alive(struct host *host)
{
    (void)host;
}

static void pause_for(struct host *host, int64_t pause_ms)
{
    of(host)->paused_ms += pause_ms;
    memory_log_pass(of(host)->log, pause_ms);
}

static uint64_t none(struct host *host)
{
    (void)host;
    return 0;
}

void memory_host_init(struct memory_host *host, struct memory_log *log)
{
    *host = (struct memory_host){
        .host = {.now_ms = now_ms, .stopping = stopping, .alive = alive, .pause = pause_for, .random = none},
        .log = log};
}
