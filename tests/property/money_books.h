/* What the settler does with frames beside its tables, kept in memory whole: settled rows, charges, ledger,
 * accounts and bills of one partition. */
#pragma once

#include "settler/core/account.h"
#include "settler/core/settle.h"

struct money_books {
    struct settlement settlement;
    struct accounts accounts;
    struct frame_rows *rows;
    struct frame frame; /* the one taken last, */
    struct frame_place place;
    struct frame_money money;
    struct posted posted;
    int64_t cut_from_s; /* the months whose bills it cut: [from, next); none where they are equal */
    int64_t next_month_s;
    VEC(struct charge) charges; /* of all frames, each with the month of its bill in billed_s */
    VEC(struct bill_sum) sums;
    bool in_epoch;
};

void money_books_init(struct money_books *books);
void money_books_release(struct money_books *books);
/* Takes the next frame; it lives in these bytes. */
void money_books_take(struct money_books *books, struct str frame);
/* What the account's charges come to in the bills of months [from, to); good until the next call. */
struct bill_sums money_books_sums(struct money_books *books, uint32_t account, int64_t from_s, int64_t to_s);
