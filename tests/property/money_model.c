#include "tests/property/money_model.h"

#include <gmp.h>

#include "lib/base/check.h"
#include "lib/base/vec.h"

static const int64_t second_us = 1000000;
static const int64_t hour_us = 3600 * second_us;
static const int64_t last_deadline_us = 253402300799 * second_us; /* 9999-12-31T23:59:59Z */
enum { DAY_S = 86400, MONTHS_A_YEAR = 12 };

/* A charge that no bill holds yet. */
struct row {
    const char *product, *sku, *meter, *kind;
    int64_t hour_s;
    bool cycle;
    mpz_t units, amount;
    int64_t unpriced, lines;
};
typedef VEC(struct row) row_list;

struct account {
    const char *name;
    bool prepaid;
    enum money_state state;
    int64_t deadline_us; /* 0 but in grace */
    mpz_t credited, debited, charged, accrued;
    mpz_t carried; /* by its last bill */
    int64_t lines;
    row_list open;
    /* As they were when the frame began. */
    bool was_prepaid;
    enum money_state was_state;
    int64_t was_deadline_us;
    mpz_t was_available;
};

/* A part of a transfer: those of one transfer are alike in all but `change`. */
struct part {
    struct money_transfer of;
    uint32_t place; /* of a payment in its frame */
    mpz_t change;
};

struct payment_name {
    const char *account, *subject;
    bool credited;
};

struct money_model {
    char currency[4];
    uint32_t bill_scale;
    VEC(char *) texts;             /* by bytes: one text is one pointer */
    VEC(struct account *) accounts; /* by name */
    VEC(struct payment_name) payments; /* by account, subject and direction */
    int64_t next_month; /* to be cut, in months since year 0 */
    bool has_time;      /* next_month is set */
    bool inside_epoch;  /* the frame before was not its epoch's last */
    bool has_before;
    int64_t before_us; /* the watermark of the last whole epoch */
    VEC(struct part) parts;
    VEC(struct money_notice) notices;
    VEC(struct money_transfer) transfers;
    VEC(struct money_bill) bills;
    VEC(struct money_balance) balances;
};
