/* Time: RFC 3339 in and out, whole UTC hours, calendar months. Pure arithmetic, no clock, no time zone data.
 */
#pragma once

#include "lib/base/str.h"

enum { SECOND_US = 1000000, MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, TIME_TEXT_SIZE = 24 };

/* RFC 3339 by CONTRACT §1 (t and z allowed, no blank for T, :60 reads as :59 with its fraction, any number of
 * fractional digits truncated to the microsecond, 1970-01-01 <= time < 2200-01-01). False: it does not parse.
 */
bool time_parse(struct str text, int64_t *out_us);
/* "2026-11-01T10:00:00Z", NUL-terminated. */
void time_print(int64_t second_s, char out[TIME_TEXT_SIZE]);

/* Floor to the second, of any sign. */
static inline int64_t time_second(int64_t us)
{
    return us >= 0 ? us / SECOND_US : -((-us + SECOND_US - 1) / SECOND_US);
}

/* First second of the hour that it lies in. */
static inline int64_t time_hour(int64_t second_s)
{
    int64_t into = second_s % HOUR_S;
    return second_s - (into < 0 ? into + HOUR_S : into);
}

/* The same day and time `months` later, the day clamped to the month's end (CONTRACT §4, subscription). */
int64_t time_add_months(int64_t second_s, int64_t months);
/* The first second of the calendar month that it lies in (UTC). */
int64_t time_month(int64_t second_s);
