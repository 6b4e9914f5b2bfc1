/* What balances are by settled rows and payments alone: CONTRACT §6's sentence about a balance, added up
 * anew. */
#pragma once

#include "tests/property/money_books.h"

struct tally;
struct payment_seen;

struct money_tally {
    VEC(struct tally) accounts; /* by number of the account's name */
    VEC(struct payment_seen) payments;
    struct arena kept;
    uint64_t late; /* rows of a month that was cut, */
    uint64_t late_voids;
    uint64_t refunds;
};

void money_tally_release(struct money_tally *tally);
/* Takes what the books took last. */
void money_tally_frame(struct money_tally *tally, struct money_books *books);
/* An account's ledger = credits - debits - settled rows of hourly products - its bills; and so is its
 * balance. */
void money_tally_check(const struct money_tally *tally, const struct money_books *books);
