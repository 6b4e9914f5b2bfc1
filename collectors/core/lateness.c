#include "collectors/core/lateness.h"

#include <stdio.h>

#include "lib/base/time.h"

static const int64_t early_us = 5 * 60 * (int64_t)SECOND_US;

/* "35 d", "24 h", "5 min", "90 s": the largest unit that it is a whole number of; days and minutes from two
 * on. */
static void print_span(int64_t span_us, char out[32])
{
    static const int64_t minute_us = 60 * (int64_t)SECOND_US, hour_us = HOUR_S * (int64_t)SECOND_US,
                         day_us = 24 * hour_us;
    if (span_us % day_us == 0 && span_us >= 2 * day_us)
        snprintf(out, 32, "%lld d", (long long)(span_us / day_us));
    else if (span_us % hour_us == 0 && span_us >= hour_us)
        snprintf(out, 32, "%lld h", (long long)(span_us / hour_us));
    else if (span_us % minute_us == 0 && span_us >= 2 * minute_us)
        snprintf(out, 32, "%lld min", (long long)(span_us / minute_us));
    else
        snprintf(out, 32, "%lld s", (long long)(span_us / SECOND_US));
}

static void print_reason(const char *field, const char *where, int64_t clock_us, int64_t span_us,
                         char reason[LATENESS_TEXT_SIZE])
{
    char clock[TIME_TEXT_SIZE], span[32];
    time_print(time_second(clock_us), clock);
    print_span(span_us, span);
    snprintf(reason, LATENESS_TEXT_SIZE, "%s: %s the clock %s by more than %s", field, where, clock, span);
}

enum lateness lateness_of(const struct record *record, const struct horizons *horizons, int64_t clock_us,
                          char reason[LATENESS_TEXT_SIZE])
{
    if (record->time_us > clock_us && record->time_us - clock_us > early_us) {
        print_reason("time", "ahead of", clock_us, early_us, reason);
        return LATENESS_TOO_EARLY;
    }
    int64_t horizon_us = kind_horizon_us(kind_row(record->kind), horizons->lifecycle_us, horizons->report_us);
    if (horizon_us == INT64_MAX || clock_us - record->since_us <= horizon_us)
        return LATENESS_IN_TIME;
    bool by_since = record->kind == RECORD_FAILED && record->since_us != record->time_us;
    print_reason(by_since ? "data.since" : "time", "behind", clock_us, horizon_us, reason);
    return LATENESS_TOO_LATE;
}
