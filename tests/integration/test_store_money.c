/* Money in PostgreSQL is what the tables in memory have, which no SQL adds up: charges, transfers, bills,
 * notices, accounts. Needs PostgreSQL: HOURGLASS_DATABASE; skipped without. */
#include <stdio.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"
#include "settler/store/memory_own.h"
#include "settler/store/pg/letters.h"
#include "tests/integration/schema.h"
#include "tests/support/frames.h"
#include "tests/support/test.h"

enum { SEEDS = 12, SAID = 120, TEXT_SIZE = 1200 };

/* --- settling --- */

static bool is_next(const struct frame_log *log, const struct claim *claim)
{
    return claim->next_seq < log->frames.count;
}

/* A few frames at once where they may be. */
static void settle_log(const struct frame_log *log, struct store *store, uint32_t work, uint32_t accounts)
{
    struct claim claim = {0};
    struct store_written written;
    struct error error = {ERROR_NONE, ""};
    assert_int_equal(store_claim(store, 0, &claim, &error), STORE_OK);
    claim.work_max = work;
    claim.accounts_max = accounts;
    while (is_next(log, &claim)) {
        struct placed_frame batch[3];
        uint32_t count = 0;
        do {
            const struct frame *frame = &log->frames.at[claim.next_seq + count];
            batch[count++] = (struct placed_frame){*frame, (int64_t)frame->seq + 1};
        } while (count < 3 && claim.next_seq + count < log->frames.count &&
                 store_frame_is_plain(&batch[count - 1].frame) &&
                 store_frame_is_plain(&log->frames.at[claim.next_seq + count]));
        enum store_outcome outcome = store_settle(store, &claim, batch, count, &written, &error);
        if (outcome != STORE_OK && outcome != STORE_STEP)
            print_message("# %s\n", error.text);
        assert_true(outcome == STORE_OK || outcome == STORE_STEP);
    }
    store_claim_release(&claim);
    store_close(store);
}

static struct memory_tables *in_memory(const struct frame_log *log, uint32_t work, uint32_t accounts)
{
    struct memory_tables *tables = memory_tables_new();
    struct store_opener opener = memory_store_opener(tables);
    struct error error;
    settle_log(log, opener.open(opener.context, &error), work, accounts);
    return tables;
}

/* --- rows as PostgreSQL writes them --- */

struct sum {
    char text[AMOUNT_TEXT_SIZE];
};

/* Without zeros behind the last decimal. */
static const char *sum_of(const struct amount *amount, struct sum *out)
{
    amount_print_short(amount, LIMIT_DECIMALS, 0, out->text);
    return out->text;
}

static const char *flag(bool value)
{
    return value ? "t" : "f";
}

static void put(struct packer *out, const char *text)
{
    pack_raw(out, text, strlen(text));
}

static void put_charges(const struct memory_rows *rows, struct packer *out)
{
    char text[TEXT_SIZE];
    for (uint32_t i = 0; i < rows->charges.count; i++) {
        const struct charge_row *row = &rows->charges.at[i];
        snprintf(text, sizeof text, "%llu|%.*s|%lld|%lld|%s|%s|%s|%.*s|%.*s|%.*s|%d|%d|%s\n",
                 (unsigned long long)row->seq, STR_ARG(row->account), (long long)row->hour_s,
                 (long long)(row->billed_s == INT64_MIN ? -1 : row->billed_s), product_name(row->product),
                 meter_name(row->meter), charge_kind_name(row->kind), STR_ARG(row->sku), STR_ARG(row->units),
                 STR_ARG(row->amount), row->lines, row->unpriced, flag(row->accrues));
        put(out, text);
    }
}

static void put_ledger(const struct memory_rows *rows, struct packer *out)
{
    char text[TEXT_SIZE];
    struct sum amount;
    for (uint32_t i = 0; i < rows->ledger.count; i++) {
        const struct ledger_row *row = &rows->ledger.at[i];
        const struct transfer *t = &row->transfer;
        bool charge = t->what == TRANSFER_CHARGE, bill = t->what == TRANSFER_BILL;
        snprintf(text, sizeof text, "%llu|%u|%u|%.*s|%lld|%s|%s|%s|%.*s|%s\n", (unsigned long long)row->seq,
                 row->step, row->ordinal, STR_ARG(row->account), (long long)(bill ? t->month_s : -1),
                 transfer_what_name(t->what), charge || bill ? product_name(t->product) : "",
                 charge ? charge_kind_name(t->kind) : "", STR_ARG(row->name), sum_of(&t->amount, &amount));
        put(out, text);
    }
}

static void put_bills(const struct memory_rows *rows, struct packer *out)
{
    char text[TEXT_SIZE];
    struct sum sums[3];
    for (uint32_t i = 0; i < rows->bill_totals.count; i++) {
        const struct bill_total_row *row = &rows->bill_totals.at[i];
        const struct bill_row *bill = &row->bill;
        snprintf(text, sizeof text, "%llu|%.*s|%lld|%s|%s|%lld|%s|%s\n", (unsigned long long)row->seq,
                 STR_ARG(row->account), (long long)bill->month_s,
                 bill->whole ? "*" : product_name(bill->product), sum_of(&bill->amount, &sums[0]),
                 (long long)bill->unpriced, bill->whole ? sum_of(&bill->payable, &sums[1]) : "",
                 bill->whole ? sum_of(&bill->carried, &sums[2]) : "");
        put(out, text);
    }
}

static void put_notices(const struct memory_rows *rows, struct packer *out)
{
    char text[TEXT_SIZE];
    struct sum sums[2];
    for (uint32_t i = 0; i < rows->notices.count; i++) {
        const struct notice_row *row = &rows->notices.at[i];
        const struct notice *notice = &row->notice;
        snprintf(text, sizeof text, "%lld|%llu|%u|%.*s|%s|%s|%s|%lld|%lld\n", (long long)row->number,
                 (unsigned long long)row->seq, row->ordinal, STR_ARG(row->account),
                 account_state_name(notice->state), sum_of(&notice->balance, &sums[0]),
                 sum_of(&notice->available, &sums[1]),
                 (long long)(notice->deadline_us == INT64_MIN ? -1 : time_second(notice->deadline_us)),
                 (long long)row->watermark_us);
        put(out, text);
    }
}

static void put_accounts(const struct memory_rows *rows, struct packer *out)
{
    char text[TEXT_SIZE];
    struct sum sums[5];
    for (uint32_t i = 0; i < rows->accounts.count; i++) {
        const struct account *a = &rows->accounts.at[i].account;
        assert_true(wide_is_zero(&a->moved.magnitude) && !a->made_prepaid);
        snprintf(text, sizeof text, "%.*s|%llu|%lld|%s|%s|%s|%s|%s|%s|%s\n",
                 STR_ARG(rows->accounts.at[i].name), (unsigned long long)a->seq,
                 (long long)(a->deadline_us == INT64_MIN ? -1 : a->deadline_us), flag(a->prepaid),
                 account_state_name(a->state), sum_of(&a->credited, &sums[0]), sum_of(&a->debited, &sums[1]),
                 sum_of(&a->charged, &sums[2]), sum_of(&a->accrued, &sums[3]), sum_of(&a->carried, &sums[4]));
        put(out, text);
    }
}

static void put_frames(const struct memory_rows *rows, struct packer *out)
{
    char text[TEXT_SIZE];
    for (uint32_t i = 0; i < rows->frames.count; i++) {
        const struct frame_row *row = &rows->frames.at[i];
        snprintf(text, sizeof text, "frame|%llu|%lld|%lld|%lld\n", (unsigned long long)row->seq,
                 (long long)row->watermark_us, (long long)(row->closed_s == INT64_MIN ? -1 : row->closed_s),
                 (long long)row->next_offset);
        put(out, text);
    }
    for (uint32_t i = 0; i < rows->bill_cuts.count; i++) {
        const struct bill_cut_row *row = &rows->bill_cuts.at[i];
        snprintf(text, sizeof text, "cut|%llu|%lld|%lld|\n", (unsigned long long)row->seq,
                 (long long)row->watermark_us, (long long)row->month_s);
        put(out, text);
    }
}

static void put_prices(const struct memory_rows *rows, struct packer *out)
{
    char text[TEXT_SIZE], per[40], free_units[40];
    struct sum sums[1];
    for (uint32_t i = 0; i < rows->prices.count; i++) {
        const struct price_row *row = &rows->prices.at[i];
        struct amount price = amount_of(wide_of(row->price.picounits), false);
        u128_print(row->price.per, per);
        u128_print(row->free, free_units);
        snprintf(text, sizeof text, "%u|%s|%.*s|%s|%lld|%lld|%s|%s|%s|%s|%.*s|%lld\n", i,
                 product_name(row->product), STR_ARG(row->sku), meter_name(row->meter),
                 (long long)(row->since_s == INT64_MIN ? -1 : row->since_s),
                 (long long)(row->until_s == INT64_MAX ? -1 : row->until_s), sum_of(&price, &sums[0]), per,
                 free_units, row->by_cycle ? "cycle" : "hourly", STR_ARG(row->set_by),
                 (long long)row->set_us);
        put(out, text);
    }
}

#define NAMED(table) table " t JOIN account_names n ON n.account = t.account"

static const struct {
    void (*put)(const struct memory_rows *rows, struct packer *out);
    const char *sql;
} compared[] = {
    {put_charges, "SELECT seq, n.name, extract(epoch FROM hour)::bigint,"
                  " CASE WHEN billed > '-infinity' THEN extract(epoch FROM billed)::bigint ELSE -1 END, "
                  "product, meter, kind, sku, units, amount,"
                  " lines, unpriced, accrues FROM " NAMED("charges_in_words")},
    {put_ledger,
     "SELECT seq, step, ordinal, n.name, coalesce(extract(epoch FROM (month || '-01')::date)::bigint, -1),"
     " what, product, kind, t.name, amount FROM " NAMED("ledger_in_words")},
    {put_bills, "SELECT seq, n.name, extract(epoch FROM month)::bigint, product, amount, unpriced, payable,"
                " carried FROM " NAMED("bill_totals")},
    {put_notices, "SELECT number, seq, ordinal, account, state, balance, available, coalesce(deadline_s, -1),"
                  " watermark_us FROM notices"},
    {put_accounts, "SELECT name, seq, coalesce(deadline_us, -1), prepaid, state, credited, debited, charged,"
                   " accrued, carried FROM accounts WHERE moved IS NULL AND NOT made_prepaid"},
    {put_frames,
     "SELECT 'frame', seq, watermark_us, coalesce(closed_s, -1), next_offset FROM frames UNION ALL"
     " SELECT 'cut', seq, watermark_us, extract(epoch FROM month)::bigint, null FROM bill_cuts"},
    {put_prices, "SELECT ordinal, product, sku, meter, coalesce(since_s, -1), coalesce(until_s, -1), price,"
                 " per, free, settle, set_by, set_us FROM price_list"},
};

/* --- comparing --- */

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The text's lines in order. Ends lines with NUL. */
static uint32_t sort_lines(struct packer *text, char ***lines)
{
    VEC(char *) list = {0};
    for (char *at = text->bytes.at, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        *end = 0;
        vec_push(&list, at);
    }
    if (list.count > 0)
        qsort(list.at, list.count, sizeof *list.at, compare_lines);
    *lines = list.at;
    return list.count;
}

static uint32_t compare_table(const struct memory_rows *rows, struct pg *pg, size_t table)
{
    struct packer expected = {0}, found = query_text(pg, compared[table].sql);
    char **left, **right;
    compared[table].put(rows, &expected);
    pack_raw(&expected, "", 1);
    uint32_t count = sort_lines(&expected, &left);
    assert_int_equal(sort_lines(&found, &right), count);
    for (uint32_t i = 0; i < count; i++)
        assert_string_equal(right[i], left[i]);
    free(left);
    free(right);
    vec_release(&expected.bytes);
    vec_release(&found.bytes);
    return count;
}

static void the_database_has_what_the_tables_in_memory_have(void **state)
{
    (void)state;
    char schema[SCHEMA_SIZE];
    uint32_t rows[sizeof compared / sizeof *compared] = {0};
    snprintf(schema, sizeof schema, "test_money_%d", (int)getpid());
    for (uint64_t seed = 201; seed <= 200 + SEEDS; seed++) {
        struct frame_log log;
        uint32_t work = seed % 3 == 0 ? 4 : 50000, accounts = 1 + (uint32_t)seed % 2;
        frame_log_make(&log, seed, SAID);
        frame_log_cut(&log, 1 + (uint32_t)seed % 10, 1 + (uint32_t)seed % 4);
        struct pg *pg = new_schema(schema);
        struct memory_tables *tables = in_memory(&log, work, accounts);
        settle_log(&log, store_of(schema), work, accounts);
        for (size_t t = 0; t < sizeof compared / sizeof *compared; t++)
            rows[t] += compare_table(&tables->rows, pg, t);
        memory_tables_free(tables);
        drop_schema(pg, schema);
        frame_log_release(&log);
    }
    for (size_t t = 0; t < sizeof compared / sizeof *compared; t++)
        assert_true(rows[t] > 0);
}

static void letters_are_the_words_of_the_views(void **state)
{
    (void)state;
    char schema[SCHEMA_SIZE], sql[1000], words[200];
    struct packer expected = {0};
    snprintf(schema, sizeof schema, "test_letters_%d", (int)getpid());
    struct pg *pg = new_schema(schema);
    for (uint32_t i = 0; i < METER_COUNT; i++) {
        enum product product = (enum product)(i % PRODUCT_COUNT);
        enum charge_kind kind = (enum charge_kind)(i % (CHARGE_VOID + 1));
        enum transfer_what what = (enum transfer_what)(i % TRANSFER_WHATS);
        char p = product_letter(product), k = charge_kind_letter(kind);
        snprintf(
            sql, sizeof sql,
            "INSERT INTO charges (hour, account, seq, lines, unpriced, partition, accrues, product, meter, "
            "kind,"
            " sku, units, amount) VALUES ('2026-11-01Z', 1, %u, 1, 0, 4095, false, '%c', '%c', '%c', 's', 1, "
            "1);"
            " INSERT INTO ledger (account, seq, step, ordinal, partition, what, product, kind, name, amount)"
            " VALUES (1, %u, 0, 1, 4095, '%c', '%c', '%c', 'n', 1)",
            i, p, meter_letter((enum meter)i), k, i, transfer_what_letter(what), p, k);
        assert_true(pg_script(pg, sql));
        assert_int_equal(product_of_letter(p), product);
        snprintf(words, sizeof words, "%s|%s|%s|%s|%s|%s|%s|%s\n", product_name(product),
                 meter_name((enum meter)i), charge_kind_name(kind), transfer_what_name(what),
                 product_name(product), charge_kind_name(kind), what == TRANSFER_BILL ? "" : "n",
                 what == TRANSFER_BILL ? "n" : "");
        put(&expected, words);
    }
    pack_raw(&expected, "", 1);
    struct packer found = query_text(
        pg, "SELECT c.product, c.meter, c.kind, what, l.product, l.kind, name, month FROM charges_in_words c"
            " JOIN ledger_in_words l USING (seq, partition) ORDER BY seq");
    assert_string_equal(found.bytes.at, expected.bytes.at);
    vec_release(&expected.bytes);
    vec_release(&found.bytes);
    drop_schema(pg, schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_are_the_words_of_the_views),
        cmocka_unit_test(the_database_has_what_the_tables_in_memory_have),
    };
    if (!schema_database()) {
        printf("1..0 # SKIP HOURGLASS_DATABASE is not set\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
