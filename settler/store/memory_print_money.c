/* The tables of money in memory as text. */
#include <inttypes.h>
#include <stdio.h>

#include "lib/domain/limits.h"
#include "settler/store/memory_print.h"

struct sum {
    char text[AMOUNT_TEXT_SIZE];
};

static struct str print_sum(const struct amount *amount, struct sum *out)
{
    return (struct str){out->text, (uint32_t)amount_print(amount, LIMIT_DECIMALS, out->text)};
}

static struct str number(unsigned __int128 value, struct sum *out)
{
    return (struct str){out->text, (uint32_t)u128_print(value, out->text)};
}

static void print_charges(struct print *print, const struct memory_rows *rows)
{
    char head[HEAD_SIZE];
    for (uint32_t i = 0; i < rows->charges.count; i++) {
        const struct charge_row *row = &rows->charges.at[i];
        snprintf(
            head, sizeof head,
            "charges %" PRIu32 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId32 " %" PRId32 " %d %s %s %s",
            row->partition, row->seq, row->hour_s, row->billed_s, row->lines, row->unpriced, row->accrues,
            product_name(row->product), meter_name(row->meter), charge_kind_name(row->kind));
        PUT_LINE(print, head, row->account, row->sku, row->units, row->amount);
    }
}

static void print_ledger(struct print *print, const struct memory_rows *rows)
{
    char head[HEAD_SIZE];
    struct sum amount;
    for (uint32_t i = 0; i < rows->ledger.count; i++) {
        const struct ledger_row *row = &rows->ledger.at[i];
        const struct transfer *t = &row->transfer;
        bool charge = t->what == TRANSFER_CHARGE, bill = t->what == TRANSFER_BILL;
        snprintf(head, sizeof head,
                 "ledger %" PRIu32 " %" PRIu64 " %" PRIu32 " %" PRIu32 " %s %s %s %" PRId64, row->partition,
                 row->seq, row->step, row->ordinal, transfer_what_name(t->what),
                 charge || bill ? product_name(t->product) : "-", charge ? charge_kind_name(t->kind) : "-",
                 bill ? t->month_s : 0);
        PUT_LINE(print, head, row->account, row->name, print_sum(&t->amount, &amount));
    }
}

static void print_frames(struct print *print, const struct memory_rows *rows)
{
    char head[HEAD_SIZE];
    for (uint32_t i = 0; i < rows->frames.count; i++) {
        const struct frame_row *row = &rows->frames.at[i];
        snprintf(head, sizeof head, "frames %" PRIu32 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64,
                 row->partition, row->seq, row->watermark_us, row->closed_s, row->next_offset);
        PUT_LINE(print, head, STR(""));
    }
}

static void print_bills(struct print *print, const struct memory_rows *rows)
{
    char head[HEAD_SIZE];
    struct sum sums[3];
    for (uint32_t i = 0; i < rows->bill_cuts.count; i++) {
        const struct bill_cut_row *row = &rows->bill_cuts.at[i];
        snprintf(head, sizeof head, "bill_cuts %" PRIu32 " %" PRIu64 " %" PRId64 " %" PRId64, row->partition,
                 row->seq, row->month_s, row->watermark_us);
        PUT_LINE(print, head, STR(""));
    }
    for (uint32_t i = 0; i < rows->bill_totals.count; i++) {
        const struct bill_total_row *row = &rows->bill_totals.at[i];
        const struct bill_row *bill = &row->bill;
        snprintf(head, sizeof head, "bill_totals %" PRIu32 " %" PRIu64 " %" PRId64 " %s %" PRId64,
                 row->partition, row->seq, bill->month_s, bill->whole ? "*" : product_name(bill->product),
                 bill->unpriced);
        PUT_LINE(print, head, row->account, print_sum(&bill->amount, &sums[0]),
                 bill->whole ? print_sum(&bill->payable, &sums[1]) : STR(""),
                 bill->whole ? print_sum(&bill->carried, &sums[2]) : STR(""));
    }
}

void print_money(struct print *print, const struct memory_rows *rows)
{
    char head[HEAD_SIZE];
    struct sum sums[2];
    print_charges(print, rows);
    print_ledger(print, rows);
    print_frames(print, rows);
    print_bills(print, rows);
    for (uint32_t i = 0; i < rows->notices.count; i++) {
        const struct notice_row *row = &rows->notices.at[i];
        const struct notice *n = &row->notice;
        snprintf(head, sizeof head,
                 "notices %" PRIu32 " %" PRIu64 " %" PRId64 " %" PRIu32 " %s %" PRId64 " %" PRId64,
                 row->partition, row->seq, row->number, row->ordinal, account_state_name(n->state),
                 n->deadline_us, row->watermark_us);
        PUT_LINE(print, head, row->account, print_sum(&n->balance, &sums[0]),
                 print_sum(&n->available, &sums[1]));
    }
}

/* --- what is derived --- */

static void print_accounts(struct print *print, const struct memory_rows *rows)
{
    char head[HEAD_SIZE];
    struct sum sums[6];
    for (uint32_t i = 0; i < rows->accounts.count; i++) {
        const struct account *a = &rows->accounts.at[i].account;
        snprintf(head, sizeof head, "accounts %" PRIu32 " %" PRIu64 " %d %d %s %" PRId64,
                 rows->accounts.at[i].partition, a->seq, a->prepaid, a->made_prepaid,
                 account_state_name(a->state), a->deadline_us);
        PUT_LINE(print, head, rows->accounts.at[i].name, print_sum(&a->credited, &sums[0]),
                 print_sum(&a->debited, &sums[1]), print_sum(&a->charged, &sums[2]),
                 print_sum(&a->accrued, &sums[3]), print_sum(&a->carried, &sums[4]),
                 print_sum(&a->moved, &sums[5]));
    }
}

void print_derived(struct print *print, const struct memory_rows *rows)
{
    char head[HEAD_SIZE];
    struct sum sums[3];
    print_accounts(print, rows);
    for (uint32_t i = 0; i < rows->states.count; i++) {
        const struct state_row *row = &rows->states.at[i].row;
        snprintf(head, sizeof head, "resource_states %" PRIu32 " %s %s %" PRId64 " %" PRId64 " %" PRId64,
                 rows->states.at[i].partition, product_name(row->product), run_state_name(row->state),
                 row->quantity, row->since_s, row->sign_s);
        PUT_LINE(print, head, row->account, row->resource, row->sku, row->order);
    }
    for (uint32_t i = 0; i < rows->prices.count; i++) {
        const struct price_row *row = &rows->prices.at[i];
        snprintf(head, sizeof head, "price_list %06" PRIu32 " %s %s %" PRId64 " %" PRId64 " %d %" PRId64, i,
                 product_name(row->product), meter_name(row->meter), row->since_s, row->until_s,
                 row->by_cycle, row->set_us);
        PUT_LINE(print, head, row->sku, number(row->price.picounits, &sums[0]),
                 number(row->price.per, &sums[1]), number(row->free, &sums[2]), row->set_by);
    }
}
