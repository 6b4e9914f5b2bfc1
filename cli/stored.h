/* Rows that stand in the database, printed by `lines`, `balances`, `bills` and `notices`: how they are
 * reached, waited for and read, whatever their columns.
 *
 * Read as ask.h reads, with no bound on the time but while a table is locked: a million accounts take as long
 * as they take. */
#pragma once

#include "cli/ask.h"
#include "lib/domain/report.h"

/* What each of these commands can be told; a command that takes more has these among its own rows. */
struct stored_options {
    const char *database;
    const char *schema;
    const char *account; /* "": all */
    const char *format;
    int64_t wait_for_s;
    int64_t partitions;
    int64_t timeout_s;
};
extern struct stored_options stored_options;

enum { STORED_OPTIONS = 7 };
extern const struct option_row stored_option_rows[STORED_OPTIONS];

#define STORED_STATUSES                                                                                      \
    "0 printed; 75 the database cannot be reached, was not settled in time, or the output not written;\n"    \
    "78 there is nothing of the kind in that schema, or the database refuses who asks."

struct stored {
    const char *relation; /* what it reads */
    const char *sql;      /* the rows, sorted; $1: the account, or null for all */
    void (*header)(const struct report_style *style, struct packer *out);
    void (*print)(const struct report_style *style, const PGresult *rows, int row, struct packer *out);
};

/* A cell of a row. An amount is one of 10^-12. */
struct str stored_text(const PGresult *rows, int row, int column);
int64_t stored_number(const PGresult *rows, int row, int column);
struct amount stored_amount(const PGresult *rows, int row, int column);

/* Prints them on standard output, as the options say, for the command of that page. Returns the exit status;
 * what went wrong is said. */
int stored_print(const struct stored *stored, const struct option_page *page);
