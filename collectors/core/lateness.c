#include "collectors/core/lateness.h"

#include "lib/base/time.h"

static const int64_t early_us = 5 * 60 * (int64_t)SECOND_US;

struct str lateness_reason(const struct record *record, const struct horizons *horizons, int64_t clock_us)
{
    if (record->time_us > clock_us && record->time_us - clock_us > early_us)
        return STR("time: expected at most 5 minutes ahead of the clock");
    int64_t horizon_us = kind_horizon_us(kind_row(record->kind), horizons->lifecycle_us, horizons->report_us);
    if (horizon_us == INT64_MAX || clock_us - record->since_us <= horizon_us)
        return STR("");
    if (record->kind == RECORD_FAILED && record->since_us != record->time_us)
        return STR("data.since: expected a time within the horizon of its kind");
    return STR("time: expected a time within the horizon of its kind");
}
