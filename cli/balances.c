/* `hourglass balances`: what accounts have, from the database, printed as `rate --report balances` prints it.
 */
#include "cli/command.h"
#include "cli/stored.h"

/* An account of which nothing was posted has a row where it has a line, as one without a price: few are
 * looked at so closely. */
static const char sql[] =
    "WITH posted AS NOT MATERIALIZED ("
    " SELECT account COLLATE \"C\" AS account, credited, debited, charged, accrued FROM balances"
    " WHERE ($1::text IS NULL OR account = $1)"
    " AND (credited <> 0 OR debited <> 0 OR charged <> 0 OR accrued <> 0)),"
    " others AS MATERIALIZED ("
    " SELECT n.name COLLATE \"C\" AS name, n.account FROM account_names n"
    " LEFT JOIN posted p ON p.account = n.name COLLATE \"C\""
    " WHERE ($1::text IS NULL OR n.name = $1) AND p.account IS NULL)"
    " SELECT account, credited, debited, charged, accrued FROM posted"
    " UNION ALL"
    " SELECT o.name, 0, 0, 0, 0 FROM others o"
    " WHERE (SELECT sum(c.lines) FROM charges_in_words c WHERE c.account = o.account) > 0"
    " ORDER BY account";

static void print_header(const struct report_style *style, struct packer *out)
{
    report_header(style, REPORT_BALANCES, out);
}

static void print_balance(const struct report_style *style, const PGresult *found, int row,
                          struct packer *out)
{
    struct report_balance balance = {
        .account = stored_text(found, row, 0),
        .credited = stored_amount(found, row, 1),
        .debited = stored_amount(found, row, 2),
        .charged = stored_amount(found, row, 3),
        .accrued = stored_amount(found, row, 4),
    };
    report_print_balance(style, &balance, out);
}

static const struct option_page page = {
    .name = "hourglass balances",
    .summary = "Print the accounts' balances that stand in the database.",
    .details = "What was credited, debited and charged, and what accrues until the month's bill; an account "
               "for each row,\n"
               "as `hourglass rate --report balances` prints it.\n\n" PG_PASSWORD_HELP,
    .example = "  PGPASSFILE=pgpass hourglass balances --database postgresql://reader@db/billing --format "
               "table\n",
    .statuses = STORED_STATUSES,
    .rows = stored_option_rows,
    .count = STORED_OPTIONS,
};

static int run(void)
{
    static const struct stored balances = {"balances", sql, print_header, print_balance};
    return stored_print(&balances, &page);
}

const struct command command_balances = {&page, run};
