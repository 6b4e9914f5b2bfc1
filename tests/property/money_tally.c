#include "tests/property/money_tally.h"

#include "lib/base/time.h"
#include "lib/domain/limits.h"
#include "tests/support/test.h"

/* A settled row of a product that settled by cycle. */
struct waiting {
    int64_t month_s;
    struct amount amount;
};

struct tally {
    struct amount paid;   /* credits less debits, */
    struct amount hourly; /* and settled rows of hourly products */
    struct amount ledger; /* what the transfers come to */
    VEC(struct waiting) cycle;
};

struct payment_seen {
    struct str account, name;
    bool credit;
};

static struct tally *tally_of(struct money_tally *tally, uint32_t account)
{
    while (tally->accounts.count <= account)
        vec_push(&tally->accounts, (struct tally){0});
    return &tally->accounts.at[account];
}

static void add(struct amount *sum, const struct amount *amount)
{
    *sum = amount_add(sum, amount);
}

/* The month that the row waits for: the first, in order, that ends after its hour and is not cut yet. */
static int64_t month_of(const struct money_books *books, int64_t hour_s)
{
    int64_t month_s = books->cut_from_s;
    while (time_add_months(month_s, 1) <= hour_s)
        month_s = time_add_months(month_s, 1);
    return month_s;
}

static void tally_rows(struct money_tally *tally, const struct money_books *books)
{
    const struct book *book = &books->settlement.book;
    uint32_t decimals = LIMIT_DECIMALS - prices_charge_scale(&book->prices);
    for (uint32_t i = 0; i < books->settlement.rows.count; i++) {
        const struct settled_row *row = &books->settlement.rows.at[i];
        const struct line_hour *hour = &book->hours.at[row->hour];
        const struct line_key *key = &book->lines.at[hour->line].key;
        struct tally *account = tally_of(tally, key->account);
        struct amount change = amount_widen(&row->change, decimals);
        int64_t month_s = month_of(books, hour->hour_s);
        tally->late += month_s > hour->hour_s;
        tally->late_voids += key->kind == CHARGE_VOID && month_s > hour->hour_s;
        tally->refunds += key->kind == CHARGE_REFUND;
        if (catalog_settles_by_cycle(prices_at(&book->prices, hour->hour_s), key->product))
            vec_push(&account->cycle, (struct waiting){month_s, change});
        else
            add(&account->hourly, &change);
    }
}

static void tally_payment(struct money_tally *tally, struct money_books *books, const struct record *record)
{
    struct book *book = &books->settlement.book;
    bool credit = record->kind == RECORD_CREDITED;
    struct amount amount;
    for (uint32_t i = 0; i < tally->payments.count; i++) {
        const struct payment_seen *known = &tally->payments.at[i];
        if (known->credit == credit && str_equal(known->account, record->account) &&
            str_equal(known->name, record->subject))
            return;
    }
    vec_push(&tally->payments, (struct payment_seen){arena_copy(&tally->kept, record->account),
                                                     arena_copy(&tally->kept, record->subject), credit});
    if (!str_equal(record->currency, STR("USD")))
        return;
    assert_true(amount_read(record->amount.at, record->amount.size, LIMIT_DECIMALS, &amount));
    struct tally *account = tally_of(tally, names_intern(&book->names, record->account));
    account->paid = credit ? amount_add(&account->paid, &amount) : amount_sub(&account->paid, &amount);
}

void money_tally_frame(struct money_tally *tally, struct money_books *books)
{
    const struct frame *frame = &books->frame;
    tally_rows(tally, books);
    for (uint32_t i = 0; i < frame->fact_count; i++)
        if (frame->facts[i].control == CONTROL_NONE && record_is_payment(frame->facts[i].record.kind))
            tally_payment(tally, books, &frame->facts[i].record);
    for (uint32_t i = 0; i < books->posted.transfers.count; i++) {
        const struct transfer *transfer = &books->posted.transfers.at[i];
        add(&tally_of(tally, transfer->account)->ledger, &transfer->amount);
    }
}

void money_tally_check(const struct money_tally *tally, const struct money_books *books)
{
    for (uint32_t name = 1; name < tally->accounts.count; name++) {
        const struct tally *sums = &tally->accounts.at[name];
        struct amount expected = amount_sub(&sums->paid, &sums->hourly), accrued = {0};
        for (uint32_t i = 0; i < sums->cycle.count; i++) {
            bool billed = sums->cycle.at[i].month_s < books->next_month_s;
            if (billed)
                expected = amount_sub(&expected, &sums->cycle.at[i].amount);
            else
                add(&accrued, &sums->cycle.at[i].amount);
        }
        assert_true(amount_equal(&sums->ledger, &expected));
        uint32_t at = accounts_find(&books->accounts, name);
        const struct account none = {0};
        const struct account *account = at == UINT32_MAX ? &none : &books->accounts.list.at[at];
        struct amount balance = account_balance(account);
        assert_true(amount_equal(&balance, &expected));
        assert_true(amount_equal(&account->accrued, &accrued));
    }
}

void money_tally_release(struct money_tally *tally)
{
    for (uint32_t i = 0; i < tally->accounts.count; i++)
        vec_release(&tally->accounts.at[i].cycle);
    vec_release(&tally->accounts);
    vec_release(&tally->payments);
    arena_release(&tally->kept);
}
