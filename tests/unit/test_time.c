/* Time in and out, held to known instants and to a calendar walked day by day. */
#include <stdio.h>

#include "lib/base/time.h"
#include "tests/support/test.h"

#define NOV_1 INT64_C(1793527200) /* 2026-11-01T10:00:00Z */

struct parse_case {
    const char *text;
    int64_t us; /* -1: it does not parse */
};

static const struct parse_case cases[] = {
    {"2026-11-01T10:00:00Z", NOV_1 *SECOND_US},
    {"2026-11-01t10:00:00z", NOV_1 *SECOND_US},
    {"2026-11-01T10:00:00+00:00", NOV_1 *SECOND_US},
    {"2026-11-01T10:00:00-00:00", NOV_1 *SECOND_US},
    {"2026-11-01T18:00:00+08:00", NOV_1 *SECOND_US},
    {"2026-11-01T06:30:00-03:30", NOV_1 *SECOND_US},
    {"2026-11-02T09:59:00+23:59", NOV_1 *SECOND_US},
    {"2026-10-31T10:01:00-23:59", NOV_1 *SECOND_US},
    {"2026-11-01T10:00:00.5Z", NOV_1 *SECOND_US + 500000},
    {"2026-11-01T10:00:00.000001Z", NOV_1 *SECOND_US + 1},
    {"2026-11-01T10:00:00.9999999Z", NOV_1 *SECOND_US + 999999},
    {"2026-11-01T10:00:00.00000099999999999999999999999999999999999999999999Z", NOV_1 *SECOND_US},
    {"2026-11-01T10:00:00.25+00:00", NOV_1 *SECOND_US + 250000},
    {"2026-11-01T09:59:60.5Z", NOV_1 *SECOND_US - 500000},
    {"2026-11-01T09:59:59.5Z", NOV_1 *SECOND_US - 500000},
    {"2026-11-01T10:01:60Z", (NOV_1 + 119) * SECOND_US},
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T00:00:00.000001Z", 1},
    {"1969-12-31T23:59:00-00:01", 0},
    {"1970-01-01T00:00:59+00:00", 59 * SECOND_US},
    {"2199-12-31T23:59:60.999999Z", INT64_C(7258118399999999)},
    {"2200-01-01T00:59:59+01:00", INT64_C(7258118399) * SECOND_US},
    {"2000-02-29T00:00:00Z", INT64_C(951782400) * SECOND_US},
    {"2028-02-29T00:00:00Z", INT64_C(1835395200) * SECOND_US},
    {"", -1},
    {"now", -1},
    {"2026-11-01 10:00:00Z", -1},
    {"2026-11-01_10:00:00Z", -1},
    {"2026-11-01\x14"
     "10:00:00Z",
     -1}, /* T without its bits 0x40 */
    {"2026-11-01T10:00Z", -1},
    {"2026-11-01T10:00:00", -1},
    {"2026-11-01T10:00:00\x1a", -1},
    {"2026-11-01T10:00:00+0800", -1},
    {"2026-11-01T10:00:00+08", -1},
    {"2026-11-01T10:00:00+08:0", -1},
    {"2026-11-01T10:00:00+08:000", -1},
    {"2026-11-01T10:00:00+24:00", -1},
    {"2026-11-01T10:00:00+08:60", -1},
    {"2026-11-01T10:00:00 08:00", -1},
    {"2026-11-01T10:00:00+-1:00", -1},
    {"2026-11-01T24:00:00Z", -1},
    {"2026-11-01T10:60:00Z", -1},
    {"2026-11-01T10:00:61Z", -1},
    {"2026-02-29T10:00:00Z", -1},
    {"2100-02-29T10:00:00Z", -1},
    {"2026-00-10T10:00:00Z", -1},
    {"2026-13-01T10:00:00Z", -1},
    {"2026-11-00T10:00:00Z", -1},
    {"2026-11-31T10:00:00Z", -1},
    {"1969-12-31T23:59:59.999999Z", -1},
    {"1970-01-01T00:59:59+01:00", -1},
    {"2200-01-01T00:00:00Z", -1},
    {"2199-12-31T23:30:00-01:00", -1},
    {"0000-01-01T00:00:00Z", -1},
    {"9999-12-31T23:59:59Z", -1},
    {"2026-11-01T10:00:00.Z", -1},
    {"2026-11-01T10:00:00.+01:00", -1},
    {"2026-11-01T10:00:00,5Z", -1},
    {"2026-11-01T10:00:00.5", -1},
    {"2026-11-01T10:00:00.5x5Z", -1},
    {"2026-11-01T10:00:00ZZ", -1},
    {"2026-11-01T10:00:00Z ", -1},
    {" 2026-11-01T10:00:00Z", -1},
    {"20261101T100000Z", -1},
    {"+026-11-01T10:00:00Z", -1},
    {"2026-11-1T10:00:00Z", -1},
    {"2026-11-01T10:0 :00Z", -1},
    {"2026-11-01T10.00.00Z", -1},
    {"2026/11/01T10:00:00Z", -1},
};

static void a_time_parses_as_rfc_3339_says_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us = -1;
        bool parsed = time_parse(str_of(cases[i].text), &us);
        if (us != cases[i].us || parsed != (us >= 0))
            fail_msg("%s: %lld", cases[i].text, (long long)us);
    }
}

static void what_is_behind_the_text_is_not_read(void **state)
{
    (void)state;
    int64_t us = -1;
    assert_false(time_parse((struct str){"2026-11-01T10:00:00Z", 19}, &us));
    assert_true(time_parse((struct str){"2026-11-01T10:00:00Z08", 20}, &us));
    assert_false(time_parse((struct str){"2026-11-01T10:00:00Z\0", 21}, &us));
}

static void every_day_prints_as_it_parses(void **state)
{
    (void)state;
    int year = 1970, month = 1, day = 1;
    for (int64_t days = 0; year < 2200; days++) {
        char expected[TIME_TEXT_SIZE + 40], found[TIME_TEXT_SIZE];
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day,
                 (int)(days % 24), (int)(days % 60), (int)(days % 59));
        int64_t second_s = days * 86400 + days % 24 * 3600 + days % 60 * 60 + days % 59, us = -1;
        time_print(second_s, found);
        assert_string_equal(found, expected);
        assert_true(time_parse(str_of(expected), &us));
        assert_int_equal(us, second_s * SECOND_US);
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        int last = month == 2 ? 28 + leap : 30 + (month + month / 8) % 2;
        day = day == last ? 1 : day + 1;
        month += day == 1;
        year += month == 13;
        month = month == 13 ? 1 : month;
    }
}

struct month_case {
    const char *from;
    int64_t months;
    const char *to;
};

static const struct month_case months[] = {
    {"2026-11-01T10:00:01Z", 1, "2026-12-01T10:00:01Z"},
    {"2026-11-01T10:00:01Z", 0, "2026-11-01T10:00:01Z"},
    {"2026-12-31T23:59:59Z", 1, "2027-01-31T23:59:59Z"},
    {"2026-01-31T00:00:00Z", 1, "2026-02-28T00:00:00Z"},
    {"2028-01-31T00:00:00Z", 1, "2028-02-29T00:00:00Z"},
    {"2028-02-29T00:00:00Z", 12, "2029-02-28T00:00:00Z"},
    {"2028-02-29T00:00:00Z", 48, "2032-02-29T00:00:00Z"},
    {"2026-08-31T12:00:00Z", 1, "2026-09-30T12:00:00Z"},
    {"2026-10-15T12:00:00Z", 120, "2036-10-15T12:00:00Z"},
    {"2199-12-31T23:59:59Z", 120, "2209-12-31T23:59:59Z"},
    {"1970-01-01T00:00:00Z", 2, "1970-03-01T00:00:00Z"},
};

static void months_are_calendar_months_with_the_day_clamped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof months / sizeof *months; i++) {
        int64_t from_us = -1;
        char to[TIME_TEXT_SIZE];
        assert_true(time_parse(str_of(months[i].from), &from_us));
        time_print(time_add_months(from_us / SECOND_US, months[i].months), to);
        assert_string_equal(to, months[i].to);
    }
}

static void seconds_and_hours_round_down(void **state)
{
    (void)state;
    assert_int_equal(time_second(1999999), 1);
    assert_int_equal(time_second(-1), -1);
    assert_int_equal(time_second(-SECOND_US), -1);
    assert_int_equal(time_hour(7199), 3600);
    assert_int_equal(time_hour(7200), 7200);
    assert_int_equal(time_hour(-1), -3600);
}

static void a_month_begins_with_its_first_second(void **state)
{
    (void)state;
    static const char *const seconds[][2] = {
        {"2026-11-30T23:59:59Z", "2026-11-01T00:00:00Z"},
        {"2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"},
        {"2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z"},
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        int64_t us;
        char text[TIME_TEXT_SIZE];
        assert_true(time_parse(str_of(seconds[i][0]), &us));
        time_print(time_month(time_second(us)), text);
        assert_string_equal(text, seconds[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_parses_as_rfc_3339_says_or_not_at_all),
        cmocka_unit_test(what_is_behind_the_text_is_not_read),
        cmocka_unit_test(every_day_prints_as_it_parses),
        cmocka_unit_test(months_are_calendar_months_with_the_day_clamped),
        cmocka_unit_test(seconds_and_hours_round_down),
        cmocka_unit_test(a_month_begins_with_its_first_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
