/* What stops is said at once; what stops again and again, once a minute of log time. */
#include "lib/base/time.h"
#include "tests/support/driver.h"
#include "tests/support/test.h"

static const int64_t hour_s = DRIVER_BEGIN_S;

static const char catalog[] =
    "currency: USD\nproducts:\n  container: {settle: hourly, skus: {k: {payg: {price: '1', per: hour}}}}\n"
    "  storage: {settle: hourly, skus: {k: {payg: {price: '1', per: GB-hour}}}}\n";

static void begin(struct driver *driver)
{
    driver_begin(driver, 0, catalog, rules_of(1, INT64_MAX, INT64_MAX));
}

/* The resource runs from a second to another; the message's clock is two seconds behind. */
static void run(struct driver *driver, int64_t from_s, int64_t to_s)
{
    const struct record records[] = {driver_record(driver, RECORD_LAUNCHED, from_s),
                                     driver_record(driver, RECORD_STOPPED, to_s)};
    driver_send(driver, to_s + 2, records, 2);
}

static void a_stop_is_said_in_the_epoch_that_brings_it(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    run(&driver, hour_s + 1, hour_s + 8);
    assert_int_equal(driver_levels(&driver), 1);
    assert_true(driver_last(&driver)->levels[0].stopped);
    assert_true(driver_last(&driver)->levels[0].segments[0].len_s == 7);
    driver_release(&driver);
}

static void a_second_stop_waits_for_the_minutes_end(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    run(&driver, hour_s + 1, hour_s + 8);
    run(&driver, hour_s + 20, hour_s + 28);
    assert_int_equal(driver_levels(&driver), 0);
    driver_restart(&driver); /* what waits is state */
    driver_tick(&driver, hour_s + 59);
    assert_int_equal(driver_levels(&driver), 0);
    driver_tick(&driver, hour_s + 60);
    assert_int_equal(driver_levels(&driver), 1);
    assert_true(driver_last(&driver)->levels[0].segment_count == 2);
    driver_tick(&driver, hour_s + 120);
    assert_int_equal(driver_levels(&driver), 0);
    run(&driver, hour_s + 130, hour_s + 140);
    assert_int_equal(driver_levels(&driver), 1);
    driver_release(&driver);
}

static void another_resource_does_not_wait(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    run(&driver, hour_s + 1, hour_s + 8);
    struct record records[] = {driver_record(&driver, RECORD_LAUNCHED, hour_s + 10),
                               driver_record(&driver, RECORD_DELETED, hour_s + 13)};
    records[0].subject = records[1].subject = STR("other");
    driver_send(&driver, hour_s + 16, records, 2);
    assert_int_equal(driver_levels(&driver), 1);
    driver_release(&driver);
}

static void many_stops_in_an_hour_are_at_most_61_sayings(void **state)
{
    (void)state;
    struct driver driver;
    uint32_t said = 0;
    begin(&driver);
    for (int64_t s = 5; s + 5 < HOUR_S; s += 5) {
        run(&driver, hour_s + s, hour_s + s + 3);
        said += driver_levels(&driver);
        if (s % 300 == 0)
            driver_restart(&driver);
    }
    driver_tick(&driver, hour_s + HOUR_S + 10);
    said += driver_levels(&driver);
    assert_true(said > 55 && said <= 61);
    const struct level_row *row = &driver_last(&driver)->levels[0];
    assert_int_equal(row->segment_count, (HOUR_S - 10) / 5);
    driver_release(&driver);
}

static void what_waited_is_said_by_the_close_of_its_hour(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    run(&driver, hour_s + HOUR_S - 30, hour_s + HOUR_S - 27);
    run(&driver, hour_s + HOUR_S - 20, hour_s + HOUR_S - 17);
    assert_int_equal(driver_levels(&driver), 0);
    driver_tick(&driver, hour_s + HOUR_S + 10);
    assert_int_equal(driver_levels(&driver), 1);
    driver_tick(&driver, hour_s + HOUR_S + 70);
    assert_int_equal(driver_levels(&driver), 0);
    driver_release(&driver);
}

static void a_deleted_file_system_waits_alike(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    for (int i = 0; i < 2; i++) {
        struct record records[] = {driver_record(&driver, RECORD_STORAGE_USED, hour_s + 10 * i + 1),
                                   driver_record(&driver, RECORD_STORAGE_DELETED, hour_s + 10 * i + 5)};
        for (int r = 0; r < 2; r++) {
            records[r].product = PRODUCT_STORAGE;
            records[r].sku = STR("k");
            records[r].bytes = r == 0 ? 100 : 0;
        }
        driver_send(&driver, hour_s + 10 * i + 7, records, 2);
        assert_int_equal(driver_levels(&driver), i == 0);
    }
    driver_tick(&driver, hour_s + 61);
    assert_int_equal(driver_levels(&driver), 1);
    assert_int_equal(driver_last(&driver)->levels[0].segment_count, 2);
    driver_release(&driver);
}

static struct record report(struct driver *driver, enum record_kind kind, int64_t time_s, struct str subject)
{
    struct record record = driver_record(driver, kind, time_s);
    record.product = PRODUCT_STORAGE;
    record.subject = subject;
    record.sku = STR("k");
    record.bytes = kind == RECORD_STORAGE_USED ? 100 : 0;
    return record;
}

static void a_deletion_of_the_next_hour_hides_none_of_the_hour_under_way(void **state)
{
    (void)state;
    struct driver driver;
    const int64_t next_s = hour_s + HOUR_S;
    begin(&driver);
    struct record records[] = {report(&driver, RECORD_STORAGE_USED, next_s - 200, STR("x")),
                               report(&driver, RECORD_STORAGE_USED, next_s - 200, STR("y")),
                               report(&driver, RECORD_STORAGE_DELETED, next_s - 100, STR("x")),
                               report(&driver, RECORD_STORAGE_DELETED, next_s + 20, STR("y"))};
    driver_send(&driver, next_s - 95, records, 4);
    assert_int_equal(driver_levels(&driver), 2);
    const struct level_row *row = driver_last(&driver)->levels;
    assert_true(row[0].hour_s == hour_s && row[0].segments[0].len_s == 100);
    assert_true(row[1].hour_s == next_s && row[1].segments[0].len_s == 20);
    driver_restart(&driver);
    records[0] = report(&driver, RECORD_STORAGE_DELETED, next_s - 150, STR("z"));
    driver_send(&driver, next_s - 35, records, 1); /* another minute; said up to the last one still */
    assert_int_equal(driver_levels(&driver), 0);
    driver_release(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_is_said_in_the_epoch_that_brings_it),
        cmocka_unit_test(a_second_stop_waits_for_the_minutes_end),
        cmocka_unit_test(another_resource_does_not_wait),
        cmocka_unit_test(many_stops_in_an_hour_are_at_most_61_sayings),
        cmocka_unit_test(what_waited_is_said_by_the_close_of_its_hour),
        cmocka_unit_test(a_deleted_file_system_waits_alike),
        cmocka_unit_test(a_deletion_of_the_next_hour_hides_none_of_the_hour_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
