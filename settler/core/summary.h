/* What final lines and payments come to: the reports `balances` and `bills` of `hourglass rate` (CONTRACT §6,
 * Reports). Pure.
 *
 * Without frames to say when each row was settled, a line stands in the bill of its own month, and the months
 * whose end + 24 h has come are billed. Charged are the lines of hours in which their product settles hourly,
 * and of the others those that a bill holds; what is left of them accrues. The pipeline gives the same where
 * nothing is settled behind its month's bill.
 *
 * Usage: summary_pay behind each settled frame; summary_add_up once; then print. */
#pragma once

#include "lib/domain/report.h"
#include "settler/core/account.h"

/* An account's lines of a product in a month. Sums are of 10^-12. */
struct summary_part {
    uint32_t account; /* number of a name of the book */
    enum product product;
    int64_t month_s; /* its first second */
    int64_t unpriced;
    struct amount hourly; /* of hours in which the product settles hourly, */
    struct amount cycle;  /* and by cycle */
};

struct summary {
    struct settlement *settlement; /* whose lines and names these are */
    struct accounts accounts;      /* that have a line, or to which a payment was posted */
    struct posted posted;          /* once added up: the bills, accounts in order of bytes */
    VEC(struct summary_part) parts;
    struct table part_index;
    uint64_t unpriced; /* lines without a price */
};

void summary_init(struct summary *summary, struct settlement *settlement);
void summary_release(struct summary *summary);
/* Posts the payments of the frame that was just settled: each once, those of the catalog's currency. */
void summary_pay(struct summary *summary, const struct frame *frame);
/* Adds up every line that exists, as of until_s. Once, behind the last frame. */
void summary_add_up(struct summary *summary, int64_t until_s);
/* Prints REPORT_BALANCES or REPORT_BILLS behind the format's header, sorted; flushes as settlement_print
 * does. */
void summary_print(const struct summary *summary, enum report report, enum sheet_format format,
                   struct packer *out, void (*flush)(void *context, struct packer *out), void *context);
