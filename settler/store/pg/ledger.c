/* Table ledger: every change of a balance. */
#include "lib/base/time.h"
#include "settler/store/pg/copy.h"
#include "settler/store/pg/letters.h"
#include "settler/store/pg/tables.h"

enum { COLUMNS = 10, MONTH_SIZE = 7 /* 2026-11 */ };

enum error_class ledger_put(struct store *store, const struct ledger_row *row, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    const struct transfer *transfer = &row->transfer;
    bool charge = transfer->what == TRANSFER_CHARGE, bill = transfer->what == TRANSFER_BILL;
    char month[TIME_TEXT_SIZE];
    if (bill)
        time_print(transfer->month_s, month);
    struct packer *out =
        copies_row(of, COPIED_LEDGER,
                   "COPY ledger (account, seq, step, ordinal, partition, what, product, kind, name, amount)"
                   " FROM STDIN (FORMAT binary)",
                   COLUMNS);
    copy_bigint(out, account_number(of, row->account));
    copy_bigint(out, (int64_t)row->seq);
    copy_int(out, (int32_t)row->step);
    copy_int(out, (int32_t)row->ordinal);
    copy_smallint(out, (int16_t)row->partition);
    copy_letter(out, transfer_what_letter(transfer->what));
    copy_letter(out, charge || bill ? product_letter(transfer->product) : 0);
    copy_letter(out, charge ? charge_kind_letter(transfer->kind) : 0);
    copy_text(out, bill ? (struct str){month, MONTH_SIZE} : row->name);
    copy_money(out, &transfer->amount);
    return copies_end_row(of, COPIED_LEDGER, error);
}
