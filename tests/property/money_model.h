/* A second model of money: the states, notices, ledger and bills of one partition, from CONTRACT §6 alone.
 *
 * It takes frames, one after another as the settler does, and says what each of them does. It shares nothing
 * with the settler: its sums are GMP's, its calendar is its own, and a bill is found by looking through every
 * row that no bill holds. Texts are NUL-terminated and read during the call alone.
 *
 * Amounts go in as decimals ("-12.34", at most 12 decimals), and come out with exactly 12 decimals and no
 * negative zero, which is what amount_print writes at scale 12. Times are microseconds since 1970 if they end
 * in _us, else whole seconds. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { MONEY_TEXT_SIZE = 120 };

enum money_state {
    MONEY_GOOD,
    MONEY_GRACE,
    MONEY_SUSPENDED,
};

/* account.credited or account.debited, fresh or a repeat: the model tells which. */
struct money_payment {
    const char *account;
    const char *subject;
    bool credited; /* else debited */
    bool for_bill;
    const char *amount;
    const char *currency;
};

/* What a frame's settled rows changed in one (account, hour, product, sku, meter, kind); of kinds that an
 * order makes by order. Rows of one key may come apart. */
struct money_charge {
    const char *account;
    const char *product;
    const char *sku;
    const char *meter;
    const char *kind;
    const char *name; /* the order of an order's lines; "" of usage */
    int64_t hour_s;
    bool cycle; /* the catalog that rates the hour settles the product by cycle */
    const char *units;
    const char *amount; /* what is unpriced: "0" */
    int64_t unpriced;   /* change in the number of lines without a price */
    int64_t lines;      /* change in the number of lines */
};

struct money_frame {
    int64_t watermark_us; /* of its epoch */
    int64_t grace_us;     /* of the catalog that holds at the watermark */
    bool more;            /* the epoch has a frame after it */
    const struct money_payment *payments;
    uint32_t payment_count;
    const struct money_charge *charges;
    uint32_t charge_count;
};

struct money_notice {
    const char *account;
    enum money_state state;
    uint32_t n; /* of its frame, from 1 */
    char balance[MONEY_TEXT_SIZE];
    char available[MONEY_TEXT_SIZE];
    int64_t deadline_us; /* 0 but in grace */
    int64_t deadline_s;  /* rounded down, as it is said; 0 but in grace */
    int64_t at_s;
};

enum money_what {
    MONEY_CREDIT,
    MONEY_DEBIT,
    MONEY_CHARGE,
    MONEY_BILL,
};

/* A change of a balance, other than zero. What says nothing of it is "", or month_s 0. */
struct money_transfer {
    const char *account;
    enum money_what what;
    const char *product;          /* of a charge and a bill */
    const char *kind;             /* of a charge */
    const char *name;             /* of a credit and a debit the payment, of an order's charge the order */
    int64_t month_s;              /* of a bill: the first second of its month */
    char amount[MONEY_TEXT_SIZE]; /* added to the balance */
};

/* A product in a bill, or "*", the whole, which alone has payable and carried (else ""). */
struct money_bill {
    const char *account;
    int64_t month_s;
    const char *product;
    char amount[MONEY_TEXT_SIZE];
    int64_t unpriced;
    char payable[MONEY_TEXT_SIZE];
    char carried[MONEY_TEXT_SIZE];
};

/* An account as it stands. */
struct money_balance {
    const char *account;
    bool prepaid;
    bool reported; /* it has a line, a posted charge, credit or debit other than zero */
    enum money_state state;
    int64_t deadline_us; /* 0 but in grace */
    char credited[MONEY_TEXT_SIZE];
    char debited[MONEY_TEXT_SIZE];
    char charged[MONEY_TEXT_SIZE]; /* posted */
    char accrued[MONEY_TEXT_SIZE];
    char balance[MONEY_TEXT_SIZE];
    char available[MONEY_TEXT_SIZE];
};

/* What one frame did; all of it the model's, until the next call. */
struct money_said {
    /* By account, in order of bytes. */
    const struct money_notice *notices;
    uint32_t notice_count;
    /* By account, in order of bytes; of one account credits and debits as they came, then charges by product,
     * kind and name, then bills by month and product, texts by bytes. */
    const struct money_transfer *transfers;
    uint32_t transfer_count;
    /* What the frame cut, by month, account and product, texts by bytes: "*" comes first. */
    const struct money_bill *bills;
    uint32_t bill_count;
    /* What it cut months up to; 0: nothing. The first second of the first month that is not cut. */
    int64_t cut_up_to_s;
};

struct money_model;

/* `currency` and `bill_scale` (0 to 12): the catalog's. */
struct money_model *money_model_new(const char *currency, uint32_t bill_scale);
void money_model_free(struct money_model *model);

/* Applies the next frame. */
struct money_said money_model_take(struct money_model *model, const struct money_frame *frame);

/* Every account that a frame named, by bytes; *count of them; the model's, until the next call. */
const struct money_balance *money_model_balances(struct money_model *model, uint32_t *count);
