/* Catalogs one after another: which holds, and which may follow the first. */
#include <stdio.h>

#include "lib/base/time.h"
#include "lib/domain/prices.h"
#include "tests/support/test.h"

#define NODE(policies) "products: {node: {settle: hourly, skus: {}" policies "}}\n"

static struct catalog *taken(const char *text)
{
    struct catalog_error error;
    struct catalog *catalog = catalog_parse(str_of(text), &error);
    assert_non_null(catalog);
    return catalog;
}

/* why NULL: it may. */
static void assert_follows(const char *first_text, const char *next_text, const char *why)
{
    char found[PRICES_WHY_SIZE] = "";
    struct catalog *first = taken(first_text), *next = taken(next_text);
    assert_int_equal(prices_may_follow(first, next, found), why == NULL);
    assert_string_equal(found, why == NULL ? "" : why);
    catalog_free(first);
    catalog_free(next);
}

static void a_later_catalog_keeps_currency_scales_and_liveness(void **state)
{
    (void)state;
    const char *first = "currency: USD\n" NODE(", liveness: 60");
    assert_follows(first, "currency: EUR\n" NODE(", liveness: 60"),
                   "currency: expected USD as in the first catalog, found EUR");
    assert_follows(first, "currency: USD\ncharge_scale: 4\n" NODE(", liveness: 60"),
                   "charge_scale: expected 6 as in the first catalog, found 4");
    assert_follows(first, "currency: USD\nbill_scale: 3\n" NODE(", liveness: 60"),
                   "bill_scale: expected 2 as in the first catalog, found 3");
    assert_follows(first, "currency: USD\n" NODE(""),
                   "liveness of node: expected 60 as in the first catalog, found 0");
    assert_follows(first, "currency: USD\nproducts: {}\n",
                   "liveness of node: expected 60 as in the first catalog, found 0");
}

static void all_else_may_change(void **state)
{
    (void)state;
    assert_follows("currency: USD\n" NODE(""),
                   "currency: USD\nbill_scale: 2\ncharge_scale: 6\ngrace: 0\nvoid_after: 1h\nproducts:\n"
                   "  maas: {settle: cycle, skus: {m: {images: {price: 1, per: 1}}}}\n",
                   NULL);
}

static void an_hour_has_the_last_catalog_that_holds_from_it_or_before(void **state)
{
    (void)state;
    struct prices prices = {0};
    assert_true(prices_add(&prices, INT64_MIN, STR("currency: USD\nbill_scale: 1\nproducts: {}\n")));
    assert_true(prices_add(&prices, 2 * HOUR_S, STR("currency: USD\nbill_scale: 2\nproducts: {}\n")));
    assert_true(prices_add(&prices, HOUR_S, STR("currency: USD\nbill_scale: 3\nproducts: {}\n")));
    assert_int_equal(catalog_bill_scale(prices_at(&prices, 0)), 1);
    assert_int_equal(catalog_bill_scale(prices_at(&prices, HOUR_S)), 3);
    assert_int_equal(catalog_bill_scale(prices_at(&prices, 2 * HOUR_S)), 2);
    assert_int_equal(catalog_bill_scale(prices_at(&prices, 9 * HOUR_S)), 2);
    assert_true(prices_add(&prices, HOUR_S, STR("currency: USD\nbill_scale: 4\nproducts: {}\n")));
    assert_int_equal(catalog_bill_scale(prices_at(&prices, HOUR_S)), 4); /* of one hour, the later one */
    assert_int_equal(prices_bill_scale(&prices), 1);
    assert_false(prices_add(&prices, HOUR_S, STR("currency: usd\n")));
    prices_release(&prices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_later_catalog_keeps_currency_scales_and_liveness),
        cmocka_unit_test(all_else_may_change),
        cmocka_unit_test(an_hour_has_the_last_catalog_that_holds_from_it_or_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
