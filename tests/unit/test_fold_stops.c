/* The fold takes a log as it is, or not at all: what would make a wrong bill stops the partition. */
#include "lib/base/time.h"
#include "tests/support/driver.h"
#include "tests/support/test.h"

enum { INCARNATION = 77 };

static const char catalog[] =
    "currency: USD\nproducts:\n  container: {settle: hourly, skus: {k: {payg: {price: '1', per: hour}}}}\n";

static void begin(struct driver *driver)
{
    const int64_t day_us = 24 * HOUR_S * (int64_t)SECOND_US;
    driver_begin(driver, 0, catalog, rules_of(1, 3 * day_us, day_us));
}

/* A tick of a collector that had so many messages acknowledged. */
static enum fold_outcome send(struct driver *driver, int64_t offset, uint64_t acknowledged)
{
    const int64_t clock_us = DRIVER_BEGIN_S * (int64_t)SECOND_US;
    struct message message = {.offset = offset,
                              .append_us = clock_us,
                              .clock_us = clock_us,
                              .incarnation = INCARNATION,
                              .acknowledged = acknowledged,
                              .feed = STR("test")};
    return fold_apply(driver->fold, &message);
}

static void acknowledged_messages_that_the_log_has_not_stop_the_partition(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    int64_t offset = fold_next_offset(driver.fold);
    assert_int_equal(send(&driver, offset, 0), FOLD_EPOCH_OPEN);
    assert_int_equal(send(&driver, offset + 1, 1), FOLD_EPOCH_OPEN);
    assert_int_equal(send(&driver, offset + 2, 3), FOLD_RECORDS_MISSING);
    assert_int_equal(fold_next_offset(driver.fold), offset + 2);
    assert_int_equal(send(&driver, offset + 2, 2), FOLD_EPOCH_OPEN);
    driver_release(&driver);
}

static void an_unknown_collector_that_had_some_acknowledged_stops_the_partition(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    assert_int_equal(send(&driver, fold_next_offset(driver.fold), 1), FOLD_RECORDS_MISSING);
    driver_release(&driver);
}

static void a_gap_or_a_step_back_in_offsets_stops_the_partition(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    int64_t offset = fold_next_offset(driver.fold);
    assert_int_equal(send(&driver, offset + 1, 0), FOLD_OFFSET_GAP);
    assert_int_equal(send(&driver, offset - 1, 0), FOLD_OFFSET_GAP);
    assert_int_equal(fold_skip(driver.fold, offset + 1), FOLD_OFFSET_GAP);
    assert_int_equal(send(&driver, offset, 0), FOLD_EPOCH_OPEN);
    driver_release(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledged_messages_that_the_log_has_not_stop_the_partition),
        cmocka_unit_test(an_unknown_collector_that_had_some_acknowledged_stops_the_partition),
        cmocka_unit_test(a_gap_or_a_step_back_in_offsets_stops_the_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
