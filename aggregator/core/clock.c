#include "aggregator/core/clock.h"

#include "lib/base/check.h"
#include "lib/base/time.h"

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

bool clock_advance(struct clock *clock, const struct rules *rules, int64_t append_us, int64_t message_us)
{
    CHECK(rules->epoch_us > 0);
    int64_t agreed_us = append_us < message_us ? append_us : message_us;
    if (agreed_us <= clock->now_us)
        return false;
    bool first = clock->now_us == INT64_MIN;
    int64_t before_us = clock->now_us;
    clock->now_us = agreed_us;
    return first || floor_div(before_us, rules->epoch_us) != floor_div(agreed_us, rules->epoch_us);
}

int64_t clock_watermark_us(const struct clock *clock, const struct rules *rules)
{
    return clock->now_us == INT64_MIN ? INT64_MIN : clock->now_us - rules->delay_us;
}

int64_t clock_due_s(const struct clock *clock, const struct rules *rules)
{
    if (clock->now_us == INT64_MIN)
        return INT64_MIN;
    return time_hour(time_second(clock_watermark_us(clock, rules)));
}
