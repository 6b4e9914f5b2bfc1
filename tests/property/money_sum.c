#include "tests/property/money_sum.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/check.h"

enum { DAY_S = 86400, MONTHS_A_YEAR = 12 };

int64_t money_floor(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

void money_read(mpz_t out, const char *text)
{
    char digits[SUM_TEXT_SIZE + SUM_DECIMALS + 1];
    size_t count = 0, decimals = 0;
    bool after_dot = false;
    for (const char *at = text; *at; at++) {
        CHECK(count < SUM_TEXT_SIZE);
        if (*at == '.') {
            after_dot = true;
            continue;
        }
        digits[count++] = *at;
        decimals += after_dot;
    }
    CHECK(decimals <= SUM_DECIMALS);
    for (; decimals < SUM_DECIMALS; decimals++)
        digits[count++] = '0';
    digits[count] = '\0';
    CHECK(mpz_set_str(out, digits, 10) == 0);
}

void money_write(char out[SUM_TEXT_SIZE], const mpz_t amount)
{
    char digits[SUM_TEXT_SIZE];
    CHECK(mpz_sizeinbase(amount, 10) + 3 + SUM_DECIMALS < SUM_TEXT_SIZE);
    mpz_get_str(digits, 10, amount);
    const char *at = digits + (digits[0] == '-');
    size_t count = strlen(at), zeros = count > SUM_DECIMALS ? 0 : SUM_DECIMALS + 1 - count;
    char *to = out;
    if (digits[0] == '-')
        *to++ = '-';
    memset(to, '0', zeros);
    memcpy(to + zeros, at, count);
    count += zeros;
    to += count - SUM_DECIMALS;
    memmove(to + 1, to, SUM_DECIMALS);
    *to = '.';
    to[SUM_DECIMALS + 1] = '\0';
}

void money_round(mpz_t out, const mpz_t amount, uint32_t scale)
{
    mpz_t unit, rest;
    mpz_inits(unit, rest, NULL);
    mpz_ui_pow_ui(unit, 10, SUM_DECIMALS - scale);
    mpz_fdiv_qr(out, rest, amount, unit); /* amount = out x unit + rest, 0 <= rest < unit */
    mpz_mul_ui(rest, rest, 2);
    int beside = mpz_cmp(rest, unit);
    if (beside > 0 || (beside == 0 && mpz_odd_p(out)))
        mpz_add_ui(out, out, 1);
    mpz_mul(out, out, unit);
    mpz_clears(unit, rest, NULL);
}

/* Days from 1970-01-01 to the first of a month, counted in months since year 0. */
static int64_t days_to(int64_t month)
{
    int64_t year = money_floor(month, MONTHS_A_YEAR), of_year = month - year * MONTHS_A_YEAR;
    static const int before[MONTHS_A_YEAR] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int64_t last = year - 1; /* whose end all leap days of years before this one stand before */
    int64_t leaps = money_floor(last, 4) - money_floor(last, 100) + money_floor(last, 400);
    return (year - 1970) * 365 + leaps - 477 + before[of_year] + (leap && of_year > 1);
}

int64_t money_month_start_s(int64_t month)
{
    return days_to(month) * DAY_S;
}

int64_t money_month_of(int64_t second)
{
    int64_t month = (1970 + money_floor(second, INT64_C(366) * DAY_S)) * MONTHS_A_YEAR;
    while (money_month_start_s(month) > second)
        month--;
    while (money_month_start_s(month + 1) <= second)
        month++;
    return month;
}
