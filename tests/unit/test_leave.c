/* What is forgotten whole leaves the state: it does not grow with every name that ever came. */
#include <stdio.h>

#include "lib/base/time.h"
#include "tests/support/driver.h"
#include "tests/support/test.h"

enum { MANY = 100 };

static const int64_t hour_s = DRIVER_BEGIN_S;

static const char catalog[] =
    "currency: USD\nproducts:\n  container: {settle: hourly, skus: {k: {payg: {price: '1', per: hour}}}}\n"
    "  node: {settle: hourly, liveness: 600, skus: {k: {payg: {price: '1', per: hour}}}}\n"
    "  model: {settle: hourly, liveness: 8640000, skus: {k: {payg: {price: '1', per: hour}}}}\n"
    "  storage: {settle: hourly, skus: {k: {payg: {price: '1', per: GB-hour}}}}\n";

static const struct {
    enum product product;
    enum record_kind begins, ends;
} kinds[] = {{PRODUCT_CONTAINER, RECORD_LAUNCHED, RECORD_STOPPED},
             {PRODUCT_NODE, RECORD_LAUNCHED, RECORD_DELETED},
             {PRODUCT_NODE, RECORD_HEARTBEAT, RECORD_HEARTBEAT},
             {PRODUCT_STORAGE, RECORD_STORAGE_USED, RECORD_STORAGE_DELETED}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void begin(struct driver *driver)
{
    const int64_t day_us = DAY_S * (int64_t)SECOND_US;
    driver_begin(driver, 0, catalog, rules_of(1, 3 * day_us, day_us));
}

/* Each name begins and ends once. */
static void come_and_go(struct driver *driver, int64_t at_s, const char *prefix)
{
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "%s%d", prefix, i);
        struct record records[2] = {driver_record(driver, kinds[i % KINDS].begins, at_s),
                                    driver_record(driver, kinds[i % KINDS].ends, at_s + 1)};
        for (int r = 0; r < 2; r++) {
            records[r].product = kinds[i % KINDS].product;
            records[r].subject = str_of(name);
            records[r].bytes = records[r].kind == RECORD_STORAGE_USED;
            if (records[r].product == PRODUCT_STORAGE)
                records[r].sku = STR("k");
        }
        driver_send(driver, at_s + 2, records, 2);
    }
    driver_tick(driver, at_s + 10);
}

static uint32_t state_size(const struct driver *driver)
{
    struct packer bytes = {0};
    fold_snapshot(driver->fold, &bytes);
    uint32_t size = bytes.bytes.count;
    vec_release(&bytes.bytes);
    return size;
}

static void pass_days(struct driver *driver, int from, int to, bool restarts)
{
    for (int day = from; day < to; day++) {
        driver_tick(driver, hour_s + day * (int64_t)DAY_S);
        if (restarts)
            driver_restart(driver);
        driver_tick(driver, hour_s + day * (int64_t)DAY_S + 60);
    }
}

static void names_that_came_once_leave_when_the_horizon_is_past(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    come_and_go(&driver, hour_s + 100, "first");
    uint32_t before = state_size(&driver);
    pass_days(&driver, 1, 8, false);
    uint32_t after = state_size(&driver);
    assert_true(after < before / 10);
    come_and_go(&driver, hour_s + 8 * (int64_t)DAY_S, "second");
    pass_days(&driver, 9, 16, true);
    assert_int_equal(state_size(&driver), after);
    driver_release(&driver);
}

/* Runs through all that happens to what stays, while others leave before and after it. */
static void what_stays_is_the_same_after_others_left(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    come_and_go(&driver, hour_s + 50, "first");
    struct record launched = driver_record(&driver, RECORD_LAUNCHED, hour_s + 60);
    driver_send(&driver, hour_s + 70, &launched, 1);
    come_and_go(&driver, hour_s + 100, "second");
    struct record model = driver_record(&driver, RECORD_LAUNCHED, hour_s + 200);
    model.product = PRODUCT_MODEL; /* silent after 100 days */
    driver_send(&driver, hour_s + 210, &model, 1);
    pass_days(&driver, 1, 100, false);
    driver_tick(&driver, hour_s + 100 * (int64_t)DAY_S + 261);
    assert_non_null(driver_state(&driver));
    assert_int_equal(driver_state(&driver)->state, RUN_SILENT);
    assert_int_equal(driver_state(&driver)->product, PRODUCT_MODEL);
    struct record stopped = driver_record(&driver, RECORD_STOPPED, hour_s + 100 * (int64_t)DAY_S + 265);
    driver_send(&driver, hour_s + 100 * (int64_t)DAY_S + 270, &stopped, 1);
    assert_int_equal(driver_state(&driver)->state, RUN_STOPPED);
    assert_int_equal(driver_levels(&driver), 1);
    assert_int_equal(driver_last(&driver)->levels[0].segments[0].len_s, 265);
    driver_release(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_came_once_leave_when_the_horizon_is_past),
        cmocka_unit_test(what_stays_is_the_same_after_others_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
