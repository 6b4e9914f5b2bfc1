#include "lib/domain/frame.h"

#include "lib/base/check.h"

static const char *const meter_names[METER_COUNT] = {
    "runtime",       "capacity", "input_tokens", "cached_input_tokens", "cache_write_tokens",
    "output_tokens", "images",   "months"};

const char *meter_name(enum meter meter)
{
    CHECK(meter < METER_COUNT);
    return meter_names[meter];
}

const char *run_state_name(enum run_state state)
{
    static const char *const names[RUN_STATE_COUNT] = {"gone",    "running", "silent",
                                                       "stopped", "failed",  "deleted"};
    CHECK(state < RUN_STATE_COUNT);
    return names[state];
}
