/* The table of kinds, products and meters against itself and against the schemas. */
#include <stdio.h>

#include "lib/domain/record.h"
#include "tests/support/test.h"

enum { TEXT_SIZE = 1 << 16 };

static const char *schema_read(const char *path)
{
    static char text[TEXT_SIZE];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = 0;
    return text;
}

/* As `"symbols": ["a", "b"]`; names[i] of number i, up to a NULL. */
static void assert_symbols(const char *path, const char *enum_name, const char *const names[])
{
    char expected[512];
    int at = snprintf(expected, sizeof expected, "\"name\": \"%s\", \"symbols\": [", enum_name);
    for (int i = 0; names[i] != NULL; i++)
        at += snprintf(expected + at, sizeof expected - (size_t)at, "%s\"%s\"", i == 0 ? "" : ", ", names[i]);
    snprintf(expected + at, sizeof expected - (size_t)at, "]");
    assert_non_null(strstr(schema_read(path), expected));
}

static void a_kinds_number_is_its_branch_in_the_schema(void **state)
{
    (void)state;
    const char *at = strstr(schema_read("schemas/usage_message.avsc"), "\"body\"");
    for (enum record_kind k = 0; k < RECORD_KIND_COUNT; k++) {
        char branch[64];
        snprintf(branch, sizeof branch, "{\"type\": \"record\", \"name\": \"%s\"", kind_rows[k].branch);
        assert_non_null(at);
        at = strstr(at, "{\"type\": \"record\", \"name\": ");
        assert_non_null(at);
        assert_int_equal(strncmp(at, branch, strlen(branch)), 0);
        at++;
    }
    assert_null(strstr(at, "{\"type\": \"record\", \"name\": "));
}

static void products_meters_and_facts_are_the_schemas_symbols(void **state)
{
    (void)state;
    const char *products[PRODUCT_COUNT + 1] = {0}, *meters[METER_COUNT + 1] = {0},
                                         *facts[RECORD_KIND_COUNT + 1] = {0};
    for (int p = 0; p < PRODUCT_COUNT; p++)
        products[p] = product_rows[p].name;
    for (int m = 0; m < METER_COUNT; m++)
        if (meter_rows[m].counted)
            meters[meter_rows[m].number] = meter_rows[m].name;
    for (int k = 0; k < RECORD_KIND_COUNT; k++)
        if (kind_rows[k].fact != NULL)
            facts[kind_rows[k].fact_number] = kind_rows[k].fact;
    assert_symbols("schemas/usage_message.avsc", "Product", products);
    assert_symbols("schemas/frame.avsc", "Product", products);
    assert_symbols("schemas/frame.avsc", "CountMeter", meters);
    assert_symbols("schemas/frame.avsc", "FactKind", facts);
}

static void a_counted_meter_has_a_slot_of_its_own_in_its_product(void **state)
{
    (void)state;
    bool has_product[METER_COUNT] = {false};
    for (enum product p = 0; p < PRODUCT_COUNT; p++)
        for (int m = 0; m < product_rows[p].meter_count; m++) {
            enum meter meter = product_rows[p].meters[m];
            assert_int_equal(meter_rows[meter].slot, m);
            assert_int_equal(meter_of_count(p, meter_rows[meter].number), meter);
            assert_false(has_product[meter]);
            has_product[meter] = true;
        }
    for (int m = 0; m < METER_COUNT; m++)
        assert_int_equal(has_product[m], meter_rows[m].counted);
    assert_int_equal(meter_of_count(PRODUCT_MAAS, COUNT_METERS_MAX), METER_COUNT);
    assert_int_equal(meter_of_count(PRODUCT_CONTAINER, 0), METER_COUNT);
}

static void a_count_goes_to_meters_of_its_own_product_only(void **state)
{
    (void)state;
    for (enum record_kind k = 0; k < RECORD_KIND_COUNT; k++) {
        const struct kind_row *kind = kind_row(k);
        assert_int_equal(kind->meter_count > 0, kind->shape == SHAPE_COUNT);
        for (int m = 0; m < kind->meter_count; m++) {
            uint8_t number = meter_rows[kind->meters[m]].number;
            assert_int_equal(meter_of_count(kind->product, number), kind->meters[m]);
        }
    }
}

static void events_of_one_microsecond_come_in_the_contracts_order(void **state)
{
    (void)state;
    static const enum record_kind order[] = {RECORD_LAUNCHED, RECORD_RECONFIGURED, RECORD_HEARTBEAT,
                                             RECORD_STOPPED,  RECORD_FAILED,       RECORD_DELETED};
    for (size_t i = 1; i < sizeof order / sizeof *order; i++)
        assert_true(kind_row(order[i - 1])->rank < kind_row(order[i])->rank);
    assert_true(kind_row(RECORD_STORAGE_USED)->rank < kind_row(RECORD_STORAGE_DELETED)->rank);
}

static void each_type_of_the_contract_is_there_once(void **state)
{
    (void)state;
    static const char *const some[] = {"container.launched", "node.heartbeat", "storage.used",
                                       "maas.tokens",        "order.paid",     "account.debited"};
    struct event_type types[EVENT_TYPES_MAX];
    int count = event_types(types);
    assert_int_equal(count, 28);
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(types[i].name, types[j].name);
    for (size_t s = 0; s < sizeof some / sizeof *some; s++) {
        int found = 0;
        for (int i = 0; i < count; i++)
            found += strcmp(types[i].name, some[s]) == 0;
        assert_int_equal(found, 1);
    }
}

static void no_fact_has_a_number_beyond_the_last(void **state)
{
    (void)state;
    assert_int_equal(kind_of_fact(0), RECORD_ORDER_PAID);
    assert_int_equal(kind_of_fact(5), RECORD_DEBITED);
    assert_int_equal(kind_of_fact(6), RECORD_KIND_COUNT);
    assert_int_equal(kind_of_fact(-1), RECORD_KIND_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kinds_number_is_its_branch_in_the_schema),
        cmocka_unit_test(products_meters_and_facts_are_the_schemas_symbols),
        cmocka_unit_test(a_counted_meter_has_a_slot_of_its_own_in_its_product),
        cmocka_unit_test(a_count_goes_to_meters_of_its_own_product_only),
        cmocka_unit_test(events_of_one_microsecond_come_in_the_contracts_order),
        cmocka_unit_test(each_type_of_the_contract_is_there_once),
        cmocka_unit_test(no_fact_has_a_number_beyond_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
