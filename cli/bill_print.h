/* A bill as people read it, as JSON and as CSV. Pure: it appends to the packer.
 *
 * JSON: one object, {"account","month",...,"lines":[...],"products":[...]}; money and units are exact
 * decimals in quotes. CSV: a row for each line and each figure, told apart by column `row`: line, product,
 * total, carried_before, payable, carried, balance_before, credits, debits, charges, bills, balance_after. */
#pragma once

#include "cli/bill_read.h"

extern const char *const bill_formats[]; /* ended by NULL */

/* The bill was read whole; format is one of bill_formats. */
void bill_print(const struct bill *bill, const char *format, struct packer *out);
/* The product whose lines do not sum to the bill as it was cut; NULL: all do. */
const char *bill_fault(const struct bill *bill);
