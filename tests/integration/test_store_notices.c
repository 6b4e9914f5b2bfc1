/* How rows of `notices` are read to be sent, and counted as sent. Needs PostgreSQL: HOURGLASS_DATABASE;
 * skipped without. */
#include <stdio.h>
#include <unistd.h>

#include "settler/notices.h"
#include "tests/integration/schema.h"
#include "tests/support/test.h"

enum { PARTITION = 3 };

struct world {
    char schema[SCHEMA_SIZE];
    struct pg *pg;
    struct store *store;
    struct claim claim;
    struct packer out; /* what was read last, a line each */
};

static void do_sql(struct world *world, const char *sql)
{
    assert_true(pg_script(world->pg, sql));
}

static void take_claim(struct world *world, struct claim *claim)
{
    struct error error;
    assert_int_equal(store_claim(world->store, PARTITION, claim, &error), STORE_OK);
}

/* Notices 0 to 3, of accounts a, b, a, c. */
static void begin(struct world *world)
{
    *world = (struct world){0};
    snprintf(world->schema, sizeof world->schema, "test_notices_%d", (int)getpid());
    world->pg = new_schema(world->schema);
    world->store = store_of(world->schema);
    do_sql(world, "INSERT INTO meta (currency, charge_scale) VALUES ('JPY', 2)");
    take_claim(world, &world->claim);
    do_sql(world, "INSERT INTO notices (partition, number, seq, ordinal, account, state, balance, available, "
                  "deadline_s,"
                  " watermark_us) VALUES (3, 0, 7, 1, 'a', 'grace', -1.5, -1.500000000001, 1793534400, "
                  "1793527200999999),"
                  " (3, 1, 7, 2, 'b', 'suspended', 2, -3.10, NULL, 1793527200999999),"
                  " (3, 2, 9, 1, 'a', 'good', 0.00, 0, NULL, 1793527300000000),"
                  " (3, 3, 9, 2, 'c', 'good', 1e15, 0.125, NULL, 1793527300000000),"
                  " (2, 4, 9, 1, 'b', 'good', 0, 0, NULL, 1793527300000000)");
    do_sql(world, "UPDATE claim SET next_notice = 4");
    store_claim_release(&world->claim);
    take_claim(world, &world->claim);
    assert_int_equal(world->claim.next_notice, 4);
}

static void end(struct world *world)
{
    store_claim_release(&world->claim);
    store_close(world->store);
    drop_schema(world->pg, world->schema);
    vec_release(&world->out.bytes);
}

static void take(void *context, const struct store_notice *row)
{
    struct world *world = context;
    char head[40];
    snprintf(head, sizeof head, "%lld %s ", (long long)row->number, row->last ? "last" : "-");
    pack_raw(&world->out, head, strlen(head));
    notice_print(PARTITION, row, &world->out);
    pack_raw(&world->out, "\n", 1);
}

static const char *read_rows(struct world *world, const struct claim *claim, uint32_t most,
                             enum store_outcome outcome)
{
    struct error error;
    vec_clear(&world->out.bytes);
    assert_int_equal(store_read_notices(world->store, claim, most, take, world, &error), outcome);
    pack_raw(&world->out, "", 1);
    return world->out.bytes.at;
}

static void move(struct world *world, struct claim *claim, int64_t sent, enum store_outcome outcome)
{
    struct error error;
    assert_int_equal(store_move_notices(world->store, claim, sent, &error), outcome);
}

static void rows_are_read_from_the_first_that_was_not_sent(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    assert_string_equal(
        read_rows(&world, &world.claim, 3, STORE_OK),
        "0 - {\"id\":\"3-7-1\",\"account\":\"a\",\"state\":\"grace\",\"balance\":\"-1.50\",\"available\":"
        "\"-1.500000000001\",\"deadline\":\"2026-11-01T12:00:00Z\",\"at\":\"2026-11-01T10:00:00Z\","
        "\"currency\":"
        "\"JPY\"}\n"
        "1 last "
        "{\"id\":\"3-7-2\",\"account\":\"b\",\"state\":\"suspended\",\"balance\":\"2.00\",\"available\":"
        "\"-3.10\",\"deadline\":null,\"at\":\"2026-11-01T10:00:00Z\",\"currency\":\"JPY\"}\n"
        "2 last "
        "{\"id\":\"3-9-1\",\"account\":\"a\",\"state\":\"good\",\"balance\":\"0.00\",\"available\":\"0.00\","
        "\"deadline\":null,\"at\":\"2026-11-01T10:01:40Z\",\"currency\":\"JPY\"}\n");
    move(&world, &world.claim, 3, STORE_OK);
    assert_string_equal(
        read_rows(&world, &world.claim, 3, STORE_OK),
        "3 last {\"id\":\"3-9-2\",\"account\":\"c\",\"state\":\"good\",\"balance\":\"1000000000000000.00\","
        "\"available\":\"0.125\",\"deadline\":null,\"at\":\"2026-11-01T10:01:40Z\",\"currency\":\"JPY\"}\n");
    move(&world, &world.claim, 4, STORE_OK);
    assert_string_equal(read_rows(&world, &world.claim, 3, STORE_OK), "");
    end(&world);
}

static void who_claimed_before_reads_and_counts_no_notices(void **state)
{
    (void)state;
    struct world world;
    struct claim later = {0};
    begin(&world);
    take_claim(&world, &later);
    assert_string_equal(read_rows(&world, &world.claim, 3, STORE_LOST), "");
    move(&world, &world.claim, 2, STORE_LOST);
    move(&world, &later, 1, STORE_OK);
    store_claim_release(&later);
    end(&world);
}

/* Tables that came back from a backup have the owner's fence, and fewer that were sent. */
static void who_remembers_another_number_counts_no_notices(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    move(&world, &world.claim, 3, STORE_OK);
    do_sql(&world, "UPDATE claim SET notices_sent = 1");
    move(&world, &world.claim, 4, STORE_LOST);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_from_the_first_that_was_not_sent),
        cmocka_unit_test(who_claimed_before_reads_and_counts_no_notices),
        cmocka_unit_test(who_remembers_another_number_counts_no_notices),
    };
    if (!schema_database()) {
        printf("1..0 # SKIP HOURGLASS_DATABASE is not set\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
