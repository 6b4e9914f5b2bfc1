/* Settling frames: whatever the frames, and however they are cut, the rows add up to what is owed. */
#include <stdio.h>

#include "lib/base/time.h"
#include "settler/core/settle.h"
#include "tests/support/audit.h"
#include "tests/support/frames.h"
#include "tests/support/test.h"

enum { SEEDS = 60, SAID = 60 };

static void keep(void *context, struct packer *out)
{
    struct packer *whole = context;
    pack_raw(whole, out->bytes.at, out->bytes.count);
    vec_clear(&out->bytes);
}

static struct packer lines_of(const struct settlement *settlement)
{
    struct packer out = {0}, whole = {0};
    settlement_print(settlement, SHEET_NDJSON, &out, keep, &whole);
    vec_release(&out.bytes);
    pack_raw(&whole, "", 1);
    return whole;
}

static void assert_lines(const struct settlement *settlement, const char *expected)
{
    struct packer lines = lines_of(settlement);
    assert_string_equal(lines.bytes.at, expected);
    vec_release(&lines.bytes);
}

/* --- random frames --- */

/* Sums of the rows so far, by line and hour. */
typedef VEC(struct amount) amounts;

static void add_rows(amounts *sums, const struct settlement *settlement)
{
    while (sums->count < settlement->book.hours.count)
        vec_push(sums, amount_zero());
    for (uint32_t i = 0; i < settlement->rows.count; i++) {
        const struct settled_row *row = &settlement->rows.at[i];
        sums->at[row->hour] = amount_add(&sums->at[row->hour], &row->change);
    }
    for (uint32_t i = 0; i < settlement->book.hours.count; i++)
        assert_true(amount_equal(&sums->at[i], &settlement->book.hours.at[i].settled.total));
}

static void audit(const struct settlement *settlement, const struct frame_log *log, uint32_t frames,
                  int64_t watermark_us)
{
    struct packer expected = {0};
    audit_print(log, frames, watermark_us, &expected);
    pack_raw(&expected, "", 1);
    assert_lines(settlement, expected.bytes.at);
    vec_release(&expected.bytes);
}

static void after_every_frame_the_lines_are_what_an_audit_finds_and_what_the_rows_add_up_to(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct frame_log log;
        struct settlement settlement;
        amounts sums = {0};
        frame_log_make(&log, seed, SAID);
        frame_log_cut(&log, 10, 3);
        settlement_init(&settlement);
        int64_t whole_us = INT64_MIN; /* of the last whole epoch */
        for (uint32_t i = 0; i < log.frames.count; i++) {
            const struct frame *frame = &log.frames.at[i];
            assert_int_equal(settle_frame(&settlement, frame), SETTLED);
            add_rows(&sums, &settlement);
            whole_us = frame->more ? whole_us : frame->watermark_us;
            audit(&settlement, &log, i + 1, whole_us);
        }
        vec_release(&sums);
        settlement_release(&settlement);
        frame_log_release(&log);
    }
}

static struct packer settle_cut(struct frame_log *log, uint32_t longest, uint32_t frames_max)
{
    struct settlement settlement;
    settlement_init(&settlement);
    frame_log_cut(log, longest, frames_max);
    for (uint32_t i = 0; i < log->frames.count; i++)
        assert_int_equal(settle_frame(&settlement, &log->frames.at[i]), SETTLED);
    struct packer lines = lines_of(&settlement);
    settlement_release(&settlement);
    return lines;
}

static void however_epochs_and_frames_are_cut_the_lines_are_the_same(void **state)
{
    (void)state;
    static const struct {
        uint32_t longest, frames_max;
    } cuts[] = {{20, 1}, {20, 4}, {1000000, 1}, {1000000, 30}};
    for (uint64_t seed = 1000; seed < 1000 + 5 * SEEDS; seed++) {
        struct frame_log log;
        frame_log_make(&log, seed, 3 * SAID);
        struct packer one_by_one = settle_cut(&log, 1, 1);
        for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
            struct packer cut = settle_cut(&log, cuts[c].longest, cuts[c].frames_max);
            assert_string_equal(one_by_one.bytes.at, cut.bytes.at);
            vec_release(&cut.bytes);
        }
        vec_release(&one_by_one.bytes);
        frame_log_release(&log);
    }
}

/* --- single facts --- */

static const char yaml[] =
    "currency: USD\ncharge_scale: 2\nvoid_after: 1h\nproducts:\n"
    "  container: {settle: hourly, skus: {s: {payg: {price: '1', per: hour},"
    " subscription: {price: '10', per: month}}}}\n"
    "  maas: {settle: cycle, skus: {m: {images: {price: '0.04', per: 1}},\n"
    "    n: {input_tokens: [{price: '1', per: 1}, {from: '2026-01-01T00:30:00Z', price:"
    " '10', per: 1}]}}}\n";

struct world {
    struct settlement settlement;
    struct frame frame; /* the next one */
};

static void begin(struct world *world)
{
    *world = (struct world){.frame = {.watermark_us = FRAME_LOG_BEGIN_S * SECOND_US}};
    settlement_init(&world->settlement);
    struct fact init = {.control = CONTROL_INIT, .catalog = {INT64_MIN, str_of(yaml)}};
    world->frame.facts = &init;
    world->frame.fact_count = 1;
    assert_int_equal(settle_frame(&world->settlement, &world->frame), SETTLED);
    world->frame.fact_count = 0;
}

static void say_level(struct world *world, const char *resource, const struct level_segment *segment)
{
    struct level_row row = {.product = PRODUCT_CONTAINER,
                            .account = STR("a"),
                            .resource = str_of(resource),
                            .hour_s = FRAME_LOG_BEGIN_S,
                            .segments = segment,
                            .segment_count = segment == NULL ? 0 : 1};
    world->frame.levels = &row;
    world->frame.level_count = 1;
    assert_int_equal(settle_frame(&world->settlement, &world->frame), SETTLED);
    world->frame.level_count = 0;
}

static void say_order(struct world *world, enum record_kind kind, const char *order, const char *id)
{
    struct fact fact = {.record = {.kind = kind,
                                   .product = PRODUCT_CONTAINER,
                                   .account = STR("a"),
                                   .subject = str_of(order),
                                   .source = STR("/p"),
                                   .id = str_of(id),
                                   .time_us = FRAME_LOG_BEGIN_S * SECOND_US,
                                   .sku = STR("s"),
                                   .quantity = 1,
                                   .months = 1}};
    world->frame.facts = &fact;
    world->frame.fact_count = 1;
    assert_int_equal(settle_frame(&world->settlement, &world->frame), SETTLED);
    world->frame.fact_count = 0;
}

static void assert_row(const struct world *world, uint32_t i, const char *change, bool exists)
{
    char text[AMOUNT_TEXT_SIZE];
    assert_true(i < world->settlement.rows.count);
    const struct settled_row *row = &world->settlement.rows.at[i];
    amount_print(&row->change, 2, text);
    assert_string_equal(text, change);
    assert_int_equal(world->settlement.book.hours.at[row->hour].settled.exists, exists);
}

static const struct level_segment one_hour = {0, 3600, {"s", 1}, {NULL, 0}, 1};
static const struct level_segment half_hour = {0, 1800, {"s", 1}, {NULL, 0}, 1};
static const struct level_segment ordered = {0, 3600, {"s", 1}, {"o", 1}, 1};

static void a_correction_is_a_further_row_with_the_difference(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say_level(&world, "c", &one_hour);
    assert_row(&world, 0, "1.00", true);
    say_level(&world, "c", &half_hour);
    assert_row(&world, 0, "-0.50", true);
    say_level(&world, "c", NULL);
    assert_row(&world, 0, "-0.50", false);
    assert_lines(&world.settlement, "");
    settlement_release(&world.settlement);
}

static void what_is_said_again_makes_no_row(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say_level(&world, "c", &one_hour);
    say_level(&world, "c", &one_hour);
    assert_int_equal(world.settlement.rows.count, 0);
    say_level(&world, "d", NULL);
    assert_int_equal(world.settlement.rows.count, 0);
    say_order(&world, RECORD_ORDER_PAID, "o", "1");
    assert_int_equal(world.settlement.rows.count, 1);
    say_order(&world, RECORD_ORDER_PAID, "o", "1");
    say_order(&world, RECORD_ORDER_FULFILLED, "o", "2");
    assert_int_equal(world.settlement.rows.count, 0);
    settlement_release(&world.settlement);
}

static void covered_usage_has_a_row_and_no_line(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say_order(&world, RECORD_ORDER_PAID, "o", "1");
    say_level(&world, "c", &ordered);
    assert_int_equal(world.settlement.rows.count, 1);
    assert_row(&world, 0, "0.00", false);
    say_level(&world, "b", &ordered);
    assert_int_equal(world.settlement.rows.count, 2);
    assert_row(&world, 0, "0.00", false);
    assert_row(&world, 1, "1.00", true);
    say_order(&world, RECORD_ORDER_FAILED, "o", "2");
    assert_int_equal(world.settlement.rows.count, 2);
    assert_row(&world, 0, "1.00", true);
    assert_row(&world, 1, "-10.00", true);
    settlement_release(&world.settlement);
}

static void an_identity_counts_once_of_each_kind_whatever_order_it_names(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say_order(&world, RECORD_ORDER_PAID, "o", "1");
    say_order(&world, RECORD_ORDER_PAID, "p", "1");
    assert_int_equal(world.settlement.rows.count, 0);
    say_order(&world, RECORD_ORDER_PAID, "p", "2");
    assert_int_equal(world.settlement.rows.count, 1);
    say_order(&world, RECORD_ORDER_REFUNDED, "p", "2");
    assert_int_equal(world.settlement.rows.count, 1);
    settlement_release(&world.settlement);
}

static void say_counts(struct world *world, const char *sku, bool replaces, const struct count_sum *sums,
                       uint32_t count)
{
    struct count_row row = {.product = PRODUCT_MAAS,
                            .account = STR("a"),
                            .resource = STR("e"),
                            .sku = str_of(sku),
                            .hour_s = FRAME_LOG_BEGIN_S,
                            .replaces = replaces,
                            .sums = sums,
                            .sum_count = count};
    world->frame.counts = &row;
    world->frame.count_count = 1;
    assert_int_equal(settle_frame(&world->settlement, &world->frame), SETTLED);
    world->frame.count_count = 0;
}

static void counts_settle_as_they_are_said_and_add_up(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say_counts(&world, "m", false, &(struct count_sum){METER_IMAGES, 0, 5}, 1);
    assert_int_equal(world.settlement.rows.count, 1);
    assert_row(&world, 0, "0.20", true);
    say_counts(&world, "m", false, &(struct count_sum){METER_IMAGES, 0, 1}, 1);
    assert_int_equal(world.settlement.rows.count, 1);
    assert_row(&world, 0, "0.04", true);
    settlement_release(&world.settlement);
}

static void a_sum_has_the_price_of_its_first_second_whole(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    const struct count_sum sums[] = {{METER_INPUT_TOKENS, 1799, 3}, {METER_INPUT_TOKENS, 1800, 4}};
    say_counts(&world, "n", false, sums, 2);
    assert_row(&world, 0, "43.00", true);
    say_counts(&world, "n", false, &(struct count_sum){METER_CACHED_INPUT_TOKENS, 3599, 2}, 1);
    assert_row(&world, 0, "20.00", true);
    settlement_release(&world.settlement);
}

static void a_count_that_replaces_takes_the_place_of_every_meter_of_its_model_and_hour(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    const struct count_sum sums[] = {{METER_INPUT_TOKENS, 0, 3}, {METER_INPUT_TOKENS, 1800, 4}};
    say_counts(&world, "n", false, sums, 2);
    say_counts(&world, "m", false, &(struct count_sum){METER_IMAGES, 0, 5}, 1);
    say_counts(&world, "n", true, &(struct count_sum){METER_CACHE_WRITE_TOKENS, 0, 7}, 1);
    assert_int_equal(world.settlement.rows.count, 2);
    assert_row(&world, 0, "7.00", true);
    assert_row(&world, 1, "-43.00", false);
    say_counts(&world, "n", true, &(struct count_sum){METER_CACHE_WRITE_TOKENS, 0, 7}, 1);
    assert_int_equal(world.settlement.rows.count, 0);
    settlement_release(&world.settlement);
}

static void time_voids_with_the_last_frame_of_an_epoch(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say_order(&world, RECORD_ORDER_PAID, "o", "1");
    world.frame.watermark_us += 2 * HOUR_S * (int64_t)SECOND_US;
    world.frame.more = true;
    say_order(&world, RECORD_ORDER_PAID, "p", "2");
    assert_int_equal(world.settlement.rows.count, 1);
    assert_row(&world, 0, "10.00", true);
    world.frame.more = false;
    say_level(&world, "c", NULL);
    assert_int_equal(world.settlement.rows.count, 2);
    assert_row(&world, 0, "-10.00", true);
    assert_row(&world, 1, "-10.00", true);
    settlement_release(&world.settlement);
}

static void a_frame_whose_catalog_does_not_parse_is_refused(void **state)
{
    (void)state;
    struct settlement settlement;
    settlement_init(&settlement);
    struct fact bad = {.control = CONTROL_INIT, .catalog = {INT64_MIN, STR("currency: [")}};
    struct frame frame = {0};
    assert_int_equal(settle_frame(&settlement, &frame), SETTLE_NO_CATALOG);
    frame.facts = &bad;
    frame.fact_count = 1;
    assert_int_equal(settle_frame(&settlement, &frame), SETTLE_CATALOG_BAD);
    settlement_release(&settlement);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_every_frame_the_lines_are_what_an_audit_finds_and_what_the_rows_add_up_to),
        cmocka_unit_test(however_epochs_and_frames_are_cut_the_lines_are_the_same),
        cmocka_unit_test(a_correction_is_a_further_row_with_the_difference),
        cmocka_unit_test(what_is_said_again_makes_no_row),
        cmocka_unit_test(covered_usage_has_a_row_and_no_line),
        cmocka_unit_test(an_identity_counts_once_of_each_kind_whatever_order_it_names),
        cmocka_unit_test(counts_settle_as_they_are_said_and_add_up),
        cmocka_unit_test(a_sum_has_the_price_of_its_first_second_whole),
        cmocka_unit_test(a_count_that_replaces_takes_the_place_of_every_meter_of_its_model_and_hour),
        cmocka_unit_test(time_voids_with_the_last_frame_of_an_epoch),
        cmocka_unit_test(a_frame_whose_catalog_does_not_parse_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
