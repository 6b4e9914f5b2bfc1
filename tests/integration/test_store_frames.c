/* What single frames do to the settler's tables, and what they cost. Needs PostgreSQL: HOURGLASS_DATABASE;
 * skipped without. */
#include <stdio.h>
#include <unistd.h>

#include "lib/base/time.h"
#include "settler/store/pg/copy.h"
#include "tests/integration/schema.h"
#include "tests/support/test.h"

/* 2026-01-01T00:00:00Z */
#define BEGIN_S INT64_C(1767225600)

static const char yaml[] =
    "currency: USD\nvoid_after: 1h\nproducts:\n"
    "  container: {settle: hourly, skus: {s: {subscription: {price: '10', per: month}}}}\n"
    "  maas: {settle: cycle, skus: {m: {images: {price: '0.04', per: 1}}}}\n";

struct world {
    char schema[SCHEMA_SIZE];
    struct pg *pg;
    struct store *store;
    struct claim claim;
    struct frame frame; /* the next one */
};

static enum store_outcome settle(struct world *world, struct claim *claim)
{
    struct placed_frame placed = {world->frame, (int64_t)world->frame.seq + 1};
    struct store_written rows;
    struct error error;
    return store_settle(world->store, claim, &placed, 1, &rows, &error);
}

static void take_claim(struct world *world)
{
    struct error error;
    assert_int_equal(store_claim(world->store, world->frame.partition, &world->claim, &error), STORE_OK);
}

static void say(struct world *world)
{
    assert_int_equal(settle(world, &world->claim), STORE_OK);
    world->frame.seq++;
    world->frame.fact_count = world->frame.count_count = world->frame.level_count = 0;
}

static void begin(struct world *world)
{
    *world = (struct world){.frame = {.watermark_us = BEGIN_S * SECOND_US, .closed_s = BEGIN_S}};
    snprintf(world->schema, sizeof world->schema, "test_frames_%d", (int)getpid());
    world->pg = new_schema(world->schema);
    world->store = store_of(world->schema);
    take_claim(world);
    struct fact init = {.control = CONTROL_INIT, .catalog = {INT64_MIN, str_of(yaml)}};
    world->frame.facts = &init;
    world->frame.fact_count = 1;
    say(world);
}

static void end(struct world *world)
{
    store_claim_release(&world->claim);
    store_close(world->store);
    drop_schema(world->pg, world->schema);
}

static void say_facts(struct world *world, const struct fact *facts, uint32_t count)
{
    world->frame.facts = facts;
    world->frame.fact_count = count;
    say(world);
}

static void say_count(struct world *world, int64_t hour_s, enum meter meter, bool replaces)
{
    const struct count_sum sum = {meter, 0, 100};
    const struct count_row row = {.product = PRODUCT_MAAS,
                                  .account = STR("a"),
                                  .resource = STR("e"),
                                  .sku = STR("m"),
                                  .hour_s = hour_s,
                                  .replaces = replaces,
                                  .sums = &sum,
                                  .sum_count = 1};
    world->frame.counts = &row;
    world->frame.count_count = 1;
    say(world);
}

static void assert_query(struct world *world, const char *sql, const char *expected)
{
    struct packer found = query_text(world->pg, sql);
    assert_string_equal(found.bytes.at, expected);
    vec_release(&found.bytes);
}

static uint64_t statements_of(struct world *world, void (*saying)(struct world *))
{
    uint64_t before = store_statements(world->store);
    saying(world);
    return store_statements(world->store) - before;
}

/* --- the claim --- */

static const struct fact paid = {.record = {.kind = RECORD_ORDER_PAID,
                                            .product = PRODUCT_CONTAINER,
                                            .account = STR("a"),
                                            .subject = STR("o"),
                                            .source = STR("/p"),
                                            .id = STR("1"),
                                            .time_us = BEGIN_S * SECOND_US,
                                            .sku = STR("s"),
                                            .quantity = 1,
                                            .months = 1}};

/* Settles the frame, then once more under the claim from before it. */
static enum store_outcome say_twice(struct world *world)
{
    struct claim before = world->claim;
    enum store_outcome outcome = settle(world, &world->claim);
    before.known = world->claim.known;
    assert_int_equal(settle(world, &before), STORE_LOST);
    world->claim.known = before.known;
    return outcome;
}

static void a_frame_is_not_settled_again_by_who_remembers_an_older_number(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_int_equal(say_twice(&world), STORE_OK); /* it says nothing */
    world.frame.seq++;
    const struct frame_reject reject = {STR("late"), STR("http"), STR("/s"), STR("i"), 7};
    world.frame.rejects = &reject;
    world.frame.reject_count = 1;
    assert_int_equal(say_twice(&world), STORE_OK);
    assert_query(&world, "SELECT next_seq, (SELECT count(*) FROM rejected) FROM claim", "3|1\n");
    end(&world);
}

static const struct level_segment whole_hour = {0, 3600, {"s", 1}, {NULL, 0}, 1};

static void a_step_is_not_taken_again_by_who_remembers_an_older_one(void **state)
{
    (void)state;
    enum { HOURS = 4, ROWS = 2 * HOURS };
    struct world world;
    struct level_row rows[ROWS];
    begin(&world);
    for (int i = 0; i < ROWS; i++)
        rows[i] = (struct level_row){.product = PRODUCT_CONTAINER,
                                     .account = STR("a"),
                                     .resource = i < HOURS ? STR("c") : STR("d"),
                                     .hour_s = BEGIN_S + i % HOURS * HOUR_S,
                                     .segments = &whole_hour,
                                     .segment_count = 1};
    world.frame.levels = rows;
    world.frame.level_count = ROWS;
    world.claim.work_max = 1; /* an hour is not divided all the same */
    for (int h = 0; h < HOURS; h++)
        assert_int_equal(say_twice(&world), STORE_STEP);
    assert_int_equal(say_twice(&world), STORE_OK); /* its accounts */
    assert_query(&world, "SELECT count(*), count(DISTINCT hour) FROM settled", "8|4\n");
    end(&world);
}

static void do_sql(struct world *world, const char *script)
{
    assert_true(pg_script(world->pg, script));
}

/* Settles the frame, then once more under a row of the claim that says it never was. */
static enum store_outcome say_again_behind_the_claim(struct world *world)
{
    struct claim before = world->claim;
    do_sql(world, "CREATE TABLE saved AS TABLE claim");
    enum store_outcome outcome = settle(world, &world->claim);
    struct packer rows = query_text(world->pg, "SELECT count(*) FROM settled"), found;
    do_sql(world, "ALTER TABLE claim RENAME TO kept; ALTER TABLE saved RENAME TO claim");
    before.known = world->claim.known;
    struct placed_frame placed = {world->frame, (int64_t)world->frame.seq + 1};
    struct store_written written;
    struct error error;
    assert_int_equal(store_settle(world->store, &before, &placed, 1, &written, &error), STORE_FAILED);
    assert_non_null(strstr(error.text, "frame_steps_pkey"));
    world->claim.known = before.known;
    do_sql(world, "DROP TABLE claim; ALTER TABLE kept RENAME TO claim");
    found = query_text(world->pg, "SELECT count(*) FROM settled");
    assert_string_equal(found.bytes.at, rows.bytes.at);
    vec_release(&rows.bytes);
    vec_release(&found.bytes);
    return outcome;
}

static void a_step_that_was_settled_is_refused_whatever_the_claim_says(void **state)
{
    (void)state;
    struct world world;
    const struct count_sum sum = {METER_IMAGES, 0, 100};
    struct count_row counts[2];
    struct level_row levels[4];
    begin(&world);
    for (int i = 0; i < 2; i++)
        counts[i] = (struct count_row){.product = PRODUCT_MAAS,
                                       .account = STR("a"),
                                       .resource = STR("e"),
                                       .sku = STR("m"),
                                       .hour_s = BEGIN_S + i * HOUR_S,
                                       .sums = &sum,
                                       .sum_count = 1};
    for (int i = 0; i < 4; i++)
        levels[i] = (struct level_row){.product = PRODUCT_CONTAINER,
                                       .account = STR("a"),
                                       .resource = i < 2 ? STR("c") : STR("d"),
                                       .hour_s = BEGIN_S + i % 2 * HOUR_S,
                                       .segments = &whole_hour,
                                       .segment_count = 1};
    world.frame.counts = counts;
    world.frame.count_count = 1;
    assert_int_equal(say_again_behind_the_claim(&world), STORE_OK);
    world.frame.seq++;
    world.frame.count_count = 2;
    world.frame.levels = levels;
    world.frame.level_count = 4;
    world.claim.work_max = 1;
    assert_int_equal(say_again_behind_the_claim(&world), STORE_STEP);
    assert_int_equal(say_again_behind_the_claim(&world), STORE_STEP);
    end(&world);
}

static void who_claims_again_remembers_nothing_from_before(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    say(&world); /* no order is waiting */
    struct world other = world;
    other.store = store_of(world.schema);
    other.claim = (struct claim){0};
    take_claim(&other);
    say_facts(&other, &paid, 1);
    world.frame.seq = other.frame.seq;
    take_claim(&world);
    world.frame.watermark_us += 2 * HOUR_S * (int64_t)SECOND_US;
    say(&world);
    assert_query(&world, "SELECT count(*), sum(amount) FROM settled", "2|0.000000\n");
    store_claim_release(&other.claim);
    store_close(other.store);
    end(&world);
}

static void log_time_in_the_claim_is_that_of_the_last_whole_epoch(void **state)
{
    (void)state;
    struct world world;
    static const char claim[] =
        "SELECT next_seq, watermark_us / 1000000 - 1767225600, closed_s - 1767225600 FROM claim";
    begin(&world);
    world.frame.watermark_us += 7 * (int64_t)SECOND_US;
    world.frame.more = true;
    say(&world);
    say_count(&world, BEGIN_S, METER_IMAGES, false);
    assert_query(&world, claim, "3|0|0\n");
    take_claim(&world);
    assert_int_equal(world.claim.watermark_us, BEGIN_S * SECOND_US);
    world.frame.more = false;
    world.frame.closed_s += HOUR_S;
    say(&world);
    assert_query(&world, claim, "4|7|3600\n");
    end(&world);
}

static void a_partition_is_rated_by_the_catalogs_of_its_own_log(void **state)
{
    (void)state;
    static const char other_yaml[] = "currency: USD\nproducts:\n"
                                     "  maas: {settle: cycle, skus: {m: {images: {price: '7', per: 1}}}}\n";
    struct world world;
    begin(&world);
    struct world other = world;
    other.claim = (struct claim){0};
    other.frame.partition = 1;
    other.frame.seq = 0;
    take_claim(&other);
    const struct fact init = {.control = CONTROL_INIT, .catalog = {INT64_MIN, str_of(other_yaml)}};
    say_facts(&other, &init, 1);
    take_claim(&world);
    say_count(&world, BEGIN_S, METER_IMAGES, false);
    assert_query(&world, "SELECT amount FROM lines", "4.000000\n");
    store_claim_release(&other.claim);
    end(&world);
}

/* --- facts --- */

static struct fact payment(enum record_kind kind, const char *name, const char *id, const char *currency)
{
    return (struct fact){.record = {.kind = kind,
                                    .account = STR("a"),
                                    .subject = str_of(name),
                                    .source = STR("/p"),
                                    .id = str_of(id),
                                    .time_us = BEGIN_S * SECOND_US,
                                    .amount = STR("1.50"),
                                    .currency = str_of(currency)}};
}

static void a_payment_counts_once_under_whatever_id_and_in_whatever_currency(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct fact facts[] = {
        payment(RECORD_CREDITED, "p", "1", "USD"), payment(RECORD_CREDITED, "p", "2", "EUR"),
        payment(RECORD_CREDITED, "q", "1", "EUR"), payment(RECORD_DEBITED, "p", "1", "USD")};
    facts[2].record.for_bill = true;
    say_facts(&world, facts, 4);
    say_facts(&world, facts, 4);
    say_facts(&world, &facts[1], 1);
    assert_query(&world,
                 "SELECT kind, payment, id, currency, purpose, seq FROM payments ORDER BY kind, payment",
                 "credited|p|1|USD|balance|1\ncredited|q|1|EUR|bill|1\ndebited|p|1|USD|balance|1\n");
    end(&world);
}

static void an_order_is_voided_in_time_by_who_remembers_it_and_by_who_does_not(void **state)
{
    (void)state;
    for (int forget = 0; forget < 2; forget++) {
        struct world world;
        begin(&world);
        say_facts(&world, &paid, 1);
        if (forget)
            take_claim(&world);
        world.frame.watermark_us += HOUR_S * (int64_t)SECOND_US;
        say(&world);
        world.frame.watermark_us++;
        world.frame.more = true;
        say(&world);
        assert_query(&world, "SELECT count(*) FROM settled", "1\n");
        world.frame.more = false;
        say(&world);
        assert_query(&world, "SELECT count(*), sum(amount) FROM settled", "2|0.000000\n");
        say(&world);
        assert_int_equal(statements_of(&world, say), 1); /* nothing is waiting any more */
        end(&world);
    }
}

static struct fact fulfilled(const char *order)
{
    return (struct fact){.record = {.kind = RECORD_ORDER_FULFILLED,
                                    .product = PRODUCT_NONE,
                                    .account = STR("a"),
                                    .subject = str_of(order),
                                    .source = STR("/p"),
                                    .id = STR("1"),
                                    .time_us = BEGIN_S * SECOND_US}};
}

static void what_repeats_an_identity_keeps_no_order_from_being_voided(void **state)
{
    (void)state;
    static const struct level_segment named = {0, 3600, {"s", 1}, {"o", 1}, 1};
    static const struct level_row row = {.product = PRODUCT_CONTAINER,
                                         .account = STR("a"),
                                         .resource = STR("c"),
                                         .hour_s = BEGIN_S,
                                         .segments = &named,
                                         .segment_count = 1};
    struct world world;
    begin(&world);
    const struct fact first[] = {paid, fulfilled("another")}, second[] = {fulfilled("o")};
    say_facts(&world, first, 2);
    world.frame.levels = &row;
    world.frame.level_count = 1;
    say(&world);
    assert_query(&world, "SELECT kind, units FROM lines ORDER BY kind", "subscription|1\n");
    world.frame.watermark_us += 2 * HOUR_S * (int64_t)SECOND_US;
    say_facts(&world, second, 1);
    assert_query(&world, "SELECT kind, units FROM lines ORDER BY kind",
                 "subscription|1\nusage|3600\nvoid|0\n");
    end(&world);
}

static void a_reject_of_an_entrance_is_copied_once(void **state)
{
    (void)state;
    static const struct store_reject refused[] = {
        {.offset = 3,
         .clock_us = BEGIN_S * SECOND_US + 500000,
         .reason = STR("id: expected"),
         .feed = STR("http"),
         .sender = STR("10.0.0.1"),
         .type = STR("maas.tokens"),
         .source = STR("/gw"),
         .id = STR("7"),
         .event = STR("{\"id\":7}")},
        {.offset = 4, .clock_us = 6, .reason = STR("cut \xc3"), .feed = STR("http")},
    };
    struct world world;
    struct error error;
    begin(&world);
    struct claim before = world.claim;
    assert_int_equal(store_copy_rejects(world.store, &world.claim, refused, 2, 5, &error), STORE_OK);
    assert_int_equal(store_copy_rejects(world.store, &before, refused, 2, 5, &error), STORE_LOST);
    say(&world);
    take_claim(&world);
    assert_int_equal(world.claim.next_reject, 5);
    assert_query(&world,
                 "SELECT extract(epoch FROM at)::numeric(20, 1), entrance, reason, sender, type, source, id,"
                 " topic, partition, \"offset\" FROM rejects ORDER BY \"offset\"",
                 "1767225600.5|http|id: expected|10.0.0.1|maas.tokens|/gw|7|usage.rejects|0|3\n"
                 "0.0|http|cut ?|||||usage.rejects|0|4\n");
    assert_query(&world, "SELECT convert_from(event, 'UTF8') FROM rejected WHERE \"offset\" = 3",
                 "{\"id\":7}\n");
    end(&world);
}

static void another_generation_is_refused(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    struct store_generation generation = {.partitions = 4, .init_hash = {7}};
    begin(&world);
    assert_int_equal(store_generation(world.store, &generation, &error), ERROR_NONE);
    assert_query(&world, "SELECT partitions, substr(init_hash, 1, 2) FROM meta", "4|\\x0700\n");
    generation.init_hash[0] = 8;
    assert_int_equal(store_generation(world.store, &generation, &error), ERROR_FATAL);
    assert_non_null(strstr(error.text, "made anew"));
    end(&world);
}

/* --- what is asked of the database --- */

static void say_open_hour(struct world *world)
{
    say_count(world, world->frame.closed_s, METER_IMAGES, false);
}

static void say_closed_hour(struct world *world)
{
    say_count(world, world->frame.closed_s - HOUR_S, METER_IMAGES, false);
}

static void what_cannot_be_there_is_not_asked_for(void **state)
{
    (void)state;
    struct world world;
    static const char lines[] = "SELECT units, amount FROM lines ORDER BY hour";
    begin(&world);
    say(&world);
    assert_int_equal(statements_of(&world, say), 1); /* the compare-and-set */
    say_open_hour(&world);
    world.frame.closed_s += HOUR_S;
    say(&world);
    /* BEGIN, the claim, accounts read and written, frames, COPY of settled and charges, COMMIT */
    assert_int_equal(statements_of(&world, say_open_hour), 8);
    assert_int_equal(statements_of(&world, say_closed_hour), 9); /* and what stands */
    assert_query(&world, lines, "200|8.000000\n100|4.000000\n");
    say_count(&world, BEGIN_S, METER_OUTPUT_TOKENS, true);
    assert_query(&world, lines, "100|\n100|4.000000\n");
    end(&world);
}

static void numbers_are_written_as_postgresql_writes_them(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "1",
        "9999",
        "10000",
        "100000000",
        "12345.678",
        "-0.000001",
        "0.00",
        "-12.340000",
        "0.000000000001",
        "10.0000",
        "0.5",
        "340282366920938463463374607431768211455",
        "3599999999999999999999996400000.000000000000",
    };
    struct pg *pg = connect_to("");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char sql[200];
        struct packer field = {0}, hex = {0};
        snprintf(sql, sizeof sql, "SELECT '\\x' || encode(numeric_send('%s'::numeric), 'hex')", texts[i]);
        struct packer theirs = query_text(pg, sql);
        copy_numeric(&field, str_of(texts[i]));
        pg_put_hex(&hex, field.bytes.at + 4, field.bytes.count - 4); /* without its size */
        pack_raw(&hex, "\n", 2);
        assert_string_equal(hex.bytes.at, theirs.bytes.at);
        vec_release(&field.bytes);
        vec_release(&hex.bytes);
        vec_release(&theirs.bytes);
    }
    pg_free(pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_not_settled_again_by_who_remembers_an_older_number),
        cmocka_unit_test(a_step_is_not_taken_again_by_who_remembers_an_older_one),
        cmocka_unit_test(a_step_that_was_settled_is_refused_whatever_the_claim_says),
        cmocka_unit_test(who_claims_again_remembers_nothing_from_before),
        cmocka_unit_test(log_time_in_the_claim_is_that_of_the_last_whole_epoch),
        cmocka_unit_test(a_partition_is_rated_by_the_catalogs_of_its_own_log),
        cmocka_unit_test(a_payment_counts_once_under_whatever_id_and_in_whatever_currency),
        cmocka_unit_test(an_order_is_voided_in_time_by_who_remembers_it_and_by_who_does_not),
        cmocka_unit_test(what_repeats_an_identity_keeps_no_order_from_being_voided),
        cmocka_unit_test(a_reject_of_an_entrance_is_copied_once),
        cmocka_unit_test(another_generation_is_refused),
        cmocka_unit_test(what_cannot_be_there_is_not_asked_for),
        cmocka_unit_test(numbers_are_written_as_postgresql_writes_them),
    };
    if (!schema_database()) {
        printf("1..0 # SKIP HOURGLASS_DATABASE is not set\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
