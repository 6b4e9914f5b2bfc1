/* Money in the settler's store, frame by frame: what is posted with what, when accounts are judged, bills in
 * pages, what runs, prices. */
#include <stdio.h>

#include "lib/base/time.h"
#include "settler/store/memory_own.h"
#include "tests/support/test.h"

/* 2026-10-31T12:00:00Z; October's bills are cut with the 2nd of November. */
#define BEGIN_S INT64_C(1793448000)
#define OCTOBER_S INT64_C(1790812800)
#define CUT_S (BEGIN_S + 36 * HOUR_S)

static const char catalog[] =
    "currency: USD\ngrace: 1h\nproducts:\n"
    "  container:\n"
    "    settle: hourly\n"
    "    skus:\n"
    "      s:\n"
    "        payg: [{price: '1', per: hour}, {from: 2026-11-01T00:00:00Z, price: '2', per: hour}]\n"
    "        subscription: {price: '100', per: month}\n"
    "        subscription_year: {price: '1000', per: year}\n"
    "  maas: {settle: cycle, skus: {m: {images: {price: '0.015', per: 1}}}}\n"
    "  storage: {settle: hourly, skus: {standard: {payg: {price: '0.1', per: GB-hour}, free: 20GB}}}\n";
static const char later_catalog[] =
    "currency: USD\ngrace: 1h\nproducts:\n"
    "  container: {settle: hourly, skus: {s: {payg: {price: '2', per: hour}}}}\n"
    "  maas: {settle: cycle, skus: {m: {images: {price: '0.015', per: 1}}}}\n";

enum { ROWS_MAX = 16 };

struct world {
    struct memory_tables *tables;
    struct store *store;
    struct claim claim;
    struct error error;
    struct store_written written;
    struct placed_frame next;
    struct fact facts[ROWS_MAX];
    struct level_row levels[ROWS_MAX];
    struct count_row counts[ROWS_MAX];
    struct state_row states[ROWS_MAX];
};

static const struct level_segment whole_hour = {0, HOUR_S, {"s", 1}, {NULL, 0}, 1};
static const struct count_sum one_image = {METER_IMAGES, 0, 1};

static const struct memory_rows *rows_of(const struct world *world)
{
    return &world->tables->rows;
}

static enum store_outcome settle(struct world *world)
{
    return store_settle(world->store, &world->claim, &world->next, 1, &world->written, &world->error);
}

/* The frame that was filled, at that time. */
static void say_open(struct world *world, int64_t second_s, bool more)
{
    world->next.frame.watermark_us = second_s * SECOND_US;
    world->next.frame.closed_s = more ? world->claim.closed_s : time_hour(second_s);
    world->next.frame.more = more;
}

static void forget(struct world *world)
{
    struct frame *frame = &world->next.frame;
    uint64_t seq = frame->seq + 1;
    *frame = (struct frame){.partition = world->claim.partition,
                            .seq = seq,
                            .facts = world->facts,
                            .levels = world->levels,
                            .counts = world->counts,
                            .states = world->states};
    world->next.end_offset = (int64_t)seq + 1;
}

static void say(struct world *world, int64_t second_s)
{
    enum store_outcome outcome;
    say_open(world, second_s, false);
    while ((outcome = settle(world)) == STORE_STEP)
        continue;
    assert_int_equal(outcome, STORE_OK);
    forget(world);
}

static void add_catalog(struct world *world, int64_t from_s, const char *text)
{
    world->facts[world->next.frame.fact_count++] =
        (struct fact){.control = from_s == INT64_MIN ? CONTROL_INIT : CONTROL_CATALOG,
                      .origin = {.by = from_s == INT64_MIN ? STR("ann") : STR("bob"), .clock_us = 7},
                      .catalog = {from_s, str_of(text)}};
}

static void begin_empty(struct world *world, uint32_t partition)
{
    *world = (struct world){.tables = memory_tables_new()};
    struct store_opener opener = memory_store_opener(world->tables);
    world->store = opener.open(opener.context, &world->error);
    assert_int_equal(store_claim(world->store, partition, &world->claim, &world->error), STORE_OK);
    world->claim.accounts_max = 2;
    world->next.frame.seq = UINT64_MAX;
    forget(world);
    add_catalog(world, INT64_MIN, catalog);
}

static void begin_at(struct world *world, uint32_t partition)
{
    begin_empty(world, partition);
    say(world, BEGIN_S);
}

static void begin(struct world *world)
{
    begin_at(world, 0);
}

static void end(struct world *world)
{
    store_claim_release(&world->claim);
    store_close(world->store);
    memory_tables_free(world->tables);
}

static void add_payment(struct world *world, const char *account, const char *payment, const char *amount)
{
    world->facts[world->next.frame.fact_count++] = (struct fact){.record = {.kind = RECORD_CREDITED,
                                                                            .product = PRODUCT_NONE,
                                                                            .account = str_of(account),
                                                                            .subject = str_of(payment),
                                                                            .source = STR("/p"),
                                                                            .id = str_of(payment),
                                                                            .amount = str_of(amount),
                                                                            .currency = STR("USD")}};
}

/* A container that ran through the hour. */
static void add_level(struct world *world, const char *account, int64_t hour_s)
{
    world->levels[world->next.frame.level_count++] = (struct level_row){.product = PRODUCT_CONTAINER,
                                                                        .account = str_of(account),
                                                                        .resource = STR("c"),
                                                                        .sku = STR(""),
                                                                        .hour_s = hour_s,
                                                                        .segments = &whole_hour,
                                                                        .segment_count = 1};
}

static void add_image(struct world *world, const char *account, const char *sku, int64_t hour_s)
{
    world->counts[world->next.frame.count_count++] = (struct count_row){.product = PRODUCT_MAAS,
                                                                        .account = str_of(account),
                                                                        .resource = STR("e"),
                                                                        .sku = str_of(sku),
                                                                        .hour_s = hour_s,
                                                                        .sums = &one_image,
                                                                        .sum_count = 1};
}

static const struct account *account_of(const struct world *world, const char *name)
{
    for (uint32_t i = 0; i < rows_of(world)->accounts.count; i++)
        if (str_equal(rows_of(world)->accounts.at[i].name, str_of(name)))
            return &rows_of(world)->accounts.at[i].account;
    return NULL;
}

static void assert_state(const struct world *world, const char *name, enum account_state state)
{
    assert_non_null(account_of(world, name));
    assert_int_equal(account_of(world, name)->state, state);
}

static void assert_amount(const struct amount *amount, const char *expected)
{
    char text[AMOUNT_TEXT_SIZE];
    amount_print_short(amount, LIMIT_DECIMALS, 0, text);
    assert_string_equal(text, expected);
}

/* --- posting --- */

static void a_payment_is_posted_once_whoever_settles_its_repeat(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_payment(&world, "a", "p", "5");
    add_payment(&world, "a", "p", "7");
    say(&world, BEGIN_S + 5);
    assert_int_equal(store_claim(world.store, 0, &world.claim, &world.error), STORE_OK);
    add_payment(&world, "a", "p", "9");
    say(&world, BEGIN_S + 10);
    assert_amount(&account_of(&world, "a")->credited, "5");
    assert_int_equal(rows_of(&world)->ledger.count, 1);
    assert_int_equal(rows_of(&world)->payments.count, 1);
    end(&world);
}

static void an_account_of_which_all_is_unpriced_is_there(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_image(&world, "a", "unheard-of", BEGIN_S - HOUR_S);
    say(&world, BEGIN_S + 5);
    assert_non_null(account_of(&world, "a"));
    assert_int_equal(account_of(&world, "a")->seq, 1);
    say(&world, CUT_S);
    assert_int_equal(rows_of(&world)->bill_totals.count, 2);
    assert_int_equal(rows_of(&world)->bill_totals.at[1].bill.unpriced, 1);
    end(&world);
}

static void frames_that_wrote_money_are_kept_and_no_others(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say(&world, BEGIN_S + 5);
    add_level(&world, "a", BEGIN_S - HOUR_S);
    say(&world, BEGIN_S + 10);
    add_payment(&world, "a", "p", "1");
    say(&world, BEGIN_S + 15);
    assert_int_equal(rows_of(&world)->frames.count, 2);
    assert_int_equal(rows_of(&world)->frames.at[0].seq, 2);
    assert_int_equal(rows_of(&world)->frames.at[1].seq, 3);
    assert_int_equal(world.written.transfers, 1);
    end(&world);
}

/* --- judging --- */

/* Of three accounts the hours after BEGIN_S are charged to: they are in grace until a second later than an
 * hour. */
static void fall_into_grace(struct world *world)
{
    static const char *const names[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        add_payment(world, names[i], names[i], "0.5");
        add_level(world, names[i], BEGIN_S - HOUR_S);
    }
    say(world, BEGIN_S + 5);
    for (int i = 0; i < 3; i++)
        assert_state(world, names[i], ACCOUNT_GRACE);
    assert_int_equal(rows_of(world)->notices.count, 3);
}

static void a_frame_that_says_nothing_ends_the_grace_of_all_when_it_is_over(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    fall_into_grace(&world);
    say(&world, BEGIN_S + HOUR_S);
    uint64_t before = store_statements(world.store);
    say(&world, BEGIN_S + HOUR_S + 4);
    assert_int_equal(store_statements(world.store) - before, 1); /* the compare-and-set */
    assert_int_equal(rows_of(&world)->notices.count, 3);
    say(&world, BEGIN_S + HOUR_S + 5);
    assert_int_equal(rows_of(&world)->notices.count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(rows_of(&world)->notices.at[i].number, i);
        assert_int_equal(rows_of(&world)->notices.at[i].ordinal, i % 3 + 1);
    }
    assert_state(&world, "b", ACCOUNT_SUSPENDED);
    assert_int_equal(world.claim.next_notice, 6);
    end(&world);
}

static void who_claims_again_knows_of_the_deadlines_from_before(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    fall_into_grace(&world);
    assert_int_equal(store_claim(world.store, 0, &world.claim, &world.error), STORE_OK);
    assert_int_equal(world.claim.next_notice, 3);
    say(&world, BEGIN_S + HOUR_S + 5);
    assert_state(&world, "a", ACCOUNT_SUSPENDED);
    assert_int_equal(rows_of(&world)->notices.at[5].number, 5);
    end(&world);
}

static void a_standstill_moves_more_deadlines_than_a_transaction_takes(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    fall_into_grace(&world);
    int64_t later_s = BEGIN_S + 4 * HOUR_S;
    say(&world, later_s);
    assert_int_equal(rows_of(&world)->notices.count, 6);
    assert_state(&world, "c", ACCOUNT_GRACE);
    assert_true(account_of(&world, "c")->deadline_us == (later_s + HOUR_S) * SECOND_US);
    end(&world);
}

/* --- bills --- */

static void charge_three(struct world *world)
{
    add_image(world, "a", "m", BEGIN_S - HOUR_S);
    add_image(world, "b", "m", BEGIN_S - HOUR_S);
    add_image(world, "c", "m", BEGIN_S - HOUR_S);
    say(world, BEGIN_S + 5);
}

static void bills_are_cut_in_pages_and_stand_with_the_last(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    charge_three(&world);
    assert_true(world.claim.next_month_s == OCTOBER_S);
    say(&world, CUT_S - 1);
    assert_int_equal(rows_of(&world)->bill_totals.count, 0);
    say_open(&world, CUT_S, false);
    assert_int_equal(settle(&world), STORE_STEP); /* its lines, of which there are none */
    assert_int_equal(rows_of(&world)->bill_totals.count, 0);
    assert_int_equal(settle(&world), STORE_STEP);
    assert_int_equal(rows_of(&world)->bill_totals.count, 4);
    assert_int_equal(rows_of(&world)->bill_cuts.count, 0);
    assert_true(world.claim.next_month_s == OCTOBER_S);
    assert_int_equal(settle(&world), STORE_OK);
    assert_int_equal(rows_of(&world)->bill_totals.count, 6);
    assert_int_equal(rows_of(&world)->bill_cuts.count, 1);
    assert_true(world.claim.next_month_s == time_add_months(OCTOBER_S, 1));
    assert_true(world.claim.watermark_us == CUT_S * SECOND_US);
    assert_amount(&account_of(&world, "c")->charged, "0.015");
    assert_amount(&account_of(&world, "c")->carried, "-0.005");
    end(&world);
}

static void a_page_is_not_taken_again_by_who_remembers_an_older_one(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    charge_three(&world);
    say_open(&world, CUT_S, false);
    enum store_outcome outcome = STORE_STEP;
    for (int steps = 0; outcome == STORE_STEP; steps++) {
        struct claim before = world.claim;
        outcome = settle(&world);
        assert_true(outcome == (steps < 2 ? STORE_STEP : STORE_OK));
        struct claim after = world.claim;
        world.claim = before;
        assert_int_equal(settle(&world), STORE_LOST);
        world.claim = after;
    }
    assert_int_equal(rows_of(&world)->bill_totals.count, 6);
    end(&world);
}

static void who_claims_between_pages_goes_on_from_there(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    charge_three(&world);
    say_open(&world, CUT_S, false);
    assert_int_equal(settle(&world), STORE_STEP);
    assert_int_equal(settle(&world), STORE_STEP);
    assert_int_equal(store_claim(world.store, 0, &world.claim, &world.error), STORE_OK);
    assert_true(str_equal((struct str){world.claim.accounts.name, world.claim.accounts.size}, STR("b")));
    assert_int_equal(settle(&world), STORE_OK);
    assert_int_equal(rows_of(&world)->bill_totals.count, 6);
    end(&world);
}

static void what_comes_after_the_cut_stands_in_the_next_bill(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    charge_three(&world);
    say(&world, CUT_S);
    add_image(&world, "a", "m", BEGIN_S - HOUR_S);
    say(&world, CUT_S + 5);
    const struct charge_row *late = &rows_of(&world)->charges.at[3];
    assert_true(late->hour_s == BEGIN_S - HOUR_S);
    assert_true(late->billed_s == time_add_months(OCTOBER_S, 1));
    say(&world, CUT_S + 31 * DAY_S);
    assert_int_equal(rows_of(&world)->bill_cuts.count, 2);
    assert_int_equal(rows_of(&world)->bill_totals.count, 8);
    assert_amount(&account_of(&world, "a")->charged, "0.03");
    assert_amount(&account_of(&world, "a")->accrued, "0");
    end(&world);
}

static void a_month_that_was_due_at_the_first_watermark_has_no_bill(void **state)
{
    (void)state;
    struct world world;
    begin_empty(&world, 0);
    add_image(&world, "a", "m", OCTOBER_S - HOUR_S);
    say(&world, BEGIN_S);
    assert_true(rows_of(&world)->charges.at[0].billed_s == OCTOBER_S);
    say(&world, CUT_S);
    assert_int_equal(rows_of(&world)->bill_cuts.count, 1);
    assert_int_equal(rows_of(&world)->bill_totals.count, 2);
    end(&world);
}

/* The frames of an epoch before its last one do not cut, however late they are. */
static void bills_wait_for_the_last_frame_of_the_epoch(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    charge_three(&world);
    add_image(&world, "a", "m", BEGIN_S - HOUR_S);
    say_open(&world, CUT_S, true);
    assert_int_equal(settle(&world), STORE_OK);
    forget(&world);
    assert_int_equal(rows_of(&world)->bill_cuts.count, 0);
    assert_true(rows_of(&world)->charges.at[3].billed_s == INT64_MIN);
    say(&world, CUT_S);
    assert_amount(&account_of(&world, "a")->charged, "0.03");
    end(&world);
}

/* --- what runs, and prices --- */

static void add_state(struct world *world, const char *resource, enum run_state what, int64_t since_s)
{
    world->states[world->next.frame.state_count++] = (struct state_row){.product = PRODUCT_CONTAINER,
                                                                        .account = STR("a"),
                                                                        .resource = str_of(resource),
                                                                        .state = what,
                                                                        .sku = STR("s"),
                                                                        .order = STR(""),
                                                                        .quantity = 1,
                                                                        .since_s = since_s,
                                                                        .sign_s = INT64_MIN};
}

static void of_a_resource_its_last_state_stands_until_it_is_gone(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    add_state(&world, "c", RUN_RUNNING, 1);
    add_state(&world, "d", RUN_RUNNING, 1);
    add_state(&world, "c", RUN_STOPPED, 2);
    say(&world, BEGIN_S + 5);
    assert_int_equal(rows_of(&world)->states.count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        const struct state_row *row = &rows_of(&world)->states.at[i].row;
        assert_int_equal(row->state, str_equal(row->resource, STR("c")) ? RUN_STOPPED : RUN_RUNNING);
    }
    add_state(&world, "d", RUN_GONE, 0);
    say(&world, BEGIN_S + 10);
    assert_int_equal(rows_of(&world)->states.count, 1);
    end(&world);
}

static void assert_price(const struct price_row *row, enum meter meter, const char *price, const char *by)
{
    struct amount amount = amount_of(wide_of(row->price.picounits), false);
    assert_int_equal(row->meter, meter);
    assert_amount(&amount, price);
    assert_true(str_equal(row->set_by, str_of(by)));
}

static void prices_are_laid_out_in_time_and_what_goes_on_is_one_row(void **state)
{
    (void)state;
    struct world world;
    int64_t november_s = time_add_months(OCTOBER_S, 1), later_s = november_s + 48 * HOUR_S;
    begin(&world);
    assert_int_equal(rows_of(&world)->prices.count, 6);
    add_catalog(&world, later_s, later_catalog);
    say(&world, BEGIN_S + 5);
    const struct price_row *rows = rows_of(&world)->prices.at;
    assert_int_equal(rows_of(&world)->prices.count, 6);
    assert_price(&rows[0], METER_MONTHS, "100", "ann");
    assert_true(rows[0].price.per == 1 && rows[0].until_s == later_s);
    assert_price(&rows[1], METER_MONTHS, "1000", "ann");
    assert_true(rows[1].price.per == 12);
    assert_price(&rows[2], METER_RUNTIME, "1", "ann");
    assert_true(rows[2].since_s == INT64_MIN && rows[2].until_s == november_s);
    assert_price(&rows[3], METER_RUNTIME, "2", "ann"); /* the later catalog has the same */
    assert_true(rows[3].since_s == november_s && rows[3].until_s == INT64_MAX);
    assert_price(&rows[4], METER_IMAGES, "0.015", "ann");
    assert_true(rows[4].by_cycle && rows[4].until_s == INT64_MAX);
    assert_price(&rows[5], METER_CAPACITY, "0.1", "ann");
    assert_true(rows[5].free == INT64_C(20000000000) && rows[5].until_s == later_s);
    end(&world);
}

static void prices_are_those_of_partition_0(void **state)
{
    (void)state;
    struct world world;
    begin_at(&world, 1);
    assert_int_equal(rows_of(&world)->prices.count, 0);
    assert_int_equal(rows_of(&world)->catalogs.count, 1);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payment_is_posted_once_whoever_settles_its_repeat),
        cmocka_unit_test(an_account_of_which_all_is_unpriced_is_there),
        cmocka_unit_test(frames_that_wrote_money_are_kept_and_no_others),
        cmocka_unit_test(a_frame_that_says_nothing_ends_the_grace_of_all_when_it_is_over),
        cmocka_unit_test(who_claims_again_knows_of_the_deadlines_from_before),
        cmocka_unit_test(a_standstill_moves_more_deadlines_than_a_transaction_takes),
        cmocka_unit_test(bills_are_cut_in_pages_and_stand_with_the_last),
        cmocka_unit_test(a_page_is_not_taken_again_by_who_remembers_an_older_one),
        cmocka_unit_test(who_claims_between_pages_goes_on_from_there),
        cmocka_unit_test(what_comes_after_the_cut_stands_in_the_next_bill),
        cmocka_unit_test(a_month_that_was_due_at_the_first_watermark_has_no_bill),
        cmocka_unit_test(bills_wait_for_the_last_frame_of_the_epoch),
        cmocka_unit_test(of_a_resource_its_last_state_stands_until_it_is_gone),
        cmocka_unit_test(prices_are_laid_out_in_time_and_what_goes_on_is_one_row),
        cmocka_unit_test(prices_are_those_of_partition_0),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
