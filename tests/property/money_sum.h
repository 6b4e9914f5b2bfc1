/* What the second model of money counts with: exact sums, and months, neither taken from lib/. */
#pragma once

#include <gmp.h>
#include <stdint.h>

enum { SUM_TEXT_SIZE = 120, SUM_DECIMALS = 12 };

/* A decimal as a number of 10^-12. */
void money_read(mpz_t out, const char *text);
void money_write(char out[SUM_TEXT_SIZE], const mpz_t amount);

/* The multiple of 10^-scale that is nearest, the even one of two. */
void money_round(mpz_t out, const mpz_t amount, uint32_t scale);

/* a / b, rounded down; b > 0. */
int64_t money_floor(int64_t a, int64_t b);

/* A month is counted in months since year 0 of the Gregorian calendar. */
int64_t money_month_of(int64_t second);
int64_t money_month_start_s(int64_t month);
