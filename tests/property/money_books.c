#include "tests/property/money_books.h"

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "lib/domain/limits.h"

void money_books_init(struct money_books *books)
{
    *books = (struct money_books){.next_month_s = INT64_MIN,
                                  .place = {.watermark_us = INT64_MIN, .before_us = INT64_MIN}};
    settlement_init(&books->settlement);
    books->rows = calloc(1, sizeof *books->rows);
    CHECK(books->rows != NULL);
}

void money_books_release(struct money_books *books)
{
    settlement_release(&books->settlement);
    accounts_release(&books->accounts);
    frame_money_release(&books->money);
    posted_release(&books->posted);
    frame_rows_release(books->rows);
    free(books->rows);
    vec_release(&books->charges);
    vec_release(&books->sums);
}

/* --- bills --- */

/* Charges are kept with the month of their bill, whichever it is. */
static void keep_charges(struct money_books *books)
{
    for (uint32_t i = 0; i < books->money.charges.count; i++) {
        struct charge charge = books->money.charges.at[i];
        if (charge.billed_s == INT64_MIN)
            charge.billed_s = time_month(charge.hour_s);
        vec_push(&books->charges, charge);
    }
}

static int compare_charges(const void *a, const void *b)
{
    const struct charge *x = a, *y = b;
    if (x->billed_s != y->billed_s)
        return x->billed_s < y->billed_s ? -1 : 1;
    if (x->product != y->product)
        return strcmp(product_name(x->product), product_name(y->product));
    if (x->hour_s != y->hour_s)
        return x->hour_s < y->hour_s ? -1 : 1;
    if (x->sku != y->sku)
        return x->sku < y->sku ? -1 : 1;
    return x->meter != y->meter ? (int)x->meter - (int)y->meter : (int)x->kind - (int)y->kind;
}

static bool same_bill(const struct charge *a, const struct charge *b)
{
    return a->billed_s == b->billed_s && a->product == b->product;
}

static bool same_key(const struct charge *a, const struct charge *b)
{
    return same_bill(a, b) && a->hour_s == b->hour_s && a->sku == b->sku && a->meter == b->meter &&
           a->kind == b->kind;
}

/* Whether the charges of one key sum to nothing. */
static bool is_nothing(const struct charge *charges, uint32_t count)
{
    struct charge sum = {0};
    for (uint32_t i = 0; i < count; i++) {
        sum.lines += charges[i].lines;
        sum.unpriced += charges[i].unpriced;
        sum.units = amount_add(&sum.units, &charges[i].units);
        sum.amount = amount_add(&sum.amount, &charges[i].amount);
    }
    return sum.lines == 0 && sum.unpriced == 0 && wide_is_zero(&sum.units.magnitude) &&
           wide_is_zero(&sum.amount.magnitude);
}

static void add_sum(struct money_books *books, const struct charge *charges, uint32_t count)
{
    uint32_t decimals = LIMIT_DECIMALS - prices_charge_scale(&books->settlement.book.prices);
    struct bill_sum sum = {.product = charges[0].product, .month_s = charges[0].billed_s, .zero = true};
    for (uint32_t i = 0, key = 0; i < count; i++) {
        struct amount amount = amount_widen(&charges[i].amount, decimals);
        sum.amount = amount_add(&sum.amount, &amount);
        if (charges[i].accrues)
            sum.accrued = amount_add(&sum.accrued, &amount);
        sum.unpriced += charges[i].unpriced;
        if (i + 1 < count && same_key(&charges[i], &charges[i + 1]))
            continue;
        sum.zero = sum.zero && is_nothing(charges + key, i + 1 - key);
        key = i + 1;
    }
    vec_push(&books->sums, sum);
}

struct bill_sums money_books_sums(struct money_books *books, uint32_t account, int64_t from_s, int64_t to_s)
{
    VEC(struct charge) of = {0};
    vec_clear(&books->sums);
    for (uint32_t i = 0; i < books->charges.count && from_s < to_s; i++) {
        const struct charge *charge = &books->charges.at[i];
        if (charge->account == account && charge->billed_s >= from_s && charge->billed_s < to_s)
            vec_push(&of, *charge);
    }
    if (of.count > 1)
        qsort(of.at, of.count, sizeof *of.at, compare_charges);
    for (uint32_t from = 0, i = 0; i < of.count; i++) {
        if (i + 1 < of.count && same_bill(&of.at[i], &of.at[i + 1]))
            continue;
        add_sum(books, of.at + from, i + 1 - from);
        from = i + 1;
    }
    vec_release(&of);
    return (struct bill_sums){books->sums.at, books->sums.count};
}

static void cut_bills(struct money_books *books)
{
    while (books->place.last && bill_is_due(books->next_month_s, books->place.watermark_us))
        books->next_month_s = time_add_months(books->next_month_s, 1);
    if (books->cut_from_s == books->next_month_s)
        return;
    for (uint32_t name = 1; name < books->settlement.book.names.list.count; name++) {
        struct bill_sums sums = money_books_sums(books, name, books->cut_from_s, books->next_month_s);
        if (sums.count == 0)
            continue;
        uint32_t account = accounts_get(&books->accounts, name);
        account_bill(&books->accounts, account, &books->settlement.book.prices, &books->place, sums,
                     &books->posted);
    }
}

/* --- a frame --- */

static void place_frame(struct money_books *books)
{
    struct frame_place *place = &books->place;
    if (!books->in_epoch)
        place->before_us = place->watermark_us;
    place->seq = books->frame.seq;
    place->watermark_us = books->frame.watermark_us;
    place->first = !books->in_epoch;
    place->last = !books->frame.more;
    books->in_epoch = books->frame.more;
    if (books->next_month_s == INT64_MIN && place->watermark_us != INT64_MIN)
        books->next_month_s = bill_first_month_s(place->watermark_us);
    books->cut_from_s = books->next_month_s;
}

void money_books_take(struct money_books *books, struct str bytes)
{
    CHECK(frame_decode(bytes, books->rows, &books->frame) == DECODE_OK);
    place_frame(books);
    CHECK(settle_frame(&books->settlement, &books->frame) == SETTLED);
    frame_money_take(&books->settlement, &books->frame, true, books->next_month_s, &books->money);
    keep_charges(books);
    posted_clear(&books->posted);
    accounts_post(&books->accounts, &books->place, &books->money, &books->posted);
    if (books->next_month_s != INT64_MIN)
        cut_bills(books);
    accounts_end_frame(&books->accounts, &books->settlement.book, &books->place, &books->posted);
}
