/* Rating: CONTRACT §4's amounts, exact and rounded once. */
#include "settler/core/rating.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

static const unsigned __int128 GB = 1000000000, GIB = (unsigned __int128)1 << 30, E12 = 1000000000000;

static void assert_amount(const struct amount *amount, uint32_t scale, const char *expected)
{
    char text[AMOUNT_TEXT_SIZE];
    amount_print(amount, scale, text);
    assert_string_equal(text, expected);
}

static struct price price(unsigned __int128 picounits, unsigned __int128 per)
{
    return (struct price){INT64_MIN, picounits, per};
}

static struct rated rate(enum meter meter, unsigned __int128 units, struct price at, uint32_t scale)
{
    struct rating rating = rating_begin(meter);
    rating_add(&rating, units, &at);
    return rating_end(&rating, scale);
}

static void amounts_are_exact_and_rounded_half_to_even(void **state)
{
    (void)state;
    const struct {
        enum meter meter;
        unsigned __int128 units;
        struct price price;
        uint32_t scale;
        const char *amount;
    } cases[] = {
        {METER_RUNTIME, 900, price(2500000000000, 3600), 6, "0.625000"},
        {METER_RUNTIME, 2400, price(2500000000000, 3600), 6, "1.666667"},
        {METER_RUNTIME, 1, price(100000000000, 60), 12, "0.001666666667"},
        {METER_RUNTIME, 1800, price(1, 3600), 12, "0.000000000000"},
        {METER_RUNTIME, 5400, price(1, 3600), 12, "0.000000000002"},
        {METER_RUNTIME, 1801, price(1, 3600), 12, "0.000000000001"},
        {METER_RUNTIME, 3600000000000000000u, price(E12 * E12 - 1, 1), 12,
         "3599999999999999999999996400000.000000000000"},
        {METER_CAPACITY, GB * 3600, price(200000000, GB * 3600), 6, "0.000200"},
        {METER_CAPACITY, GIB * 86400, price(E12, GIB * 86400), 0, "1"},
        {METER_CAPACITY, GIB * 43200, price(E12, GIB * 86400), 0, "0"},
        {METER_CAPACITY, GIB * 129600, price(E12, GIB * 86400), 0, "2"},
        {METER_INPUT_TOKENS, 1234567, price(600000000000, 1000000), 6, "0.740740"},
        {METER_IMAGES, 7, price(40000000000, 1), 2, "0.28"},
        {METER_MONTHS, 3, price(1005000000000, 1), 2, "3.02"},
        {METER_MONTHS, 36, price(E12, 12), 2, "3.00"},
        {METER_MONTHS, 7, price(E12, 12), 6, "0.583333"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rated rated = rate(cases[i].meter, cases[i].units, cases[i].price, cases[i].scale);
        assert_true(rated.priced);
        assert_true(rated.units == cases[i].units);
        assert_amount(&rated.amount, cases[i].scale, cases[i].amount);
    }
}

static void parts_at_two_units_of_price_are_added_before_the_rounding(void **state)
{
    (void)state;
    unsigned __int128 bytes = 3 * (E12 * 1000000) - GIB;
    struct price hour = price(E12 * E12 - 1, GB * 3600), day = price(3, GIB * 86400);
    struct rating rating = rating_begin(METER_CAPACITY);
    rating_add(&rating, bytes * 1800, &hour);
    rating_add(&rating, bytes * 1800, &day);
    struct rated rated = rating_end(&rating, 12);
    assert_amount(&rated.amount, 12, "1499999999463129087999.998674622983");
}

static void the_order_of_the_parts_does_not_show(void **state)
{
    (void)state;
    struct random random = random_of(4);
    const struct price prices[] = {price(333333333333, 60), price(7, 86400), price(E12 * E12 - 1, 1)};
    for (int round = 0; round < 2000; round++) {
        struct rating there = rating_begin(METER_RUNTIME), back = there;
        uint64_t units[6];
        for (int i = 0; i < 6; i++) {
            units[i] = random_next(&random) >> random_below(&random, 64);
            rating_add(&there, units[i], &prices[i % 3]);
        }
        for (int i = 5; i >= 0; i--)
            rating_add(&back, units[i], &prices[i % 3]);
        struct rated a = rating_end(&there, 6), b = rating_end(&back, 6);
        assert_true(a.units == b.units && amount_equal(&a.amount, &b.amount));
    }
}

static void one_unit_without_price_makes_the_whole_unpriced(void **state)
{
    (void)state;
    struct price hour = price(E12, 3600);
    struct rating rating = rating_begin(METER_RUNTIME);
    rating_add(&rating, 3599, &hour);
    rating_add(&rating, 0, NULL);
    struct rated rated = rating_end(&rating, 6);
    assert_true(rated.priced);
    rating_add(&rating, 1, NULL);
    rated = rating_end(&rating, 6);
    assert_false(rated.priced);
    assert_true(rated.units == 3600);
    assert_amount(&rated.amount, 6, "0.000000");
}

static void a_refund_is_a_part_of_what_was_paid(void **state)
{
    (void)state;
    const struct {
        uint64_t paid;
        int64_t part, whole;
        const char *refund;
    } cases[] = {
        {302, 1000800, 2678400, "-1.13"},
        {302, 0, 10, "0.00"},
        {302, 10, 10, "-3.02"},
        {1, 1, 2, "0.00"},
        {3, 1, 2, "-0.02"},
        {0, 1, 2, "0.00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct amount paid = amount_of(wide_of(cases[i].paid), false);
        struct amount refund = rating_refund(&paid, cases[i].part, cases[i].whole);
        assert_amount(&refund, 2, cases[i].refund);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_exact_and_rounded_half_to_even),
        cmocka_unit_test(parts_at_two_units_of_price_are_added_before_the_rounding),
        cmocka_unit_test(the_order_of_the_parts_does_not_show),
        cmocka_unit_test(one_unit_without_price_makes_the_whole_unpriced),
        cmocka_unit_test(a_refund_is_a_part_of_what_was_paid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
