/* Catalogs that are taken: what each of their words comes to. What is refused: test_catalog_refused. */
#include <stdio.h>

#include "lib/base/pack.h"
#include "lib/domain/catalog.h"
#include "tests/support/test.h"

#define JAN_1 INT64_C(1767225600) /* 2026-01-01T00:00:00Z */
#define JUL_1 INT64_C(1782864000) /* 2026-07-01T00:00:00Z */
#define EMPTY "products: {}\n"

static struct catalog *taken(const char *text)
{
    struct catalog_error error;
    struct catalog *catalog = catalog_parse(str_of(text), &error);
    if (catalog == NULL)
        fail_msg("%u:%u: %s\n%s", error.line, error.column, error.message, text);
    assert_int_equal(error.line, 0);
    return catalog;
}

/* A catalog of one product with one sku, `s`. */
static struct catalog *with_sku(const char *product, const char *sku)
{
    char text[1000];
    snprintf(text, sizeof text, "currency: USD\nproducts: {%s: {settle: hourly, skus: {s: %s}}}\n", product,
             sku);
    return taken(text);
}

static void policies_that_are_not_set_have_their_defaults(void **state)
{
    (void)state;
    struct catalog *catalog = taken("currency: XAU\n" EMPTY);
    assert_string_equal(catalog_currency(catalog), "XAU");
    assert_int_equal(catalog_charge_scale(catalog), 6);
    assert_int_equal(catalog_bill_scale(catalog), 2); /* ISO 4217 has no number for gold */
    assert_int_equal(catalog_grace_us(catalog), INT64_C(86400000000));
    assert_int_equal(catalog_void_after_us(catalog), 0);
    assert_int_equal(catalog_sku_count(catalog), 0);
    for (enum product product = 0; product < PRODUCT_COUNT; product++)
        assert_int_equal(catalog_liveness_s(catalog, product), 0);
    catalog_free(catalog);
}

static void policies_are_what_was_set_in_any_order_of_keys(void **state)
{
    (void)state;
    struct catalog *catalog =
        taken("products:\n"
              "  storage: {skus: {}, settle: hourly}\n"
              "  maas: {skus: {}, settle: cycle}\n"
              "  model: {liveness: 30, skus: {}, settle: \"cycle\"}\n"
              "  container: {skus: {}, settle: hourly, liveness: 0}\n"
              "void_after: 2d\nbill_scale: 12\ngrace: 90m\ncharge_scale: 0\ncurrency: 'EUR'\n");
    assert_string_equal(catalog_currency(catalog), "EUR");
    assert_int_equal(catalog_charge_scale(catalog), 0);
    assert_int_equal(catalog_bill_scale(catalog), 12);
    assert_int_equal(catalog_grace_us(catalog), INT64_C(5400000000));
    assert_int_equal(catalog_void_after_us(catalog), INT64_C(172800000000));
    assert_true(catalog_settles_by_cycle(catalog, PRODUCT_MAAS));
    assert_true(catalog_settles_by_cycle(catalog, PRODUCT_MODEL));
    assert_false(catalog_settles_by_cycle(catalog, PRODUCT_STORAGE));
    assert_int_equal(catalog_liveness_s(catalog, PRODUCT_MODEL), 30);
    assert_int_equal(catalog_liveness_s(catalog, PRODUCT_CONTAINER), 0);
    catalog_free(catalog);
}

static void durations_are_integers_with_a_unit_or_of_seconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        {"0", 0},
        {"\"0\"", 0},
        {"1", 1},
        {"1s", 1},
        {"'1m'", 60},
        {"007h", 7 * 3600},
        {"35d", 35 * 86400},
        {"999999999999", 999999999999},
        {"11574074d", INT64_C(11574074) * 86400},
        {"999999999999999999d", 1000000000000}, /* longer than any time is away: without end */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf(text, sizeof text, "currency: USD\ngrace: %s\nvoid_after: %s\n" EMPTY, cases[i].text,
                 cases[i].text);
        struct catalog *catalog = taken(text);
        assert_int_equal(catalog_grace_us(catalog), cases[i].seconds * 1000000);
        assert_int_equal(catalog_void_after_us(catalog), cases[i].seconds * 1000000);
        catalog_free(catalog);
    }
}

static void sizes_are_integers_with_a_unit_or_of_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t number, unit;
    } cases[] = {
        {"0", 0, 1},
        {"5", 5, 1},
        {"20GB", 20, 1000000000},
        {"\"20GB\"", 20, 1000000000},
        {"1GiB", 1, 1 << 30},
        {"'3'", 3, 1},
        {"0GiB", 0, 1},
        {"999999999999999999GiB", UINT64_C(999999999999999999), 1 << 30},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sku[100];
        snprintf(sku, sizeof sku, "{free: %s}", cases[i].text);
        struct catalog *catalog = with_sku("storage", sku);
        assert_true(catalog_free_bytes(catalog, STR("s")) ==
                    (unsigned __int128)cases[i].number * cases[i].unit);
        assert_true(catalog_free_bytes(catalog, STR("other")) == 0);
        catalog_free(catalog);
    }
}

static void a_price_is_read_as_its_digits_stand(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t whole, picounits;
    } cases[] = {
        {"0", 0, 0},
        {"\"0.0\"", 0, 0},
        {"000000000001", 1, 0},
        {"2.50", 2, 500000000000},
        {"'2.5'", 2, 500000000000},
        {"0.1", 0, 100000000000}, /* as no double is */
        {"0.000000000001", 0, 1},
        {"999999999999.999999999999", 999999999999, 999999999999},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sku[100];
        snprintf(sku, sizeof sku, "{payg: {per: hour, price: %s}}", cases[i].text);
        struct catalog *catalog = with_sku("node", sku);
        struct price_list list = catalog_prices(catalog, PRODUCT_NODE, STR("s"), METER_RUNTIME);
        unsigned __int128 picounits =
            (unsigned __int128)cases[i].whole * UINT64_C(1000000000000) + cases[i].picounits;
        assert_int_equal(list.count, 1);
        assert_true(list.prices[0].picounits == picounits);
        assert_int_equal(list.prices[0].from_s, INT64_MIN);
        catalog_free(catalog);
    }
}

struct unit_case {
    const char *product;
    const char *key;
    const char *per;
    enum product number;
    enum meter meter;
    uint64_t pays_for;
};

static const struct unit_case unit_cases[] = {
    {"container", "payg", "second", PRODUCT_CONTAINER, METER_RUNTIME, 1},
    {"model", "payg", "minute", PRODUCT_MODEL, METER_RUNTIME, 60},
    {"node", "payg", "hour", PRODUCT_NODE, METER_RUNTIME, 3600},
    {"node", "payg", "\"day\"", PRODUCT_NODE, METER_RUNTIME, 86400},
    {"container", "subscription", "month", PRODUCT_CONTAINER, METER_MONTHS, 1},
    {"storage", "payg", "GB-hour", PRODUCT_STORAGE, METER_CAPACITY, UINT64_C(3600000000000)},
    {"storage", "payg", "GiB-hour", PRODUCT_STORAGE, METER_CAPACITY, UINT64_C(3600) << 30},
    {"storage", "payg", "GB-day", PRODUCT_STORAGE, METER_CAPACITY, UINT64_C(86400000000000)},
    {"storage", "payg", "GiB-day", PRODUCT_STORAGE, METER_CAPACITY, UINT64_C(86400) << 30},
    {"maas", "cached_input_tokens", "1", PRODUCT_MAAS, METER_CACHED_INPUT_TOKENS, 1},
    {"maas", "cache_write_tokens", "1K", PRODUCT_MAAS, METER_CACHE_WRITE_TOKENS, 1000},
    {"maas", "output_tokens", "1K", PRODUCT_MAAS, METER_OUTPUT_TOKENS, 1000},
    {"maas", "images", "1M", PRODUCT_MAAS, METER_IMAGES, 1000000},
};

static void a_unit_is_what_one_price_pays_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof unit_cases / sizeof *unit_cases; i++) {
        const struct unit_case *c = &unit_cases[i];
        char sku[100];
        snprintf(sku, sizeof sku, "{%s: {price: 1, per: %s}}", c->key, c->per);
        struct catalog *catalog = with_sku(c->product, sku);
        for (enum meter meter = 0; meter < METER_COUNT; meter++) {
            struct price_list list = catalog_prices(catalog, c->number, STR("s"), meter);
            assert_int_equal(list.count, meter == c->meter);
            if (list.count == 1)
                assert_true(list.prices[0].per == c->pays_for);
        }
        catalog_free(catalog);
    }
}

static void a_bill_has_the_decimals_of_its_currency_by_iso_4217(void **state)
{
    (void)state;
    static const struct {
        const char *currency;
        uint32_t decimals;
    } cases[] = {{"USD", 2}, {"CNY", 2}, {"HUF", 2}, {"JPY", 0}, {"KRW", 0}, {"ISK", 0}, {"UGX", 0},
                 {"KWD", 3}, {"TND", 3}, {"CLF", 4}, {"UYW", 4}, {"XDR", 2}, {"ITL", 2}, {"QQQ", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[100];
        snprintf(text, sizeof text, EMPTY "currency: %s\n", cases[i].currency);
        struct catalog *catalog = taken(text);
        assert_int_equal(catalog_bill_scale(catalog), cases[i].decimals);
        catalog_free(catalog);
        snprintf(text, sizeof text, EMPTY "bill_scale: 7\ncurrency: %s\n", cases[i].currency);
        catalog = taken(text);
        assert_int_equal(catalog_bill_scale(catalog), 7);
        catalog_free(catalog);
    }
}

static void a_year_is_a_list_of_its_own_and_pays_for_twelve_months(void **state)
{
    (void)state;
    static const char *const products[] = {"container", "model", "node"};
    for (enum product p = PRODUCT_CONTAINER; p <= PRODUCT_NODE; p++) {
        struct catalog *catalog =
            with_sku(products[p], "{subscription: {price: 10, per: month},"
                                  " subscription_year: [{price: 100, per: year},"
                                  " {from: 2026-07-01T00:00:00Z, price: 90, per: year}]}");
        struct price_list months = catalog_prices(catalog, p, STR("s"), METER_MONTHS);
        struct price_list years = catalog_year_prices(catalog, p, STR("s"));
        assert_int_equal(months.count, 1);
        assert_int_equal(years.count, 2);
        assert_true(months.prices[0].per == 1);
        assert_true(years.prices[0].per == 12 && years.prices[1].per == 12);
        assert_int_equal(price_list_at(years, JUL_1), 1);
        assert_int_equal(catalog_year_prices(catalog, p, STR("other")).count, 0);
        catalog_free(catalog);
    }
    struct catalog *catalog = with_sku("node", "{subscription: {price: 10, per: month}}");
    assert_int_equal(catalog_year_prices(catalog, PRODUCT_NODE, STR("s")).count, 0);
    catalog_free(catalog);
}

static void tokens_of_a_cache_go_by_input_where_they_have_no_key(void **state)
{
    (void)state;
    static const enum meter parts[] = {METER_CACHED_INPUT_TOKENS, METER_CACHE_WRITE_TOKENS};
    struct catalog *catalog =
        with_sku("maas", "{input_tokens: {price: 3, per: 1M},"
                         " cached_input_tokens: {from: 2026-07-01T00:00:00Z, price: 1, per: 1K}}");
    struct price_list cached = catalog_prices(catalog, PRODUCT_MAAS, STR("s"), METER_CACHED_INPUT_TOKENS);
    struct price_list written = catalog_prices(catalog, PRODUCT_MAAS, STR("s"), METER_CACHE_WRITE_TOKENS);
    assert_true(cached.count == 1 && cached.prices[0].per == 1000);
    assert_int_equal(price_list_at(cached, JUL_1 - 1), -1); /* a key without a price yet: unpriced */
    assert_true(written.count == 1 && written.prices[0].per == 1000000);
    assert_int_equal(catalog_prices(catalog, PRODUCT_MAAS, STR("s"), METER_OUTPUT_TOKENS).count, 0);
    catalog_free(catalog);
    catalog = with_sku("maas", "{cached_input_tokens: {price: 1, per: 1}}");
    assert_int_equal(catalog_prices(catalog, PRODUCT_MAAS, STR("s"), METER_INPUT_TOKENS).count, 0);
    assert_int_equal(catalog_prices(catalog, PRODUCT_MAAS, STR("s"), parts[1]).count, 0);
    assert_int_equal(catalog_prices(catalog, PRODUCT_MAAS, STR("no"), parts[0]).count, 0);
    catalog_free(catalog);
}

static void a_single_price_with_from_holds_from_then_on(void **state)
{
    (void)state;
    struct catalog *catalog = with_sku("node", "{payg: {from: 2026-07-01T00:00:00.9Z, price: 1, per: hour}}");
    struct price_list list = catalog_prices(catalog, PRODUCT_NODE, STR("s"), METER_RUNTIME);
    assert_int_equal(list.count, 1);
    assert_int_equal(price_list_at(list, JUL_1 - 1), -1);
    assert_int_equal(price_list_at(list, JUL_1), 0);
    catalog_free(catalog);
}

static void a_price_holds_from_its_second_until_the_next_ones(void **state)
{
    (void)state;
    struct catalog *catalog =
        with_sku("node", "{payg: [{from: 2026-01-01T00:00:00.9Z, price: 1, per: hour},"
                         " {from: \"2026-07-01t08:00:00+08:00\", price: 2, per: minute},"
                         " {from: '2026-07-01T00:00:01z', price: 3, per: hour}]}");
    struct price_list list = catalog_prices(catalog, PRODUCT_NODE, STR("s"), METER_RUNTIME);
    assert_int_equal(list.count, 3);
    assert_int_equal(price_list_at(list, INT64_MIN), -1);
    assert_int_equal(price_list_at(list, JAN_1 - 1), -1);
    assert_int_equal(price_list_at(list, JAN_1), 0);
    assert_int_equal(price_list_at(list, JUL_1 - 1), 0);
    assert_int_equal(price_list_at(list, JUL_1), 1);
    assert_int_equal(price_list_at(list, JUL_1 + 1), 2);
    assert_int_equal(price_list_at(list, INT64_MAX), 2);
    catalog_free(catalog);
}

static void a_first_price_without_from_holds_since_ever(void **state)
{
    (void)state;
    struct catalog *catalog = with_sku("maas", "{images: [{price: 1, per: 1},"
                                               " {from: 1970-01-01T00:00:00Z, price: 2, per: 1}]}");
    struct price_list list = catalog_prices(catalog, PRODUCT_MAAS, STR("s"), METER_IMAGES);
    assert_int_equal(price_list_at(list, INT64_MIN), 0);
    assert_int_equal(price_list_at(list, -1), 0);
    assert_int_equal(price_list_at(list, 0), 1);
    catalog_free(catalog);
}

static void a_list_without_prices_holds_nothing_ever(void **state)
{
    (void)state;
    assert_int_equal(price_list_at((struct price_list){NULL, 0}, 0), -1);
}

/* Against the plain walk, in lists of every small length. */
static void the_price_of_a_second_is_the_last_that_began(void **state)
{
    (void)state;
    struct price prices[9];
    for (uint32_t i = 0; i < 9; i++)
        prices[i] = (struct price){.from_s = 10 * (int64_t)i};
    for (uint32_t count = 0; count <= 9; count++) {
        for (int64_t second_s = -1; second_s < 100; second_s++) {
            int32_t last = -1;
            for (uint32_t i = 0; i < count; i++)
                last = prices[i].from_s <= second_s ? (int32_t)i : last;
            assert_int_equal(price_list_at((struct price_list){prices, count}, second_s), last);
        }
    }
}

static void a_sku_is_found_by_product_and_name_alone(void **state)
{
    (void)state;
    struct catalog *catalog =
        taken("currency: USD\nproducts:\n"
              "  node: {settle: hourly, skus: {a: {payg: {price: 1, per: hour}}}}\n"
              "  model: {settle: hourly, skus: {a: {payg: {price: 2, per: hour}}, b: {}}}\n");
    assert_int_equal(catalog_sku_count(catalog), 3);
    assert_true(catalog_prices(catalog, PRODUCT_NODE, STR("a"), METER_RUNTIME).prices[0].picounits ==
                UINT64_C(1000000000000));
    assert_true(catalog_prices(catalog, PRODUCT_MODEL, STR("a"), METER_RUNTIME).prices[0].picounits ==
                UINT64_C(2000000000000));
    assert_int_equal(catalog_prices(catalog, PRODUCT_CONTAINER, STR("a"), METER_RUNTIME).count, 0);
    assert_int_equal(catalog_prices(catalog, PRODUCT_NODE, STR("b"), METER_RUNTIME).count, 0);
    assert_int_equal(catalog_prices(catalog, PRODUCT_MODEL, STR("b"), METER_RUNTIME).count, 0);
    assert_int_equal(catalog_prices(catalog, PRODUCT_NODE, STR("A"), METER_RUNTIME).count, 0);
    assert_int_equal(catalog_prices(catalog, PRODUCT_NODE, STR(""), METER_RUNTIME).count, 0);
    catalog_free(catalog);
}

static void names_are_the_texts_that_stand_there(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"yes", "yes"},       {"1", "1"},          {"1.0", "1.0"},       {"0x10", "0x10"},
        {"\"null\"", "null"}, {"'~'", "~"},        {"\"\\u00e9\"", "é"}, {"é✓😀", "é✓😀"},
        {"a b", "a b"},       {"'it''s'", "it's"}, {"\"a\\/b\"", "a/b"}, {"<<", "<<"},
        {"nULL", "nULL"},     {"-1", "-1"},        {"\" \"", " "},       {"\"\\u2028\"", "\u2028"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[200];
        snprintf(text, sizeof text,
                 "currency: USD\nproducts: {maas: {settle: cycle, skus: {%s: {images: {price: 1, per: 1}}}}}",
                 names[i][0]);
        struct catalog *catalog = taken(text);
        assert_int_equal(catalog_prices(catalog, PRODUCT_MAAS, str_of(names[i][1]), METER_IMAGES).count, 1);
        catalog_free(catalog);
    }
}

static void json_is_yaml(void **state)
{
    (void)state;
    struct catalog *catalog =
        taken("{\"currency\":\"USD\",\"charge_scale\":2,\n"
              "\t\"products\":{\"node\":{\"settle\":\"hourly\",\"liveness\":60,\"skus\":{\n"
              "\t\t\"\\u0061\\\"\\\\\\/\":{\"payg\":[{\"price\":2.50,\"per\":\"hour\"}]}}}}}\n");
    assert_int_equal(catalog_charge_scale(catalog), 2);
    assert_int_equal(catalog_liveness_s(catalog, PRODUCT_NODE), 60);
    assert_int_equal(catalog_prices(catalog, PRODUCT_NODE, STR("a\"\\/"), METER_RUNTIME).count, 1);
    catalog_free(catalog);
}

static void documents_may_be_marked_and_commented(void **state)
{
    (void)state;
    catalog_free(taken("\xEF\xBB\xBF# é\ncurrency: USD # of America\r\n" EMPTY "...\n# end\n"));
    catalog_free(taken("%YAML 1.1\n---\ncurrency: USD\n" EMPTY "...\n"));
    catalog_free(
        taken("---\r\ncurrency: USD\r\nproducts:\r\n  node:\r\n    settle: hourly\r\n    skus: {}\r\n"));
    catalog_free(taken("currency: USD\rproducts: {}\r"));
}

static void a_catalog_of_many_skus_finds_each(void **state)
{
    (void)state;
    enum { SKUS = 20000 };
    struct packer text = {0};
    struct catalog_error error;
    static const char head[] = "currency: USD\nproducts:\n  node:\n    settle: hourly\n    skus:\n";
    pack_raw(&text, head, sizeof head - 1);
    for (int i = 0; i < SKUS; i++) {
        char line[100];
        int size = snprintf(line, sizeof line, "      sku-%d: {payg: {price: %d, per: hour}}\n", i, i);
        pack_raw(&text, line, (size_t)size);
    }
    struct catalog *catalog = catalog_parse((struct str){text.bytes.at, text.bytes.count}, &error);
    assert_non_null(catalog);
    assert_int_equal(catalog_sku_count(catalog), SKUS);
    for (int i = 0; i < SKUS; i++) {
        char name[30];
        snprintf(name, sizeof name, "sku-%d", i);
        struct price_list list = catalog_prices(catalog, PRODUCT_NODE, str_of(name), METER_RUNTIME);
        assert_int_equal(list.count, 1);
        assert_true(list.prices[0].picounits == (unsigned __int128)(unsigned)i * UINT64_C(1000000000000));
    }
    catalog_free(catalog);
    vec_release(&text.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_that_are_not_set_have_their_defaults),
        cmocka_unit_test(policies_are_what_was_set_in_any_order_of_keys),
        cmocka_unit_test(durations_are_integers_with_a_unit_or_of_seconds),
        cmocka_unit_test(sizes_are_integers_with_a_unit_or_of_bytes),
        cmocka_unit_test(a_price_is_read_as_its_digits_stand),
        cmocka_unit_test(a_unit_is_what_one_price_pays_for),
        cmocka_unit_test(a_bill_has_the_decimals_of_its_currency_by_iso_4217),
        cmocka_unit_test(a_year_is_a_list_of_its_own_and_pays_for_twelve_months),
        cmocka_unit_test(tokens_of_a_cache_go_by_input_where_they_have_no_key),
        cmocka_unit_test(a_single_price_with_from_holds_from_then_on),
        cmocka_unit_test(a_price_holds_from_its_second_until_the_next_ones),
        cmocka_unit_test(a_first_price_without_from_holds_since_ever),
        cmocka_unit_test(a_list_without_prices_holds_nothing_ever),
        cmocka_unit_test(the_price_of_a_second_is_the_last_that_began),
        cmocka_unit_test(a_sku_is_found_by_product_and_name_alone),
        cmocka_unit_test(names_are_the_texts_that_stand_there),
        cmocka_unit_test(json_is_yaml),
        cmocka_unit_test(documents_may_be_marked_and_commented),
        cmocka_unit_test(a_catalog_of_many_skus_finds_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
