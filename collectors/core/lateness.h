/* Too early and too late, as the collector's door judges them (CONTRACT §2.3). Pure: the clock is an
 * argument. */
#pragma once

#include "lib/base/str.h"
#include "lib/domain/record.h"

enum { LATENESS_TEXT_SIZE = 128 };

struct horizons {
    int64_t lifecycle_us;
    int64_t report_us;
};

enum lateness { LATENESS_IN_TIME, LATENESS_TOO_EARLY, LATENESS_TOO_LATE };

/* Where it is not in time, the reason, NUL-terminated: with the horizon and the clock, which is the
 * collector's, so that whoever is refused sees which of the two is off. */
enum lateness lateness_of(const struct record *record, const struct horizons *horizons, int64_t clock_us,
                          char reason[LATENESS_TEXT_SIZE]);
