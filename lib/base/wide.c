#include "lib/base/wide.h"

#include <gmp.h>
#include <string.h>

#include "lib/base/check.h"

_Static_assert(sizeof(mp_limb_t) == sizeof(uint64_t), "limbs are 64 bits");
_Static_assert(GMP_NAIL_BITS == 0, "no nails");

static mp_limb_t *limbs(struct wide *a)
{
    return (mp_limb_t *)a->limbs;
}

static const mp_limb_t *limbs_const(const struct wide *a)
{
    return (const mp_limb_t *)a->limbs;
}

struct wide wide_of(unsigned __int128 value)
{
    return (struct wide){{(uint64_t)value, (uint64_t)(value >> 64)}};
}

/* Limbs up to the last one that is not zero. */
static mp_size_t used(const struct wide *a)
{
    mp_size_t n = WIDE_LIMBS;
    while (n > 0 && a->limbs[n - 1] == 0)
        n--;
    return n;
}

bool wide_is_zero(const struct wide *a)
{
    return used(a) == 0;
}

int wide_compare(const struct wide *a, const struct wide *b)
{
    return mpn_cmp(limbs_const(a), limbs_const(b), WIDE_LIMBS);
}

void wide_add(struct wide *a, const struct wide *b)
{
    CHECK(mpn_add_n(limbs(a), limbs_const(a), limbs_const(b), WIDE_LIMBS) == 0);
}

/* a >= b */
static void wide_sub(struct wide *a, const struct wide *b)
{
    CHECK(mpn_sub_n(limbs(a), limbs_const(a), limbs_const(b), WIDE_LIMBS) == 0);
}

void wide_mul(struct wide *a, unsigned __int128 b)
{
    mp_limb_t factor[2] = {(mp_limb_t)b, (mp_limb_t)(b >> 64)};
    mp_limb_t product[WIDE_LIMBS + 2];
    mpn_mul(product, limbs_const(a), WIDE_LIMBS, factor, 2);
    CHECK(product[WIDE_LIMBS] == 0 && product[WIDE_LIMBS + 1] == 0);
    memcpy(a->limbs, product, sizeof a->limbs);
}

void wide_divide_half_even(struct wide *a, const struct wide *divisor)
{
    mp_size_t n = used(a), d = used(divisor);
    CHECK(d > 0);
    struct wide quotient = {{0}}, rest = *a;
    if (n >= d) {
        rest = (struct wide){{0}};
        mpn_tdiv_qr(limbs(&quotient), limbs(&rest), 0, limbs_const(a), n, limbs_const(divisor), d);
    }
    /* Twice the rest against the divisor: above, or half and odd, goes up. */
    struct wide left = *divisor;
    wide_sub(&left, &rest);
    int order = wide_compare(&rest, &left);
    if (order > 0 || (order == 0 && (quotient.limbs[0] & 1) != 0))
        wide_add(&quotient, &(struct wide){{1}});
    *a = quotient;
}

struct amount amount_zero(void)
{
    return (struct amount){0};
}

struct amount amount_of(struct wide magnitude, bool negative)
{
    return (struct amount){magnitude, negative && !wide_is_zero(&magnitude)};
}

bool amount_equal(const struct amount *a, const struct amount *b)
{
    return a->negative == b->negative && wide_compare(&a->magnitude, &b->magnitude) == 0;
}

struct amount amount_negate(const struct amount *a)
{
    return amount_of(a->magnitude, !a->negative);
}

struct amount amount_add(const struct amount *a, const struct amount *b)
{
    struct wide sum = a->magnitude;
    if (a->negative == b->negative) {
        wide_add(&sum, &b->magnitude);
        return amount_of(sum, a->negative);
    }
    if (wide_compare(&a->magnitude, &b->magnitude) >= 0) {
        wide_sub(&sum, &b->magnitude);
        return amount_of(sum, a->negative);
    }
    sum = b->magnitude;
    wide_sub(&sum, &a->magnitude);
    return amount_of(sum, b->negative);
}

struct amount amount_sub(const struct amount *a, const struct amount *b)
{
    struct amount negated = amount_negate(b);
    return amount_add(a, &negated);
}

static struct wide ten_to(uint32_t decimals)
{
    struct wide power = {{1}};
    for (uint32_t i = 0; i < decimals; i++)
        wide_mul(&power, 10);
    return power;
}

struct amount amount_widen(const struct amount *a, uint32_t decimals)
{
    struct wide magnitude = a->magnitude;
    for (uint32_t i = 0; i < decimals; i++)
        wide_mul(&magnitude, 10);
    return amount_of(magnitude, a->negative);
}

struct amount amount_narrow(const struct amount *a, uint32_t decimals)
{
    struct wide magnitude = a->magnitude, divisor = ten_to(decimals);
    wide_divide_half_even(&magnitude, &divisor);
    return amount_of(magnitude, a->negative);
}

/* Digits without leading zeros, at least one; returns how many. */
static size_t wide_digits(const struct wide *a, char out[AMOUNT_TEXT_SIZE])
{
    mp_size_t n = used(a);
    if (n == 0) {
        out[0] = '0';
        return 1;
    }
    struct wide scratch = *a; /* mpn_get_str destroys it */
    unsigned char digits[AMOUNT_TEXT_SIZE];
    size_t count = mpn_get_str(digits, 10, limbs(&scratch), n), first = 0;
    while (first + 1 < count && digits[first] == 0)
        first++;
    for (size_t i = first; i < count; i++)
        out[i - first] = (char)('0' + digits[i]);
    return count - first;
}

size_t amount_print(const struct amount *a, uint32_t scale, char out[AMOUNT_TEXT_SIZE])
{
    char digits[AMOUNT_TEXT_SIZE];
    size_t count = wide_digits(&a->magnitude, digits), at = 0;
    CHECK(count + scale + 4 < AMOUNT_TEXT_SIZE);
    if (a->negative)
        out[at++] = '-';
    size_t whole = count > scale ? count - scale : 0;
    if (whole == 0)
        out[at++] = '0';
    memcpy(out + at, digits, whole);
    at += whole;
    if (scale > 0)
        out[at++] = '.';
    for (size_t i = count; i < scale; i++)
        out[at++] = '0';
    memcpy(out + at, digits + whole, count - whole);
    at += count - whole;
    out[at] = 0;
    return at;
}

size_t amount_print_short(const struct amount *a, uint32_t scale, uint32_t least, char out[AMOUNT_TEXT_SIZE])
{
    CHECK(least <= scale);
    size_t size = amount_print(a, scale, out);
    for (uint32_t kept = scale; kept > least && out[size - 1] == '0'; kept--)
        size--;
    if (size > 0 && out[size - 1] == '.')
        size--;
    out[size] = 0;
    return size;
}

/* Digits with at most one point among them; how many stand behind it. False: it is anything else. */
static bool read_decimal(const char *text, size_t size, struct amount *out, bool *point, uint32_t *decimals)
{
    bool negative = size > 0 && text[0] == '-';
    size_t at = negative;
    struct wide value = {{0}};
    *point = false;
    *decimals = 0;
    if (size - at > AMOUNT_TEXT_SIZE - 25 || at == size)
        return false;
    for (; at < size; at++) {
        if (text[at] == '.' && !*point) {
            *point = true;
            continue;
        }
        if (text[at] < '0' || text[at] > '9')
            return false;
        wide_mul(&value, 10);
        wide_add(&value, &(struct wide){{(uint64_t)(text[at] - '0')}});
        *decimals += *point;
    }
    *out = amount_of(value, negative);
    return true;
}

bool amount_parse(const char *text, size_t size, uint32_t scale, struct amount *out)
{
    struct amount read;
    uint32_t decimals;
    bool point;
    if (!read_decimal(text, size, &read, &point, &decimals) || decimals != scale || point != (scale > 0))
        return false;
    *out = read;
    return true;
}

bool amount_read(const char *text, size_t size, uint32_t scale, struct amount *out)
{
    struct amount read;
    uint32_t decimals;
    bool point;
    if (!read_decimal(text, size, &read, &point, &decimals) || decimals > scale || (point && decimals == 0))
        return false;
    *out = amount_widen(&read, scale - decimals);
    return true;
}

size_t u128_print(unsigned __int128 value, char out[40])
{
    char reversed[40];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value > 0);
    for (size_t i = 0; i < count; i++)
        out[i] = reversed[count - 1 - i];
    out[count] = 0;
    return count;
}

bool u128_parse(const char *text, size_t size, unsigned __int128 *out)
{
    unsigned __int128 value = 0;
    if (size == 0 || size > 39)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, (unsigned __int128)10, &value) ||
            __builtin_add_overflow(value, (unsigned __int128)(text[i] - '0'), &value))
            return false;
    }
    *out = value;
    return true;
}
