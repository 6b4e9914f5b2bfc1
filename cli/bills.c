/* `hourglass bills`: the bills that were cut, from the database, printed as `rate --report bills` prints
 * them. */
#include "cli/command.h"
#include "cli/stored.h"

static const char sql[] = "SELECT account, month, product, amount, unpriced, payable, carried FROM bills"
                          " WHERE $1::text IS NULL OR account = $1"
                          " ORDER BY account COLLATE \"C\", month COLLATE \"C\", product COLLATE \"C\"";

static void print_header(const struct report_style *style, struct packer *out)
{
    report_header(style, REPORT_BILLS, out);
}

static void print_bill(const struct report_style *style, const PGresult *found, int row, struct packer *out)
{
    bool whole = !PQgetisnull(found, row, 5);
    struct report_bill bill = {
        .account = stored_text(found, row, 0),
        .month = stored_text(found, row, 1),
        .product = stored_text(found, row, 2),
        .amount = stored_amount(found, row, 3),
        .unpriced = stored_number(found, row, 4),
        .whole = whole,
        .payable = whole ? stored_amount(found, row, 5) : amount_zero(),
        .carried = whole ? stored_amount(found, row, 6) : amount_zero(),
    };
    report_print_bill(style, &bill, out);
}

static const struct option_page page = {
    .name = "hourglass bills",
    .summary = "Print the monthly bills that stand in the database.",
    .details = "A row for each product that is in an account's bill of a month, and one for the whole, whose "
               "product is *:\n"
               "what it asks for, and what its rounding carries to the next one. As `hourglass rate --report "
               "bills`\n"
               "prints them.\n\n" PG_PASSWORD_HELP,
    .example = "  PGPASSFILE=pgpass hourglass bills --database postgresql://reader@db/billing --account "
               "acme\n",
    .statuses = STORED_STATUSES,
    .rows = stored_option_rows,
    .count = STORED_OPTIONS,
};

static int run(void)
{
    static const struct stored bills = {"bills", sql, print_header, print_bill};
    return stored_print(&bills, &page);
}

const struct command command_bills = {&page, run};
