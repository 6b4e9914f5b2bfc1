/* What a resource is at log time, for eyes (CONTRACT §7): a function of its points, its signs of life and
 * now, whenever it is asked. */
#pragma once

#include "aggregator/core/points.h"
#include "aggregator/core/spans.h"

struct run {
    enum run_state state; /* GONE: not launched yet, or forgotten */
    uint32_t sku;         /* numbers of names: what it runs with, or last ran with */
    uint32_t order;
    int64_t quantity;
    int64_t since_s; /* of SILENT the last sign */
    int64_t sign_s;  /* the last sign; INT64_MIN: none, or its product is not watched */
};

/* The state alone. Silent from the first minute of log time on that begins after the last sign + liveness. */
enum run_state run_state_at(const struct points *points, const struct spans *spans, int64_t liveness_s,
                            int64_t now_us);
struct run run_at(const struct points *points, const struct spans *spans, int64_t liveness_s, int64_t now_us);
/* The next log time at which it may be something else with no event between; INT64_MAX: never. */
int64_t run_next_us(const struct points *points, const struct spans *spans, int64_t liveness_s,
                    int64_t now_us);
/* False: there is something to say. A later sign alone is nothing, but of what is silent: that is so since
 * the sign. */
bool run_same(const struct run *a, const struct run *b);
