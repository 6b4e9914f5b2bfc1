/* What a frame changed, by (account, hour, product, sku, meter, kind): the sums of its settled rows
 * (DESIGN §5, table charges). Bills, `spend` and every question about an account or a month read them. */
#pragma once

#include "settler/core/work.h"

struct charge {
    uint32_t account; /* numbers of names of the book */
    uint32_t sku;
    enum product product;
    enum meter meter;
    enum charge_kind kind;
    bool accrues; /* the product settles by cycle, by the catalog of the hour: it waits for the bill */
    int64_t hour_s;
    int64_t billed_s;    /* first second of the month whose bill holds it, where that is later than the hour's
                            own; else INT64_MIN */
    int64_t lines;       /* so many lines more exist, */
    int64_t unpriced;    /* and are without a price */
    struct amount units; /* whole ones */
    struct amount amount; /* of 10^-charge_scale */
};

/* What a frame changed of an account's balance by one product, kind and order: one transfer of the ledger at
 * most. */
struct due {
    uint32_t account; /* numbers of names of the book */
    uint32_t order;   /* of an order's lines; else 0 */
    enum product product;
    enum charge_kind kind;
    struct amount posted;  /* of 10^-12: of hours in which the product settles hourly, */
    struct amount accrued; /* and by cycle */
};

/* A payment that the frame brought, of the catalog's currency and for the first time. */
struct paid {
    uint32_t account; /* numbers of names of the book */
    uint32_t payment;
    bool credited;        /* else debited */
    bool for_balance;     /* a credit that makes the account prepaid (CONTRACT §6) */
    struct amount amount; /* of 10^-12 */
};

/* The money of one frame, or of a step of one. */
struct frame_money {
    VEC(struct charge)
    charges;               /* by account, hour, product, sku, meter, kind; none that is zero throughout */
    VEC(struct due) dues;  /* by account, product, kind, order; none that is zero throughout */
    VEC(struct paid) paid; /* in the log's order */
};

/* The month in whose bill a row stands that is settled while `next_month_s` is the next to be cut: the hour's
 * own, or that one if it is later (CONTRACT §6, Bills). */
int64_t charge_bill_month(int64_t hour_s, int64_t next_month_s);

/* The money of the frame that settlement->rows are of; `facts`: with its payments, whose identities the book
 * then has. next_month_s: the month that is cut next: at the first watermark
 * bill_first_month_s of it, then the one after the last cut. */
void frame_money_take(struct settlement *settlement, const struct frame *frame, bool facts,
                      int64_t next_month_s, struct frame_money *out);
/* Its payments alone, behind those that are there. */
void frame_money_take_payments(struct settlement *settlement, const struct frame *frame,
                               struct frame_money *out);
void frame_money_release(struct frame_money *money);
