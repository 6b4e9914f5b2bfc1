/* Table notices: every change of an account's state or deadline. */
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "settler/store/pg/copy.h"
#include "settler/store/pg/tables.h"

enum { COLUMNS = 10, READ_COLUMNS = 12 };

enum error_class notices_put(struct store *store, const struct notice_row *row, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    const struct notice *notice = &row->notice;
    struct packer *out =
        copies_row(of, COPIED_NOTICES,
                   "COPY notices (partition, number, seq, ordinal, account, state, balance, available,"
                   " deadline_s, watermark_us) FROM STDIN (FORMAT binary)",
                   COLUMNS);
    copy_int(out, (int32_t)row->partition);
    copy_bigint(out, row->number);
    copy_bigint(out, (int64_t)row->seq);
    copy_int(out, (int32_t)row->ordinal);
    copy_text(out, row->account);
    copy_text(out, str_of(account_state_name(notice->state)));
    copy_money(out, &notice->balance);
    copy_money(out, &notice->available);
    if (notice->deadline_us == INT64_MIN)
        copy_null(out);
    else
        copy_bigint(out, time_second(notice->deadline_us));
    copy_bigint(out, row->watermark_us);
    return copies_end_row(of, COPIED_NOTICES, error);
}

/* --- to be sent --- */

static struct store_notice notice_at(const PGresult *rows, int row)
{
    return (struct store_notice){
        .number = number_at(rows, row, 0),
        .seq = (uint64_t)number_at(rows, row, 1),
        .ordinal = (uint32_t)number_at(rows, row, 2),
        .account = text_at(rows, row, 3),
        .state = text_at(rows, row, 4),
        .balance = money_at(rows, row, 5),
        .available = money_at(rows, row, 6),
        .deadline_s = number_or(rows, row, 7, INT64_MIN),
        .watermark_us = number_at(rows, row, 8),
        .last = number_at(rows, row, 9) == 1,
        .currency = text_at(rows, row, 10),
        .charge_scale = (uint32_t)number_at(rows, row, 11),
    };
}

/* The claim and its notices in one snapshot: what another owner has taken over is not read. Of `meta` the
 * server does not know that it has one row: joined, a page would look like much, and be compiled first. */
enum error_class notices_read(struct store *store, const struct notice_span *span, take_notice *take,
                              void *context, bool *ours, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char text[4][32];
    snprintf(text[0], 32, "%u", span->partition);
    snprintf(text[1], 32, "%lld", (long long)span->fence);
    snprintf(text[2], 32, "%lld", (long long)span->from);
    snprintf(text[3], 32, "%lld", (long long)span->to);
    const char *const values[] = {text[0], text[1], text[2], text[3]};
    PGresult *rows =
        pg_query(of->pg,
                 "SELECT n.number, n.seq, n.ordinal, n.account, n.state, n.balance, n.available,"
                 " n.deadline_s, n.watermark_us, (NOT EXISTS (SELECT FROM notices l WHERE l.account ="
                 " n.account AND l.partition = n.partition AND l.number > n.number))::int,"
                 " (SELECT currency FROM meta), (SELECT charge_scale FROM meta)"
                 " FROM claim c LEFT JOIN notices n ON n.partition = $1::int AND n.number >= $3::bigint"
                 " AND n.number < $4::bigint"
                 " WHERE c.partition = $1::int AND c.fence = $2::bigint ORDER BY n.number",
                 4, values);
    if (rows == NULL)
        return pg_store_failed(of, error);
    CHECK(PQnfields(rows) == READ_COLUMNS);
    *ours = PQntuples(rows) > 0;
    for (int row = 0; row < PQntuples(rows); row++) {
        if (PQgetisnull(rows, row, 0))
            continue; /* the claim's row alone: there are none */
        const struct store_notice notice = notice_at(rows, row);
        take(context, &notice);
    }
    PQclear(rows);
    return ERROR_NONE;
}
