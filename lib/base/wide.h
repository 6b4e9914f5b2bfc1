/* Unsigned integers of 320 bits: exact numerators of amounts (CONTRACT §4 "exact whatever its size"), and
 * signed amounts. On GMP's mpn functions with fixed limbs: no allocation, no floating point.
 *
 * 320 bits hold 2^128 units x 2^80 price x 2^68 common denominator, summed over an hour of seconds, so
 * CONTRACT's limits make overflow impossible; it is checked all the same. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WIDE_LIMBS = 5, AMOUNT_TEXT_SIZE = 120 };

struct wide {
    uint64_t limbs[WIDE_LIMBS]; /* least significant first */
};

/* An exact number of the smallest decimal of a charge (10^-charge_scale). Zero is never negative. */
struct amount {
    struct wide magnitude;
    bool negative;
};

struct wide wide_of(unsigned __int128 value);
bool wide_is_zero(const struct wide *a);
int wide_compare(const struct wide *a, const struct wide *b);
void wide_add(struct wide *a, const struct wide *b);
void wide_mul(struct wide *a, unsigned __int128 b);
/* a := a / divisor, rounded half to even. divisor > 0 */
void wide_divide_half_even(struct wide *a, const struct wide *divisor);

struct amount amount_zero(void);
struct amount amount_of(struct wide magnitude, bool negative);
bool amount_equal(const struct amount *a, const struct amount *b);
struct amount amount_add(const struct amount *a, const struct amount *b);
struct amount amount_sub(const struct amount *a, const struct amount *b);
struct amount amount_negate(const struct amount *a);
/* "-12.340000" with exactly `scale` decimals (none and no dot at 0), NUL-terminated; returns its length. */
size_t amount_print(const struct amount *a, uint32_t scale, char out[AMOUNT_TEXT_SIZE]);
/* Reads what amount_print writes with the same scale. False if it is anything else. */
bool amount_parse(const char *text, size_t size, uint32_t scale, struct amount *out);

/* The same number with `decimals` more: a * 10^decimals. */
struct amount amount_widen(const struct amount *a, uint32_t decimals);
/* The same with `decimals` fewer, rounded half to even. */
struct amount amount_narrow(const struct amount *a, uint32_t decimals);
/* amount_print without the trailing zeros behind the first `least` decimals; least <= scale. */
size_t amount_print_short(const struct amount *a, uint32_t scale, uint32_t least, char out[AMOUNT_TEXT_SIZE]);
/* Reads a decimal of at most `scale` decimals, as events and tables have it. False: it is none. */
bool amount_read(const char *text, size_t size, uint32_t scale, struct amount *out);

/* Decimal digits of an unsigned 128-bit integer, NUL-terminated; returns the length. */
size_t u128_print(unsigned __int128 value, char out[40]);
bool u128_parse(const char *text, size_t size, unsigned __int128 *out);
