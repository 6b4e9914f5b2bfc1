/* The accounts whose money a batch moves, and the rows of what came of it: one query for reading, one
 * statement a table for writing. */
#include "lib/base/check.h"
#include "settler/store/loaded.h"

/* --- payments --- */

static void add_payment(void *context, const struct payment_identity *payment)
{
    struct book *book = context;
    (void)book_add_payment(book, payment->account, payment->kind, payment->payment);
}

bool load_payments(struct loaded *loaded, const struct placed_frame *frames, uint32_t count)
{
    VEC(struct payment_identity) payments = {0};
    for (uint32_t f = 0; f < count; f++)
        for (uint32_t i = 0; i < frames[f].frame.fact_count; i++) {
            const struct fact *fact = &frames[f].frame.facts[i];
            if (fact->control == CONTROL_NONE && record_is_payment(fact->record.kind))
                vec_push(&payments, (struct payment_identity){fact->record.account, fact->record.kind,
                                                              fact->record.subject});
        }
    bool read =
        payments.count == 0 ||
        good(loaded->store->ops->read_payments(loaded->store, payments.at, payments.count, add_payment,
                                               &loaded->settlement->book, loaded->error));
    vec_release(&payments);
    return read;
}

/* --- reading accounts --- */

static void add_account(void *context, const struct account_row *row)
{
    struct loaded *loaded = context;
    uint32_t name = names_intern(&loaded->settlement->book.names, row->name);
    uint32_t at = accounts_get(&loaded->accounts, name);
    struct account *account = &loaded->accounts.list.at[at];
    struct account before = *account;
    *account = row->account;
    account->name = name;
    account->changed = false;
    account->touched = before.touched;
    account->timed = before.timed;
}

/* When the next account's grace ends, unless it is known. */
static bool load_next_deadline(struct loaded *loaded)
{
    struct known *known = loaded->known;
    if (!known->deadline_known)
        known->deadline_known = good(loaded->store->ops->read_next_deadline(
            loaded->store, loaded->partition, &known->next_deadline_us, loaded->error));
    return known->deadline_known;
}

bool load_deadlines(struct loaded *loaded, int64_t until_us, uint32_t limit, bool *many)
{
    struct deadline_before before = {loaded->partition, until_us, limit + 1};
    *many = false;
    if (!load_next_deadline(loaded))
        return false;
    if (until_us == INT64_MIN || loaded->known->next_deadline_us > until_us)
        return true;
    loaded->known->deadline_known = false; /* until these are written */
    if (!good(loaded->store->ops->read_deadlines(loaded->store, &before, add_account, loaded, loaded->error)))
        return false;
    *many = loaded->accounts.list.count > limit;
    return true;
}

struct wanted_accounts {
    struct loaded *loaded;
    VEC(struct str) names;
};

static void want_account(struct wanted_accounts *wanted, uint32_t name)
{
    struct accounts *accounts = &wanted->loaded->accounts;
    if (accounts_find(accounts, name) != UINT32_MAX)
        return;
    uint32_t at = accounts_get(accounts, name);
    accounts->list.at[at].changed = true; /* unless the tables have it */
    vec_push(&wanted->names, names_get(&wanted->loaded->settlement->book.names, name));
}

bool load_accounts(struct loaded *loaded, const struct post *posts, uint32_t count)
{
    struct wanted_accounts wanted = {.loaded = loaded};
    for (uint32_t p = 0; p < count; p++) {
        const struct frame_money *money = &posts[p].money;
        for (uint32_t i = 0; i < money->charges.count; i++)
            want_account(&wanted, money->charges.at[i].account);
        for (uint32_t i = 0; i < money->dues.count; i++)
            want_account(&wanted, money->dues.at[i].account);
        for (uint32_t i = 0; i < money->paid.count; i++)
            want_account(&wanted, money->paid.at[i].account);
    }
    bool read = wanted.names.count == 0 ||
                good(loaded->store->ops->read_accounts(loaded->store, wanted.names.at, wanted.names.count,
                                                       add_account, loaded, loaded->error));
    vec_release(&wanted.names);
    return read;
}

void accounts_meet(struct loaded *loaded, const struct post *post)
{
    for (uint32_t i = 0; i < post->money.charges.count; i++) {
        uint32_t at = accounts_find(&loaded->accounts, post->money.charges.at[i].account);
        struct account *account = &loaded->accounts.list.at[at];
        if (account->changed && account->seq == 0)
            account->seq = post->place.seq;
    }
}

/* --- writing --- */

void note_frame(struct loaded *loaded, const struct frame *frame)
{
    for (uint32_t i = loaded->frame_rows.count; i > 0; i--)
        if (loaded->frame_rows.at[i - 1].seq == frame->seq)
            return;
    vec_push(&loaded->frame_rows,
             (struct frame_row){frame->seq, frame->partition, loaded->step, frame->watermark_us,
                                frame->closed_s, frame->next_offset});
}

static bool put_charge(struct loaded *loaded, const struct frame *frame, const struct charge *charge)
{
    const struct book *book = &loaded->settlement->book;
    char units[AMOUNT_TEXT_SIZE], amount[AMOUNT_TEXT_SIZE];
    uint32_t scale = prices_charge_scale(&book->prices);
    struct charge_row row = {
        .hour_s = charge->hour_s,
        .billed_s = charge->billed_s,
        .account = names_get(&book->names, charge->account),
        .sku = names_get(&book->names, charge->sku),
        .seq = frame->seq,
        .partition = frame->partition,
        .lines = (int32_t)charge->lines,
        .unpriced = (int32_t)charge->unpriced,
        .product = charge->product,
        .meter = charge->meter,
        .kind = charge->kind,
        .accrues = charge->accrues,
        .units = {units, (uint32_t)amount_print(&charge->units, 0, units)},
        .amount = {amount, (uint32_t)amount_print(&charge->amount, scale, amount)},
    };
    return good(loaded->store->ops->put_charge(loaded->store, &row, loaded->error));
}

bool put_charges(struct loaded *loaded, const struct post *post)
{
    bool put = true;
    for (uint32_t i = 0; i < post->money.charges.count && put; i++)
        put = put_charge(loaded, post->frame, &post->money.charges.at[i]);
    return put;
}

static bool put_transfer(struct loaded *loaded, const struct post *post, const struct transfer *transfer,
                         struct ledger_row row)
{
    const struct names *names = &loaded->settlement->book.names;
    row.account = names_get(names, transfer->account);
    row.name = names_get(names, transfer->name);
    row.seq = post->frame->seq;
    row.partition = post->frame->partition;
    row.transfer = *transfer;
    return good(loaded->store->ops->put_transfer(loaded->store, &row, loaded->error));
}

static bool put_notice(struct loaded *loaded, const struct post *post, const struct notice *notice,
                       struct numbers *numbers)
{
    struct notice_row row = {
        .partition = post->frame->partition,
        .number = numbers->next_notice++,
        .seq = post->frame->seq,
        .ordinal = (uint32_t)++numbers->notices,
        .account = names_get(&loaded->settlement->book.names, notice->account),
        .notice = *notice,
        .watermark_us = post->place.watermark_us,
    };
    return good(loaded->store->ops->put_notice(loaded->store, &row, loaded->error));
}

static bool put_bill(struct loaded *loaded, const struct post *post, const struct bill_row *bill)
{
    struct bill_total_row row = {
        .account = names_get(&loaded->settlement->book.names, bill->account),
        .seq = post->frame->seq,
        .partition = post->frame->partition,
        .bill = *bill,
    };
    loaded->written->bills += bill->whole;
    return good(loaded->store->ops->put_bill_total(loaded->store, &row, loaded->error));
}

bool put_posted(struct loaded *loaded, const struct post *post, const struct posted *posted,
                struct numbers *numbers)
{
    bool put = true;
    for (uint32_t i = 0; i < posted->transfers.count && put; i++)
        put = put_transfer(loaded, post, &posted->transfers.at[i],
                           (struct ledger_row){.step = numbers->step, .ordinal = i + 1});
    for (uint32_t i = 0; i < posted->bills.count && put; i++)
        put = put_bill(loaded, post, &posted->bills.at[i]);
    for (uint32_t i = 0; i < posted->notices.count && put; i++)
        put = put_notice(loaded, post, &posted->notices.at[i], numbers);
    loaded->written->transfers += posted->transfers.count;
    loaded->written->notices += posted->notices.count;
    if (posted->transfers.count + posted->bills.count + posted->notices.count > 0)
        note_frame(loaded, post->frame);
    return put;
}

static struct account_row row_of(struct loaded *loaded, const struct account *account, bool in_steps)
{
    struct account_row row = {
        .name = names_get(&loaded->settlement->book.names, account->name),
        .partition = loaded->partition,
        .account = *account,
    };
    if (!in_steps) {
        row.account.made_prepaid = false;
        row.account.moved = amount_zero();
    }
    return row;
}

bool write_accounts(struct loaded *loaded, bool in_steps)
{
    struct store *store = loaded->store;
    struct known *known = loaded->known;
    VEC(struct account_row) rows = {0};
    for (uint32_t i = 0; i < loaded->accounts.list.count; i++) {
        const struct account *account = &loaded->accounts.list.at[i];
        if (!account->changed)
            continue;
        vec_push(&rows, row_of(loaded, account, in_steps));
        if (account->deadline_us != INT64_MIN && account->deadline_us < known->next_deadline_us)
            known->next_deadline_us = account->deadline_us;
    }
    bool written =
        (rows.count == 0 || good(store->ops->write_accounts(store, rows.at, rows.count, loaded->error))) &&
        (loaded->frame_rows.count == 0 ||
         good(store->ops->write_frames(store, loaded->frame_rows.at, loaded->frame_rows.count,
                                       loaded->error)));
    vec_release(&rows);
    return written;
}
