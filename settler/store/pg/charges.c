/* Table charges: what each frame changed, by account, hour, product, sku, meter and kind. */
#include "settler/store/pg/copy.h"
#include "settler/store/pg/letters.h"
#include "settler/store/pg/tables.h"

enum { COLUMNS = 14 };

enum error_class charges_put(struct store *store, const struct charge_row *row, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct packer *out =
        copies_row(of, COPIED_CHARGES,
                   "COPY charges (hour, account, seq, lines, unpriced, billed, partition, accrues, product,"
                   " meter, kind, sku, units, amount) FROM STDIN (FORMAT binary)",
                   COLUMNS);
    copy_time(out, row->hour_s);
    copy_bigint(out, account_number(of, row->account));
    copy_bigint(out, (int64_t)row->seq);
    copy_int(out, row->lines);
    copy_int(out, row->unpriced);
    if (row->billed_s == INT64_MIN)
        copy_no_date(out);
    else
        copy_date(out, row->billed_s);
    copy_smallint(out, (int16_t)row->partition);
    copy_bool(out, row->accrues);
    copy_letter(out, product_letter(row->product));
    copy_letter(out, meter_letter(row->meter));
    copy_letter(out, charge_kind_letter(row->kind));
    copy_text(out, row->sku);
    copy_numeric(out, row->units);
    copy_numeric(out, row->amount);
    return copies_end_row(of, COPIED_CHARGES, error);
}

enum error_class charges_read_bill_sums(struct store *store, const struct bill_question *question,
                                        take_bill_sum *take, void *context, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct columns columns = {.rows = 1};
    for (uint32_t i = 0; i < question->account_count; i++)
        pg_array_add_number(&columns.list[0], account_number(of, question->accounts[i]));
    for (uint32_t i = 0; i < question->month_count; i++) {
        char month[DATE_SIZE];
        print_date(question->months_s[i], month);
        pg_array_add(&columns.list[1], str_of(month));
    }
    /* Each account's month is looked for by itself, by charges_account and charges_late. */
    PGresult *rows = columns_query(
        of->pg, &columns, 2,
        "SELECT a.number, extract(epoch FROM m.month)::bigint, g.product, sum(g.amount), sum(g.accrued),"
        " sum(g.unpriced), bool_and(g.zero)::int"
        " FROM unnest($1::bigint[]) WITH ORDINALITY a(account, number) CROSS JOIN unnest($2::date[]) m(month)"
        " CROSS JOIN LATERAL ("
        "SELECT product, sum(amount) AS amount, sum(CASE WHEN accrues THEN amount ELSE 0 END) AS accrued,"
        " sum(unpriced) AS unpriced,"
        " sum(lines) = 0 AND sum(units) = 0 AND sum(amount) = 0 AND sum(unpriced) = 0 AS zero"
        " FROM (SELECT * FROM charges c WHERE c.account = a.account AND c.billed = '-infinity'"
        " AND c.hour >= m.month::timestamptz AND c.hour < (m.month + interval '1 month')::timestamptz"
        " UNION ALL SELECT * FROM charges c WHERE c.account = a.account AND c.billed = m.month"
        " AND c.billed > '-infinity') c"
        " GROUP BY hour, product, sku, meter, kind) g"
        " GROUP BY a.number, m.month, g.product ORDER BY a.number, m.month,"
        " position(g.product::text IN 'CAMNS')"); /* as the words are ordered */
    if (rows == NULL)
        return pg_store_failed(of, error);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct bill_sum sum = {
            .product = product_of_letter(PQgetvalue(rows, i, 2)[0]),
            .month_s = number_at(rows, i, 1),
            .zero = number_at(rows, i, 6) != 0,
            .amount = money_at(rows, i, 3),
            .accrued = money_at(rows, i, 4),
            .unpriced = number_at(rows, i, 5),
        };
        take(context, (uint32_t)number_at(rows, i, 0) - 1, &sum);
    }
    PQclear(rows);
    return ERROR_NONE;
}
