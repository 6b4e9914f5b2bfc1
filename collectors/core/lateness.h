/* Too early and too late, as the collector's door judges them (CONTRACT §2.3). Pure: the clock is an
 * argument. */
#pragma once

#include "lib/base/str.h"
#include "lib/domain/record.h"

struct horizons {
    int64_t lifecycle_us;
    int64_t report_us;
};

/* The reason; size 0: it is in time. */
struct str lateness_reason(const struct record *record, const struct horizons *horizons, int64_t clock_us);
