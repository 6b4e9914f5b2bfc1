/* Table ledger: every change of a balance. */
#include "settler/store/pg/copy.h"
#include "settler/store/pg/tables.h"

enum { COLUMNS = 11 };

static void copy_text_if(struct packer *out, bool there, struct str text)
{
    if (there)
        copy_text(out, text);
    else
        copy_null(out);
}

enum error_class ledger_put(struct store *store, const struct ledger_row *row, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    const struct transfer *transfer = &row->transfer;
    bool charge = transfer->what == TRANSFER_CHARGE, bill = transfer->what == TRANSFER_BILL;
    struct packer *out =
        copies_row(of, COPIED_LEDGER,
                   "COPY ledger (account, seq, partition, step, ordinal, month, what, product, kind, name,"
                   " amount) FROM STDIN (FORMAT binary)",
                   COLUMNS);
    copy_bigint(out, account_number(of, row->account));
    copy_bigint(out, (int64_t)row->seq);
    copy_int(out, (int32_t)row->partition);
    copy_int(out, (int32_t)row->step);
    copy_int(out, (int32_t)row->ordinal);
    if (bill)
        copy_date(out, transfer->month_s);
    else
        copy_null(out);
    copy_text(out, str_of(transfer_what_name(transfer->what)));
    copy_text_if(out, charge || bill, charge || bill ? str_of(product_name(transfer->product)) : STR(""));
    copy_text_if(out, charge, charge ? str_of(charge_kind_name(transfer->kind)) : STR(""));
    copy_text_if(out, row->name.size > 0, row->name);
    copy_money(out, &transfer->amount);
    return copies_end_row(of, COPIED_LEDGER, error);
}
