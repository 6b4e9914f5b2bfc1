#include "lib/domain/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"

static const struct column balance_columns[] = {
    {"account", COLUMN_TEXT, 20},    {"credited", COLUMN_DECIMAL, 16}, {"debited", COLUMN_DECIMAL, 16},
    {"charged", COLUMN_DECIMAL, 16}, {"accrued", COLUMN_DECIMAL, 16},  {"balance", COLUMN_DECIMAL, 16},
    {"currency", COLUMN_TEXT, 8},
};
static const struct column bill_columns[] = {
    {"account", COLUMN_TEXT, 20},    {"month", COLUMN_TEXT, 7},      {"product", COLUMN_TEXT, 9},
    {"amount", COLUMN_DECIMAL, 16},  {"unpriced", COLUMN_NUMBER, 8}, {"payable", COLUMN_DECIMAL, 14},
    {"carried", COLUMN_DECIMAL, 10}, {"currency", COLUMN_TEXT, 8},
};
static const struct column notice_columns[] = {
    {"account", COLUMN_TEXT, 20},      {"state", COLUMN_TEXT, 9},     {"balance", COLUMN_DECIMAL, 16},
    {"available", COLUMN_DECIMAL, 16}, {"deadline", COLUMN_TEXT, 20}, {"at", COLUMN_TEXT, 20},
    {"currency", COLUMN_TEXT, 8},
};

#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

static struct sheet sheet_of(const struct report_style *style, enum report report)
{
    switch (report) {
    case REPORT_BALANCES:
        return (struct sheet){style->format, balance_columns, COUNT_OF(balance_columns)};
    case REPORT_BILLS:
        return (struct sheet){style->format, bill_columns, COUNT_OF(bill_columns)};
    case REPORT_NOTICES:
        return (struct sheet){style->format, notice_columns, COUNT_OF(notice_columns)};
    case REPORT_LINES:
        break;
    }
    CHECK(report != REPORT_LINES);
    return (struct sheet){0};
}

size_t report_amount(const struct report_style *style, const struct amount *amount,
                     char out[AMOUNT_TEXT_SIZE])
{
    return amount_print_short(amount, REPORT_SCALE, style->charge_scale, out);
}

struct amount report_balance_of(const struct report_balance *row)
{
    struct amount left = amount_sub(&row->credited, &row->debited);
    return amount_sub(&left, &row->charged);
}

void report_header(const struct report_style *style, enum report report, struct packer *out)
{
    struct sheet sheet = sheet_of(style, report);
    sheet_header(&sheet, out);
}

/* The cell of an amount; its text is in `text`. */
static struct str amount_cell(const struct report_style *style, const struct amount *amount,
                              char text[AMOUNT_TEXT_SIZE])
{
    return (struct str){text, (uint32_t)report_amount(style, amount, text)};
}

static struct str payable_cell(const struct report_style *style, const struct amount *payable,
                               char text[AMOUNT_TEXT_SIZE])
{
    struct amount asked = amount_narrow(payable, REPORT_SCALE - style->bill_scale);
    struct amount exact = amount_widen(&asked, REPORT_SCALE - style->bill_scale);
    CHECK(amount_equal(&exact, payable));
    return (struct str){text, (uint32_t)amount_print(&asked, style->bill_scale, text)};
}

static struct str time_cell(int64_t second_s, char text[TIME_TEXT_SIZE])
{
    if (second_s == INT64_MIN)
        return CELL_NULL;
    time_print(second_s, text);
    return str_of(text);
}

void report_print_balance(const struct report_style *style, const struct report_balance *row,
                          struct packer *out)
{
    char credited[AMOUNT_TEXT_SIZE], debited[AMOUNT_TEXT_SIZE], charged[AMOUNT_TEXT_SIZE];
    char accrued[AMOUNT_TEXT_SIZE], balance[AMOUNT_TEXT_SIZE];
    struct amount left = report_balance_of(row);
    const struct str cells[] = {
        row->account,
        amount_cell(style, &row->credited, credited),
        amount_cell(style, &row->debited, debited),
        amount_cell(style, &row->charged, charged),
        amount_cell(style, &row->accrued, accrued),
        amount_cell(style, &left, balance),
        str_of(style->currency),
    };
    _Static_assert(COUNT_OF(cells) == COUNT_OF(balance_columns), "a cell a column");
    struct sheet sheet = sheet_of(style, REPORT_BALANCES);
    sheet_row(&sheet, cells, out);
}

void report_print_bill(const struct report_style *style, const struct report_bill *row, struct packer *out)
{
    char unpriced[24];
    char amount[AMOUNT_TEXT_SIZE], payable[AMOUNT_TEXT_SIZE], carried[AMOUNT_TEXT_SIZE];
    int digits = snprintf(unpriced, sizeof unpriced, "%" PRId64, row->unpriced);
    const struct str cells[] = {
        row->account,
        row->month,
        row->product,
        amount_cell(style, &row->amount, amount),
        {unpriced, (uint32_t)digits},
        row->whole ? payable_cell(style, &row->payable, payable) : CELL_NULL,
        row->whole ? amount_cell(style, &row->carried, carried) : CELL_NULL,
        str_of(style->currency),
    };
    _Static_assert(COUNT_OF(cells) == COUNT_OF(bill_columns), "a cell a column");
    struct sheet sheet = sheet_of(style, REPORT_BILLS);
    sheet_row(&sheet, cells, out);
}

void report_print_notice(const struct report_style *style, const struct report_notice *row,
                         struct packer *out)
{
    char balance[AMOUNT_TEXT_SIZE], available[AMOUNT_TEXT_SIZE];
    char deadline[TIME_TEXT_SIZE], at[TIME_TEXT_SIZE];
    const struct str cells[] = {
        row->account,
        row->state,
        amount_cell(style, &row->balance, balance),
        amount_cell(style, &row->available, available),
        time_cell(row->deadline_s, deadline),
        time_cell(row->at_s, at),
        str_of(style->currency),
    };
    _Static_assert(COUNT_OF(cells) == COUNT_OF(notice_columns), "a cell a column");
    struct sheet sheet = sheet_of(style, REPORT_NOTICES);
    sheet_row(&sheet, cells, out);
}
