/* Accounts: balances, states and bills (CONTRACT §6). Pure: the money of frames in, transfers, notices and
 * bills out, whatever the batches and steps in which they came.
 *
 * Order of work, a frame: payments and dues are posted; with an epoch's last frame, for each account in order
 * of bytes: its bills, then it is judged; with another frame: it is judged. Sums are of 10^-12.
 *
 * Invariants:
 * A1. balance = credited - debited - charged, and every change of it is a transfer (checked of each).
 * A2. There is a deadline in grace, and nowhere else (checked of each that is judged).
 * A3. Who was never prepaid is good (checked of each that is judged).
 * A4. A bill changes nothing of what is available (checked of each). */
#pragma once

#include "settler/core/charge.h"

enum account_state { ACCOUNT_GOOD, ACCOUNT_GRACE, ACCOUNT_SUSPENDED };
#define ACCOUNT_STATES 3
/* "good", ... */
const char *account_state_name(enum account_state state);

/* What a store keeps of an account is all but `changed` and the last two. */
struct account {
    uint32_t name; /* number of a name of the book */
    bool prepaid;
    bool made_prepaid; /* by frame seq */
    enum account_state state;
    int64_t deadline_us; /* INT64_MIN but in grace */
    uint64_t seq;        /* the frame that changed it last, */
    struct amount moved; /* and by how much that frame, so far, changed what is available */
    struct amount credited, debited, charged, accrued;
    struct amount carried; /* by the last bill */
    bool changed;          /* since it came from the store; the store clears it */
    bool touched;          /* it is in `touched`, */
    bool timed;            /* and in `timed` */
};

struct accounts {
    VEC(struct account) list;
    struct table index;       /* by name */
    VEC(uint32_t) touched;    /* in the frame under way, indexes into list */
    VEC(uint32_t) timed;      /* those that have a deadline, and some that had one */
    uint32_t timed_until;     /* of the list, were looked at for one */
    int64_t next_deadline_us; /* none of `timed` has an earlier one */
};

/* What is all zeros holds none. */
void accounts_release(struct accounts *accounts);
/* Finds it, or makes one that nothing was posted to. Index into list; what the store has of it is filled in
 * before the next frame. */
uint32_t accounts_get(struct accounts *accounts, uint32_t name);
/* UINT32_MAX: it is not there. */
uint32_t accounts_find(const struct accounts *accounts, uint32_t name);
struct amount account_balance(const struct account *account);
struct amount account_available(const struct account *account);

enum transfer_what { TRANSFER_CREDIT, TRANSFER_DEBIT, TRANSFER_CHARGE, TRANSFER_BILL };
#define TRANSFER_WHATS 4
/* "credit", ... */
const char *transfer_what_name(enum transfer_what what);

/* A row of the ledger: between the account, and house:cash or house:revenue:PRODUCT. */
struct transfer {
    uint32_t account; /* numbers of names of the book */
    uint32_t name;    /* of the payment, or of an order's lines the order; else 0 */
    enum transfer_what what;
    enum product product;  /* charge, bill */
    enum charge_kind kind; /* charge */
    int64_t month_s;       /* bill: its month's first second */
    struct amount amount;  /* by how much the balance rises, of 10^-12; not zero */
};

struct notice {
    uint32_t account; /* number of a name of the book */
    enum account_state state;
    int64_t deadline_us; /* INT64_MIN but in grace */
    struct amount balance;
    struct amount available;
};

/* What an account's rows come to in one month's bill, of one product. */
struct bill_sum {
    enum product product;
    int64_t month_s;
    bool zero; /* each of its hours, skus, meters and kinds sums to nothing: it is not in the bill */
    struct amount amount;  /* of 10^-12 */
    struct amount accrued; /* the part of it that accrued */
    int64_t unpriced;
};

struct bill_sums {
    const struct bill_sum *list; /* by month, and bytes of the product's name */
    uint32_t count;
};

struct bill_row {
    uint32_t account; /* number of a name of the book */
    int64_t month_s;
    bool whole; /* the row of the whole bill: product is of no meaning, payable and carried are */
    enum product product;
    int64_t unpriced;
    struct amount amount; /* all of 10^-12 */
    struct amount payable;
    struct amount carried;
};

/* What came of posting and judging. */
struct posted {
    VEC(struct transfer) transfers;
    VEC(struct notice) notices; /* accounts in order of bytes */
    VEC(struct bill_row) bills;
};
void posted_clear(struct posted *posted);
void posted_release(struct posted *posted);

/* Where the frame stands in log time. */
struct frame_place {
    uint64_t seq;
    int64_t watermark_us; /* its epoch's; INT64_MIN: log time has not begun */
    int64_t before_us;    /* the watermark of the last whole epoch before; INT64_MIN: there was none */
    bool first;           /* it is its epoch's first frame, */
    bool last;            /* its last */
};

/* W is more than two hours after the watermark of the epoch before: nobody's grace (CONTRACT §6). */
bool place_is_standstill(const struct frame_place *place);
/* Accounts whose deadline is at or before this are looked at with the frame; INT64_MIN: none is. */
int64_t place_deadlines_until_us(const struct frame_place *place);
/* The first month that is not due yet at the watermark: bills are cut 24 h after a month's end. */
int64_t bill_first_month_s(int64_t watermark_us);
/* Whether the month's bills are due. */
bool bill_is_due(int64_t month_s, int64_t watermark_us);

/* Posts the money of a frame, or of a step of one. Accounts that it touches and the store has must be there.
 */
void accounts_post(struct accounts *accounts, const struct frame_place *place,
                   const struct frame_money *money, struct posted *out);
/* Cuts the account's bills, one a month, with an epoch's last frame, for every month that is due. */
void account_bill(struct accounts *accounts, uint32_t account, const struct prices *prices,
                  const struct frame_place *place, struct bill_sums sums, struct posted *out);
/* The frame's end for one account: moves its deadline where there was a standstill, and judges it if the
 * frame changed what is available, made it prepaid, or reached its deadline. Once a frame. Where a frame is
 * settled in steps, those of frame seq and those whose deadline is looked at, in order of bytes. */
void account_judge(struct accounts *accounts, uint32_t account, const struct prices *prices,
                   const struct frame_place *place, struct posted *out);
/* The end of a frame that is settled at once, bills and all: judges, in order of bytes, the accounts that it
 * touched and those whose deadline it reaches or moves. */
void accounts_end_frame(struct accounts *accounts, const struct book *book, const struct frame_place *place,
                        struct posted *out);
