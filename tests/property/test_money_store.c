/* Random histories of money through the settler's store, whose batches, steps and failures are random too:
 * its tables say what the core alone says of the frames one by one, which test_money.c compares with a second
 * model. */
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "lib/domain/limits.h"
#include "settler/store/memory_own.h"
#include "tests/property/money_books.h"
#include "tests/property/money_story.h"
#include "tests/support/test.h"

enum { HISTORIES = 120, BATCH_MAX = 12, LINE = 1200 };

/* So often the store was put to the test. */
static uint64_t steps, failures, notices, bills;

/* --- what there is, a line each --- */

static void put(struct byte_list *lines, const char *line)
{
    pack_raw(&lines->bytes, line, strlen(line));
    vec_push(&lines->ends, lines->bytes.bytes.count);
}

static const char *decimal(const struct amount *amount, char out[AMOUNT_TEXT_SIZE])
{
    amount_print(amount, LIMIT_DECIMALS, out);
    return out;
}

static void put_notice(struct byte_list *lines, uint64_t seq, struct str account, const struct notice *notice,
                       uint32_t ordinal)
{
    char line[LINE], balance[AMOUNT_TEXT_SIZE], available[AMOUNT_TEXT_SIZE];
    snprintf(line, sizeof line, "notice %llu %u %.*s %s %lld %s %s", (unsigned long long)seq, ordinal,
             STR_ARG(account), account_state_name(notice->state), (long long)notice->deadline_us,
             decimal(&notice->balance, balance), decimal(&notice->available, available));
    put(lines, line);
}

static void put_bill(struct byte_list *lines, uint64_t seq, struct str account, const struct bill_row *bill)
{
    char line[LINE], amount[AMOUNT_TEXT_SIZE], payable[AMOUNT_TEXT_SIZE], carried[AMOUNT_TEXT_SIZE];
    snprintf(line, sizeof line, "bill %llu %.*s %lld %s %s %lld %s %s", (unsigned long long)seq,
             STR_ARG(account), (long long)bill->month_s, bill->whole ? "*" : product_name(bill->product),
             decimal(&bill->amount, amount), (long long)bill->unpriced,
             bill->whole ? decimal(&bill->payable, payable) : "-",
             bill->whole ? decimal(&bill->carried, carried) : "-");
    put(lines, line);
}

static void put_account(struct byte_list *lines, struct str name, const struct account *account)
{
    const struct amount *sums[] = {&account->credited, &account->debited, &account->charged,
                                   &account->accrued, &account->carried};
    char line[LINE];
    int size = snprintf(line, sizeof line, "account %.*s %d %s %lld", STR_ARG(name), account->prepaid,
                        account_state_name(account->state), (long long)account->deadline_us);
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        char sum[AMOUNT_TEXT_SIZE];
        size += snprintf(line + size, sizeof line - (size_t)size, " %s", decimal(sums[i], sum));
    }
    put(lines, line);
}

static void put_cut(struct byte_list *lines, uint64_t seq, int64_t month_s, int64_t watermark_us)
{
    char line[LINE];
    snprintf(line, sizeof line, "cut %llu %lld %lld", (unsigned long long)seq, (long long)month_s,
             (long long)watermark_us);
    put(lines, line);
}

/* Units and amount as texts. */
struct charge_text {
    struct str account, sku;
    uint64_t seq;
    const struct charge *charge;
    char units[AMOUNT_TEXT_SIZE], amount[AMOUNT_TEXT_SIZE];
};

static void put_charge(struct byte_list *lines, const struct charge_text *text)
{
    const struct charge *charge = text->charge;
    char line[LINE];
    snprintf(line, sizeof line, "charge %llu %.*s %lld %lld %s %.*s %s %s %d %lld %lld %s %s",
             (unsigned long long)text->seq, STR_ARG(text->account), (long long)charge->hour_s,
             (long long)charge->billed_s, product_name(charge->product), STR_ARG(text->sku),
             meter_name(charge->meter), charge_kind_name(charge->kind), charge->accrues,
             (long long)charge->lines, (long long)charge->unpriced, text->units, text->amount);
    put(lines, line);
}

/* --- transfers: those of a frame alike in all but the amount are one --- */

struct moved {
    char key[LINE];
    struct amount amount;
};

struct moves {
    VEC(struct moved) list;
};

static void move(struct moves *moves, uint64_t seq, struct str account, struct str name,
                 const struct transfer *transfer)
{
    struct moved moved = {.amount = transfer->amount};
    bool of_product = transfer->what == TRANSFER_CHARGE || transfer->what == TRANSFER_BILL;
    snprintf(moved.key, sizeof moved.key, "transfer %llu %.*s %s %.*s %s %s %lld", (unsigned long long)seq,
             STR_ARG(account), transfer_what_name(transfer->what), STR_ARG(name),
             of_product ? product_name(transfer->product) : "",
             transfer->what == TRANSFER_CHARGE ? charge_kind_name(transfer->kind) : "",
             (long long)transfer->month_s);
    vec_push(&moves->list, moved);
}

static int compare_moves(const void *a, const void *b)
{
    return strcmp(((const struct moved *)a)->key, ((const struct moved *)b)->key);
}

static void put_moves(struct byte_list *lines, struct moves *moves)
{
    struct amount sum = {0};
    if (moves->list.count > 1)
        qsort(moves->list.at, moves->list.count, sizeof *moves->list.at, compare_moves);
    for (uint32_t i = 0; i < moves->list.count; i++) {
        const struct moved *moved = &moves->list.at[i];
        char line[2 * LINE], amount[AMOUNT_TEXT_SIZE];
        sum = amount_add(&sum, &moved->amount);
        if (i + 1 < moves->list.count && compare_moves(moved, moved + 1) == 0)
            continue;
        snprintf(line, sizeof line, "%s %s", moved->key, decimal(&sum, amount));
        if (!wide_is_zero(&sum.magnitude))
            put(lines, line);
        sum = amount_zero();
    }
    vec_release(&moves->list);
}

/* --- the core alone --- */

static void note_charges(const struct money_books *books, struct byte_list *lines)
{
    const struct book *book = &books->settlement.book;
    uint32_t scale = prices_charge_scale(&book->prices);
    for (uint32_t i = 0; i < books->money.charges.count; i++) {
        const struct charge *charge = &books->money.charges.at[i];
        struct charge_text text = {names_get(&book->names, charge->account),
                                   names_get(&book->names, charge->sku),
                                   books->frame.seq,
                                   charge,
                                   "",
                                   ""};
        amount_print(&charge->units, 0, text.units);
        amount_print(&charge->amount, scale, text.amount);
        put_charge(lines, &text);
    }
}

static void note_frame(const struct money_books *books, struct byte_list *lines, struct moves *moves)
{
    const struct names *names = &books->settlement.book.names;
    const struct posted *posted = &books->posted;
    uint64_t seq = books->frame.seq;
    for (uint32_t i = 0; i < posted->transfers.count; i++)
        move(moves, seq, names_get(names, posted->transfers.at[i].account),
             names_get(names, posted->transfers.at[i].name), &posted->transfers.at[i]);
    for (uint32_t i = 0; i < posted->notices.count; i++)
        put_notice(lines, seq, names_get(names, posted->notices.at[i].account), &posted->notices.at[i],
                   i + 1);
    for (uint32_t i = 0; i < posted->bills.count; i++)
        put_bill(lines, seq, names_get(names, posted->bills.at[i].account), &posted->bills.at[i]);
    for (int64_t m = books->cut_from_s; m < books->next_month_s; m = time_add_months(m, 1))
        put_cut(lines, seq, m, books->frame.watermark_us);
    note_charges(books, lines);
    notices += posted->notices.count;
    bills += posted->bills.count;
}

static void of_core(const struct byte_list *frames, struct byte_list *lines)
{
    struct money_books books;
    struct moves moves = {0};
    money_books_init(&books);
    for (uint32_t i = 0; i < frames->ends.count; i++) {
        money_books_take(&books, byte_list_at(frames, i));
        note_frame(&books, lines, &moves);
    }
    for (uint32_t i = 0; i < books.accounts.list.count; i++)
        put_account(lines, names_get(&books.settlement.book.names, books.accounts.list.at[i].name),
                    &books.accounts.list.at[i]);
    put_moves(lines, &moves);
    money_books_release(&books);
    byte_list_sort(lines);
}

/* --- the store --- */

static void note_charge_row(const struct charge_row *row, struct byte_list *lines)
{
    struct charge charge = {.product = row->product,
                            .meter = row->meter,
                            .kind = row->kind,
                            .accrues = row->accrues,
                            .hour_s = row->hour_s,
                            .billed_s = row->billed_s,
                            .lines = row->lines,
                            .unpriced = row->unpriced};
    struct charge_text text = {row->account, row->sku, row->seq, &charge, "", ""};
    snprintf(text.units, sizeof text.units, "%.*s", STR_ARG(row->units));
    snprintf(text.amount, sizeof text.amount, "%.*s", STR_ARG(row->amount));
    put_charge(lines, &text);
}

static void of_tables(const struct memory_rows *rows, struct byte_list *lines)
{
    struct moves moves = {0};
    for (uint32_t i = 0; i < rows->ledger.count; i++)
        move(&moves, rows->ledger.at[i].seq, rows->ledger.at[i].account, rows->ledger.at[i].name,
             &rows->ledger.at[i].transfer);
    for (uint32_t i = 0; i < rows->notices.count; i++) {
        const struct notice_row *row = &rows->notices.at[i];
        assert_int_equal(row->number, i);
        put_notice(lines, row->seq, row->account, &row->notice, row->ordinal);
    }
    for (uint32_t i = 0; i < rows->bill_totals.count; i++)
        put_bill(lines, rows->bill_totals.at[i].seq, rows->bill_totals.at[i].account,
                 &rows->bill_totals.at[i].bill);
    for (uint32_t i = 0; i < rows->bill_cuts.count; i++)
        put_cut(lines, rows->bill_cuts.at[i].seq, rows->bill_cuts.at[i].month_s,
                rows->bill_cuts.at[i].watermark_us);
    for (uint32_t i = 0; i < rows->charges.count; i++)
        note_charge_row(&rows->charges.at[i], lines);
    for (uint32_t i = 0; i < rows->accounts.count; i++)
        put_account(lines, rows->accounts.at[i].name, &rows->accounts.at[i].account);
    put_moves(lines, &moves);
    byte_list_sort(lines);
}

struct settling {
    const struct byte_list *frames;
    struct memory_tables *tables;
    struct store *store;
    struct claim claim;
    bool claimed;
    struct random random;
    struct frame_rows *rows[BATCH_MAX];
};

/* The frames from the claim's on, as many as luck has it. */
static uint32_t next_batch(struct settling *settling, struct placed_frame batch[BATCH_MAX])
{
    uint32_t longest = 1 + random_below(&settling->random, BATCH_MAX), count = 0;
    for (uint64_t at = settling->claim.next_seq; count < longest && at < settling->frames->ends.count; at++) {
        struct frame frame;
        CHECK(frame_decode(byte_list_at(settling->frames, (uint32_t)at), settling->rows[count], &frame) ==
              DECODE_OK);
        if (!store_frame_is_plain(&frame) && count > 0)
            break;
        batch[count++] = (struct placed_frame){frame, (int64_t)at + 1};
        if (!store_frame_is_plain(&frame))
            break;
    }
    return count;
}

static void prepare(struct settling *settling)
{
    struct store_opener opener = memory_store_opener(settling->tables);
    struct error error;
    if (random_below(&settling->random, 8) == 0)
        memory_tables_fail(settling->tables, 1 + random_below(&settling->random, 30),
                           (enum memory_fault)(1 + random_below(&settling->random, MEMORY_FAULT_COUNT - 1)));
    if (settling->store == NULL)
        settling->store = opener.open(opener.context, &error);
    settling->claimed =
        settling->claimed ||
        (settling->store != NULL && store_claim(settling->store, 0, &settling->claim, &error) == STORE_OK);
    settling->claim.work_max = 1 + random_below(&settling->random, 60);
    settling->claim.accounts_max = 1 + random_below(&settling->random, 4);
}

static void settle_all(struct settling *settling)
{
    struct placed_frame batch[BATCH_MAX];
    struct store_written written;
    struct error error;
    for (;;) {
        prepare(settling);
        uint32_t count = settling->claimed ? next_batch(settling, batch) : 0;
        if (settling->claimed && count == 0)
            return;
        enum store_outcome outcome = settling->claimed ? store_settle(settling->store, &settling->claim,
                                                                      batch, count, &written, &error)
                                                       : STORE_FAILED;
        assert_true(outcome == STORE_OK || outcome == STORE_STEP || outcome == STORE_FAILED);
        steps += outcome == STORE_STEP;
        if (outcome != STORE_FAILED)
            continue;
        failures++;
        settling->claimed = false;
        store_close(settling->store);
        settling->store = NULL;
    }
}

static void of_store(const struct byte_list *frames, uint64_t seed, struct byte_list *lines)
{
    struct settling settling = {
        .frames = frames, .tables = memory_tables_new(), .random = random_of(seed + 5000)};
    for (int i = 0; i < BATCH_MAX; i++) {
        settling.rows[i] = calloc(1, sizeof *settling.rows[i]);
        CHECK(settling.rows[i] != NULL);
    }
    settle_all(&settling);
    of_tables(&settling.tables->rows, lines);
    for (int i = 0; i < BATCH_MAX; i++) {
        frame_rows_release(settling.rows[i]);
        free(settling.rows[i]);
    }
    store_claim_release(&settling.claim);
    store_close(settling.store);
    memory_tables_free(settling.tables);
}

/* The first line in which they differ. */
static void assert_same(uint64_t seed, const struct byte_list *core, const struct byte_list *store)
{
    uint32_t most = core->ends.count < store->ends.count ? store->ends.count : core->ends.count;
    for (uint32_t i = 0; i < most; i++) {
        struct str a = i < core->ends.count ? byte_list_at(core, i) : STR("nothing");
        struct str b = i < store->ends.count ? byte_list_at(store, i) : STR("nothing");
        if (str_equal(a, b))
            continue;
        print_message("# seed %llu\n# core:  %.*s\n# store: %.*s\n", (unsigned long long)seed, STR_ARG(a),
                      STR_ARG(b));
        fail();
    }
}

static void the_tables_say_what_the_core_says_of_the_frames_one_by_one(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        struct money_story story;
        struct log log;
        struct byte_list frames = {0}, core = {0}, store = {0};
        money_story_make(&story, seed);
        log_make_live(&log, &story.world, story.world.arrivals.count, story.end_us);
        struct fold *fold = fold_new(0);
        log_fold(&log, 0, fold, 0, &frames);
        of_core(&frames, &core);
        of_store(&frames, seed, &store);
        assert_same(seed, &core, &store);
        fold_free(fold);
        byte_list_release(&frames);
        byte_list_release(&core);
        byte_list_release(&store);
        log_release(&log);
        money_story_release(&story);
    }
    print_message("# %llu steps, %llu failures, %llu notices, %llu rows of bills\n",
                  (unsigned long long)steps, (unsigned long long)failures, (unsigned long long)notices,
                  (unsigned long long)bills);
    assert_true(steps > 1000 && failures > 100 && notices > 100 && bills > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_say_what_the_core_says_of_the_frames_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
