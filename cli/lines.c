/* `hourglass lines`: the charge lines that stand in the database, printed as `rate` prints them. */
#include "cli/command.h"
#include "cli/stored.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/line.h"

static const char sql[] =
    "SELECT account, to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), product, resource,"
    " meter, sku, kind, units, amount, currency FROM lines WHERE $1::text IS NULL OR account = $1"
    " ORDER BY account COLLATE \"C\", hour, product COLLATE \"C\", resource COLLATE \"C\","
    " meter COLLATE \"C\", sku COLLATE \"C\", kind COLLATE \"C\"";

static void print_header(const struct report_style *style, struct packer *out)
{
    line_header(style->format, out);
}

static void print_line(const struct report_style *style, const PGresult *found, int row, struct packer *out)
{
    int64_t hour_us;
    CHECK(time_parse(stored_text(found, row, 1), &hour_us));
    struct line line = {
        .account = stored_text(found, row, 0),
        .hour_s = time_second(hour_us),
        .product = PQgetvalue(found, row, 2),
        .resource = stored_text(found, row, 3),
        .meter = PQgetvalue(found, row, 4),
        .sku = stored_text(found, row, 5),
        .kind = PQgetvalue(found, row, 6),
        .units = PQgetvalue(found, row, 7),
        .amount = PQgetisnull(found, row, 8) ? NULL : PQgetvalue(found, row, 8),
        .currency = PQgetvalue(found, row, 9),
    };
    line_print(style->format, &line, out);
}

static const struct option_page page = {
    .name = "hourglass lines",
    .summary = "Print the charge lines that stand in the database, as `hourglass rate` prints them.",
    .details = PG_PASSWORD_HELP,
    .example = "  PGPASSFILE=pgpass hourglass lines --database postgresql://reader@db/billing\n",
    .statuses = STORED_STATUSES,
    .rows = stored_option_rows,
    .count = STORED_OPTIONS,
};

static int run(void)
{
    static const struct stored lines = {"lines", sql, print_header, print_line};
    return stored_print(&lines, &page);
}

const struct command command_lines = {&page, run};
