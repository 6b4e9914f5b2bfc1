/* A book with catalogs, accounts, and a frame that is made piece by piece: for tests of posting and bills. */
#pragma once

#include <stdio.h>

#include "lib/base/time.h"
#include "settler/core/account.h"
#include "tests/support/test.h"

/* 2026-01-01T00:00:00Z */
#define MONEY_BEGIN_S INT64_C(1767225600)
#define MONEY_BEGIN_US (MONEY_BEGIN_S * SECOND_US)

struct bank {
    struct book book;
    struct accounts accounts;
    struct posted out;
    struct frame_place place;
    struct frame_money money;
};

static inline void bank_add_catalog(struct bank *bank, int64_t from_s, const char *head)
{
    char text[400];
    snprintf(text, sizeof text,
             "%s\nproducts: {container: {settle: hourly, skus: {s: {payg: {price: '1', per: hour}}}}}\n",
             head);
    assert_true(prices_add(&bank->book.prices, from_s, str_of(text)));
}

/* `head`: what the catalog says beside its products. The first frame is its epoch's only one. */
static inline void bank_open(struct bank *bank, const char *head)
{
    *bank = (struct bank){
        .place = {.watermark_us = MONEY_BEGIN_US, .before_us = INT64_MIN, .first = true, .last = true}};
    book_init(&bank->book);
    bank_add_catalog(bank, INT64_MIN, head);
}

static inline void bank_close(struct bank *bank)
{
    accounts_release(&bank->accounts);
    posted_release(&bank->out);
    frame_money_release(&bank->money);
    book_release(&bank->book);
}

static inline uint32_t bank_name(struct bank *bank, const char *name)
{
    return names_intern(&bank->book.names, str_of(name));
}

static inline struct account *bank_account(struct bank *bank, const char *name)
{
    uint32_t at = accounts_get(&bank->accounts, bank_name(bank, name));
    return &bank->accounts.list.at[at];
}

/* Of 10^-12. */
static inline struct amount money(const char *text)
{
    struct amount amount;
    assert_true(amount_read(text, strlen(text), 12, &amount));
    return amount;
}

static inline void assert_money(struct amount amount, const char *expected)
{
    char text[AMOUNT_TEXT_SIZE];
    amount_print_short(&amount, 12, 0, text);
    assert_string_equal(text, expected);
}

/* --- what the frame brings --- */

static inline void bank_credit(struct bank *bank, const char *account, const char *amount)
{
    vec_push(&bank->money.paid, (struct paid){.account = bank_name(bank, account),
                                              .payment = bank_name(bank, "p"),
                                              .credited = true,
                                              .for_balance = true,
                                              .amount = money(amount)});
}

static inline void bank_due(struct bank *bank, const char *account, const char *posted, const char *accrued)
{
    vec_push(&bank->money.dues, (struct due){.account = bank_name(bank, account),
                                             .product = PRODUCT_CONTAINER,
                                             .kind = CHARGE_USAGE,
                                             .posted = money(posted),
                                             .accrued = money(accrued)});
}

/* The next frame will be one of an epoch whose watermark is so much later; first and last of it. */
static inline void bank_wait(struct bank *bank, int64_t us)
{
    bank->place.before_us = bank->place.watermark_us;
    bank->place.watermark_us += us;
    bank->place.first = bank->place.last = true;
}

/* Posts what the frame brings. */
static inline void bank_post(struct bank *bank)
{
    accounts_post(&bank->accounts, &bank->place, &bank->money, &bank->out);
    vec_clear(&bank->money.paid);
    vec_clear(&bank->money.dues);
}

/* Posts it and ends the frame; `out` is of this frame. */
static inline void bank_frame(struct bank *bank)
{
    posted_clear(&bank->out);
    bank_post(bank);
    accounts_end_frame(&bank->accounts, &bank->book, &bank->place, &bank->out);
    bank->place.seq++;
}
