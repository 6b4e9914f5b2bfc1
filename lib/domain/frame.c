#include "lib/domain/frame.h"

#include "lib/base/check.h"

const char *run_state_name(enum run_state state)
{
    static const char *const names[RUN_STATE_COUNT] = {"gone",    "running", "silent",
                                                       "stopped", "failed",  "deleted"};
    CHECK(state < RUN_STATE_COUNT);
    return names[state];
}
