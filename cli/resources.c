/* `hourglass resources`: what runs, what it costs an hour, and how long balances last (CONTRACT §7). */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/command.h"
#include "lib/domain/limits.h"

static const char *account, *state, *format;
static const char not_said[] = "";
static const char *const states[] = {"running", "silent", "stopped", "failed", "deleted", "all", NULL};

enum { VALUES = 2 };

static const struct option_row rows[] = {
    {"account", OPTION_TEXT, &account, not_said, 0, 0, "of one account alone", .value = "NAME",
     .name_bytes = LIMIT_ID_BYTES},
    {"state", OPTION_TEXT, &state, "all", 0, 0, "running, silent, stopped, failed, deleted or all",
     .words = states},
    {"format", OPTION_TEXT, &format, "table", 0, 0, ASK_FORMATS_HELP, .value = "FORMAT",
     .words = ask_formats},
    ASK_ROWS,
};

static const struct option_page page = {
    .name = "hourglass resources",
    .summary = "Print what runs and what ended lately, what each costs an hour, and how long balances last.",
    .details =
        "`hourly` is what a resource costs an hour at the price that holds now, by what it runs with: "
        "`covered` of its\n"
        "quantity is an order's and costs nothing; what is silent is not billed, and costs 0; null: it has "
        "no price, or\n"
        "it ended. It is for eyes, rounded to the decimals of a charge: what was charged says `hourglass "
        "spend`. The\n"
        "table has the sum below, and for the account, or the ten prepaid ones that end first, what it was "
        "charged for\n"
        "the last complete hour (burn) and when what it has is used up at that rate.\n\n" PG_PASSWORD_HELP,
    .example =
        "  hourglass resources --account acme --database postgresql://reader@db/billing\n"
        "  hourglass resources --state silent --format ndjson --database postgresql://reader@db/billing\n",
    .statuses = "0 printed;\n" ASK_STATUSES,
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static const struct column columns[] = {
    {"account", COLUMN_TEXT, 16, NULL},   {"product", COLUMN_TEXT, 9, NULL},
    {"resource", COLUMN_TEXT, 24, NULL},  {"state", COLUMN_TEXT, 8, NULL},
    {"sku", COLUMN_TEXT, 20, NULL},       {"quantity", COLUMN_NUMBER, 8, NULL},
    {"order", COLUMN_TEXT, 12, NULL},     {"covered", COLUMN_NUMBER, 8, NULL},
    {"since", COLUMN_TEXT, 20, NULL},     {"last_sign", COLUMN_TEXT, 20, NULL},
    {"hourly", COLUMN_DECIMAL, 14, NULL}, {"currency", COLUMN_TEXT, 3, NULL},
};

/* An order covers its quantity, handed out in bytewise order of the names (CONTRACT §4). Now is log time. */
#define COSTED                                                                                               \
    "WITH n AS (SELECT coalesce(max(to_timestamp(watermark_us / 1000000.0)), now()) AS at FROM frames),"     \
    " r AS (SELECT * FROM resources WHERE $1::text = '' OR account = $1),"                                   \
    " o AS MATERIALIZED (SELECT u.account, u.name, v.product, v.sku, v.quantity FROM"                        \
    " (SELECT DISTINCT account, \"order\" AS name FROM r WHERE \"order\" IS NOT NULL AND state = "           \
    "'running') u"                                                                                           \
    " CROSS JOIN LATERAL (SELECT * FROM orders v WHERE v.account = u.account AND v.name = u.name) v"         \
    " WHERE v.state IN ('paid', 'fulfilled')),"                                                              \
    " p AS MATERIALIZED (SELECT p.* FROM prices p CROSS JOIN n WHERE meter = 'runtime'"                      \
    " AND (since IS NULL OR since <= n.at) AND (until IS NULL OR until > n.at)),"                            \
    " c AS (SELECT r.*, CASE WHEN o.name IS NULL THEN 0 ELSE least(r.quantity, greatest(0, o.quantity"       \
    " - coalesce(sum(r.quantity) OVER (PARTITION BY o.account, o.name ORDER BY r.resource COLLATE \"C\""     \
    " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) END AS covered FROM r LEFT JOIN o"             \
    " ON r.state = 'running' AND o.account = r.account AND o.name = r.\"order\" AND o.product = r.product"   \
    " AND o.sku = r.sku),"                                                                                   \
    " s AS (SELECT c.*, CASE WHEN c.state = 'silent' OR c.state = 'running' AND c.covered = c.quantity "     \
    "THEN 0"                                                                                                 \
    " WHEN c.state = 'running' THEN round((c.quantity - c.covered) * p.price * 3600 / p.per, "               \
    "m.charge_scale) END"                                                                                    \
    " AS hourly, m.currency, m.charge_scale FROM c CROSS JOIN meta m"                                        \
    " LEFT JOIN p ON p.product = c.product AND p.sku = c.sku"                                                \
    " WHERE $2::text = 'all' OR c.state = $2)"

static const char rows_sql[] =
    COSTED " SELECT account, product, resource, state, sku, quantity, \"order\", covered, " SQL_TIME(
        "since") ","
                 " " SQL_TIME("last_sign") ", round(hourly, charge_scale)::text, currency FROM s"
                                           " ORDER BY account COLLATE \"C\", product COLLATE \"C\", resource "
                                           "COLLATE \"C\"";

static const char sums_sql[] =
    COSTED " SELECT count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'silent'),"
           " count(*) FILTER (WHERE state NOT IN ('running', 'silent')),"
           " count(*) FILTER (WHERE state = 'running' AND hourly IS NULL),"
           " round(coalesce(sum(hourly), 0), min(m.charge_scale))::text, min(m.currency)"
           " FROM meta m LEFT JOIN s ON true";

/* An account alone, or those that end first. */
static const char balances_sql[] = "SELECT account, state, " SQL_MONEY("burn") ", " SQL_MONEY(
    "available") ", " SQL_TIME("runs_out") ", b.currency"
                                           " FROM balances b CROSS JOIN meta m WHERE CASE WHEN $1::text = '' "
                                           "THEN runs_out IS NOT NULL ELSE account = $1 END"
                                           " ORDER BY runs_out, account COLLATE \"C\" LIMIT 10";

static bool say_sums(struct ask *ask, const char *const *values)
{
    PGresult *sums = ask_rows(ask, sums_sql, VALUES, values);
    if (sums == NULL)
        return false;
    char text[300];
    snprintf(
        text, sizeof text,
        "\n%s running (%s of them without a price), %s silent, %s ended; %s %s an hour by what runs now\n\n",
        PQgetvalue(sums, 0, 0), PQgetvalue(sums, 0, 3), PQgetvalue(sums, 0, 1), PQgetvalue(sums, 0, 2),
        PQgetvalue(sums, 0, 4), PQgetvalue(sums, 0, 5));
    struct packer out = {0};
    ask_put_text(&out, text);
    bool good = ask_write(ask, &out);
    PQclear(sums);
    vec_release(&out.bytes);
    return good;
}

static bool say_balances(struct ask *ask)
{
    static const struct column balances[] = {
        {"account", COLUMN_TEXT, 16, NULL},  {"state", COLUMN_TEXT, 9, NULL},
        {"burn", COLUMN_DECIMAL, 16, NULL},  {"available", COLUMN_DECIMAL, 18, NULL},
        {"runs_out", COLUMN_TEXT, 20, NULL}, {"currency", COLUMN_TEXT, 3, NULL},
    };
    struct ask_printing printing = {
        .sheet = ask_sheet_of(format, balances, sizeof balances / sizeof *balances),
        .sql = balances_sql,
        .count = 1,
        .values = &account,
    };
    return ask_print(ask, &printing);
}

static bool answer(struct ask *ask)
{
    const char *const values[VALUES] = {account, state};
    struct ask_printing printing = {
        .sheet = ask_sheet_of(format, columns, sizeof columns / sizeof *columns),
        .sql = rows_sql,
        .count = VALUES,
        .values = values,
    };
    return ask_print(ask, &printing) &&
           (strcmp(format, "table") != 0 || (say_sums(ask, values) && say_balances(ask)));
}

static int run(void)
{
    struct ask ask;
    int status = ask_begin(&ask, &ask_options, "resources") && answer(&ask) ? EX_OK : EX_TEMPFAIL;
    return ask_end(&ask, &page, status);
}

const struct command command_resources = {&page, run};
