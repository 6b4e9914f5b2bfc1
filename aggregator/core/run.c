#include "aggregator/core/run.h"

#include "lib/base/time.h"

/* The start of the first minute after the one that the second lies in. */
static int64_t next_minute_s(int64_t second_s)
{
    int64_t minute = second_s / MINUTE_S - (second_s % MINUTE_S < 0);
    return (minute + 1) * MINUTE_S;
}

/* The second from which on it is silent, if no sign comes. */
static int64_t silent_from_s(const struct spans *spans, int64_t liveness_s, int64_t now_s)
{
    int64_t sign_s = spans_end_before(spans, now_s + 1);
    return sign_s == INT64_MIN ? INT64_MIN : next_minute_s(sign_s + liveness_s);
}

static enum run_state state_of(const struct points *points, uint32_t count)
{
    if (count > 0)
        return (enum run_state)points->list.at[count - 1].state;
    return points->base.quantity != 0 ? RUN_RUNNING : RUN_GONE;
}

enum run_state run_state_at(const struct points *points, const struct spans *spans, int64_t liveness_s,
                            int64_t now_us)
{
    enum run_state state = state_of(points, points_until(points, now_us));
    if (state != RUN_RUNNING || liveness_s == 0)
        return state;
    int64_t now_s = time_second(now_us);
    return now_s >= silent_from_s(spans, liveness_s, now_s) ? RUN_SILENT : RUN_RUNNING;
}

struct run run_at(const struct points *points, const struct spans *spans, int64_t liveness_s, int64_t now_us)
{
    uint32_t count = points_until(points, now_us);
    int64_t now_s = time_second(now_us);
    struct run run = {.state = run_state_at(points, spans, liveness_s, now_us), .sign_s = INT64_MIN};
    if (run.state == RUN_GONE)
        return run;
    struct level level = points_last_level(points, count);
    run.sku = level.sku;
    run.order = level.order;
    run.quantity = (int64_t)level.quantity;
    run.since_s = points_since_s(points, count);
    if (liveness_s > 0)
        run.sign_s = spans_last_before(spans, now_s + 1);
    if (run.state == RUN_SILENT)
        run.since_s = run.sign_s;
    return run;
}

int64_t run_next_us(const struct points *points, const struct spans *spans, int64_t liveness_s,
                    int64_t now_us)
{
    uint32_t count = points_until(points, now_us);
    int64_t next_us = count < points->list.count ? points->list.at[count].time_us : INT64_MAX;
    enum run_state state = run_state_at(points, spans, liveness_s, now_us);
    int64_t now_s = time_second(now_us), turn_s = INT64_MAX;
    if (liveness_s > 0 && state == RUN_RUNNING)
        turn_s = silent_from_s(spans, liveness_s, now_s);
    else if (state == RUN_SILENT)
        turn_s = spans_next_after(spans, now_s);
    if (turn_s != INT64_MAX && turn_s * SECOND_US < next_us)
        next_us = turn_s * SECOND_US;
    return next_us;
}

bool run_same(const struct run *a, const struct run *b)
{
    return a->state == b->state && a->sku == b->sku && a->order == b->order && a->quantity == b->quantity &&
           a->since_s == b->since_s;
}
