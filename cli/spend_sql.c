#include "cli/spend_sql.h"

#include <stdarg.h>
#include <stdio.h>

#include "cli/ask.h"
#include "lib/base/check.h"

enum { PIECE_MAX = 2000, ALL = 2147483647, CHART_SERIES = 8 };

static const struct spend_by bys[] = {
    {"product", {"product"}, false},       {"sku", {"product", "sku"}, false},
    {"account", {"account"}, false},       {"resource", {"account", "product", "resource"}, false},
    {"meter", {"product", "meter"}, true},
};
const char *const spend_by_words[] = {"product", "sku", "account", "resource", "meter", NULL};
const char *const spend_every_words[] = {"hour", "day", "month", "total", NULL};

const struct spend_by *spend_by_of(const char *word)
{
    uint32_t i = 0;
    while (strcmp(bys[i].word, word) != 0) {
        i++;
        CHECK(i < sizeof bys / sizeof *bys);
    }
    return &bys[i];
}

/* --- putting together --- */

__attribute__((format(printf, 2, 3))) static void add(struct packer *sql, const char *format, ...)
{
    char piece[PIECE_MAX];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(piece, sizeof piece, format, values);
    va_end(values);
    CHECK(size >= 0 && size < PIECE_MAX);
    pack_raw(sql, piece, (size_t)size);
}

/* "product, sku"; `form` has one %s, of the key. */
static void add_keys(const struct spend_by *by, const char *before, const char *after, struct packer *sql)
{
    for (uint32_t i = 0; by->keys[i] != NULL; i++)
        add(sql, "%s%s%s%s", i == 0 ? "" : ", ", before, by->keys[i], after);
}

static bool is_total(const struct spend_question *question)
{
    return strcmp(question->every, "total") == 0;
}

static bool is_by(const struct spend_question *question, const char *word)
{
    return strcmp(question->by->word, word) == 0;
}

/* Rows that sum to what view `spend` has. They are of `charges`, which is summed once, where the view would
 * sum them by hour, account, sku and meter first: a month of a million rows takes a fifth of the time. */
static void add_source(const struct spend_question *question, struct packer *sql)
{
    if (is_by(question, "resource"))
        add(sql,
            "(SELECT *, account_key(account) AS number, (amount IS NULL)::integer AS unpriced, 1 AS lines"
            " FROM lines) s");
    else if (is_by(question, "account"))
        add(sql,
            "(SELECT c.hour, c.kind, c.units, c.amount, c.unpriced, c.lines, c.account AS number,"
            " a.name AS account FROM charges_in_words c JOIN account_names a ON a.account = c.account) s");
    else
        add(sql, "(SELECT *, account AS number FROM charges_in_words) s");
}

static void add_span(const struct spend_question *question, const char *from, const char *to,
                     struct packer *sql)
{
    add(sql, " WHERE hour >= %s AND hour < %s", from, to);
    if (question->of_one_account)
        add(sql, is_by(question, "resource") ? " AND account = $3" : " AND number = account_key($3)");
}

/* Behind the keys from the first on; what was taken back is no row. */
static void add_group_by(const struct spend_by *by, const char *before, uint32_t first, struct packer *sql)
{
    add(sql, " GROUP BY %s", before);
    for (uint32_t i = 0; by->keys[i] != NULL; i++)
        add(sql, "%s%u", i == 0 ? "" : ", ", first + i);
    add(sql, " HAVING sum(lines) <> 0");
}

#define FROM "$1::timestamptz"
#define TO "$2::timestamptz"

/* "g AS (...)": sums by time and keys. */
static void add_grouped(const struct spend_question *question, struct packer *sql)
{
    if (is_total(question))
        add(sql, "g AS MATERIALIZED (SELECT NULL::timestamptz AS at, ");
    else
        add(sql, "g AS MATERIALIZED (SELECT date_trunc('%s', hour, 'UTC') AS at, ", question->every);
    add_keys(question->by, "", "", sql);
    add(sql, ", sum(units) AS units, coalesce(sum(amount), 0) AS amount, sum(unpriced) AS unpriced FROM ");
    add_source(question, sql);
    add_span(question, FROM, TO, sql);
    add_group_by(question->by, "1, ", 2, sql);
    add(sql, ")");
}

/* "r AS (...), s AS (...)": all but the `top` largest are one, whose keys are null and which comes last. */
static void add_ranked(const struct spend_by *by, int64_t top, struct packer *sql)
{
    add(sql, ", r AS (SELECT ");
    add_keys(by, "", "", sql);
    add(sql, ", row_number() OVER (ORDER BY sum(amount) DESC, ");
    add_keys(by, "", " COLLATE \"C\"", sql);
    add(sql, ") AS rank FROM g GROUP BY ");
    add_keys(by, "", "", sql);
    add(sql, "), s AS (SELECT at, min(rank) AS rank");
    for (uint32_t i = 0; by->keys[i] != NULL; i++)
        add(sql, ", CASE WHEN rank <= %lld THEN %s END AS %s", (long long)top, by->keys[i], by->keys[i]);
    add(sql, ", sum(units) AS units, sum(amount) AS amount, sum(unpriced) AS unpriced FROM g JOIN r USING (");
    add_keys(by, "", "", sql);
    add(sql, ") GROUP BY 1");
    for (uint32_t i = 0; by->keys[i] != NULL; i++)
        add(sql, ", %u", i + 3);
    add(sql, ")");
}

static uint32_t add_key_columns(const struct spend_by *by, struct column *columns)
{
    uint32_t count = 0;
    for (; by->keys[count] != NULL; count++)
        columns[count] = (struct column){by->keys[count], COLUMN_TEXT, 16, count == 0 ? "(others)" : ""};
    return count;
}

static const char *time_form(const char *every)
{
    return strcmp(every, "hour") == 0  ? "YYYY-MM-DD\"T\"HH24:MI:SS\"Z\""
           : strcmp(every, "day") == 0 ? "YYYY-MM-DD"
                                       : "YYYY-MM";
}

static uint32_t width_of_time(const char *every)
{
    return (uint32_t)(strcmp(every, "hour") == 0 ? strlen("2026-11-01T10:00:00Z") : strlen("2026-11-01"));
}

/* --- what is asked for --- */

/* Blocks of a terminal, in eighths of a cell, 40 cells the largest. */
static const char bar_sql[] = ", repeat('█', n / 8) || rtrim(substr(' ▏▎▍▌▋▊▉', n % 8 + 1, 1))"
                              " FROM (SELECT *, greatest(0, floor(320 * amount / nullif(max(amount) OVER (), "
                              "0)))::integer AS n FROM s) s";

uint32_t spend_rows_sql(const struct spend_question *question, struct packer *sql,
                        struct column columns[SPEND_COLUMNS_MAX])
{
    const struct spend_by *by = question->by;
    uint32_t count = 0;
    add(sql, "WITH ");
    add_grouped(question, sql);
    if (question->top > 0)
        add_ranked(by, question->top, sql);
    else
        add(sql, ", s AS (SELECT * FROM g)");
    add(sql, " SELECT ");
    if (!is_total(question)) {
        add(sql, "to_char(at AT TIME ZONE 'UTC', '%s'), ", time_form(question->every));
        columns[count++] =
            (struct column){question->every, COLUMN_TEXT, width_of_time(question->every), NULL};
    }
    add_keys(by, "", "", sql);
    count += add_key_columns(by, columns + count);
    if (by->units) {
        add(sql, ", units");
        columns[count++] = (struct column){"units", COLUMN_DECIMAL, 20, NULL};
    }
    add(sql, ", " SQL_MONEY("amount") ", unpriced, currency");
    columns[count++] = (struct column){"amount", COLUMN_DECIMAL, 16, NULL};
    columns[count++] = (struct column){"unpriced", COLUMN_NUMBER, 8, NULL};
    columns[count++] = (struct column){"currency", COLUMN_TEXT, 8, NULL};
    if (question->with_bars)
        columns[count++] = (struct column){"", COLUMN_TEXT, 0, ""};
    add(sql, "%s", question->with_bars ? bar_sql : " FROM s");
    add(sql, " CROSS JOIN meta m ORDER BY at, ");
    if (question->top > 0)
        add(sql, "rank");
    else
        add_keys(by, "", " COLLATE \"C\"", sql);
    pack_raw(sql, "", 1);
    return count;
}

uint32_t spend_rose_sql(const struct spend_question *question, struct packer *sql,
                        struct column columns[SPEND_COLUMNS_MAX])
{
    uint32_t count = add_key_columns(question->by, columns);
    add(sql, "SELECT ");
    add_keys(question->by, "", "", sql);
    add(sql, ", " SQL_MONEY("before") ", " SQL_MONEY("after") ", " SQL_MONEY(
                 "after - before") ", currency FROM (SELECT ");
    add_keys(question->by, "", "", sql);
    add(sql, ", coalesce(sum(amount) FILTER (WHERE hour < " FROM "), 0) AS before,"
             " coalesce(sum(amount) FILTER (WHERE hour >= " FROM "), 0) AS after FROM ");
    add_source(question, sql);
    add_span(question, FROM " - (" TO " - " FROM ")", TO, sql);
    add_group_by(question->by, "", 1, sql);
    add(sql, ") s CROSS JOIN meta m WHERE after > before ORDER BY after - before DESC, ");
    add_keys(question->by, "", " COLLATE \"C\"", sql);
    add(sql, " LIMIT %lld", (long long)(question->top > 0 ? question->top : ALL));
    pack_raw(sql, "", 1);
    columns[count++] = (struct column){"before", COLUMN_DECIMAL, 16, NULL};
    columns[count++] = (struct column){"amount", COLUMN_DECIMAL, 16, NULL};
    columns[count++] = (struct column){"rise", COLUMN_DECIMAL, 16, NULL};
    columns[count++] = (struct column){"currency", COLUMN_TEXT, 8, NULL};
    return count;
}

/* Usage goes on as in the last 168 complete hours; what is bought, given back or void does not come again. */
uint32_t spend_forecast_sql(const struct spend_question *question, struct packer *sql,
                            struct column columns[SPEND_COLUMNS_MAX])
{
    uint32_t count = add_key_columns(question->by, columns);
    add(sql, "WITH c AS (SELECT complete_before AT TIME ZONE 'UTC' AS at FROM hour_complete),"
             " f AS (SELECT at, least(" FROM ", at - interval '168 hours') AS since,"
             " extract(epoch FROM " TO " - at) / 3600 AS hours FROM c), s AS (SELECT ");
    add_keys(question->by, "", "", sql);
    add(sql, ", coalesce(sum(amount) FILTER (WHERE hour >= " FROM
             " AND (hour < f.at OR kind <> 'usage')), 0) AS so_far,"
             " coalesce(sum(amount) FILTER (WHERE kind = 'usage' AND hour < f.at"
             " AND hour >= f.at - interval '168 hours'), 0) AS week FROM f CROSS JOIN ");
    add_source(question, sql);
    add_span(question, "(SELECT since FROM f)", TO, sql);
    add_group_by(question->by, "", 1, sql);
    add(sql, ") SELECT ");
    add_keys(question->by, "", "", sql);
    add(sql, ", to_char(" FROM " AT TIME ZONE 'UTC', 'YYYY-MM'), " SQL_MONEY(
                 "so_far") ", f.hours::bigint,"
                           " round(week / 168, m.charge_scale)::text,"
                           " round((so_far * 168 + f.hours * week) / 168, m.charge_scale)::text, currency"
                           " FROM s CROSS JOIN f CROSS JOIN meta m WHERE so_far <> 0 OR week <> 0"
                           " ORDER BY so_far * 168 + f.hours * week DESC, ");
    add_keys(question->by, "", " COLLATE \"C\"", sql);
    add(sql, " LIMIT %lld", (long long)(question->top > 0 ? question->top : ALL));
    pack_raw(sql, "", 1);
    columns[count++] = (struct column){"month", COLUMN_TEXT, 8, NULL};
    columns[count++] = (struct column){"so_far", COLUMN_DECIMAL, 16, NULL};
    columns[count++] = (struct column){"hours_left", COLUMN_NUMBER, 10, NULL};
    columns[count++] = (struct column){"hour_mean", COLUMN_DECIMAL, 16, NULL};
    columns[count++] = (struct column){"forecast", COLUMN_DECIMAL, 16, NULL};
    columns[count++] = (struct column){"currency", COLUMN_TEXT, 8, NULL};
    return count;
}

/* Heights are in 10,000ths of the axis, whose step is 1, 2 or 5 times a power of ten. What is below zero
 * hangs from it. */
static const char chart_sql[] =
    ", p AS (SELECT *, sum(greatest(amount, 0)) OVER w AS up, sum(least(amount, 0)) OVER w AS down FROM s"
    "   WINDOW w AS (PARTITION BY at ORDER BY rank)),"
    " l AS (SELECT coalesce(max(up), 0) AS up, coalesce(min(down), 0) AS down FROM p),"
    " e AS (SELECT *, CASE WHEN up > down THEN (up - down) / 4 ELSE 1 END AS raw FROM l),"
    " d AS (SELECT *, power(10::numeric, floor(log(raw))) AS ten FROM e),"
    " t AS (SELECT *, ten * CASE WHEN raw <= ten THEN 1 WHEN raw <= 2 * ten THEN 2 WHEN raw <= 5 * ten THEN 5"
    "   ELSE 10 END AS step FROM d),"
    " x AS (SELECT step, floor(down / step) * step AS low, greatest(ceil(up / step), floor(down / step) + 1) "
    "* step"
    "   AS high FROM t)"
    " SELECT 'tick', NULL::bigint, trim_scale(v)::text, NULL::bigint,"
    "   round((v - low) * 10000 / (high - low))::bigint, NULL::bigint, NULL"
    " FROM x, generate_series(low, high, step) v"
    " UNION ALL SELECT 'bar', least(rank, %d), name, index,"
    "   round((CASE WHEN amount < 0 THEN down ELSE up - amount END - low) * 10000 / (high - low))::bigint,"
    "   round((CASE WHEN amount < 0 THEN down - amount ELSE up END - low) * 10000 / (high - low))::bigint,"
    "   " SQL_MONEY("amount") " FROM (SELECT *, concat_ws(' ', ";

void spend_chart_sql(const struct spend_question *question, struct packer *sql)
{
    const char *every = question->every;
    CHECK(!is_total(question));
    add(sql, "WITH ");
    add_grouped(question, sql);
    int64_t series = question->top > 0 && question->top < CHART_SERIES ? question->top : CHART_SERIES;
    add_ranked(question->by, series, sql);
    add(sql, chart_sql, CHART_SERIES + 1);
    add_keys(question->by, "", "", sql);
    add(sql,
        ") AS name FROM p) p CROSS JOIN x CROSS JOIN meta m JOIN (SELECT at, ordinality - 1 AS index FROM"
        " generate_series(date_trunc('%s', " FROM ", 'UTC') AT TIME ZONE 'UTC', " TO " AT TIME ZONE 'UTC',"
        " '1 %s') WITH ORDINALITY b(utc, ordinality) CROSS JOIN LATERAL (SELECT utc AT TIME ZONE 'UTC' AS "
        "at) z) b"
        " USING (at) WHERE amount <> 0"
        " UNION ALL SELECT 'time', NULL, to_char(utc, '%s'), ordinality - 1, NULL, NULL, NULL FROM"
        " generate_series(date_trunc('%s', " FROM ", 'UTC') AT TIME ZONE 'UTC',"
        " (" TO " - interval '1 second') AT TIME ZONE 'UTC', '1 %s') WITH ORDINALITY b(utc, ordinality)"
        " ORDER BY 1, 4, 2",
        every, every, time_form(every), every, every);
    pack_raw(sql, "", 1);
}
