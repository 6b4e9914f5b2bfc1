/* Telling the second model what the books took, and comparing what both say of it. */
#pragma once

#include "tests/property/money_books.h"
#include "tests/property/money_model.h"

struct money_told {
    struct money_books *books;
    struct money_model *model;
    struct money_said said; /* of the frame told last */
    struct arena texts;     /* of that frame */
    VEC(struct money_payment) payments;
    VEC(struct money_charge) charges;
    uint64_t bills;    /* cut, */
    uint64_t carrying; /* of which so many left something to the next */
    uint64_t unpriced; /* rows that made a line unpriced, or priced */
};

void money_told_release(struct money_told *told);
/* The frame that the books took last. */
void money_tell(struct money_told *told);
/* Each fails the test where the model says otherwise. Bills are put in the model's order. */
void money_expect_notices(const struct money_told *told, const struct posted *posted);
void money_expect_transfers(const struct money_told *told, const struct posted *posted);
void money_expect_bills(struct money_told *told, struct posted *posted);
void money_expect_balances(const struct money_told *told, const struct accounts *accounts);
