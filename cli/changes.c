/* `hourglass changes`: what moved in hours that were over, by how much, and why (CONTRACT §4, corrections).
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/command.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"

static const char *since, *until, *account, *format;
static const char not_said[] = "";

enum { BACK_MAX_DIGITS = 6, VALUES = 3 };

static const char *check_since(const char *value);

static const struct option_row rows[] = {
    {"since", OPTION_TEXT, &since, NULL, 0, 0,
     "as 2026-11-01T10:00:00Z, 2026-11-01 or 2026-11, in log time; or so long ago: 90m, 24h, 7d",
     .value = "TIME", .check = check_since},
    {"until", OPTION_TEXT, &until, not_said, 0, 0, "up to, not including; none: now", .value = "TIME",
     .check = check_moment, .filled = true},
    {"account", OPTION_TEXT, &account, not_said, 0, 0, "of one account alone", .value = "NAME",
     .name_bytes = LIMIT_ID_BYTES},
    {"format", OPTION_TEXT, &format, "table", 0, 0, ASK_FORMATS_HELP, .value = "FORMAT",
     .words = ask_formats},
    ASK_ROWS,
};

static const struct option_page page = {
    .name = "hourglass changes",
    .summary = "Print what moved in hours that were settled before: by how much, and why.",
    .details =
        "What was settled between the two times (of the log) for hours that were closed before it, or "
        "over for ten\n"
        "minutes and more; and every refund and void. A row is what an account's hour, product, sku, "
        "meter and kind\n"
        "changed by. `why` is told from what came in the same frame for the account, product and sku:\n"
        "  void, refund  an order was voided or refunded: its own line, and usage that it does not "
        "cover any more\n"
        "  late order    an order came whose hours were over, and covers some of their usage\n"
        "  price         the same units fall on other prices\n"
        "  late event    an event came that says more, or less, of those hours\n"
        "What came for an hour only after its collectors had stood still is a late event "
        "too.\n\n" PG_PASSWORD_HELP,
    .example = "  hourglass changes --since 24h --database postgresql://reader@db/billing\n"
               "  hourglass changes --since 2026-11-01 --account acme --format csv --database "
               "postgresql://reader@db/billing\n",
    .statuses = "0 printed, though it be nothing;\n" ASK_STATUSES,
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static const struct column columns[] = {
    {"at", COLUMN_TEXT, 20, NULL},        {"account", COLUMN_TEXT, 16, NULL},
    {"hour", COLUMN_TEXT, 20, NULL},      {"product", COLUMN_TEXT, 9, NULL},
    {"sku", COLUMN_TEXT, 16, NULL},       {"meter", COLUMN_TEXT, 13, NULL},
    {"kind", COLUMN_TEXT, 12, NULL},      {"why", COLUMN_TEXT, 10, NULL},
    {"units", COLUMN_DECIMAL, 14, NULL},  {"unpriced", COLUMN_NUMBER, 8, NULL},
    {"amount", COLUMN_DECIMAL, 16, NULL}, {"currency", COLUMN_TEXT, 3, NULL},
};

/* --- the question --- */

/* What came with it in its frame is looked for by account, product and sku: an order covers one sku alone. */
#define MOVED                                                                                                \
    "WITH f AS (SELECT c.*, coalesce(c.hour + interval '1 hour' <= to_timestamp(p.closed_s), false) AS "     \
    "closed_before,"                                                                                         \
    " bool_or(kind = 'void') OVER w AS void, bool_or(kind = 'refund') OVER w AS refund,"                     \
    " bool_or(kind = 'subscription') OVER w AS subscription"                                                 \
    " FROM changes c LEFT JOIN LATERAL (SELECT closed_s FROM frames p WHERE p.partition = c.partition"       \
    " AND p.seq < c.seq ORDER BY p.seq DESC LIMIT 1) p ON true"                                              \
    " WHERE c.at >= $1::timestamptz AND c.at < $2::timestamptz AND ($3::text = '' OR c.account = $3)"        \
    " WINDOW w AS (PARTITION BY c.partition, c.seq, c.account, c.product, c.sku)),"                          \
    " g AS (SELECT max(at) AS at, account, hour, product, sku, meter, kind,"                                 \
    " CASE WHEN void AND kind <> 'refund' THEN 'void' WHEN refund THEN 'refund'"                             \
    " WHEN subscription THEN 'late order' WHEN units = 0 AND lines = 0 AND unpriced = 0 THEN 'price'"        \
    " ELSE 'late event' END AS why,"                                                                         \
    " sum(units) AS units, sum(unpriced) AS unpriced, sum(amount) AS amount FROM f"                          \
    " WHERE closed_before OR at >= hour + interval '1 hour 10 minutes' OR kind IN ('refund', 'void')"        \
    " GROUP BY account, hour, product, sku, meter, kind, why"                                                \
    " HAVING sum(units) <> 0 OR sum(unpriced) <> 0 OR sum(amount) <> 0 OR sum(lines) <> 0)"

static const char rows_sql[] = MOVED " SELECT " SQL_TIME("at") ", account, " SQL_TIME(
    "hour") ", product, sku, meter, kind, why, units,"
            " unpriced, " SQL_MONEY(
                "amount") ", currency FROM g CROSS JOIN meta m"
                          " ORDER BY account COLLATE \"C\", g.hour, product, sku, meter, kind, why";

static const char sums_sql[] = MOVED " SELECT coalesce(why, 'in all'), count(*), " SQL_MONEY(
    "sum(amount)") ", m.currency"
                   " FROM g CROSS JOIN meta m GROUP BY GROUPING SETS ((why, m.charge_scale, m.currency),"
                   " (m.charge_scale, m.currency)) ORDER BY why NULLS LAST";

/* --- times --- */

/* "24h": seconds; 0: it is no such length. */
static int64_t length_s(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    const char *unit = text + digits;
    if (digits == 0 || digits > BACK_MAX_DIGITS || strlen(unit) != 1)
        return 0;
    int64_t count = strtoll(text, NULL, 10);
    switch (unit[0]) {
    case 'm':
        return count * MINUTE_S;
    case 'h':
        return count * HOUR_S;
    case 'd':
        return count * DAY_S;
    default:
        return 0;
    }
}

static const char *check_since(const char *value)
{
    return length_s(value) > 0 ? NULL : check_moment(value);
}

/* So long ago is before the last frame of money. The times as the statements take them. */
static bool read_times(struct ask *ask, char from[TIME_TEXT_SIZE], char to[TIME_TEXT_SIZE])
{
    int64_t from_s = 0, to_s;
    if (length_s(since) > 0) {
        PGresult *now =
            ask_rows(ask,
                     "SELECT coalesce(extract(epoch FROM max(to_timestamp(watermark_us / 1000000.0))), 0)"
                     "::bigint FROM frames",
                     0, NULL);
        if (now == NULL)
            return false;
        from_s = strtoll(PQgetvalue(now, 0, 0), NULL, 10) - length_s(since);
        PQclear(now);
    } else {
        ask_moment(since, &from_s);
    }
    time_print(from_s > 0 ? from_s : 0, from);
    memcpy(to, "infinity", sizeof "infinity");
    if (until[0] != 0 && ask_moment(until, &to_s))
        time_print(to_s, to);
    return true;
}

/* --- printing --- */

static bool say_sums(struct ask *ask, const char *const *values)
{
    static const struct column sums[] = {{"why", COLUMN_TEXT, 10, NULL},
                                         {"changes", COLUMN_NUMBER, 10, NULL},
                                         {"amount", COLUMN_DECIMAL, 20, NULL},
                                         {"currency", COLUMN_TEXT, 3, NULL}};
    struct packer out = {0};
    ask_put_text(&out, "\n");
    bool good = ask_write(ask, &out);
    struct ask_printing printing = {
        .sheet = ask_sheet_of(format, sums, sizeof sums / sizeof *sums),
        .sql = sums_sql,
        .count = VALUES,
        .values = values,
    };
    good = good && ask_print(ask, &printing);
    vec_release(&out.bytes);
    return good;
}

static bool answer(struct ask *ask)
{
    char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];
    if (!read_times(ask, from, to))
        return false;
    const char *const values[VALUES] = {from, to, account};
    struct ask_printing printing = {
        .sheet = ask_sheet_of(format, columns, sizeof columns / sizeof *columns),
        .sql = rows_sql,
        .count = VALUES,
        .values = values,
    };
    bool table = strcmp(format, "table") == 0;
    return ask_print(ask, &printing) && (!table || printing.rows == 0 || say_sums(ask, values));
}

static const char *misuse(void)
{
    int64_t from_s = 0, to_s = INT64_MAX;
    const char *why = check_since(since);
    if (why == NULL && until[0] != 0)
        why = check_moment(until);
    if (why != NULL)
        return why;
    if (length_s(since) == 0)
        ask_moment(since, &from_s);
    if (until[0] != 0)
        ask_moment(until, &to_s);
    return from_s < to_s ? NULL : "--until: expected a time after --since";
}

static int run(void)
{
    const char *why = misuse();
    if (why != NULL)
        return options_misused(&page, why);
    struct ask ask;
    int status = ask_begin(&ask, &ask_options, "changes") && answer(&ask) ? EX_OK : EX_TEMPFAIL;
    return ask_end(&ask, &page, status);
}

const struct command command_changes = {&page, run};
