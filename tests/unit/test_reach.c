/* What is read for a batch: usage that a frame adds to, wherever it was settled. */
#include "lib/base/time.h"
#include "settler/store/memory_own.h"
#include "settler/store/memory_store.h"
#include "tests/support/test.h"

static const int64_t hour_s = INT64_C(1793527200);
static const char catalog[] =
    "currency: USD\nproducts:\n  maas: {settle: hourly, skus: {m: {images: {price: '1', per: 1}}}}\n";

static const struct count_sum tens = {METER_IMAGES, 0, 10}, fives = {METER_IMAGES, 0, 5};

static struct count_row images(const struct count_sum *sum)
{
    return (struct count_row){.product = PRODUCT_MAAS,
                              .account = STR("a"),
                              .resource = STR("e"),
                              .sku = STR("m"),
                              .hour_s = hour_s,
                              .sums = sum,
                              .sum_count = 1};
}

static struct placed_frame frame_of(uint64_t seq, int64_t closed_s, bool more)
{
    struct placed_frame placed = {.end_offset = (int64_t)seq + 1};
    placed.frame.seq = seq;
    placed.frame.rules_number = 1;
    placed.frame.closed_s = closed_s;
    placed.frame.watermark_us = (hour_s + HOUR_S) * SECOND_US;
    placed.frame.more = more;
    return placed;
}

static void settle(struct store *store, struct claim *claim, const struct placed_frame *frames,
                   uint32_t count)
{
    struct store_written rows;
    struct error error;
    assert_int_equal(store_settle(store, claim, frames, count, &rows, &error), STORE_OK);
}

/* The hour is closed by an epoch of two frames, of which the first says ten images. It is settled by itself;
 * the second one together with the next epoch, in which five more came. */
static void counts_of_an_hour_that_was_closed_in_two_transactions_are_added_up(void **state)
{
    (void)state;
    struct fact init = {.control = CONTROL_INIT,
                        .rules = rules_of(1, INT64_MAX, INT64_MAX),
                        .catalog = {INT64_MIN, STR(catalog)}};
    struct count_row ten = images(&tens), five = images(&fives);
    struct placed_frame frames[] = {frame_of(0, hour_s, false), frame_of(1, hour_s, true),
                                    frame_of(2, hour_s + HOUR_S, false), frame_of(3, hour_s + HOUR_S, false)};
    init.origin.by = STR("");
    frames[0].frame.facts = &init;
    frames[0].frame.fact_count = 1;
    frames[1].frame.counts = &ten;
    frames[3].frame.counts = &five;
    frames[1].frame.count_count = frames[3].frame.count_count = 1;

    struct memory_tables *tables = memory_tables_new();
    struct store_opener opener = memory_store_opener(tables);
    struct error error;
    struct claim claim = {0};
    struct store *store = opener.open(opener.context, &error);
    assert_int_equal(store_claim(store, 0, &claim, &error), STORE_OK);
    settle(store, &claim, &frames[0], 1);
    settle(store, &claim, &frames[1], 1);
    settle(store, &claim, &frames[2], 2);
    assert_int_equal(tables->rows.settled.count, 2);
    assert_true(str_equal(tables->rows.settled.at[0].units, STR("10")));
    assert_true(str_equal(tables->rows.settled.at[1].units, STR("15")));
    assert_true(str_equal(tables->rows.settled.at[1].amount, STR("5.000000")));
    store_claim_release(&claim);
    store_close(store);
    memory_tables_free(tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_of_an_hour_that_was_closed_in_two_transactions_are_added_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
