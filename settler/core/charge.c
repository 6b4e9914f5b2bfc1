#include "settler/core/charge.h"

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"

int64_t charge_bill_month(int64_t hour_s, int64_t next_month_s)
{
    int64_t own_s = time_month(hour_s);
    return own_s > next_month_s ? own_s : next_month_s;
}

/* A settled row, and the line that it is of. */
struct row {
    const struct settled_row *settled;
    const struct line_hour *hour;
    const struct line_key *key;
};

static struct row row_at(const struct settlement *settlement, uint32_t i)
{
    const struct settled_row *settled = &settlement->rows.at[i];
    const struct line_hour *hour = &settlement->book.hours.at[settled->hour];
    return (struct row){settled, hour, &settlement->book.lines.at[hour->line].key};
}

static bool is_unpriced(const struct settled *settled)
{
    return settled->exists && !settled->priced;
}

static struct amount units_change(const struct row *row)
{
    struct amount now = amount_of(wide_of(row->hour->settled.units), false);
    struct amount before = amount_of(wide_of(row->settled->before.units), false);
    return amount_sub(&now, &before);
}

static bool is_zero(const struct amount *amount)
{
    return wide_is_zero(&amount->magnitude);
}

/* By the catalog of the hour; a product that it has not is settled hourly (CONTRACT §6, Posting). */
static bool accrues(const struct book *book, const struct row *row)
{
    return catalog_settles_by_cycle(prices_at(&book->prices, row->hour->hour_s), row->key->product);
}

static int compare_names(const struct book *book, uint32_t a, uint32_t b)
{
    return a == b ? 0 : str_compare(names_get(&book->names, a), names_get(&book->names, b));
}

/* --- charges --- */

/* The charge that the row adds to, made at first sight. */
static struct charge *charge_of(struct frame_money *money, struct table *index, const struct row *row)
{
    const struct line_key *key = row->key;
    uint64_t hash = hash_mix(
        hash_mix(key->account, (uint64_t)row->hour->hour_s),
        hash_mix(key->sku, (uint64_t)key->product << 16 | (uint64_t)key->meter << 8 | (uint64_t)key->kind));
    for (struct table_probe p = table_probe(index, hash); table_next(index, &p);) {
        const struct charge *known = &money->charges.at[p.index];
        if (known->account == key->account && known->hour_s == row->hour->hour_s && known->sku == key->sku &&
            known->product == key->product && known->meter == key->meter && known->kind == key->kind)
            return &money->charges.at[p.index];
    }
    table_insert(index, hash, money->charges.count);
    vec_push(&money->charges, (struct charge){.account = key->account,
                                              .sku = key->sku,
                                              .product = key->product,
                                              .meter = key->meter,
                                              .kind = key->kind,
                                              .hour_s = row->hour->hour_s,
                                              .billed_s = INT64_MIN});
    return &money->charges.at[money->charges.count - 1];
}

static void add_to_charge(struct charge *charge, const struct row *row)
{
    const struct settled *now = &row->hour->settled, *before = &row->settled->before;
    struct amount units = units_change(row);
    charge->lines += now->exists - before->exists;
    charge->unpriced += is_unpriced(now) - is_unpriced(before);
    charge->units = amount_add(&charge->units, &units);
    charge->amount = amount_add(&charge->amount, &row->settled->change);
}

static int compare_charges(const void *a, const void *b, void *context)
{
    const struct book *book = context;
    const struct charge *x = a, *y = b;
    int order = compare_names(book, x->account, y->account);
    if (order == 0)
        order = (x->hour_s > y->hour_s) - (x->hour_s < y->hour_s);
    if (order == 0 && x->product != y->product)
        order = strcmp(product_name(x->product), product_name(y->product));
    if (order == 0)
        order = compare_names(book, x->sku, y->sku);
    if (order == 0 && x->meter != y->meter)
        order = strcmp(meter_name(x->meter), meter_name(y->meter));
    if (order == 0 && x->kind != y->kind)
        order = strcmp(charge_kind_name(x->kind), charge_kind_name(y->kind));
    return order;
}

static bool charge_is_zero(const struct charge *charge)
{
    return charge->lines == 0 && charge->unpriced == 0 && is_zero(&charge->units) && is_zero(&charge->amount);
}

/* Leaves out what is zero throughout, and sorts the rest. */
static void finish_charges(struct book *book, int64_t next_month_s, struct frame_money *money)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < money->charges.count; i++) {
        struct charge *charge = &money->charges.at[i];
        if (charge_is_zero(charge))
            continue;
        int64_t month_s = charge_bill_month(charge->hour_s, next_month_s);
        if (month_s > charge->hour_s)
            charge->billed_s = month_s;
        money->charges.at[kept++] = *charge;
    }
    money->charges.count = kept;
    if (kept > 1)
        qsort_r(money->charges.at, kept, sizeof *money->charges.at, compare_charges, book);
}

/* --- dues --- */

/* The order that a line is of; 0: it is usage. */
static uint32_t order_of(const struct line_key *key)
{
    return key->kind == CHARGE_USAGE ? 0 : key->resource;
}

static struct due *due_of(struct frame_money *money, struct table *index, const struct line_key *key)
{
    uint32_t order = order_of(key);
    uint64_t hash =
        hash_mix(hash_mix(key->account, order), (uint64_t)key->product << 8 | (uint64_t)key->kind);
    for (struct table_probe p = table_probe(index, hash); table_next(index, &p);) {
        const struct due *known = &money->dues.at[p.index];
        if (known->account == key->account && known->order == order && known->product == key->product &&
            known->kind == key->kind)
            return &money->dues.at[p.index];
    }
    table_insert(index, hash, money->dues.count);
    vec_push(
        &money->dues,
        (struct due){.account = key->account, .order = order, .product = key->product, .kind = key->kind});
    return &money->dues.at[money->dues.count - 1];
}

static int compare_dues(const void *a, const void *b, void *context)
{
    const struct book *book = context;
    const struct due *x = a, *y = b;
    int order = compare_names(book, x->account, y->account);
    if (order == 0 && x->product != y->product)
        order = strcmp(product_name(x->product), product_name(y->product));
    if (order == 0 && x->kind != y->kind)
        order = strcmp(charge_kind_name(x->kind), charge_kind_name(y->kind));
    if (order == 0)
        order = compare_names(book, x->order, y->order);
    return order;
}

/* From 10^-charge_scale to 10^-12. */
static void finish_dues(struct book *book, struct frame_money *money)
{
    uint32_t kept = 0, decimals = LIMIT_DECIMALS - prices_charge_scale(&book->prices);
    for (uint32_t i = 0; i < money->dues.count; i++) {
        struct due due = money->dues.at[i];
        if (is_zero(&due.posted) && is_zero(&due.accrued))
            continue;
        due.posted = amount_widen(&due.posted, decimals);
        due.accrued = amount_widen(&due.accrued, decimals);
        money->dues.at[kept++] = due;
    }
    money->dues.count = kept;
    if (kept > 1)
        qsort_r(money->dues.at, kept, sizeof *money->dues.at, compare_dues, book);
}

/* --- payments --- */

/* Of another currency than the catalog's it counts as known, and posts nothing. */
static void take_payment(struct settlement *settlement, const struct record *record,
                         struct frame_money *money)
{
    struct book *book = &settlement->book;
    struct paid paid = {.credited = record->kind == RECORD_CREDITED};
    bool is_new = book_add_payment(book, record->account, record->kind, record->subject);
    *(is_new ? &settlement->effects.applied : &settlement->effects.repeated) += 1;
    if (!is_new || !str_equal(record->currency, str_of(prices_currency(&book->prices))))
        return;
    CHECK(amount_read(record->amount.at, record->amount.size, LIMIT_DECIMALS, &paid.amount));
    paid.account = names_intern(&book->names, record->account);
    paid.payment = names_intern(&book->names, record->subject);
    paid.for_balance = paid.credited && !record->for_bill;
    vec_push(&money->paid, paid);
}

void frame_money_take_payments(struct settlement *settlement, const struct frame *frame,
                               struct frame_money *out)
{
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct fact *fact = &frame->facts[i];
        if (fact->control == CONTROL_NONE && record_is_payment(fact->record.kind))
            take_payment(settlement, &fact->record, out);
    }
}

/* --- a frame --- */

static void clear(struct frame_money *money)
{
    vec_clear(&money->charges);
    vec_clear(&money->dues);
    vec_clear(&money->paid);
}

void frame_money_take(struct settlement *settlement, const struct frame *frame, bool facts,
                      int64_t next_month_s, struct frame_money *out)
{
    struct book *book = &settlement->book;
    struct table charges = {0}, dues = {0};
    clear(out);
    for (uint32_t i = 0; i < settlement->rows.count; i++) {
        struct row row = row_at(settlement, i);
        struct charge *charge = charge_of(out, &charges, &row);
        charge->accrues = accrues(book, &row);
        add_to_charge(charge, &row);
        if (is_zero(&row.settled->change))
            continue;
        struct due *due = due_of(out, &dues, row.key);
        struct amount *sum = charge->accrues ? &due->accrued : &due->posted;
        *sum = amount_add(sum, &row.settled->change);
    }
    table_release(&charges);
    table_release(&dues);
    finish_charges(book, next_month_s, out);
    finish_dues(book, out);
    if (facts)
        frame_money_take_payments(settlement, frame, out);
}

void frame_money_release(struct frame_money *money)
{
    vec_release(&money->charges);
    vec_release(&money->dues);
    vec_release(&money->paid);
}
