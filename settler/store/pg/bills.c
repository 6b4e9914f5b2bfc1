/* Tables bill_totals and bill_cuts: bills as they were cut, and which frame cut them. */
#include "settler/store/pg/copy.h"
#include "settler/store/pg/tables.h"

enum { COLUMNS = 9 };

enum error_class bill_totals_put(struct store *store, const struct bill_total_row *row, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    const struct bill_row *bill = &row->bill;
    struct packer *out =
        copies_row(of, COPIED_BILL_TOTALS,
                   "COPY bill_totals (account, month, product, amount, unpriced, payable, carried, seq,"
                   " partition) FROM STDIN (FORMAT binary)",
                   COLUMNS);
    copy_bigint(out, account_number(of, row->account));
    copy_date(out, bill->month_s);
    copy_text(out, bill->whole ? STR("*") : str_of(product_name(bill->product)));
    copy_money(out, &bill->amount);
    copy_bigint(out, bill->unpriced);
    if (bill->whole) {
        copy_money(out, &bill->payable);
        copy_money(out, &bill->carried);
    } else {
        copy_null(out);
        copy_null(out);
    }
    copy_bigint(out, (int64_t)row->seq);
    copy_int(out, (int32_t)row->partition);
    return copies_end_row(of, COPIED_BILL_TOTALS, error);
}

enum error_class bill_cuts_write(struct store *store, const struct bill_cut_row *rows, uint32_t count,
                                 struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct columns columns = {.rows = count};
    for (uint32_t i = 0; i < count; i++) {
        char month[DATE_SIZE];
        print_date(rows[i].month_s, month);
        pg_array_add_number(&columns.list[0], rows[i].partition);
        pg_array_add(&columns.list[1], str_of(month));
        pg_array_add_number(&columns.list[2], (int64_t)rows[i].seq);
        pg_array_add_number(&columns.list[3], rows[i].watermark_us);
    }
    return pg_store_done(
        of,
        columns_do(of->pg, &columns, 4,
                   "INSERT INTO bill_cuts (partition, month, seq, watermark_us)"
                   " SELECT * FROM unnest($1::int[], $2::date[], $3::bigint[], $4::bigint[])"),
        error);
}
