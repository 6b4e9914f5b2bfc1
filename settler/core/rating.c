#include "settler/core/rating.h"

#include "lib/base/check.h"

enum { PRICE_DECIMALS = 12 };

/* A multiple of every `per` of the meter's units (CONTRACT §3). */
static unsigned __int128 common_denominator(enum meter meter)
{
    const unsigned __int128 day_s = 86400;
    switch (meter_row(meter)->units) {
    case UNITS_SECONDS:
        return day_s;
    case UNITS_BYTE_SECONDS: /* of 10^9 = 2^9 x 5^9 and 2^30 bytes, by hour and by day */
        return ((unsigned __int128)1 << 30) * 1953125 * day_s;
    case UNITS_COUNT:
        return 1000000;
    case UNITS_MONTHS: /* by the month, by the year */
        return 12;
    }
    CHECK_NEVER("a meter");
    return 1;
}

struct rating rating_begin(enum meter meter)
{
    return (struct rating){.common = common_denominator(meter)};
}

void rating_add(struct rating *rating, unsigned __int128 units, const struct price *price)
{
    if (units == 0)
        return;
    CHECK(!__builtin_add_overflow(rating->units, units, &rating->units));
    if (price == NULL) {
        rating->unpriced = true;
        return;
    }
    CHECK(price->per > 0 && rating->common % price->per == 0);
    struct wide part = wide_of(units);
    wide_mul(&part, price->picounits);
    wide_mul(&part, rating->common / price->per);
    wide_add(&rating->numerator, &part);
}

void rating_add_span(struct rating *rating, const struct price_list *prices, int64_t from_s, int64_t to_s,
                     unsigned __int128 units_per_second)
{
    CHECK(from_s <= to_s);
    while (from_s < to_s) {
        int32_t at = price_list_at(*prices, from_s);
        int64_t until_s = to_s;
        if ((uint32_t)(at + 1) < prices->count && prices->prices[at + 1].from_s < until_s)
            until_s = prices->prices[at + 1].from_s;
        rating_add(rating, units_per_second * (unsigned __int128)(until_s - from_s),
                   at < 0 ? NULL : &prices->prices[at]);
        from_s = until_s;
    }
}

struct rated rating_end(const struct rating *rating, uint32_t charge_scale)
{
    CHECK(charge_scale <= PRICE_DECIMALS);
    if (rating->unpriced)
        return (struct rated){rating->units, false, amount_zero()};
    struct wide divisor = wide_of(rating->common);
    for (uint32_t i = charge_scale; i < PRICE_DECIMALS; i++)
        wide_mul(&divisor, 10);
    struct wide amount = rating->numerator;
    wide_divide_half_even(&amount, &divisor);
    return (struct rated){rating->units, true, amount_of(amount, false)};
}

struct amount rating_refund(const struct amount *paid, int64_t part, int64_t whole)
{
    CHECK(part >= 0 && part <= whole && whole > 0);
    struct wide back = paid->magnitude;
    struct wide divisor = wide_of((unsigned __int128)whole);
    wide_mul(&back, (unsigned __int128)part);
    wide_divide_half_even(&back, &divisor);
    return amount_of(back, !paid->negative);
}
