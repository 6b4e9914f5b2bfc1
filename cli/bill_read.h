/* An account's bill of a month out of the database: what it holds, what it comes to, and the balance around
 * it.
 *
 * A bill that is cut never changes. Of a month that is not cut yet there is what was settled so far. */
#pragma once

#include "cli/ask.h"

enum bill_state {
    BILL_UNKNOWN, /* nobody of that name was ever charged or paid */
    BILL_OPEN,    /* the month is not cut yet */
    BILL_NONE,    /* it was over before the log began: what was settled of it stands in the first bill */
    BILL_EMPTY,   /* it is cut, and nothing was in it for this account */
    BILL_CUT,
};

/* Columns of the parts. Money and units are decimals as text. */
enum bill_head {
    HEAD_STATE,
    HEAD_CURRENCY,
    HEAD_SEQ,       /* of the frame that cut it; of an open one the last there can be */
    HEAD_CUT_AT,    /* null: it is open */
    HEAD_PRIOR,     /* the month cut before; null: none was */
    HEAD_PRIOR_SEQ, /* -1: none was */
    HEAD_PRIOR_AT,  /* null: none was */
    HEAD_COMPLETE,  /* the hours before it are settled everywhere; null: none is yet */
    HEAD_COLUMNS
};
enum bill_line {
    LINE_MONTH, /* of the hours, where that is an earlier one than the bill's; else null */
    LINE_KIND,
    LINE_PRODUCT,
    LINE_SKU,
    LINE_METER,
    LINE_LINES,
    LINE_UNPRICED,
    LINE_UNITS,
    LINE_UNIT, /* what the price is of: hour, GB-hour, 1M tokens */
    LINE_PER,  /* so many units are one of it */
    LINE_PRICE,
    LINE_AMOUNT,
    LINE_QUANTITY, /* units / per, six decimals at most, ~ before it where that rounds */
    LINE_COLUMNS
};
enum bill_total {
    TOTAL_PRODUCT, /* * for the whole, which comes last */
    TOTAL_AMOUNT,
    TOTAL_UNPRICED,
    TOTAL_BEFORE,  /* of the whole: what the account's last bill carried */
    TOTAL_PAYABLE, /* of the whole; null where it is open */
    TOTAL_CARRIED,
    TOTAL_CHECK, /* what the bill as it was cut says is what its lines sum to: t */
    TOTAL_COLUMNS
};
enum bill_balance {
    BALANCE_BEFORE, /* at the end of the frame that cut the month before */
    BALANCE_CREDITS,
    BALANCE_DEBITS,
    BALANCE_CHARGES,
    BALANCE_BILLS,
    BALANCE_AFTER, /* at the end of the frame of the cut; of an open month: now */
    BALANCE_COLUMNS
};

struct bill {
    const char *account;
    const char *month; /* "2026-11" */
    enum bill_state state;
    PGresult *head;    /* one row; NULL where it is unknown */
    PGresult *lines;   /* by month (its own first), kind, product, sku, meter, time of the price */
    PGresult *totals;  /* by product */
    PGresult *balance; /* one row */
};

/* The head alone. False: ask->error. */
__attribute__((warn_unused_result)) bool bill_read_head(struct ask *ask, struct bill *bill);
/* The rest; the state is BILL_OPEN or BILL_CUT. False: ask->error. */
__attribute__((warn_unused_result)) bool bill_read(struct ask *ask, struct bill *bill);
void bill_release(struct bill *bill);
