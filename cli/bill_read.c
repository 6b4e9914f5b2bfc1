#include "cli/bill_read.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/check.h"

/* $1: the account, $2: the month's first day. */
enum { NAMED = 2 };

/* An account is in one partition, whose cuts are its cuts. A month that is over by a day and more without a
 * cut was so at the log's beginning: cuts come in order, and with the epoch that is due. */
static const char head_sql[] =
    "WITH who AS (SELECT coalesce((SELECT partition FROM charges_in_words WHERE account = a.account LIMIT 1),"
    "   (SELECT partition FROM ledger_in_words WHERE account = a.account LIMIT 1)) AS partition"
    "   FROM account_names a WHERE name = $1),"
    " now AS (SELECT coalesce((SELECT as_of FROM balances WHERE account = $1),"
    "   (SELECT max(to_timestamp(watermark_us / 1000000.0)) FROM frames f, who"
    "    WHERE f.partition = who.partition)) AS at)"
    " SELECT CASE WHEN who.partition IS NULL THEN 'unknown'"
    "   WHEN k.month IS NULL AND now.at >= ($2::text::timestamp + interval '1 month 1 day') AT TIME ZONE "
    "'UTC'"
    "   THEN 'none' WHEN k.month IS NULL THEN 'open'"
    "   WHEN NOT EXISTS (SELECT FROM bills b WHERE b.account = $1 AND b.month = left($2::text, 7)) THEN "
    "'empty'"
    "   ELSE 'cut' END,"
    " m.currency, coalesce(k.seq, 9223372036854775807), " SQL_TIME(
        "to_timestamp(k.watermark_us / 1000000)") ", to_char(p.month, 'YYYY-MM'), coalesce(p.seq, "
                                                  "-1),"
                                                  " " SQL_TIME("to_timestamp(p.watermark_us / "
                                                               "1000000)") ", "
                                                                           "to_char(h.complete_"
                                                                           "before, "
                                                                           "'YYYY-MM-DD\"T\"HH24:MI:"
                                                                           "SS\"Z\"')"
                                                                           " FROM who CROSS JOIN now "
                                                                           "CROSS JOIN meta m CROSS "
                                                                           "JOIN hour_complete h"
                                                                           " LEFT JOIN bill_cuts k "
                                                                           "ON k.partition = "
                                                                           "who.partition AND "
                                                                           "k.month = $2::text::date"
                                                                           " LEFT JOIN LATERAL "
                                                                           "(SELECT month, seq, "
                                                                           "watermark_us FROM "
                                                                           "bill_cuts b WHERE "
                                                                           "b.partition = "
                                                                           "who.partition"
                                                                           "   AND b.month < "
                                                                           "$2::text::date ORDER BY "
                                                                           "b.month DESC LIMIT 1) p "
                                                                           "ON true";

/* What the bill holds (CONTRACT §6): rows of its month's hours that no later bill holds, and those that it
 * holds of earlier ones. */
#define HELD                                                                                                 \
    "held AS MATERIALIZED (SELECT hour, product, sku, meter, kind, sum(lines) AS lines,"                     \
    " sum(unpriced) AS unpriced, sum(units) AS units, sum(amount) AS amount FROM ("                          \
    "SELECT * FROM charges_in_words WHERE account = account_key($1) AND billed = '-infinity'"                \
    " AND hour >= ($2::text::timestamp AT TIME ZONE 'UTC')"                                                  \
    " AND hour < (($2::text::timestamp + interval '1 month') AT TIME ZONE 'UTC')"                            \
    " UNION ALL SELECT * FROM charges_in_words WHERE account = account_key($1) AND billed = $2::text::date " \
    "AND billed > '-infinity') c"                                                                            \
    " GROUP BY hour, product, sku, meter, kind"                                                              \
    " HAVING sum(lines) <> 0 OR sum(unpriced) <> 0 OR sum(units) <> 0 OR sum(amount) <> 0)"

/* A price may change within an hour: then there are several. */
#define PRICED                                                                                               \
    "listed AS MATERIALIZED (SELECT * FROM prices), priced AS ("                                             \
    "SELECT c.*, q.prices, q.per FROM held c LEFT JOIN LATERAL (SELECT string_agg(" SQL_PRICE(               \
        "p.price") " || CASE WHEN p.differ THEN ' per ' || u.unit ELSE '' END, ', ' ORDER BY p.since NULLS " \
                   "FIRST, p.per)"                                                                           \
                   " AS prices, CASE WHEN NOT bool_or(p.differ) THEN min(p.per) END AS per FROM ("           \
                   "SELECT l.*, min(l.per) OVER () <> max(l.per) OVER () AS differ FROM listed l"            \
                   " WHERE l.product = c.product AND l.sku = c.sku AND l.meter = c.meter"                    \
                   " AND (l.since IS NULL OR l.since < c.hour + interval '1 hour')"                          \
                   " AND (l.until IS NULL OR l.until > c.hour)) p"                                           \
                   " LEFT JOIN " SQL_UNITS                                                                   \
                   " ON u.meter = p.meter AND u.per = p.per) q ON c.kind IN ('usage', 'subscription'))"

static const char lines_sql[] =
    "WITH " HELD ", " PRICED ", summed AS (SELECT CASE WHEN hour < ($2::text::timestamp AT TIME ZONE 'UTC')"
    " THEN to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM') END AS month,"
    " kind, product, sku, meter, prices, per, sum(lines) AS lines, sum(unpriced) AS unpriced,"
    " sum(units) AS units, sum(amount) AS amount, min(hour) AS first FROM priced GROUP BY 1, 2, 3, 4, 5, 6, "
    "7)"
    " SELECT s.month, s.kind, s.product, s.sku, s.meter, s.lines, s.unpriced, s.units, u.unit, u.per::bigint,"
    " s.prices, " SQL_MONEY(
        "s.amount") ","
                    " CASE WHEN round(s.units / u.per, 6) * u.per <> s.units THEN '~' ELSE '' END"
                    " || trim_scale(round(s.units / u.per, 6))"
                    " FROM summed s CROSS JOIN meta m LEFT JOIN " SQL_UNITS
                    " ON u.meter = s.meter AND (u.per = s.per OR s.per IS NULL AND u.usual)"
                    " ORDER BY s.month IS NOT NULL, s.month, array_position(ARRAY['usage', 'subscription', "
                    "'refund', 'void'],"
                    " s.kind), s.product, s.sku, s.meter, s.first, s.prices NULLS LAST";

/* What an open month comes to is what stands in it; a bill's figures are those that were cut. */
static const char totals_sql[] =
    "WITH " HELD ", sums AS (SELECT coalesce(product, '*') AS product, coalesce(sum(amount), 0) AS amount,"
    " coalesce(sum(unpriced), 0) AS unpriced FROM held GROUP BY GROUPING SETS ((product), ())),"
    " cut AS (SELECT * FROM bills WHERE account = $1 AND month = left($2::text, 7) AND NOT $3::boolean),"
    " before AS (SELECT coalesce((SELECT carried FROM bills WHERE account = $1 AND product = '*'"
    " AND month < left($2::text, 7) ORDER BY month DESC LIMIT 1), 0) AS carried)"
    " SELECT product, " SQL_MONEY(
        "coalesce(t.amount, s.amount)") ", coalesce(t.unpriced, s.unpriced),"
                                        " CASE WHEN product = '*' THEN " SQL_MONEY(
                                            "before.carried") " END,"
                                                              " round(t.payable, m.bill_scale)::text,"
                                                              " " SQL_MONEY(
                                                                  "t.carried") ", $3::boolean OR t.amount IS "
                                                                               "NOT DISTINCT FROM s.amount"
                                                                               " AND t.unpriced IS NOT "
                                                                               "DISTINCT FROM s.unpriced"
                                                                               " FROM sums s FULL JOIN cut t "
                                                                               "USING (product) CROSS JOIN "
                                                                               "before CROSS JOIN meta m"
                                                                               " ORDER BY product = '*', "
                                                                               "product";

static const char balance_sql[] = "SELECT " SQL_MONEY("b.before") ", " SQL_MONEY("b.credits") ", " SQL_MONEY(
    "b.debits") ","
                " " SQL_MONEY("b.charges") ", " SQL_MONEY("b.bills") ", " SQL_MONEY(
                    "b.after") " FROM meta m,"
                               " (SELECT coalesce(sum(amount) FILTER (WHERE seq <= $2::bigint), 0) AS before,"
                               " coalesce(sum(amount) FILTER (WHERE what = 'credit' AND seq > $2::bigint), "
                               "0) AS credits,"
                               " coalesce(sum(amount) FILTER (WHERE what = 'debit' AND seq > $2::bigint), 0) "
                               "AS debits,"
                               " coalesce(sum(amount) FILTER (WHERE what = 'charge' AND seq > $2::bigint), "
                               "0) AS charges,"
                               " coalesce(sum(amount) FILTER (WHERE what = 'bill' AND seq > $2::bigint), 0) "
                               "AS bills,"
                               " coalesce(sum(amount), 0) AS after"
                               " FROM ledger_in_words WHERE account = account_key($1) AND seq <= $3::bigint) "
                               "b";

static enum bill_state state_of(const char *word)
{
    static const char *const words[] = {"unknown", "open", "none", "empty", "cut"};
    enum bill_state state = BILL_UNKNOWN;
    while (strcmp(words[state], word) != 0) {
        CHECK(state < BILL_CUT);
        state++;
    }
    return state;
}

/* "2026-11" and its first day. */
static const char *first_day(const struct bill *bill, char room[16])
{
    snprintf(room, 16, "%.7s-01", bill->month);
    return room;
}

bool bill_read_head(struct ask *ask, struct bill *bill)
{
    char day[16];
    bill->state = BILL_UNKNOWN;
    bill->head = ask_rows(ask, head_sql, NAMED, (const char *const[]){bill->account, first_day(bill, day)});
    if (bill->head == NULL)
        return false;
    CHECK(PQnfields(bill->head) == HEAD_COLUMNS && PQntuples(bill->head) <= 1);
    if (PQntuples(bill->head) == 1)
        bill->state = state_of(PQgetvalue(bill->head, 0, HEAD_STATE));
    return true;
}

bool bill_read(struct ask *ask, struct bill *bill)
{
    CHECK(bill->state == BILL_OPEN || bill->state == BILL_CUT);
    char day[16];
    first_day(bill, day);
    bill->lines = ask_rows(ask, lines_sql, NAMED, (const char *const[]){bill->account, day});
    if (bill->lines == NULL)
        return false;
    const char *open = bill->state == BILL_OPEN ? "t" : "f";
    bill->totals = ask_rows(ask, totals_sql, NAMED + 1, (const char *const[]){bill->account, day, open});
    if (bill->totals == NULL)
        return false;
    const char *prior = PQgetvalue(bill->head, 0, HEAD_PRIOR_SEQ), *seq = PQgetvalue(bill->head, 0, HEAD_SEQ);
    bill->balance = ask_rows(ask, balance_sql, NAMED + 1, (const char *const[]){bill->account, prior, seq});
    if (bill->balance == NULL)
        return false;
    CHECK(PQnfields(bill->lines) == LINE_COLUMNS && PQnfields(bill->totals) == TOTAL_COLUMNS &&
          PQnfields(bill->balance) == BALANCE_COLUMNS && PQntuples(bill->balance) == 1);
    return true;
}

void bill_release(struct bill *bill)
{
    PQclear(bill->head);
    PQclear(bill->lines);
    PQclear(bill->totals);
    PQclear(bill->balance);
}
