/* Counts in the fold: found once in the whole horizon, and said once, by interval of prices. And what else is
 * a repeat. */
#include "lib/base/time.h"
#include "tests/support/driver.h"
#include "tests/support/test.h"

static const int64_t hour_s = DRIVER_BEGIN_S;

static const char plain[] =
    "currency: USD\nproducts:\n  maas: {settle: cycle, skus: {k: {input_tokens: {price: '1', per: 1}}}}\n";
/* Of k a price begins at second 1, one at 1,800 and one at 3,599 of the hour from 10:00 on; of l none before
 * 10:20, and cached tokens from 10:40 on. */
static const char cuts[] =
    "currency: USD\nproducts:\n  maas:\n    settle: cycle\n    skus:\n"
    "      k: {input_tokens: [{price: '1', per: 1}, {from: 2026-11-01T10:00:01Z, price: '2', per: 1},\n"
    "          {from: 2026-11-01T10:30:00Z, price: '3', per: 1},\n"
    "          {from: 2026-11-01T10:59:59Z, price: '4', per: 1}]}\n"
    "      l: {input_tokens: {from: 2026-11-01T10:20:00Z, price: '1', per: 1},\n"
    "          cached_input_tokens: {from: 2026-11-01T10:40:00Z, price: '1', per: 1}}\n";

static void begin(struct driver *driver, const char *catalog)
{
    driver_begin(driver, 0, catalog,
                 rules_of(1, 35 * 24 * HOUR_S * (int64_t)SECOND_US, 24 * HOUR_S * (int64_t)SECOND_US));
}

static struct record tokens(struct driver *driver, int64_t time_s, int64_t input)
{
    struct record record = driver_record(driver, RECORD_TOKENS, time_s);
    record.input_tokens = input;
    return record;
}

static void counts_are_said_once_when_their_hour_closes(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, plain);
    for (int i = 1; i <= 10; i++) {
        struct record record = tokens(&driver, hour_s + i, i);
        assert_true(driver_send(&driver, hour_s + 10 * i, &record, 1));
        assert_int_equal(driver_counts(&driver), 0);
        if (i == 5)
            driver_restart(&driver);
    }
    assert_true(driver_tick(&driver, hour_s + HOUR_S + 9));
    assert_int_equal(driver_counts(&driver), 0);
    assert_true(driver_tick(&driver, hour_s + HOUR_S + 10));
    assert_int_equal(driver_counts(&driver), 1);
    const struct count_row *row = &driver_last(&driver)->counts[0];
    assert_true(row->hour_s == hour_s && !row->replaces && row->sum_count == 1);
    assert_true(row->sums[0].meter == METER_INPUT_TOKENS && row->sums[0].from_s == 0);
    assert_true(row->sums[0].sum == 55);
    assert_true(driver_tick(&driver, hour_s + HOUR_S + 20));
    assert_int_equal(driver_counts(&driver), 0);
    driver_release(&driver);
}

static void what_comes_for_a_closed_hour_is_said_in_its_own_epoch(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, plain);
    assert_true(driver_tick(&driver, hour_s + 2 * HOUR_S));
    struct record records[] = {tokens(&driver, hour_s + 5, 7), tokens(&driver, hour_s + 9, 8)};
    assert_true(driver_send(&driver, hour_s + 2 * HOUR_S + 10, records, 2));
    assert_int_equal(driver_counts(&driver), 1);
    assert_true(driver_last(&driver)->counts[0].sums[0].sum == 15);
    assert_true(driver_tick(&driver, hour_s + 2 * HOUR_S + 20));
    assert_int_equal(driver_counts(&driver), 0);
    driver_release(&driver);
}

static void expect_sums(const struct count_row *row, const char *sku, const struct count_sum *want,
                        uint32_t count)
{
    assert_true(str_equal(row->sku, str_of(sku)));
    assert_int_equal(row->sum_count, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(row->sums[i].meter, want[i].meter);
        assert_int_equal(row->sums[i].from_s, want[i].from_s);
        assert_true(row->sums[i].sum == want[i].sum);
    }
}

static void seconds_between_two_prices_of_the_sku_are_added_up_together(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, cuts);
    static const int64_t seconds[] = {3599, 1, 0, 1800, 1799, 3598, 0};
    for (int i = 0; i < 7; i++) {
        struct record k = tokens(&driver, hour_s + seconds[i], 1 << i), l = k;
        l.id = STR("of-l");
        l.source = k.id;
        l.sku = STR("l");
        l.input_tokens = 100;
        l.cached_input_tokens = 40;
        l.cache_write_tokens = 1;
        assert_true(driver_send(&driver, hour_s + 10 * (i + 1), (struct record[]){k, l}, 2));
        driver_restart(&driver);
    }
    assert_true(driver_tick(&driver, hour_s + HOUR_S + 10));
    assert_int_equal(driver_counts(&driver), 2);
    const struct count_row *rows = driver_last(&driver)->counts;
    expect_sums(&rows[0], "k",
                (struct count_sum[]){{METER_INPUT_TOKENS, 0, 4 + 64},
                                     {METER_INPUT_TOKENS, 1, 2 + 16},
                                     {METER_INPUT_TOKENS, 1800, 8 + 32},
                                     {METER_INPUT_TOKENS, 3599, 1}},
                4);
    expect_sums(&rows[1], "l",
                (struct count_sum[]){{METER_INPUT_TOKENS, 0, 59 * 3},
                                     {METER_INPUT_TOKENS, 1200, 59 * 2},
                                     {METER_INPUT_TOKENS, 2400, 59 * 2},
                                     {METER_CACHED_INPUT_TOKENS, 0, 40 * 3},
                                     {METER_CACHED_INPUT_TOKENS, 1200, 40 * 2},
                                     {METER_CACHED_INPUT_TOKENS, 2400, 40 * 2},
                                     {METER_CACHE_WRITE_TOKENS, 0, 3},
                                     {METER_CACHE_WRITE_TOKENS, 1200, 2},
                                     {METER_CACHE_WRITE_TOKENS, 2400, 2}},
                9);
    driver_release(&driver);
}

static void a_repeat_is_found_under_whatever_time_within_the_horizon(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, plain);
    struct record first = tokens(&driver, hour_s + 5, 7), again = first, other = first, image = first;
    again.time_us = again.since_us = (hour_s + HOUR_S + 5) * SECOND_US;
    other.account = STR("b");
    image.kind = RECORD_IMAGES;
    image.images = 1;
    image.succeeded = true;
    driver_send(&driver, hour_s + 10, &first, 1);
    driver_tick(&driver, hour_s + HOUR_S + 10);
    driver_restart(&driver);
    driver_send(&driver, hour_s + HOUR_S + 20, &again, 1);
    assert_int_equal(driver_last(&driver)->counters.records_repeated, 1);
    driver_send(&driver, hour_s + 23 * HOUR_S, &again, 1);
    assert_int_equal(driver_last(&driver)->counters.records_repeated, 1);
    driver_send(&driver, hour_s + 23 * HOUR_S + 10, (struct record[]){other, image}, 2);
    assert_int_equal(driver_last(&driver)->counters.records_applied, 2);
    driver_release(&driver);
}

static void an_image_job_that_did_not_succeed_uses_up_no_identity(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, plain);
    struct record failed = driver_record(&driver, RECORD_IMAGES, hour_s + 5), done = failed;
    done.succeeded = true;
    done.images = 4;
    driver_send(&driver, hour_s + 10, (struct record[]){failed, failed, done, done}, 4);
    assert_int_equal(driver_last(&driver)->counters.records_applied, 3);
    assert_int_equal(driver_last(&driver)->counters.records_repeated, 1);
    driver_tick(&driver, hour_s + HOUR_S + 10);
    assert_int_equal(driver_counts(&driver), 1);
    assert_true(driver_last(&driver)->counts[0].sums[0].sum == 4);
    driver_release(&driver);
}

static void a_storage_report_sent_again_under_another_sku_is_a_repeat(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, plain);
    struct record first = driver_record(&driver, RECORD_STORAGE_USED, hour_s + 5);
    first.product = PRODUCT_STORAGE;
    first.sku = STR("standard");
    first.bytes = 9;
    struct record again = first, elsewhere = first;
    again.sku = STR("cold");
    elsewhere.subject = STR("another");
    driver_send(&driver, hour_s + 10, (struct record[]){first, again, elsewhere}, 3);
    assert_int_equal(driver_last(&driver)->counters.records_repeated, 1);
    assert_int_equal(driver_last(&driver)->counters.records_applied, 2);
    driver_release(&driver);
}

static void sums_go_past_64_bits(void **state)
{
    (void)state;
    struct driver driver;
    struct rules rules = rules_of(1, INT64_MAX, INT64_MAX);
    driver_begin(&driver, 0, plain, rules);
    const int64_t most = INT64_C(1000000000000000);
    unsigned __int128 want = 0;
    for (int round = 0; round < 30; round++) {
        struct record records[1000];
        for (int i = 0; i < 1000; i++, want += (unsigned __int128)most)
            records[i] = tokens(&driver, hour_s + i, most);
        driver_send(&driver, hour_s + 10 * (round + 1), records, 1000);
    }
    assert_true(want > UINT64_MAX);
    driver_tick(&driver, hour_s + HOUR_S + 10);
    assert_true(driver_last(&driver)->counts[0].sums[0].sum == want);
    driver_release(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_said_once_when_their_hour_closes),
        cmocka_unit_test(what_comes_for_a_closed_hour_is_said_in_its_own_epoch),
        cmocka_unit_test(seconds_between_two_prices_of_the_sku_are_added_up_together),
        cmocka_unit_test(a_repeat_is_found_under_whatever_time_within_the_horizon),
        cmocka_unit_test(an_image_job_that_did_not_succeed_uses_up_no_identity),
        cmocka_unit_test(a_storage_report_sent_again_under_another_sku_is_a_repeat),
        cmocka_unit_test(sums_go_past_64_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
