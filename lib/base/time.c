#include "lib/base/time.h"

#include "lib/base/check.h"

enum { FRACTION_DIGITS = 6, PREFIX_SIZE = 19 /* 2026-11-01T10:00:00 */ };

static const int64_t end_us = INT64_C(7258118400) * SECOND_US; /* 2200-01-01T00:00:00Z */
static const int64_t print_end_s = INT64_C(253402300800);      /* the year 10000 */

struct date {
    int64_t year;
    int month; /* 1 to 12 */
    int day;
};

/* Days since 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, so that the leap
 * day is a year's last, and in eras of 400 years, which all have 146,097 days. */
static int64_t days_of(struct date date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t month_from_march = (date.month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* The inverse of days_of. */
static struct date date_of(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int day = (int)(day_of_year - (153 * month_from_march + 2) / 5) + 1;
    int month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    return (struct date){year_of_era + era * 400 + (month <= 2), month, day};
}

static int month_days(int64_t year, int month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    CHECK(month >= 1 && month <= 12);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* `count` digits as a number, or -1. */
static int digits(const char *at, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(at[i]))
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

/* The date and time before fraction and zone, in seconds since 1970 as if in UTC. */
static bool parse_prefix(const char *at, int64_t *out_s)
{
    if (at[4] != '-' || at[7] != '-' || (at[10] | 0x20) != 't' || at[13] != ':' || at[16] != ':')
        return false;
    struct date date = {digits(at, 4), digits(at + 5, 2), digits(at + 8, 2)};
    int hour = digits(at + 11, 2), minute = digits(at + 14, 2), second = digits(at + 17, 2);
    if (date.year < 0 || date.month < 1 || date.month > 12)
        return false;
    if (date.day < 1 || date.day > month_days(date.year, date.month))
        return false;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    second = second == 60 ? 59 : second;
    *out_s = days_of(date) * DAY_S + hour * HOUR_S + minute * MINUTE_S + second;
    return true;
}

/* A fraction of a second where one begins, truncated to the microsecond; *at moves past it. */
static bool parse_fraction(const char **at, const char *end, int64_t *out_us)
{
    *out_us = 0;
    if (*at == end || **at != '.')
        return true;
    const char *first = ++*at;
    int64_t scale_us = SECOND_US / 10;
    for (; *at < end && is_digit(**at); ++*at, scale_us /= 10)
        *out_us += (**at - '0') * scale_us;
    return *at > first;
}

/* The zone, which is all that is left, as seconds to take off. */
static bool parse_zone(const char *at, const char *end, int64_t *out_s)
{
    *out_s = 0;
    if (end - at == 1)
        return (*at | 0x20) == 'z';
    if (end - at != 6 || (at[0] != '+' && at[0] != '-') || at[3] != ':')
        return false;
    int hour = digits(at + 1, 2), minute = digits(at + 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return false;
    int64_t offset_s = hour * HOUR_S + minute * MINUTE_S;
    *out_s = at[0] == '+' ? offset_s : -offset_s;
    return true;
}

bool time_parse(struct str text, int64_t *out_us)
{
    if (text.size <= PREFIX_SIZE)
        return false;
    const char *at = text.at + PREFIX_SIZE, *end = text.at + text.size;
    int64_t second_s, fraction_us, offset_s;
    if (!parse_prefix(text.at, &second_s) || !parse_fraction(&at, end, &fraction_us) ||
        !parse_zone(at, end, &offset_s))
        return false;
    int64_t us = (second_s - offset_s) * SECOND_US + fraction_us;
    if (us < 0 || us >= end_us)
        return false;
    *out_us = us;
    return true;
}

static void put_digits(char *at, int count, int64_t value)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    CHECK(value == 0);
}

void time_print(int64_t second_s, char out[TIME_TEXT_SIZE])
{
    CHECK(second_s >= 0 && second_s < print_end_s);
    struct date date = date_of(second_s / DAY_S);
    int64_t in_day_s = second_s % DAY_S;
    memcpy(out, "0000-00-00T00:00:00Z", sizeof "0000-00-00T00:00:00Z");
    put_digits(out, 4, date.year);
    put_digits(out + 5, 2, date.month);
    put_digits(out + 8, 2, date.day);
    put_digits(out + 11, 2, in_day_s / HOUR_S);
    put_digits(out + 14, 2, in_day_s % HOUR_S / MINUTE_S);
    put_digits(out + 17, 2, in_day_s % MINUTE_S);
}

int64_t time_add_months(int64_t second_s, int64_t months)
{
    CHECK(second_s >= 0 && second_s < print_end_s);
    CHECK(months >= 0 && months <= 12 * 1000);
    struct date date = date_of(second_s / DAY_S);
    int64_t month0 = date.month - 1 + months;
    date.year += month0 / 12;
    date.month = (int)(month0 % 12) + 1;
    int last = month_days(date.year, date.month);
    date.day = date.day < last ? date.day : last;
    return days_of(date) * DAY_S + second_s % DAY_S;
}

int64_t time_month(int64_t second_s)
{
    CHECK(second_s >= 0 && second_s < print_end_s);
    struct date date = date_of(second_s / DAY_S);
    date.day = 1;
    return days_of(date) * DAY_S;
}
