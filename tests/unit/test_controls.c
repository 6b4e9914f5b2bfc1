/* The register of control messages (DESIGN §2): who may follow whom, and what comes too late. */
#include <string.h>

#include "lib/base/time.h"
#include "tests/support/driver.h"
#include "tests/support/test.h"

static const int64_t hour_s = DRIVER_BEGIN_S;

#define CATALOG(currency, price)                                                                             \
    "currency: " currency "\nproducts:\n  maas: {settle: cycle, skus: {k: {images: {price: '" price          \
    "', per: 1}}}}\n"

static void begin(struct driver *driver, uint32_t partition)
{
    driver_begin(driver, partition, CATALOG("USD", "1"), rules_of(1, INT64_MAX, INT64_MAX));
}

/* What the epoch under way says of its control messages, with the next tick's frame. */
static const struct frame *next_frame(struct driver *driver, int64_t clock_s)
{
    assert_true(driver_tick(driver, clock_s));
    return driver_last(driver);
}

static void expect_rejected(struct driver *driver, int64_t clock_s, const char *reason)
{
    const struct frame *frame = next_frame(driver, clock_s);
    assert_int_equal(frame->counters.records_rejected, 1);
    assert_int_equal(frame->fact_count, 0);
    assert_int_equal(frame->reject_count, 1);
    assert_true(str_equal(frame->rejects[0].reason, str_of(reason)));
    assert_int_equal(frame->rejects[0].id.size, 2 * CONTROL_HASH_SIZE);
}

static void expect_taken(struct driver *driver, int64_t clock_s)
{
    const struct frame *frame = next_frame(driver, clock_s);
    assert_int_equal(frame->counters.records_applied, 1);
    assert_int_equal(frame->fact_count, 1);
    assert_int_equal(frame->reject_count, 0);
    assert_memory_equal(frame->facts[0].origin.hash, driver->control_hash, CONTROL_HASH_SIZE);
}

static void init_again_is_skipped_and_another_one_is_refused(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, 0);
    struct message same = {.control = CONTROL_INIT,
                           .rules = rules_of(1, INT64_MAX, INT64_MAX),
                           .catalog = {INT64_MIN, STR(CATALOG("USD", "1"))}};
    struct message other = same;
    assert_int_equal(driver_control(&driver, &same), FOLD_EPOCH_OPEN);
    const struct frame *frame = next_frame(&driver, hour_s + 10);
    assert_int_equal(frame->counters.records_repeated, 1);
    assert_int_equal(frame->fact_count, 0);
    other.catalog.text = STR(CATALOG("USD", "2"));
    assert_int_equal(driver_control(&driver, &other), FOLD_EPOCH_OPEN);
    expect_rejected(&driver, hour_s + 20, "rules: expected those of offset 0");
    driver_release(&driver);
}

static void a_catalog_names_the_last_control_message(void **state)
{
    (void)state;
    struct driver driver;
    uint8_t init[CONTROL_HASH_SIZE];
    begin(&driver, 0);
    memcpy(init, driver.control_hash, sizeof init);
    driver_catalog(&driver, hour_s + 4 * HOUR_S, CATALOG("USD", "2"));
    expect_taken(&driver, hour_s + 10);
    driver_restart(&driver);
    struct message again = {.control = CONTROL_CATALOG,
                            .catalog = {hour_s + 4 * HOUR_S, STR(CATALOG("USD", "2"))}};
    memcpy(again.origin.prev_hash, init, sizeof init);
    assert_int_equal(driver_control(&driver, &again), FOLD_EPOCH_OPEN);
    assert_int_equal(next_frame(&driver, hour_s + 20)->counters.records_repeated, 1);
    again.catalog.text = STR(CATALOG("USD", "3"));
    assert_int_equal(driver_control(&driver, &again), FOLD_EPOCH_OPEN);
    expect_rejected(&driver, hour_s + 30, "catalog: expected the hash of the control message before it");
    driver_catalog(&driver, hour_s + 5 * HOUR_S, CATALOG("USD", "4"));
    expect_taken(&driver, hour_s + 40);
    driver_release(&driver);
}

static void partition_0_wants_two_hours_and_what_it_refuses_is_not_in_the_register(void **state)
{
    (void)state;
    struct driver driver;
    uint8_t init[CONTROL_HASH_SIZE];
    begin(&driver, 0);
    memcpy(init, driver.control_hash, sizeof init);
    driver_tick(&driver, hour_s + 1);
    driver_catalog(&driver, hour_s + 2 * HOUR_S, CATALOG("USD", "2"));
    expect_rejected(&driver, hour_s + 10, "catalog: expected an hour at least two hours ahead of log time");
    memcpy(driver.control_hash, init, sizeof init);
    driver_catalog(&driver, hour_s + 3 * HOUR_S, CATALOG("USD", "2"));
    expect_taken(&driver, hour_s + 20);
    driver_release(&driver);
}

static void elsewhere_a_catalog_holds_until_its_hour_has_begun(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, 1);
    driver_tick(&driver, hour_s + HOUR_S - 1);
    driver_catalog(&driver, hour_s + HOUR_S, CATALOG("USD", "2"));
    expect_taken(&driver, hour_s + HOUR_S);
    driver_catalog(&driver, hour_s + HOUR_S, CATALOG("USD", "3"));
    expect_rejected(&driver, hour_s + HOUR_S + 10, "catalog: expected an hour that has not begun");
    /* It is part of the register all the same: its successor names it, after a restart too. */
    driver_restart(&driver);
    driver_catalog(&driver, hour_s + 2 * HOUR_S, CATALOG("USD", "4"));
    expect_taken(&driver, hour_s + HOUR_S + 20);
    driver_release(&driver);
}

static void an_hour_that_has_counts_keeps_its_prices(void **state)
{
    (void)state;
    for (uint32_t partition = 0; partition < 2; partition++) {
        struct driver driver;
        begin(&driver, partition);
        struct record record = driver_record(&driver, RECORD_IMAGES, hour_s + 4 * HOUR_S + 7);
        record.images = record.succeeded = 1;
        driver_send(&driver, hour_s + 10, &record, 1);
        driver_restart(&driver);
        driver_catalog(&driver, hour_s + 3 * HOUR_S, CATALOG("USD", "2"));
        expect_rejected(&driver, hour_s + 20, "catalog: expected an hour that nothing was counted in yet");
        driver_release(&driver);
    }
}

static void a_later_catalog_keeps_what_the_first_fixed(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, 1);
    driver_catalog(&driver, hour_s + 4 * HOUR_S, CATALOG("EUR", "2"));
    expect_rejected(&driver, hour_s + 10, "currency: expected USD as in the first catalog, found EUR");
    driver_release(&driver);
}

static void the_first_message_of_a_log_is_its_rules(void **state)
{
    (void)state;
    struct driver driver = {.fold = fold_new(0)};
    struct message later = {.control = CONTROL_CATALOG, .catalog = {hour_s, STR(CATALOG("USD", "1"))}};
    struct message bad = {.control = CONTROL_INIT,
                          .rules = rules_of(1, INT64_MAX, INT64_MAX),
                          .catalog = {INT64_MIN, STR("nonsense")}};
    assert_int_equal(driver_control(&driver, &later), FOLD_NO_RULES);
    assert_int_equal(driver_control(&driver, &bad), FOLD_CATALOG_BAD);
    bad.catalog.text = STR(CATALOG("USD", "1"));
    bad.rules.number = 2;
    assert_int_equal(driver_control(&driver, &bad), FOLD_RULES_UNKNOWN);
    driver_release(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_again_is_skipped_and_another_one_is_refused),
        cmocka_unit_test(a_catalog_names_the_last_control_message),
        cmocka_unit_test(partition_0_wants_two_hours_and_what_it_refuses_is_not_in_the_register),
        cmocka_unit_test(elsewhere_a_catalog_holds_until_its_hour_has_begun),
        cmocka_unit_test(an_hour_that_has_counts_keeps_its_prices),
        cmocka_unit_test(a_later_catalog_keeps_what_the_first_fixed),
        cmocka_unit_test(the_first_message_of_a_log_is_its_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
