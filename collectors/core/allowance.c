#include "collectors/core/allowance.h"

bool allowance_take(struct allowance *allowance, int64_t n, int64_t now_ms)
{
    int64_t passed_ms = now_ms - allowance->at_ms, lacking = allowance->most - allowance->left;
    if (passed_ms / 1000 >= lacking / allowance->per_s + 1) {
        allowance->left = allowance->most;
        allowance->at_ms = now_ms;
    } else {
        int64_t more = passed_ms * allowance->per_s / 1000;
        allowance->left += more < lacking ? more : lacking;
        /* The rest of a unit is not lost. */
        allowance->at_ms += more * 1000 / allowance->per_s;
    }
    if (n > allowance->left)
        return false;
    allowance->left -= n;
    return true;
}
