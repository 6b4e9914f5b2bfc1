#include "lib/io/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

int64_t clock_real_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_steady_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
