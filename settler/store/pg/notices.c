/* Table notices, as it is read to be sent; who writes it is settled with the frames. */
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/domain/limits.h"
#include "settler/store/pg/tables.h"

enum { COLUMNS = 12 };

static struct amount amount_at(const PGresult *rows, int row, int column)
{
    struct amount amount;
    struct str text = text_at(rows, row, column);
    CHECK(amount_read(text.at, text.size, LIMIT_DECIMALS, &amount));
    return amount;
}

static struct store_notice notice_at(const PGresult *rows, int row)
{
    return (struct store_notice){
        .number = number_at(rows, row, 0),
        .seq = (uint64_t)number_at(rows, row, 1),
        .ordinal = (uint32_t)number_at(rows, row, 2),
        .account = text_at(rows, row, 3),
        .state = text_at(rows, row, 4),
        .balance = amount_at(rows, row, 5),
        .available = amount_at(rows, row, 6),
        .deadline_s = number_or(rows, row, 7, INT64_MIN),
        .watermark_us = number_at(rows, row, 8),
        .last = number_at(rows, row, 9) == 1,
        .currency = text_at(rows, row, 10),
        .charge_scale = (uint32_t)number_at(rows, row, 11),
    };
}

/* The claim and its notices in one snapshot: what another owner has taken over is not read. */
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
                 " n.account AND l.partition = n.partition AND l.number > n.number))::int, m.currency,"
                 " m.charge_scale FROM claim c LEFT JOIN notices n ON n.partition = $1::int AND"
                 " n.number >= $3::bigint AND n.number < $4::bigint LEFT JOIN meta m ON true"
                 " WHERE c.partition = $1::int AND c.fence = $2::bigint ORDER BY n.number",
                 4, values);
    if (rows == NULL)
        return pg_store_failed(of, error);
    CHECK(PQnfields(rows) == COLUMNS);
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
