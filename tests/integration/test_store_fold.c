/* What the fold says of random stories, settled in PostgreSQL in batches, steps and over broken connections,
 * is row for row what settling its frames one by one in memory says, and line for line what one partition in
 * memory, up to TIME, comes to (`hourglass rate`). Needs PostgreSQL: HOURGLASS_DATABASE; skipped without.
 */
#include <stdio.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "settler/core/usage.h"
#include "tests/integration/schema.h"
#include "tests/property/story.h"
#include "tests/support/test.h"

enum { SEEDS = 10, PARTITIONS = 3, BATCH_MAX = 12, BREAK_WITHIN = 60 };

static const int64_t far_s = INT64_C(4000000000);

/* What all seeds together have to have met. */
static struct {
    uint32_t steps;
    uint32_t broken;
    uint32_t claims_inside_an_epoch;
    uint32_t by_kind[CHARGE_VOID + 1];
    uint32_t late_counts;
    uint32_t years;
} met;

/* --- stories --- */

#define CATALOG(scale, price, year)                                                                          \
    "currency: USD\ncharge_scale: " scale "\nvoid_after: 9h\nproducts:\n"                                    \
    "  container:\n    settle: hourly\n    liveness: 7200\n    skus:\n"                                      \
    "      a: {payg: {price: '" price "', per: hour}, subscription: {price: '1200.07', per: month},\n"       \
    "          subscription_year: [" year "]}\n"                                                             \
    "      b: {payg: [{price: '1', per: minute}, {from: 2026-11-02T02:20:00Z, price: '3', per: minute}]}\n"  \
    "      c: {subscription: {price: '77.7', per: month}}\n"                                                 \
    "  node: {settle: cycle, skus: {a: {subscription_year: {price: '7', per: year}}}}\n"                     \
    "  storage: {settle: hourly, skus: {standard: {payg: {price: '0.0002', per: GB-hour}, free: 20GB}}}\n"   \
    "  maas: {settle: cycle, skus: {a: {input_tokens: [{price: '0.6', per: 1M},\n"                           \
    "    {from: 2026-11-01T07:59:59Z, price: '9', per: 1K}], images: {price: '0.04', per: 1}}}}\n"

static const char *const catalogs[][2] = {
    {CATALOG("0", "2.50", "{price: '12000', per: year}"), CATALOG("0", "9", "{price: '1', per: year}")},
    {CATALOG("6", "2.50", "{from: 2026-11-01T20:00:01Z, price: '11999.999999999999', per: year}"),
     CATALOG("6", "0.000001", "{price: '7', per: year}")},
    {CATALOG("12", "0.123456789012", "{price: '13', per: year}"),
     CATALOG("12", "2", "{from: 2026-11-03T00:00:00Z, price: '1', per: year}")}};

/* What SQL, its arrays and JSON could misread; the longest that there may be. */
static const char *const accounts[] = {
    "NULL", "{\"ö\\',}",
    "128 bytes: 日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日日"};

static void rename_account(struct record *record)
{
    record->account = str_of(accounts[record->account.at[record->account.size - 1] - '0']);
    CHECK(record->account.size <= 128);
}

/* Of orders: years, and identities that another event of the order's has, or of another kind. */
static void tangle_order(struct world *world, struct random *random, struct record *record)
{
    static const int64_t months[] = {1, 11, 12, 24, 120};
    if (record->kind == RECORD_ORDER_PAID)
        record->months = months[random_below(random, 5)];
    char id[16];
    int size = snprintf(id, sizeof id, "o%u", random_below(random, 12));
    if (random_below(random, 2) == 0)
        record->id = arena_copy(&world->strings.strings, (struct str){id, (uint32_t)size});
}

static void make_payment(struct world *world, struct random *random, struct record *record)
{
    char name[16];
    int size = snprintf(name, sizeof name, "p%u", random_below(random, 4));
    record->kind = random_below(random, 2) ? RECORD_CREDITED : RECORD_DEBITED;
    record->product = PRODUCT_NONE;
    record->subject = arena_copy(&world->strings.strings, (struct str){name, (uint32_t)size});
    record->sku = record->order = STR("");
    record->input_tokens = record->output_tokens = record->images = 0;
    record->cached_input_tokens = record->cache_write_tokens = 0;
    record->amount = random_below(random, 2) ? STR("12.50") : STR("999999999999.999999999999");
    record->currency = random_below(random, 3) ? STR("USD") : STR("EUR");
    record->for_bill = record->kind == RECORD_CREDITED && random_below(random, 2) == 0;
}

static void tell(struct world *world, struct random *random, uint64_t seed)
{
    story_make(world, seed, (struct story_kind){150, 72, 60, false, false});
    world->catalog = str_of(catalogs[seed % 3][0]);
    if (world->later_catalog.size > 0)
        world->later_catalog = str_of(catalogs[seed % 3][1]);
    world->frame_rows = 1 + random_below(random, 6);
    for (uint32_t i = 0; i < world->arrivals.count; i++) {
        struct record *record = &world->arrivals.at[i].record;
        rename_account(record);
        if (record->kind >= RECORD_ORDER_PAID)
            tangle_order(world, random, record);
        else if (record->kind == RECORD_TOKENS && random_below(random, 4) == 0)
            make_payment(world, random, record);
    }
}

/* --- frames --- */

struct spoken {
    struct byte_list bytes;
    struct frame_rows *rows; /* of each frame */
    VEC(struct placed_frame) frames;
};

static void speak(struct spoken *spoken, const struct log *log, uint32_t partition, bool finish)
{
    *spoken = (struct spoken){0};
    struct fold *fold = fold_new(partition);
    log_fold(log, partition, fold, 0, &spoken->bytes);
    if (finish) {
        fold_close_epoch(fold);
        log_say(fold, &spoken->bytes);
        fold_finish(fold, log->until_s);
        log_say(fold, &spoken->bytes);
    }
    fold_free(fold);
    spoken->rows = calloc(spoken->bytes.ends.count, sizeof *spoken->rows);
    CHECK(spoken->rows != NULL);
    for (uint32_t i = 0; i < spoken->bytes.ends.count; i++) {
        struct placed_frame placed = {.end_offset = i + 1};
        CHECK(frame_decode(byte_list_at(&spoken->bytes, i), &spoken->rows[i], &placed.frame) == DECODE_OK);
        vec_push(&spoken->frames, placed);
    }
}

static void spoken_release(struct spoken *spoken)
{
    for (uint32_t i = 0; i < spoken->frames.count; i++)
        frame_rows_release(&spoken->rows[i]);
    free(spoken->rows);
    byte_list_release(&spoken->bytes);
    vec_release(&spoken->frames);
}

/* --- in memory --- */

static void put_row(struct packer *out, const struct settlement *settlement, const struct settled_row *row,
                    const struct frame *frame)
{
    const struct book *book = &settlement->book;
    const struct line_hour *hour = &book->hours.at[row->hour];
    const struct line_key *key = &book->lines.at[hour->line].key;
    uint32_t scale = prices_charge_scale(&book->prices);
    char units[40], total[AMOUNT_TEXT_SIZE], change[AMOUNT_TEXT_SIZE], text[1000];
    struct packer usage = {0};
    u128_print(hour->settled.units, units);
    amount_print(&hour->settled.total, scale, total);
    amount_print(&row->change, scale, change);
    int size = snprintf(
        text, sizeof text, "%u|%llu|%.*s|%lld|%s|%.*s|%s|%.*s|%s|%s|%s|%s|%s|%s|", frame->partition,
        (unsigned long long)frame->seq, STR_ARG(names_get(&book->names, key->account)),
        (long long)hour->hour_s, product_name(key->product), STR_ARG(names_get(&book->names, key->resource)),
        meter_name(key->meter), STR_ARG(names_get(&book->names, key->sku)), charge_kind_name(key->kind),
        units, hour->settled.priced ? "t" : "f", hour->settled.exists ? "t" : "f", total, change);
    pack_raw(out, text, (size_t)size);
    usage_pack(book, hour, &usage);
    pg_put_hex(out, usage.bytes.at, usage.bytes.count);
    pack_raw(out, "\n", 1);
    vec_release(&usage.bytes);
    met.by_kind[key->kind] += hour->settled.exists;
    met.late_counts += key->product == PRODUCT_MAAS && frame->closed_s > hour->hour_s + 2 * HOUR_S;
    met.years += key->kind == CHARGE_SUBSCRIPTION && hour->settled.priced && hour->settled.units % 12 == 0;
}

/* Appends every row that each frame settles, and the lines that stand in the end. */
static void settle_in_memory(const struct spoken *spoken, struct packer *rows, struct byte_list *lines)
{
    struct outcome outcome;
    outcome_init(&outcome);
    for (uint32_t i = 0; i < spoken->frames.count; i++) {
        outcome_take(&outcome, byte_list_at(&spoken->bytes, i));
        for (uint32_t r = 0; rows != NULL && r < outcome.settlement.rows.count; r++)
            put_row(rows, &outcome.settlement, &outcome.settlement.rows.at[r], &spoken->frames.at[i].frame);
    }
    if (lines != NULL)
        outcome_lines(&outcome, far_s, lines);
    outcome_release(&outcome);
}

/* --- in PostgreSQL --- */

struct owner {
    const struct spoken *spoken;
    struct claim claim;
    bool claimed;
    bool done;
};

static bool claim(struct store *store, struct owner *owner, uint32_t partition)
{
    if (owner->claimed)
        return true;
    struct error error;
    if (store_claim(store, partition, &owner->claim, &error) != STORE_OK)
        return false;
    owner->claimed = true;
    uint64_t next = owner->claim.next_seq;
    met.claims_inside_an_epoch += next > 0 && owner->spoken->frames.at[next - 1].frame.more;
    return true;
}

/* Up to so many frames, as the process does it: what is not plain goes alone. */
static uint32_t frames_at_once(const struct spoken *spoken, uint64_t from, uint32_t longest)
{
    uint32_t count = 0;
    while (count < longest && from + count < spoken->frames.count) {
        bool plain = store_frame_is_plain(&spoken->frames.at[from + count].frame);
        if (!plain)
            return count == 0 ? 1 : count;
        count++;
    }
    return count;
}

/* False: the connection broke. */
static bool settle_some(struct store *store, struct owner *owner, uint32_t partition, struct random *random)
{
    struct store_written rows;
    struct error error;
    if (!claim(store, owner, partition))
        return false;
    uint64_t from = owner->claim.next_seq;
    owner->done = from == owner->spoken->frames.count;
    if (owner->done)
        return true;
    owner->claim.work_max = random_below(random, 3) ? 50000 : 1 + random_below(random, 20);
    uint32_t count = frames_at_once(owner->spoken, from, 1 + random_below(random, BATCH_MAX));
    enum store_outcome outcome =
        store_settle(store, &owner->claim, owner->spoken->frames.at + from, count, &rows, &error);
    if (outcome == STORE_FAILED)
        return false;
    assert_true(outcome == STORE_OK || outcome == STORE_STEP);
    met.steps += owner->claim.next_step != 0;
    uint32_t luck = random_below(random, 16);
    if (luck == 0)
        store_claim_release(&owner->claim); /* another process */
    if (luck < 4)
        owner->claimed = false;
    return true;
}

static bool all_done(const struct owner owners[PARTITIONS])
{
    bool done = true;
    for (uint32_t p = 0; p < PARTITIONS; p++)
        done = done && owners[p].done;
    return done;
}

/* The partitions in turn, by one connection, which breaks now and then; with it go all claims. */
static void settle_in_postgresql(const char *schema, const struct spoken *spoken, struct random *random)
{
    struct store *store = store_of(schema);
    struct owner owners[PARTITIONS] = {0};
    for (uint32_t p = 0; p < PARTITIONS; p++)
        owners[p].spoken = &spoken[p];
    while (!all_done(owners)) {
        uint32_t p = random_below(random, PARTITIONS);
        struct pg *pg = pg_store_connection(store);
        if (pg->break_at <= pg->statements) {
            pg->break_at = pg->statements + 1 + random_below(random, BREAK_WITHIN);
            pg->break_reply = random_below(random, 2) > 0;
        }
        if (owners[p].done || settle_some(store, &owners[p], p, random))
            continue;
        store_close(store);
        store = store_of(schema);
        for (uint32_t q = 0; q < PARTITIONS; q++)
            owners[q].claimed = false;
        met.broken++;
    }
    for (uint32_t p = 0; p < PARTITIONS; p++)
        store_claim_release(&owners[p].claim);
    store_close(store);
}

/* --- the facts --- */

static const char settled_sql[] =
    "SELECT s.partition, seq, n.account, extract(epoch FROM hour)::bigint, product, resource, meter, sku, "
    "kind,"
    " units, priced, \"exists\", total, amount, usage FROM settled s JOIN line_names n ON n.line = s.line"
    " AND account_key(n.account) = s.account AND n.partition = s.partition"
    " ORDER BY s.partition, seq, n.account COLLATE \"C\", hour, product COLLATE \"C\","
    " resource COLLATE \"C\", meter COLLATE \"C\", sku COLLATE \"C\", kind COLLATE \"C\"";

static const char lines_sql[] =
    "SELECT '{\"account\":\"' || replace(replace(account, '\\', '\\\\'), '\"', '\\\"') || '\",\"hour\":\"' ||"
    " to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') || '\",\"product\":\"' || product ||"
    " '\",\"resource\":\"' || resource || '\",\"meter\":\"' || meter || '\",\"sku\":\"' || sku ||"
    " '\",\"kind\":\"' || kind || '\",\"units\":\"' || units || '\",\"amount\":' ||"
    " coalesce('\"' || amount || '\"', 'null') || ',\"currency\":\"' || currency || '\"}' FROM lines";

static void assert_same(const char *a, const char *b, const char *what, uint64_t seed)
{
    if (strcmp(a, b) == 0)
        return;
    uint32_t at = 0, line = 0;
    for (; a[at] == b[at]; at++)
        line = a[at] == '\n' ? at + 1 : line;
    print_message("# seed %llu, %s differ:\n# %.*s\n# %.*s\n", (unsigned long long)seed, what,
                  (int)strcspn(a + line, "\n"), a + line, (int)strcspn(b + line, "\n"), b + line);
    fail();
}

static void assert_lines(struct pg *pg, struct byte_list *expected, uint64_t seed)
{
    struct byte_list found = {0};
    struct packer text = query_text(pg, lines_sql);
    for (uint32_t from = 0; text.bytes.at[from] != 0;) {
        uint32_t size = (uint32_t)strcspn(text.bytes.at + from, "\n") + 1;
        pack_raw(&found.bytes, text.bytes.at + from, size);
        vec_push(&found.ends, found.bytes.bytes.count);
        from += size;
    }
    byte_list_sort(expected);
    byte_list_sort(&found);
    pack_raw(&expected->bytes, "", 1);
    pack_raw(&found.bytes, "", 1);
    assert_same(expected->bytes.bytes.at, found.bytes.bytes.at, "lines of rate and of the view", seed);
    byte_list_release(&found);
    vec_release(&text.bytes);
}

static void assert_story(const char *schema, uint64_t seed)
{
    struct random random = random_of(seed);
    struct world world = {0};
    struct log log, whole;
    struct spoken spoken[PARTITIONS], rate;
    struct packer rows = {0};
    struct byte_list lines = {0};
    tell(&world, &random, seed);
    log_make(&log, &world, world.arrivals.count, PARTITIONS, INT64_MAX);
    log_make(&whole, &world, world.arrivals.count, 1, log.until_s);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        speak(&spoken[p], &log, p, false);
        settle_in_memory(&spoken[p], &rows, NULL);
    }
    pack_raw(&rows, "", 1);
    speak(&rate, &whole, 0, true);
    settle_in_memory(&rate, NULL, &lines);
    struct pg *pg = new_schema(schema);
    settle_in_postgresql(schema, spoken, &random);
    struct packer found = query_text(pg, settled_sql);
    assert_same(rows.bytes.at, found.bytes.at, "rows in memory and in the table", seed);
    assert_lines(pg, &lines, seed);
    drop_schema(pg, schema);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        spoken_release(&spoken[p]);
    spoken_release(&rate);
    byte_list_release(&lines);
    vec_release(&rows.bytes);
    vec_release(&found.bytes);
    log_release(&log);
    log_release(&whole);
    world_release(&world);
}

static void what_the_fold_says_is_settled_as_in_memory_whatever_comes_between(void **state)
{
    (void)state;
    char schema[SCHEMA_SIZE];
    snprintf(schema, sizeof schema, "test_store_fold_%d", (int)getpid());
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        assert_story(schema, seed);
    print_message(
        "# %u steps, %u connections broken, %u claims inside an epoch, %u late counts, %u of whole years\n",
        met.steps, met.broken, met.claims_inside_an_epoch, met.late_counts, met.years);
    assert_true(met.steps > 0 && met.broken > 0 && met.claims_inside_an_epoch > 0);
    assert_true(met.late_counts > 0 && met.years > 0);
    for (int kind = CHARGE_USAGE; kind <= CHARGE_VOID; kind++)
        assert_true(met.by_kind[kind] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_fold_says_is_settled_as_in_memory_whatever_comes_between),
    };
    if (!schema_database()) {
        printf("1..0 # SKIP HOURGLASS_DATABASE is not set\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
