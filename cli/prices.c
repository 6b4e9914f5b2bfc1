/* `hourglass prices`: what is charged now, and was (CONTRACT §5, view prices). */
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/command.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"

static const char *at, *product, *sku, *format;

static const struct option_row rows[] = {
    {"at", OPTION_TEXT, &at, "", 0, 0,
     "what held then, as 2026-11-01T10:00:00Z or 2026-11-01; none: all of them", .value = "TIME",
     .check = check_moment, .filled = true},
    {"product", OPTION_TEXT, &product, "", 0, 0, "of one product alone", .value = "PRODUCT",
     .name_bytes = LIMIT_NAME_BYTES},
    {"sku", OPTION_TEXT, &sku, "", 0, 0, "of one sku alone", .value = "SKU", .name_bytes = LIMIT_NAME_BYTES},
    {"format", OPTION_TEXT, &format, "table", 0, 0, ASK_FORMATS_HELP, .value = "FORMAT",
     .words = ask_formats},
    ASK_ROWS,
};

static const struct option_page page = {
    .name = "hourglass prices",
    .summary = "Print what was charged when, and who set it.",
    .details =
        "An amount is units x price / per; `unit` says in words what the price is of. A price holds from\n"
        "`since` (null: since ever) up to, not including, `until` (null: it holds "
        "still).\n\n" PG_PASSWORD_HELP,
    .example =
        "  hourglass prices --at 2026-11-01 --product container --database postgresql://reader@db/billing\n",
    .statuses = "0 printed;\n" ASK_STATUSES,
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static const struct column columns[] = {
    {"product", COLUMN_TEXT, 9, NULL},  {"sku", COLUMN_TEXT, 24, NULL},
    {"meter", COLUMN_TEXT, 19, NULL},   {"since", COLUMN_TEXT, 20, NULL},
    {"until", COLUMN_TEXT, 20, NULL},   {"price", COLUMN_DECIMAL, 14, NULL},
    {"unit", COLUMN_TEXT, 9, NULL},     {"per", COLUMN_DECIMAL, 14, NULL},
    {"free", COLUMN_DECIMAL, 14, NULL}, {"settle", COLUMN_TEXT, 6, NULL},
    {"currency", COLUMN_TEXT, 8, NULL}, {"set_by", COLUMN_TEXT, 12, NULL},
    {"set_at", COLUMN_TEXT, 20, NULL},
};

static const char sql[] =
    "SELECT product, sku, p.meter, " SQL_TIME("since") ", " SQL_TIME("until") ", " SQL_PRICE(
        "price") ", u.unit,"
                 " trim_scale(p.per), trim_scale(free), settle, currency, set_by, " SQL_TIME(
                     "set_at") " FROM prices p"
                               " LEFT JOIN " SQL_UNITS " ON u.meter = p.meter AND u.per = p.per"
                               " WHERE ($1::text = '' OR (since IS NULL OR since <= nullif($1, "
                               "'')::timestamptz)"
                               "   AND (until IS NULL OR until > nullif($1, '')::timestamptz))"
                               " AND ($2::text = '' OR product = $2) AND ($3::text = '' OR sku = $3)"
                               " ORDER BY product COLLATE \"C\", sku COLLATE \"C\", p.meter COLLATE \"C\", "
                               "p.per, p.since NULLS FIRST";

static int run(void)
{
    int64_t at_s;
    char then[TIME_TEXT_SIZE] = "";
    const char *why = at[0] == 0 ? NULL : check_moment(at);
    if (why != NULL)
        return options_misused(&page, why);
    if (at[0] != 0 && ask_moment(at, &at_s))
        time_print(at_s, then);
    struct ask ask;
    struct ask_printing printing = {
        .sheet = ask_sheet_of(format, columns, sizeof columns / sizeof *columns),
        .sql = sql,
        .count = 3,
        .values = (const char *const[]){then, product, sku},
    };
    int status = ask_begin(&ask, &ask_options, "prices") && ask_print(&ask, &printing) ? EX_OK : EX_TEMPFAIL;
    return ask_end(&ask, &page, status);
}

const struct command command_prices = {&page, run};
