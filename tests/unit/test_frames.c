/* Frames of one epoch: each is bounded, and together they say what one alone would. */
#include <stdio.h>

#include "lib/base/time.h"
#include "tests/support/driver.h"
#include "tests/support/test.h"

enum { ACCOUNTS = 5, RESOURCES = 4, HOURS = 9 };

static const int64_t hour_s = DRIVER_BEGIN_S;

static const char catalog[] =
    "currency: USD\nproducts:\n  container: {settle: hourly, skus: {k: {payg: {price: '1', per: hour}}}}\n"
    "  maas: {settle: cycle, skus: {k: {images: {price: '1', per: 1}}}}\n";

static void begin(struct driver *driver, int64_t frame_rows, int64_t frame_bytes)
{
    struct rules rules = rules_of(1, INT64_MAX, INT64_MAX);
    rules.frame_rows = frame_rows;
    rules.frame_bytes = frame_bytes;
    driver_begin(driver, 0, catalog, rules);
}

static struct str numbered(const char *prefix, uint32_t number, char text[16])
{
    snprintf(text, 16, "%s%u", prefix, number);
    return str_of(text);
}

/* In one epoch: late launches that correct HOURS hours each, late counts, orders. */
static void send_much(struct driver *driver)
{
    static char texts[ACCOUNTS * RESOURCES * 3][16];
    struct record records[ACCOUNTS * RESOURCES * 3];
    uint32_t count = 0, text = 0;
    for (uint32_t a = 0; a < ACCOUNTS; a++)
        for (uint32_t r = 0; r < RESOURCES; r++) {
            struct str account = numbered("a", a, texts[text++]), name = numbered("r", r, texts[text++]);
            records[count] = driver_record(driver, RECORD_LAUNCHED, hour_s);
            records[count + 1] = driver_record(driver, RECORD_IMAGES, hour_s + r * HOUR_S);
            records[count + 1].images = 1 + r;
            records[count + 1].succeeded = true;
            records[count + 2] = driver_record(driver, RECORD_ORDER_FULFILLED, hour_s);
            records[count + 2].product = PRODUCT_NONE;
            for (int i = 0; i < 3; i++, count++) {
                records[count].account = account;
                records[count].subject = name;
            }
        }
    assert_true(driver_tick(driver, hour_s + HOURS * HOUR_S + 10));
    assert_true(driver_send(driver, hour_s + HOURS * HOUR_S + 20, records, count));
}

static void print_rows(const struct driver *driver, struct packer *out)
{
    char text[200];
    for (uint32_t i = 0; i < driver->frames.count; i++) {
        const struct frame *frame = &driver->frames.at[i].frame;
        for (uint32_t f = 0; f < frame->fact_count; f++)
            pack_str(out, frame->facts[f].record.id);
    }
    for (uint32_t i = 0; i < driver->frames.count; i++) {
        const struct frame *frame = &driver->frames.at[i].frame;
        for (uint32_t r = 0; r < frame->level_count; r++) {
            const struct level_row *row = &frame->levels[r];
            snprintf(text, sizeof text, "%.*s %.*s %lld %u", STR_ARG(row->account), STR_ARG(row->resource),
                     (long long)row->hour_s, row->segment_count);
            pack_str(out, str_of(text));
        }
    }
    for (uint32_t i = 0; i < driver->frames.count; i++) {
        const struct frame *frame = &driver->frames.at[i].frame;
        for (uint32_t r = 0; r < frame->count_count; r++) {
            const struct count_row *row = &frame->counts[r];
            snprintf(text, sizeof text, "%.*s %.*s %lld", STR_ARG(row->account), STR_ARG(row->resource),
                     (long long)row->hour_s);
            pack_str(out, str_of(text));
        }
    }
}

static uint32_t rows_of(const struct frame *frame)
{
    return frame->fact_count + frame->level_count + frame->count_count + frame->state_count;
}

static void however_an_epoch_is_cut_it_says_the_same(void **state)
{
    (void)state;
    struct driver whole;
    struct packer want = {0};
    begin(&whole, 50000, 1 << 19);
    send_much(&whole);
    assert_int_equal(whole.frames.count, 1);
    assert_int_equal(driver_levels(&whole), ACCOUNTS * RESOURCES * HOURS);
    print_rows(&whole, &want);
    for (int64_t rows = 1; rows < 60; rows++) {
        struct driver cut;
        struct packer got = {0};
        begin(&cut, rows, rows % 2 > 0 ? 1 << 19 : rows * 20);
        send_much(&cut);
        print_rows(&cut, &got);
        assert_int_equal(got.bytes.count, want.bytes.count);
        assert_memory_equal(got.bytes.at, want.bytes.at, got.bytes.count);
        assert_true(cut.frames.count > 2);
        vec_release(&got.bytes);
        driver_release(&cut);
    }
    vec_release(&want.bytes);
    driver_release(&whole);
}

static void all_but_the_last_say_more_and_keep_what_was(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, 7, 1 << 19);
    send_much(&driver);
    const struct frame *last = driver_last(&driver);
    uint64_t seq = last->seq + 1 - driver.frames.count;
    for (uint32_t i = 0; i < driver.frames.count; i++) {
        const struct frame *frame = &driver.frames.at[i].frame;
        bool is_last = i + 1 == driver.frames.count;
        assert_int_equal(frame->seq, seq + i);
        assert_true(frame->watermark_us == last->watermark_us);
        assert_true(frame->more == !is_last);
        assert_true(frame->next_offset == (is_last ? 4 : 3));
        assert_true(frame->counters.records_in == (is_last ? ACCOUNTS * RESOURCES * 3 : 0));
        assert_true(rows_of(frame) > 0);
    }
    assert_true(last->closed_s == hour_s + HOURS * HOUR_S);
    driver_release(&driver);
}

/* Its hours before log time began count as closed, with the last frame too. */
static void the_first_epoch_keeps_that_nothing_was_closed(void **state)
{
    (void)state;
    struct rules rules = rules_of(1, INT64_MAX, INT64_MAX);
    rules.frame_rows = 1;
    struct driver driver = {.fold = fold_new(0)};
    struct message init = {.control = CONTROL_INIT, .rules = rules, .catalog = {INT64_MIN, STR(catalog)}};
    assert_int_equal(driver_control(&driver, &init), FOLD_EPOCH_OPEN);
    struct record records[] = {driver_record(&driver, RECORD_LAUNCHED, hour_s - 2 * HOUR_S),
                               driver_record(&driver, RECORD_LAUNCHED, hour_s - HOUR_S)};
    records[1].account = STR("b");
    assert_true(driver_send(&driver, hour_s + 10, records, 2));
    assert_true(driver.frames.count > 2);
    for (uint32_t i = 0; i < driver.frames.count; i++) {
        const struct frame *frame = &driver.frames.at[i].frame;
        assert_true(frame->closed_s == (frame->more ? INT64_MIN : hour_s));
    }
    driver_release(&driver);
}

static void closed_hours_are_said_with_the_last_frame(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, 1, 1 << 19);
    struct record records[] = {driver_record(&driver, RECORD_LAUNCHED, hour_s),
                               driver_record(&driver, RECORD_LAUNCHED, hour_s)};
    records[1].subject = STR("s");
    driver_send(&driver, hour_s + 10, records, 2);
    driver_tick(&driver, hour_s + 3 * HOUR_S + 10);
    assert_int_equal(driver.frames.count, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_true(driver.frames.at[i].frame.closed_s == hour_s + (i < 5 ? 0 : 3 * HOUR_S));
    driver_release(&driver);
}

/* Where the rows of two frames of an epoch meet. */
static void frames_end_between_accounts_then_resources_then_hours(void **state)
{
    (void)state;
    struct driver driver;
    /* An account has 4 x 9 levels, 4 counts and 4 states. */
    static const struct {
        int64_t frame_rows;
        bool cuts_accounts;
        bool cuts_resources;
    } expected[] = {{44, false, false}, {20, true, false}, {8, true, true}};
    for (int e = 0; e < 3; e++) {
        bool cut_account = false, cut_resource = false;
        begin(&driver, expected[e].frame_rows, 1 << 19);
        send_much(&driver);
        const struct level_row *before = NULL;
        for (uint32_t i = 0; i < driver.frames.count; i++) {
            const struct frame *frame = &driver.frames.at[i].frame;
            assert_true(rows_of(frame) < 3 * expected[e].frame_rows);
            if (frame->level_count == 0)
                continue;
            bool same = before != NULL && str_equal(before->account, frame->levels[0].account);
            cut_account |= same;
            cut_resource |= same && str_equal(before->resource, frame->levels[0].resource);
            before = &frame->levels[frame->level_count - 1];
        }
        assert_int_equal(cut_account, expected[e].cuts_accounts);
        assert_int_equal(cut_resource, expected[e].cuts_resources);
        driver_release(&driver);
    }
}

static void facts_stand_before_all_rows(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, 6, 1 << 19);
    send_much(&driver);
    uint32_t facts = 0;
    for (uint32_t i = 0; i < driver.frames.count; i++) {
        const struct frame *frame = &driver.frames.at[i].frame;
        assert_true(frame->fact_count <= 6);
        assert_true(frame->fact_count == 0 || facts + frame->fact_count == ACCOUNTS * RESOURCES ||
                    frame->level_count + frame->count_count + frame->state_count == 0);
        facts += frame->fact_count;
    }
    assert_int_equal(facts, ACCOUNTS * RESOURCES);
    driver_release(&driver);
}

static void nothing_is_taken_in_before_the_last_is_made(void **state)
{
    (void)state;
    struct driver driver;
    begin(&driver, 2, 1 << 19);
    struct record record = driver_record(&driver, RECORD_LAUNCHED, hour_s);
    driver_send(&driver, hour_s + 10, &record, 1);
    struct message message = {.offset = driver.offset,
                              .feed = STR(""),
                              .clock_us = (hour_s + 9 * HOUR_S) * SECOND_US,
                              .append_us = (hour_s + 9 * HOUR_S) * SECOND_US};
    assert_int_equal(fold_apply(driver.fold, &message), FOLD_EPOCH_DUE);
    assert_false(fold_saying(driver.fold));
    fold_close_epoch(driver.fold);
    for (int frames = 0; fold_saying(driver.fold); frames++) {
        const struct frame *frame = fold_next_frame(driver.fold);
        assert_true(frame->more == fold_saying(driver.fold));
        assert_true(frames < 10);
    }
    assert_null(fold_next_frame(driver.fold));
    driver_release(&driver);
}

static void rejects_come_last_and_in_a_frame_of_their_own_where_there_is_no_room(void **state)
{
    (void)state;
    for (int room = 0; room < 2; room++) {
        struct driver driver;
        struct rules rules = rules_of(1, HOUR_S * (int64_t)SECOND_US, HOUR_S * (int64_t)SECOND_US);
        rules.frame_bytes = room > 0 ? 1 << 19 : 300;
        driver_begin(&driver, 0, catalog, rules);
        driver_tick(&driver, hour_s + 9 * HOUR_S);
        struct record records[21];
        for (int i = 0; i < 20; i++)
            records[i] = driver_record(&driver, RECORD_LAUNCHED, hour_s);
        records[20] = driver_record(&driver, RECORD_LAUNCHED, hour_s + 9 * HOUR_S);
        driver_send(&driver, hour_s + 9 * HOUR_S + 10, records, 21);
        assert_int_equal(driver.frames.count, room > 0 ? 1 : 2);
        assert_int_equal(driver_last(&driver)->reject_count, 20);
        assert_int_equal(driver_last(&driver)->counters.records_rejected, 20);
        assert_true(room > 0 || driver.frames.at[0].frame.reject_count == 0);
        driver_release(&driver);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(however_an_epoch_is_cut_it_says_the_same),
        cmocka_unit_test(all_but_the_last_say_more_and_keep_what_was),
        cmocka_unit_test(the_first_epoch_keeps_that_nothing_was_closed),
        cmocka_unit_test(closed_hours_are_said_with_the_last_frame),
        cmocka_unit_test(frames_end_between_accounts_then_resources_then_hours),
        cmocka_unit_test(facts_stand_before_all_rows),
        cmocka_unit_test(nothing_is_taken_in_before_the_last_is_made),
        cmocka_unit_test(rejects_come_last_and_in_a_frame_of_their_own_where_there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
