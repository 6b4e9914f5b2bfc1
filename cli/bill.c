/* `hourglass bill`: an account's bill of a month, as it was cut (CONTRACT §6). */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/bill_print.h"
#include "cli/command.h"
#include "lib/domain/limits.h"

enum { EXIT_NO_BILL = 1, EXIT_NOT_CUT = 3 };

static const char *account, *month, *format;
static bool so_far;

static const struct option_row rows[] = {
    {"account", OPTION_TEXT, &account, NULL, 0, 0, "whose bill", .value = "ACCOUNT", .argument = true,
     .name_bytes = LIMIT_ID_BYTES},
    {"month", OPTION_TEXT, &month, NULL, 0, 0, "as 2026-11, UTC", .value = "MONTH", .argument = true,
     .check = check_month},
    {"format", OPTION_TEXT, &format, "table", 0, 0,
     "table, csv, spreadsheet (csv, a ' before text that a spreadsheet would take for a formula) or json",
     .value = "FORMAT", .words = bill_formats},
    {"so-far", OPTION_SWITCH, &so_far, "false", 0, 0,
     "of a month that is not cut yet, what stands in it so far"},
    ASK_ROWS,
};

static const struct option_page page = {
    .name = "hourglass bill",
    .summary = "Print an account's bill of a month: what was used, at which price, what is to be paid.",
    .details =
        "The bill as it was cut: lines by product, sku, meter and the price that held in their hours;\n"
        "subscriptions, refunds and voids; corrections of earlier months' hours, under their month; what has "
        "no\n"
        "price; the total with what the last bill carried; and the account's balance at the cuts of the "
        "month\n"
        "before and of this one, with what stands between them. A quantity behind ~ is rounded for the eye;\n"
        "units, amounts and all of csv and json are exact. Two prices in a line held in the same "
        "hour.\n\n" PG_PASSWORD_HELP,
    .example = "  hourglass bill acme 2026-11 --database postgresql://reader@db/billing\n"
               "  hourglass bill acme 2026-11 --format json --database postgresql://reader@db/billing\n",
    .statuses = "0 printed; 1 there is no such bill; 3 the month is not cut yet (without --so-far);\n"
                "70 the bill as it was cut is not the sum of its lines;\n" ASK_STATUSES,
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static int refuse(const struct bill *bill)
{
    static const char *const why[] = {
        [BILL_UNKNOWN] = "is not known: it was never charged or paid",
        [BILL_OPEN] = "is not cut yet; --so-far prints what stands in it",
        [BILL_NONE] =
            "has none: it was over before the log began, and what was settled of it stands in the first bill",
        [BILL_EMPTY] = "has none: nothing was charged",
    };
    fprintf(stderr, "hourglass bill: %s of %s %s\n", bill->month, bill->account, why[bill->state]);
    return bill->state == BILL_OPEN ? EXIT_NOT_CUT : EXIT_NO_BILL;
}

static int print(struct ask *ask, const struct bill *bill)
{
    struct packer out = {0};
    bill_print(bill, format, &out);
    bool written = ask_write(ask, &out);
    vec_release(&out.bytes);
    const char *fault = written ? bill_fault(bill) : NULL;
    if (fault == NULL)
        return EX_OK;
    fprintf(stderr, "hourglass bill: product %s: the bill as it was cut is not the sum of its lines\n",
            fault);
    return EX_SOFTWARE;
}

static int run(void)
{
    const char *why = check_month(month);
    if (why != NULL)
        return options_misused(&page, why);
    struct ask ask;
    struct bill bill = {.account = account, .month = month};
    int status = EX_OK;
    if (ask_begin(&ask, &ask_options, "bills") && bill_read_head(&ask, &bill)) {
        bool readable = bill.state == BILL_CUT || (bill.state == BILL_OPEN && so_far);
        if (!readable)
            status = refuse(&bill);
        else if (bill_read(&ask, &bill))
            status = print(&ask, &bill);
    }
    bill_release(&bill);
    return ask_end(&ask, &page, status);
}

const struct command command_bill = {&page, run};
