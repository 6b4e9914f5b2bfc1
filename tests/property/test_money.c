/* Random histories of money, through fold and settler: after every frame what they posted, cut and judged is
 * what a second model says, which was written from CONTRACT §6 by who had not read the settler; after every
 * epoch balances are what settled rows and payments alone come to.
 *
 *     test_money [--seed=N] [--histories=N]    the first one, and how many */
#include <stdio.h>

#include "lib/base/time.h"
#include "tests/property/money_story.h"
#include "tests/property/money_tally.h"
#include "tests/property/money_told.h"
#include "tests/support/test.h"

static uint64_t first_seed = 1, histories = 2000, current, whole;

/* So often what must be put to the test was. */
static struct {
    uint64_t frames, notices[ACCOUNT_STATES], transfers[TRANSFER_WHATS];
    uint64_t standstills, moved; /* epochs, and deadlines that they moved */
    uint64_t exact, in_time;     /* deadlines that W reached to the microsecond; who paid in that epoch */
    uint64_t bills, carrying, unpriced; /* as money_told has them */
    uint64_t late, late_voids, refunds; /* as money_tally has them */
} seen;

struct history {
    struct money_books books;
    struct money_told told;
    struct money_tally tally;
    struct accounts stepped; /* the same accounts, each frame of which was settled in steps */
    struct random random;
};

static const struct prices *prices_of(const struct history *history)
{
    return &history->books.settlement.book.prices;
}

/* --- steps --- */

/* What a store keeps of accounts, in another transaction. */
static void read_again(struct accounts *accounts)
{
    struct accounts again = {0};
    for (uint32_t i = 0; i < accounts->list.count; i++) {
        struct account kept = accounts->list.at[i];
        kept.changed = kept.touched = kept.timed = false;
        uint32_t at = accounts_get(&again, kept.name);
        again.list.at[at] = kept;
    }
    accounts_release(accounts);
    *accounts = again;
}

/* One of the frame's steps: some of its dues, and of some a part that another step brings the rest of. */
static void post_steps(struct history *history, struct posted *out)
{
    const struct frame_money *money = &history->books.money;
    struct frame_money steps[2] = {0};
    uint32_t payments = random_below(&history->random, 2);
    for (uint32_t i = 0; i < money->paid.count; i++)
        vec_push(&steps[payments].paid, money->paid.at[i]);
    for (uint32_t i = 0; i < money->dues.count; i++) {
        struct due first = money->dues.at[i], second = first;
        struct amount part =
            amount_of(wide_of(random_below(&history->random, 3) * UINT64_C(700000000000)), false);
        second.posted = amount_sub(&first.posted, &part);
        second.accrued = amount_add(&first.accrued, &part);
        first.posted = part;
        first.accrued = amount_negate(&part);
        vec_push(&steps[0].dues, first);
        vec_push(&steps[1].dues, second);
    }
    for (int i = 0; i < 2; i++) {
        accounts_post(&history->stepped, &history->books.place, &steps[i], out);
        read_again(&history->stepped);
        frame_money_release(&steps[i]);
    }
}

static int compare_listed(const void *a, const void *b, void *context)
{
    const struct history *history = context;
    uint32_t x = history->stepped.list.at[*(const uint32_t *)a].name;
    uint32_t y = history->stepped.list.at[*(const uint32_t *)b].name;
    const struct names *names = &history->books.settlement.book.names;
    return str_compare(names_get(names, x), names_get(names, y));
}

/* The phase of accounts, each in a transaction of its own, as a store finds them. */
static void judge_steps(struct history *history, struct posted *out)
{
    struct money_books *books = &history->books;
    VEC(uint32_t) order = {0};
    bool cuts = books->cut_from_s != books->next_month_s;
    for (uint32_t name = 1; name < books->settlement.book.names.list.count && cuts; name++)
        if (money_books_sums(books, name, books->cut_from_s, books->next_month_s).count > 0)
            accounts_get(&history->stepped, name);
    for (uint32_t i = 0; i < history->stepped.list.count; i++)
        vec_push(&order, i);
    if (order.count > 1)
        qsort_r(order.at, order.count, sizeof *order.at, compare_listed, history);
    for (uint32_t i = 0; i < order.count; i++) {
        const struct account *account = &history->stepped.list.at[order.at[i]];
        struct bill_sums sums =
            money_books_sums(books, account->name, books->cut_from_s, books->next_month_s);
        int64_t until_us = place_deadlines_until_us(&books->place);
        bool timed = account->deadline_us != INT64_MIN && account->deadline_us <= until_us;
        bool reached = timed && books->place.last && account->deadline_us <= books->place.watermark_us;
        seen.exact += reached && account->deadline_us == books->place.watermark_us;
        if (sums.count > 0)
            account_bill(&history->stepped, order.at[i], prices_of(history), &books->place, sums, out);
        if (sums.count > 0 || timed || account->seq == books->place.seq)
            account_judge(&history->stepped, order.at[i], prices_of(history), &books->place, out);
        seen.in_time += reached && history->stepped.list.at[order.at[i]].state == ACCOUNT_GOOD;
        read_again(&history->stepped);
    }
    vec_release(&order);
}

static void check_steps(struct history *history)
{
    struct posted out = {0};
    post_steps(history, &out);
    judge_steps(history, &out);
    money_expect_notices(&history->told, &out);
    money_expect_bills(&history->told, &out);
    if (!history->books.frame.more)
        money_expect_balances(&history->told, &history->stepped);
    posted_release(&out);
}

/* --- charges --- */

static int compare_keys(const void *a, const void *b)
{
    const struct charge *x = a, *y = b;
    if (x->account != y->account)
        return x->account < y->account ? -1 : 1;
    if (x->hour_s != y->hour_s)
        return x->hour_s < y->hour_s ? -1 : 1;
    if (x->sku != y->sku)
        return x->sku < y->sku ? -1 : 1;
    if (x->product != y->product)
        return (int)x->product - (int)y->product;
    return x->meter != y->meter ? (int)x->meter - (int)y->meter : (int)x->kind - (int)y->kind;
}

/* Charges = settled rows: those of a key sum to what its lines are. */
static void check_charges(const struct money_books *books)
{
    const struct book *book = &books->settlement.book;
    VEC(struct charge) all = {0};
    for (uint32_t i = 0; i < books->charges.count; i++)
        vec_push(&all, books->charges.at[i]);
    for (uint32_t i = 0; i < book->hours.count; i++) {
        const struct line_hour *hour = &book->hours.at[i];
        const struct line_key *key = &book->lines.at[hour->line].key;
        struct amount units = amount_of(wide_of(hour->settled.units), false);
        vec_push(&all, (struct charge){.account = key->account,
                                       .sku = key->sku,
                                       .product = key->product,
                                       .meter = key->meter,
                                       .kind = key->kind,
                                       .hour_s = hour->hour_s,
                                       .lines = -(int64_t)hour->settled.exists,
                                       .unpriced = -(int64_t)(hour->settled.exists && !hour->settled.priced),
                                       .units = amount_negate(&units),
                                       .amount = amount_negate(&hour->settled.total)});
    }
    if (all.count > 1)
        qsort(all.at, all.count, sizeof *all.at, compare_keys);
    struct charge sum = {0};
    for (uint32_t i = 0; i < all.count; i++) {
        sum.lines += all.at[i].lines;
        sum.unpriced += all.at[i].unpriced;
        sum.units = amount_add(&sum.units, &all.at[i].units);
        sum.amount = amount_add(&sum.amount, &all.at[i].amount);
        if (i + 1 < all.count && compare_keys(&all.at[i], &all.at[i + 1]) == 0)
            continue;
        assert_true(sum.lines == 0 && sum.unpriced == 0);
        assert_true(wide_is_zero(&sum.units.magnitude) && wide_is_zero(&sum.amount.magnitude));
    }
    vec_release(&all);
}

/* --- histories --- */

static void take_frame(struct history *history, struct str bytes)
{
    struct money_books *books = &history->books;
    money_books_take(books, bytes);
    if (books->frame.watermark_us == INT64_MIN) {
        assert_int_equal(books->settlement.rows.count + books->posted.transfers.count, 0);
        return;
    }
    money_tally_frame(&history->tally, books);
    money_tell(&history->told);
    money_expect_notices(&history->told, &books->posted);
    money_expect_transfers(&history->told, &books->posted);
    money_expect_bills(&history->told, &books->posted);
    if (!books->frame.more) {
        money_tally_check(&history->tally, books);
        money_expect_balances(&history->told, &books->accounts);
    }
    check_steps(history);
}

static void count_frame(const struct money_books *books)
{
    seen.frames++;
    bool standstill = books->place.first && place_is_standstill(&books->place);
    seen.standstills += standstill;
    for (uint32_t i = 0; i < books->posted.transfers.count; i++)
        seen.transfers[books->posted.transfers.at[i].what]++;
    for (uint32_t i = 0; i < books->posted.notices.count; i++) {
        const struct notice *notice = &books->posted.notices.at[i];
        seen.notices[notice->state]++;
        seen.moved +=
            standstill && notice->deadline_us == books->place.watermark_us + HOUR_S * (int64_t)SECOND_US;
    }
}

/* Adds what it counted, and releases it. */
static void history_end(struct history *history)
{
    seen.bills += history->told.bills;
    seen.carrying += history->told.carrying;
    seen.unpriced += history->told.unpriced;
    seen.late += history->tally.late;
    seen.late_voids += history->tally.late_voids;
    seen.refunds += history->tally.refunds;
    money_books_release(&history->books);
    money_told_release(&history->told);
    money_tally_release(&history->tally);
    accounts_release(&history->stepped);
}

static void live_through(uint64_t seed)
{
    struct money_story story;
    struct log log;
    struct byte_list frames = {0};
    struct history history = {.random = random_of(seed)};
    money_story_make(&story, seed);
    log_make_live(&log, &story.world, story.world.arrivals.count, story.end_us);
    struct fold *fold = fold_new(0);
    log_fold(&log, 0, fold, 0, &frames);
    money_books_init(&history.books);
    history.told.books = &history.books;
    for (uint32_t i = 0; i < frames.ends.count; i++) {
        take_frame(&history, byte_list_at(&frames, i));
        count_frame(&history.books);
    }
    check_charges(&history.books);
    history_end(&history);
    fold_free(fold);
    byte_list_release(&frames);
    log_release(&log);
    money_story_release(&story);
}

static void balances_states_and_bills_are_what_rows_and_payments_come_to(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < histories; i++, whole++) {
        current = first_seed + i;
        live_through(current);
    }
}

static int name_the_seed(void **state)
{
    (void)state;
    if (whole < histories)
        print_message("# test_money --seed=%llu --histories=1\n", (unsigned long long)current);
    return 0;
}

/* A run in which nothing happens proves nothing. */
static void all_that_is_told_of_happened(void **state)
{
    (void)state;
    const struct {
        const char *what;
        uint64_t often, least; /* in 1,000 histories */
    } counts[] = {
        {"frames", seen.frames, 50000},
        {"notices of good", seen.notices[ACCOUNT_GOOD], 500},
        {"notices of grace", seen.notices[ACCOUNT_GRACE], 500},
        {"notices of suspended", seen.notices[ACCOUNT_SUSPENDED], 500},
        {"standstills", seen.standstills, 500},
        {"deadlines moved", seen.moved, 100},
        {"credits", seen.transfers[TRANSFER_CREDIT], 5000},
        {"debits", seen.transfers[TRANSFER_DEBIT], 1000},
        {"charges", seen.transfers[TRANSFER_CHARGE], 5000},
        {"bills posted", seen.transfers[TRANSFER_BILL], 500},
        {"bills", seen.bills, 500},
        {"bills that carry", seen.carrying, 100},
        {"rows of a month that was cut", seen.late, 100},
        {"rows without a price", seen.unpriced, 500},
        {"voids of a month that was cut", seen.late_voids, 10},
        {"deadlines reached to the microsecond", seen.exact, 20},
        {"payments in the deadline's epoch", seen.in_time, 5},
        {"refunds", seen.refunds, 100},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        print_message("# %s: %llu\n", counts[i].what, (unsigned long long)counts[i].often);
        assert_true(histories < 1000 || counts[i].often >= counts[i].least * (histories / 1000));
    }
}

static bool take_number(const char *argument, const char *option, uint64_t *number)
{
    size_t size = strlen(option);
    char *end;
    if (strncmp(argument, option, size) != 0)
        return false;
    *number = strtoull(argument + size, &end, 10);
    return end != argument + size && *end == 0;
}

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        if (take_number(arguments[i], "--seed=", &first_seed) ||
            take_number(arguments[i], "--histories=", &histories))
            continue;
        fprintf(stderr, "usage: test_money [--seed=N] [--histories=N]\n");
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(balances_states_and_bills_are_what_rows_and_payments_come_to,
                                  name_the_seed),
        cmocka_unit_test(all_that_is_told_of_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
