/* How much of something may pass: so much a second, and what was left over of the seconds before, up to a
 * bound. Pure: the clock is an argument. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct allowance {
    int64_t per_s;
    int64_t most; /* that is left over; at first all of it is */
    int64_t left;
    int64_t at_ms; /* monotonic: `left` is of then */
};

static inline struct allowance allowance_of(int64_t per_s, int64_t most, int64_t now_ms)
{
    return (struct allowance){per_s, most, most, now_ms};
}

/* Takes n of it, or nothing. */
bool allowance_take(struct allowance *allowance, int64_t n, int64_t now_ms);
