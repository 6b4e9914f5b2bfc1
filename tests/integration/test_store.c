/* The settler's tables are a function of the frames: however they are batched, whoever claims in between,
 * they are what settling in memory says. Needs PostgreSQL: HOURGLASS_DATABASE; skipped without. */
#include <stdio.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "settler/core/settle.h"
#include "tests/integration/schema.h"
#include "tests/support/frames.h"
#include "tests/support/test.h"

enum { SEEDS = 16, SAID = 120, BATCH_MAX = 12 };

static uint32_t steps; /* taken by all tests so far, */
static uint32_t pages; /* of them of accounts */

/* --- settling in batches --- */

static struct placed_frame place(const struct frame *frame)
{
    return (struct placed_frame){*frame, (int64_t)frame->seq + 1};
}

/* As the process does it: a frame with facts of orders or a catalog is settled alone. */
static uint32_t next_batch(const struct frame_log *log, uint32_t from, uint32_t longest,
                           struct placed_frame batch[BATCH_MAX])
{
    uint32_t count = 0;
    while (count < longest && from + count < log->frames.count) {
        const struct frame *frame = &log->frames.at[from + count];
        if (!store_frame_is_plain(frame) && count > 0)
            break;
        batch[count++] = place(frame);
        if (!store_frame_is_plain(frame))
            break;
    }
    return count;
}

static enum store_outcome settle(struct store *store, struct claim *claim, const struct placed_frame *batch,
                                 uint32_t count)
{
    struct store_written rows;
    struct error error = {ERROR_NONE, ""};
    enum store_outcome outcome = store_settle(store, claim, batch, count, &rows, &error);
    if (outcome != STORE_OK && outcome != STORE_STEP)
        print_message("# %s\n", error.text);
    return outcome;
}

static bool is_settled(enum store_outcome outcome)
{
    return outcome == STORE_OK || outcome == STORE_STEP;
}

static void claim_of(struct store *store, struct claim *claim)
{
    struct error error;
    assert_int_equal(store_claim(store, 0, claim, &error), STORE_OK);
}

/* Settles the whole log; restless: in small steps, and now and then with a new connection and a new claim. */
static void settle_log(struct frame_log *log, const char *schema, uint32_t longest, bool restless)
{
    struct store *store = store_of(schema);
    struct claim claim = {0};
    claim_of(store, &claim);
    while (claim.next_seq < log->frames.count) {
        struct placed_frame batch[BATCH_MAX];
        uint32_t limit = 1 + random_below(&log->random, longest);
        uint32_t count = next_batch(log, (uint32_t)claim.next_seq, limit, batch);
        if (restless) {
            claim.work_max = 1 + random_below(&log->random, 20);
            claim.accounts_max = 1 + random_below(&log->random, 3);
        }
        enum store_outcome outcome = settle(store, &claim, batch, count);
        assert_true(is_settled(outcome));
        steps += claim.step != 0;
        pages += claim.accounts.begun;
        if (!restless || random_below(&log->random, 4) != 0)
            continue;
        store_close(store);
        store = store_of(schema);
        claim_of(store, &claim);
    }
    store_claim_release(&claim);
    store_close(store);
}

/* --- in memory --- */

static void put(struct packer *out, const char *text)
{
    pack_raw(out, text, strlen(text));
}

static void put_row(struct packer *out, const struct settlement *settlement, const struct settled_row *row,
                    uint64_t seq)
{
    const struct book *book = &settlement->book;
    const struct line_hour *hour = &book->hours.at[row->hour];
    const struct line_key *key = &book->lines.at[hour->line].key;
    char units[40], total[AMOUNT_TEXT_SIZE], change[AMOUNT_TEXT_SIZE], text[1000];
    u128_print(hour->settled.units, units);
    amount_print(&hour->settled.total, prices_charge_scale(&book->prices), total);
    amount_print(&row->change, prices_charge_scale(&book->prices), change);
    snprintf(text, sizeof text, "%llu|%.*s|%lld|%s|%.*s|%s|%.*s|%s|%s|%s|%s|%s|%s\n", (unsigned long long)seq,
             STR_ARG(names_get(&book->names, key->account)), (long long)hour->hour_s,
             product_name(key->product), STR_ARG(names_get(&book->names, key->resource)),
             meter_name(key->meter), STR_ARG(names_get(&book->names, key->sku)), charge_kind_name(key->kind),
             units, hour->settled.priced ? "t" : "f", hour->settled.exists ? "t" : "f", total, change);
    put(out, text);
}

static struct packer settle_in_memory(const struct frame_log *log)
{
    struct packer out = {0};
    struct settlement settlement;
    settlement_init(&settlement);
    for (uint32_t i = 0; i < log->frames.count; i++) {
        assert_int_equal(settle_frame(&settlement, &log->frames.at[i]), SETTLED);
        for (uint32_t r = 0; r < settlement.rows.count; r++)
            put_row(&out, &settlement, &settlement.rows.at[r], i);
    }
    settlement_release(&settlement);
    pack_raw(&out, "", 1);
    return out;
}

/* --- the facts --- */

static void assert_same_text(struct packer *a, struct packer *b, const char *what, uint64_t seed)
{
    bool same = strcmp(a->bytes.at, b->bytes.at) == 0;
    if (!same) {
        uint32_t at = 0, line = 0;
        for (; a->bytes.at[at] == b->bytes.at[at]; at++)
            line = a->bytes.at[at] == '\n' ? at + 1 : line;
        print_message("# seed %llu, %s differ:\n# %.*s\n# %.*s\n", (unsigned long long)seed, what,
                      (int)strcspn(a->bytes.at + line, "\n"), a->bytes.at + line,
                      (int)strcspn(b->bytes.at + line, "\n"), b->bytes.at + line);
    }
    vec_release(&a->bytes);
    vec_release(&b->bytes);
    assert_true(same);
}

static void rows_are_those_of_settling_in_memory_however_they_are_batched(void **state)
{
    (void)state;
    char schema[SCHEMA_SIZE];
    snprintf(schema, sizeof schema, "test_store_%d", (int)getpid());
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct frame_log log;
        frame_log_make(&log, seed, SAID);
        frame_log_cut(&log, 1 + (uint32_t)seed % 10, 1 + (uint32_t)seed % 4);
        struct pg *pg = new_schema(schema);
        settle_log(&log, schema, BATCH_MAX, true);
        struct packer expected = settle_in_memory(&log);
        struct packer found = query_text(
            pg,
            "SELECT seq, n.account, extract(epoch FROM hour)::bigint, product, resource, meter, sku, kind,"
            " units, priced, \"exists\", total, amount FROM settled s JOIN line_names n ON n.line = s.line"
            " AND account_key(n.account) = s.account"
            " ORDER BY seq, n.account COLLATE \"C\", hour, product COLLATE \"C\", resource COLLATE \"C\","
            " meter COLLATE \"C\", sku COLLATE \"C\", kind COLLATE \"C\"");
        drop_schema(pg, schema);
        frame_log_release(&log);
        assert_same_text(&expected, &found, "rows in memory and in the table", seed);
    }
    assert_true(steps > 0 && pages > 0);
}

/* Everything but who owns the partition. */
static const char *const tables[] = {
    "SELECT * FROM settled ORDER BY hour, line, seq",
    "SELECT * FROM line_names ORDER BY line",
    "SELECT * FROM account_names ORDER BY name",
    "SELECT * FROM order_facts ORDER BY account, kind, source, id",
    "SELECT * FROM order_usage ORDER BY account, \"order\", product, resource",
    "SELECT * FROM order_due ORDER BY account, \"order\"",
    "SELECT * FROM payments ORDER BY account, kind, payment",
    "SELECT * FROM catalogs ORDER BY partition, seq, ordinal",
    "SELECT partition, next_seq, next_step, step, step_account, step_notices, next_notice, next_month, "
    "epoch_open,"
    " next_offset, last_hash, watermark_us, closed_s FROM claim",
    "SELECT * FROM meta",
    "SELECT * FROM charges ORDER BY seq, account, hour, product, sku, meter, kind",
    /* How a frame's transfers lie in its steps hangs on how large these are. */
    ("SELECT account, seq, partition, what, product, kind, name, trim_scale(sum(amount)) FROM ledger"
     " GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(amount) <> 0 ORDER BY 1, 2, 3, 4, 5, 6, 7"),
    "SELECT * FROM frames ORDER BY partition, seq",
    "SELECT * FROM bill_cuts ORDER BY partition, month",
    "SELECT * FROM bill_totals ORDER BY account, month, product",
    "SELECT * FROM notices ORDER BY partition, number",
    "SELECT * FROM accounts ORDER BY name",
    "SELECT * FROM price_list ORDER BY ordinal",
    "SELECT * FROM lines ORDER BY 1, 2, 3, 4, 5, 6, 7",
};

static void all_tables_are_the_same_however_the_frames_are_batched(void **state)
{
    (void)state;
    char one[SCHEMA_SIZE], many[SCHEMA_SIZE];
    snprintf(one, sizeof one, "test_store_one_%d", (int)getpid());
    snprintf(many, sizeof many, "test_store_many_%d", (int)getpid());
    for (uint64_t seed = 101; seed <= 100 + SEEDS / 2; seed++) {
        struct frame_log log;
        frame_log_make(&log, seed, SAID);
        frame_log_cut(&log, 1 + (uint32_t)seed % 10, 1 + (uint32_t)seed % 4);
        vec_remove(&log.frames, log.frames.count - 1, 1); /* leaves orders waiting, or an epoch open */
        struct pg *a = new_schema(one), *b = new_schema(many);
        settle_log(&log, one, 1, false);
        settle_log(&log, many, BATCH_MAX, true);
        for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
            struct packer left = query_text(a, tables[t]), right = query_text(b, tables[t]);
            assert_same_text(&left, &right, tables[t], seed);
        }
        drop_schema(a, one);
        drop_schema(b, many);
        frame_log_release(&log);
    }
}

/* Settles the log over connections that break at every n-th statement; BEGIN, COPY and COMMIT are among them.
 */
static void settle_broken(struct frame_log *log, const char *schema, uint64_t every, bool reply)
{
    struct store *store = store_of(schema);
    struct claim claim = {0};
    struct error error;
    bool claimed = false;
    for (uint64_t n = every; claim.next_seq < log->frames.count; n++) {
        struct placed_frame batch[BATCH_MAX];
        struct pg *pg = pg_store_connection(store);
        pg->break_at = pg->statements + 1 + n % every;
        pg->break_reply = reply;
        claimed = claimed || store_claim(store, 0, &claim, &error) == STORE_OK;
        uint32_t count = next_batch(log, (uint32_t)claim.next_seq, 4, batch);
        struct store_written rows;
        enum store_outcome outcome =
            claimed && count > 0 ? store_settle(store, &claim, batch, count, &rows, &error) : STORE_FAILED;
        if (outcome == STORE_OK || outcome == STORE_STEP)
            continue;
        assert_int_equal(outcome, STORE_FAILED);
        assert_int_equal(error.class, ERROR_ABORT);
        store_close(store);
        store = store_of(schema);
        claimed = false;
    }
    store_claim_release(&claim);
    store_close(store);
}

static void the_tables_are_the_same_at_whichever_statement_the_connection_breaks(void **state)
{
    (void)state;
    char whole[SCHEMA_SIZE], broken[SCHEMA_SIZE];
    snprintf(whole, sizeof whole, "test_store_whole_%d", (int)getpid());
    snprintf(broken, sizeof broken, "test_store_broken_%d", (int)getpid());
    struct frame_log log;
    frame_log_make(&log, 5, SAID);
    frame_log_cut(&log, 10, 3);
    struct pg *a = new_schema(whole);
    settle_log(&log, whole, BATCH_MAX, false);
    for (int reply = 0; reply < 2; reply++) {
        struct pg *b = new_schema(broken);
        settle_broken(&log, broken, 60, reply);
        for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
            struct packer left = query_text(a, tables[t]), right = query_text(b, tables[t]);
            assert_same_text(&left, &right, tables[t], 5);
        }
        drop_schema(b, broken);
    }
    drop_schema(a, whole);
    frame_log_release(&log);
}

static void who_claimed_before_can_settle_no_more(void **state)
{
    (void)state;
    char schema[SCHEMA_SIZE];
    snprintf(schema, sizeof schema, "test_store_%d", (int)getpid());
    struct frame_log log;
    frame_log_make(&log, 1, SAID);
    frame_log_cut(&log, 10, 3);
    struct pg *pg = new_schema(schema);
    struct store *store = store_of(schema), *other = store_of(schema);
    struct claim mine = {0}, theirs = {0};
    struct placed_frame first = place(&log.frames.at[0]), second = place(&log.frames.at[1]);
    claim_of(store, &mine);
    assert_int_equal(settle(store, &mine, &first, 1), STORE_OK);
    claim_of(other, &theirs);
    assert_int_equal(theirs.next_seq, 1);
    assert_int_equal(settle(store, &mine, &second, 1), STORE_LOST);
    assert_int_equal(settle(other, &theirs, &second, 1), STORE_OK);
    struct packer seq = query_text(pg, "SELECT next_seq, fence FROM claim");
    assert_string_equal(seq.bytes.at, "2|2\n");
    vec_release(&seq.bytes);
    store_claim_release(&mine);
    store_claim_release(&theirs);
    store_close(store);
    store_close(other);
    drop_schema(pg, schema);
    frame_log_release(&log);
}

static void money_is_neither_changed_nor_deleted(void **state)
{
    (void)state;
    char schema[SCHEMA_SIZE];
    static const char *const forbidden[] = {
        "UPDATE settled SET amount = 0",
        "DELETE FROM settled",
        "TRUNCATE settled",
        "UPDATE order_facts SET quantity = 1",
        "DELETE FROM order_facts",
        "TRUNCATE order_facts",
        "UPDATE charges SET amount = 0",
        "DELETE FROM charges",
        "TRUNCATE charges",
        "UPDATE frames SET next_offset = 0",
        "DELETE FROM frames",
        "TRUNCATE frames",
        "UPDATE frame_steps SET seq = 0",
        "DELETE FROM frame_steps",
        "TRUNCATE frame_steps",
        "UPDATE ledger SET amount = 1",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
        "UPDATE bill_cuts SET seq = 0",
        "DELETE FROM bill_cuts",
        "TRUNCATE bill_cuts",
        "UPDATE bill_totals SET amount = 0",
        "DELETE FROM bill_totals",
        "TRUNCATE bill_totals",
        "UPDATE notices SET balance = 0",
        "DELETE FROM notices",
        "TRUNCATE notices",
        "UPDATE payments SET amount = 1",
        "DELETE FROM payments",
        "TRUNCATE payments",
        "UPDATE line_names SET account = 'x'",
        "DELETE FROM line_names",
        "TRUNCATE line_names",
        "DELETE FROM account_names",
        "TRUNCATE account_names",
        "DELETE FROM catalogs",
        "TRUNCATE catalogs",
        "TRUNCATE rejected",
    };
    snprintf(schema, sizeof schema, "test_store_%d", (int)getpid());
    struct frame_log log;
    frame_log_make(&log, 2, SAID);
    frame_log_cut(&log, 10, 3);
    struct pg *pg = new_schema(schema);
    settle_log(&log, schema, BATCH_MAX, false);
    assert_true(
        pg_script(pg, "INSERT INTO payments VALUES ('a', 'credited', 'p', 's', 'i', 0, 1, 'USD', 'balance',"
                      " 0, 0)"));
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        assert_false(pg_script(pg, forbidden[i]));
    drop_schema(pg, schema);
    frame_log_release(&log);
}

/* A role of its own settles, and can do no more than that. */
static void the_settlers_role_settles_and_changes_no_money(void **state)
{
    (void)state;
    const char *role = getenv("HOURGLASS_SETTLER_DATABASE");
    char schema[SCHEMA_SIZE];
    struct error error;
    static const char *const forbidden[] = {
        "UPDATE settled SET amount = 0",
        "DELETE FROM settled_default",
        "TRUNCATE settled",
        "DELETE FROM order_facts",
        "UPDATE payments SET amount = 0",
        "DELETE FROM claim",
        "ALTER TABLE settled DISABLE TRIGGER ALL",
        "DROP TABLE settled",
    };
    if (role == NULL || role[0] == 0)
        skip();
    snprintf(schema, sizeof schema, "test_store_%d", (int)getpid());
    struct frame_log log;
    frame_log_make(&log, 3, SAID);
    frame_log_cut(&log, 10, 3);
    struct pg *owner = new_schema(schema);
    struct pg_store_options options = {.database = role, .schema = schema};
    assert_true(pg_script(owner, "SELECT grant_settler('hourglass_settler')"));
    struct store *store = pg_store_open(&options, &error);
    assert_non_null(store);
    struct claim claim = {0};
    claim_of(store, &claim);
    while (claim.next_seq < log.frames.count) {
        struct placed_frame batch[BATCH_MAX];
        uint32_t count = next_batch(&log, (uint32_t)claim.next_seq, BATCH_MAX, batch);
        assert_true(is_settled(settle(store, &claim, batch, count)));
    }
    assert_int_equal(claim.ranges_missed, 0);
    store_claim_release(&claim);
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        assert_false(pg_script(pg_store_connection(store), forbidden[i]));
    store_close(store);
    drop_schema(owner, schema);
    frame_log_release(&log);
}

static void rows_lie_in_the_range_of_their_month_made_before_they_come(void **state)
{
    (void)state;
    char schema[SCHEMA_SIZE];
    snprintf(schema, sizeof schema, "test_store_%d", (int)getpid());
    struct frame_log log;
    frame_log_make(&log, 4, SAID);
    frame_log_cut(&log, 10, 3);
    struct pg *pg = new_schema(schema);
    settle_log(&log, schema, BATCH_MAX, true);
    struct packer ranges = query_text(pg, "SELECT inhrelid::regclass::text FROM pg_inherits"
                                          " WHERE inhparent = 'settled'::regclass ORDER BY 1");
    assert_string_equal(ranges.bytes.at, "settled_2026_01\nsettled_2026_02\nsettled_default\n");
    struct packer counts = query_text(
        pg, "SELECT count(*) > 0, (SELECT count(*) FROM settled_default WHERE hour >= '2026-01-01Z')"
            " FROM settled_2026_01");
    assert_string_equal(counts.bytes.at, "t|0\n");
    assert_false(pg_script(pg, "TRUNCATE settled_2026_01"));
    assert_false(pg_script(pg, "DELETE FROM settled_2026_01"));
    struct packer again =
        query_text(pg, "SELECT settled_range('2026-01-31T23:00:00Z'), settled_range('2027-05-01Z')");
    assert_string_equal(again.bytes.at, "f|t\n");
    vec_release(&ranges.bytes);
    vec_release(&counts.bytes);
    vec_release(&again.bytes);
    drop_schema(pg, schema);
    frame_log_release(&log);
}

/* As another partition, or another day, would: whether the range was missed. */
static bool misses_range(struct store *store, struct claim *claim, const struct frame_log *log)
{
    struct placed_frame batch[BATCH_MAX];
    uint32_t count = next_batch(log, (uint32_t)claim->next_seq, 1, batch);
    uint64_t before = claim->ranges_missed;
    claim->ranges_day = -1;
    assert_true(is_settled(settle(store, claim, batch, count)));
    return claim->ranges_missed > before;
}

/* An analyst's transaction that has read `settled` holds it: nobody waits for that again and again. */
static void a_range_that_is_missed_is_asked_for_after_a_while_and_settling_goes_on(void **state)
{
    (void)state;
    char schema[SCHEMA_SIZE];
    snprintf(schema, sizeof schema, "test_store_%d", (int)getpid());
    struct frame_log log;
    frame_log_make(&log, 4, SAID);
    frame_log_cut(&log, 2, 1);
    struct pg *analyst = new_schema(schema);
    struct pg_store_options options = {.database = getenv("HOURGLASS_DATABASE"), .schema = schema};
    struct error error;
    struct store *store = pg_store_open(&options, &error);
    options.ranges_pause_ms = 1;
    struct store *eager = pg_store_open(&options, &error);
    assert_non_null(store);
    assert_non_null(eager);
    struct claim claim = {0};
    claim_of(store, &claim);
    assert_true(pg_script(analyst, "BEGIN; LOCK TABLE settled_default IN ACCESS SHARE MODE"));
    while (claim.watermark_us == INT64_MIN)
        misses_range(store, &claim, &log);
    assert_true(claim.ranges_missed <= 1);
    claim.ranges_missed = 0;
    assert_true(misses_range(eager, &claim, &log));
    assert_int_equal(claim.ranges_day, -1);
    for (int i = 0; i < 5; i++)
        assert_false(misses_range(store, &claim, &log) && claim.ranges_missed > 2);
    assert_true(pg_script(analyst, "ROLLBACK"));
    assert_false(misses_range(eager, &claim, &log));
    assert_int_not_equal(claim.ranges_day, -1);
    struct packer ranges = query_text(analyst, "SELECT to_regclass('settled_2026_02')");
    assert_string_equal(ranges.bytes.at, "settled_2026_02\n");
    vec_release(&ranges.bytes);
    store_claim_release(&claim);
    store_close(eager);
    store_close(store);
    drop_schema(analyst, schema);
    frame_log_release(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_those_of_settling_in_memory_however_they_are_batched),
        cmocka_unit_test(all_tables_are_the_same_however_the_frames_are_batched),
        cmocka_unit_test(the_tables_are_the_same_at_whichever_statement_the_connection_breaks),
        cmocka_unit_test(who_claimed_before_can_settle_no_more),
        cmocka_unit_test(money_is_neither_changed_nor_deleted),
        cmocka_unit_test(the_settlers_role_settles_and_changes_no_money),
        cmocka_unit_test(a_range_that_is_missed_is_asked_for_after_a_while_and_settling_goes_on),
        cmocka_unit_test(rows_lie_in_the_range_of_their_month_made_before_they_come),
    };
    if (!schema_database()) {
        printf("1..0 # SKIP HOURGLASS_DATABASE is not set\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
