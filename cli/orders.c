/* `hourglass orders`: orders that were paid, and what became of them (CONTRACT §5, view orders). */
#include <sysexits.h>

#include "cli/ask.h"
#include "cli/command.h"
#include "lib/domain/limits.h"

static const char *account, *format;

static const struct option_row rows[] = {
    {"account", OPTION_TEXT, &account, "", 0, 0, "of one account alone", .value = "NAME",
     .name_bytes = LIMIT_ID_BYTES},
    {"format", OPTION_TEXT, &format, "table", 0, 0, ASK_FORMATS_HELP, .value = "FORMAT",
     .words = ask_formats},
    ASK_ROWS,
};

static const struct option_page page = {
    .name = "hourglass orders",
    .summary = "Print orders: what each covers, how much of it is used up, what was paid and given back.",
    .details = "`used` is the share of its time that is over; `covers`: resources that run with it "
               "now.\n\n" PG_PASSWORD_HELP,
    .example = "  hourglass orders --account acme --database postgresql://reader@db/billing\n",
    .statuses = "0 printed;\n" ASK_STATUSES,
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static const struct column columns[] = {
    {"account", COLUMN_TEXT, 16, NULL},       {"name", COLUMN_TEXT, 16, NULL},
    {"product", COLUMN_TEXT, 9, NULL},        {"sku", COLUMN_TEXT, 20, NULL},
    {"quantity", COLUMN_NUMBER, 8, NULL},     {"months", COLUMN_NUMBER, 6, NULL},
    {"paid_at", COLUMN_TEXT, 20, NULL},       {"ends_at", COLUMN_TEXT, 20, NULL},
    {"state", COLUMN_TEXT, 9, NULL},          {"used", COLUMN_DECIMAL, 8, NULL},
    {"covers", COLUMN_NUMBER, 6, NULL},       {"amount", COLUMN_DECIMAL, 16, NULL},
    {"given_back", COLUMN_DECIMAL, 16, NULL}, {"currency", COLUMN_TEXT, 3, NULL},
};

static const char sql[] =
    "SELECT account, name, product, sku, quantity, months, " SQL_TIME("paid_at") ", " SQL_TIME(
        "ends_at") ", state,"
                   " used, covers, " SQL_MONEY("amount") ", " SQL_MONEY(
                       "given_back") ", m.currency FROM orders o CROSS JOIN meta m"
                                     " WHERE $1::text = '' OR account = $1 ORDER BY account COLLATE \"C\", "
                                     "o.paid_at, name COLLATE \"C\"";

static int run(void)
{
    struct ask ask;
    struct ask_printing printing = {
        .sheet = ask_sheet_of(format, columns, sizeof columns / sizeof *columns),
        .sql = sql,
        .count = 1,
        .values = &account,
    };
    int status = ask_begin(&ask, &ask_options, "orders") && ask_print(&ask, &printing) ? EX_OK : EX_TEMPFAIL;
    return ask_end(&ask, &page, status);
}

const struct command command_orders = {&page, run};
