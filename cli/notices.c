/* `hourglass notices`: every change of an account's state or deadline, from the database. */
#include "cli/command.h"
#include "cli/stored.h"

/* Seconds are rounded down. */
static const char sql[] =
    "SELECT account, state, balance, available, deadline_s, floor(watermark_us / 1000000.0)::bigint"
    " FROM notices WHERE $1::text IS NULL OR account = $1"
    " ORDER BY account COLLATE \"C\", partition, number";

static void print_header(const struct report_style *style, struct packer *out)
{
    report_header(style, REPORT_NOTICES, out);
}

static void print_notice(const struct report_style *style, const PGresult *found, int row, struct packer *out)
{
    struct report_notice notice = {
        .account = stored_text(found, row, 0),
        .state = stored_text(found, row, 1),
        .balance = stored_amount(found, row, 2),
        .available = stored_amount(found, row, 3),
        .deadline_s = PQgetisnull(found, row, 4) ? INT64_MIN : stored_number(found, row, 4),
        .at_s = stored_number(found, row, 5),
    };
    report_print_notice(style, &notice, out);
}

static const struct option_page page = {
    .name = "hourglass notices",
    .summary = "Print what became of accounts: good, grace, suspended, and when.",
    .details =
        "A row for each time that the state of an account, or its deadline, changed; each account's in "
        "their order.\n\n" PG_PASSWORD_HELP,
    .example = "  PGPASSFILE=pgpass hourglass notices --database postgresql://reader@db/billing --format "
               "table\n",
    .statuses = STORED_STATUSES,
    .rows = stored_option_rows,
    .count = STORED_OPTIONS,
};

static int run(void)
{
    static const struct stored notices = {"notices", sql, print_header, print_notice};
    return stored_print(&notices);
}

const struct command command_notices = {&page, run};
