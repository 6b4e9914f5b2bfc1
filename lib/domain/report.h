/* Rows of the reports on money: balances, bills, notices (CONTRACT §6, Reports), in the formats of a sheet.
 *
 * Sums are exact, of 10^-12. They are printed with charge_scale decimals at least, beyond them without
 * trailing zeros; what is payable with bill_scale decimals. Rows are printed as they come: order is the
 * caller's. Times and months are UTC. */
#pragma once

#include "lib/base/wide.h"
#include "lib/domain/sheet.h"

/* Decimals of every sum in a report. */
enum { REPORT_SCALE = 12 };

enum report { REPORT_LINES, REPORT_BALANCES, REPORT_BILLS, REPORT_NOTICES };

/* What is the same in every row. */
struct report_style {
    enum sheet_format format;
    uint32_t charge_scale; /* 0..12 */
    uint32_t bill_scale;   /* 0..12 */
    const char *currency;
};

struct report_balance {
    struct str account;
    struct amount credited;
    struct amount debited;
    struct amount charged;
    struct amount accrued;
}; /* the balance follows from them */

struct report_bill {
    struct str account;
    struct str month;   /* as 2026-11 */
    struct str product; /* "*": the whole */
    struct amount amount;
    int64_t unpriced;
    bool whole; /* payable and carried are there */
    struct amount payable;
    struct amount carried;
};

struct report_notice {
    struct str account;
    struct str state;
    struct amount balance;
    struct amount available;
    int64_t deadline_s; /* INT64_MIN: none */
    int64_t at_s;
};

/* credited - debited - charged */
struct amount report_balance_of(const struct report_balance *row);
/* An amount of 10^-12 as reports have it; its length. */
size_t report_amount(const struct report_style *style, const struct amount *amount,
                     char out[AMOUNT_TEXT_SIZE]);

/* What comes before the first row of a report; not of lines, which line.h prints. */
void report_header(const struct report_style *style, enum report report, struct packer *out);
void report_print_balance(const struct report_style *style, const struct report_balance *row,
                          struct packer *out);
void report_print_bill(const struct report_style *style, const struct report_bill *row, struct packer *out);
void report_print_notice(const struct report_style *style, const struct report_notice *row,
                         struct packer *out);
