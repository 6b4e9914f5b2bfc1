/* What is forgotten is what can no longer change anything, and nothing sooner. */
#include <stdio.h>

#include "lib/base/time.h"
#include "tests/support/driver.h"
#include "tests/support/test.h"

enum { MANY = 1000, INCARNATION = 77 };

static const int64_t hour_s = DRIVER_BEGIN_S;

static const char catalog[] =
    "currency: USD\nproducts:\n  container: {settle: hourly, skus: {k: {payg: {price: '1', per: hour}}}}\n"
    "  maas: {settle: hourly, skus: {k: {images: {price: '1', per: 1}}}}\n";

static void begin(struct driver *driver)
{
    const int64_t day_us = DAY_S * (int64_t)SECOND_US;
    driver_begin(driver, 0, catalog, rules_of(1, 3 * day_us, day_us));
}

static struct record image(struct driver *driver, int64_t time_s)
{
    struct record record = driver_record(driver, RECORD_IMAGES, time_s);
    record.images = record.succeeded = 1;
    return record;
}

/* A tick each hour up to the moment. */
static void pass(struct driver *driver, int64_t from_s, int64_t to_s)
{
    for (int64_t at_s = from_s + HOUR_S; at_s < to_s; at_s += HOUR_S)
        driver_tick(driver, at_s);
    driver_tick(driver, to_s);
}

static void a_count_is_known_as_long_as_its_hour_can_be_corrected(void **state)
{
    (void)state;
    static const int64_t later_s[] = {60, HOUR_S, 3 * HOUR_S, 12 * HOUR_S, 24 * HOUR_S, 25 * HOUR_S - 60};
    for (size_t i = 0; i < sizeof later_s / sizeof *later_s; i++) {
        struct driver driver;
        begin(&driver);
        struct record record = image(&driver, hour_s + 10);
        driver_send(&driver, hour_s + 20, &record, 1);
        pass(&driver, hour_s + 20, hour_s + 20 + later_s[i]);
        driver_send(&driver, hour_s + 26 + later_s[i], &record, 1);
        assert_int_equal(driver_last(&driver)->counters.records_repeated, 1);
        assert_int_equal(driver_last(&driver)->counters.records_rejected, 0);
        assert_int_equal(driver_counts(&driver), 0);
        driver_release(&driver);
    }
}

static uint32_t state_size(const struct driver *driver)
{
    struct packer bytes = {0};
    fold_snapshot(driver->fold, &bytes);
    uint32_t size = bytes.bytes.count;
    vec_release(&bytes.bytes);
    return size;
}

static void a_count_that_is_too_late_to_come_again_is_forgotten(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    for (int i = 0; i < MANY; i++) {
        struct record record = image(&driver, hour_s + 10);
        driver_send(&driver, hour_s + 20, &record, 1);
    }
    pass(&driver, hour_s + 20, hour_s + 3 * HOUR_S);
    uint32_t known = state_size(&driver);
    pass(&driver, hour_s + 3 * HOUR_S, hour_s + 3 * DAY_S); /* once a day */
    assert_true(state_size(&driver) + MANY * 16 <= known);
    driver_release(&driver);
}

/* A message of a collector that had so many acknowledged before. */
static enum fold_outcome send_as(struct driver *driver, int64_t clock_s, uint64_t acknowledged)
{
    struct message message = {.clock_us = clock_s * SECOND_US,
                              .append_us = clock_s * SECOND_US,
                              .offset = driver->offset,
                              .feed = STR(""),
                              .incarnation = INCARNATION,
                              .acknowledged = acknowledged};
    message.origin.by = STR("");
    enum fold_outcome outcome = fold_apply(driver->fold, &message);
    if (outcome == FOLD_EPOCH_DUE) {
        fold_close_epoch(driver->fold);
        while (fold_next_frame(driver->fold) != NULL)
            ;
    }
    driver->offset += outcome == FOLD_EPOCH_OPEN || outcome == FOLD_EPOCH_DUE;
    return outcome;
}

static void a_collector_is_known_for_eight_days_after_its_last_message(void **state)
{
    (void)state;
    for (int64_t days = 6; days < 12; days++) {
        struct driver driver;
        begin(&driver);
        for (uint64_t sent = 0; sent < 3; sent++)
            assert_int_equal(send_as(&driver, hour_s + 20 + 6 * (int64_t)sent, sent), FOLD_EPOCH_DUE);
        pass(&driver, hour_s + 40, hour_s + days * DAY_S);
        enum fold_outcome outcome = send_as(&driver, hour_s + days * DAY_S + 6, 3);
        assert_int_equal(outcome, days < 8 ? FOLD_EPOCH_DUE : days > 8 ? FOLD_RECORDS_MISSING : outcome);
        driver_release(&driver);
    }
}

static void what_a_collector_has_sent_is_known_after_a_restart(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    for (uint64_t sent = 0; sent < 3; sent++)
        assert_int_equal(send_as(&driver, hour_s + 20 + 6 * (int64_t)sent, sent), FOLD_EPOCH_DUE);
    driver_restart(&driver);
    assert_int_equal(send_as(&driver, hour_s + 60, 3), FOLD_EPOCH_DUE);
    assert_int_equal(send_as(&driver, hour_s + 66, 5), FOLD_RECORDS_MISSING);
    driver_release(&driver);
}

/* Collectors were away for longer than a report may be late: what they send first was not late when it came.
 */
static void records_are_judged_before_the_clock_of_their_own_message(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver);
    driver_tick(&driver, hour_s + 20);
    struct record record = image(&driver, hour_s + 30);
    driver_send(&driver, hour_s + 60 * HOUR_S, &record, 1);
    assert_int_equal(driver_last(&driver)->counters.records_rejected, 0);
    record = image(&driver, hour_s + 30);
    driver_send(&driver, hour_s + 60 * HOUR_S + 6, &record, 1);
    assert_int_equal(driver_last(&driver)->counters.records_rejected, 1);
    driver_release(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_count_is_known_as_long_as_its_hour_can_be_corrected),
        cmocka_unit_test(a_count_that_is_too_late_to_come_again_is_forgotten),
        cmocka_unit_test(a_collector_is_known_for_eight_days_after_its_last_message),
        cmocka_unit_test(what_a_collector_has_sent_is_known_after_a_restart),
        cmocka_unit_test(records_are_judged_before_the_clock_of_their_own_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
