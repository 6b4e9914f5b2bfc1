#include "tests/property/money_told.h"

#include "lib/base/time.h"
#include "lib/domain/limits.h"
#include "tests/support/test.h"

static const char *text(struct money_told *told, struct str name)
{
    char *copy = arena_take(&told->texts, name.size + 1);
    memcpy(copy, name.at, name.size);
    copy[name.size] = 0;
    return copy;
}

static const char *decimal(struct money_told *told, const struct amount *amount, uint32_t scale)
{
    char digits[AMOUNT_TEXT_SIZE];
    size_t size = amount_print(amount, scale, digits);
    return text(told, (struct str){digits, (uint32_t)size});
}

static void say_payments(struct money_told *told)
{
    const struct frame *frame = &told->books->frame;
    vec_clear(&told->payments);
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *record = &frame->facts[i].record;
        if (frame->facts[i].control != CONTROL_NONE || !record_is_payment(record->kind))
            continue;
        struct money_payment payment = {.account = text(told, record->account),
                                        .subject = text(told, record->subject),
                                        .credited = record->kind == RECORD_CREDITED,
                                        .for_bill = record->for_bill,
                                        .amount = text(told, record->amount),
                                        .currency = text(told, record->currency)};
        vec_push(&told->payments, payment);
    }
}

static int is_unpriced(const struct settled *settled)
{
    return settled->exists && !settled->priced;
}

static void say_row(struct money_told *told, const struct settled_row *row)
{
    const struct book *book = &told->books->settlement.book;
    const struct line_hour *hour = &book->hours.at[row->hour];
    const struct line_key *key = &book->lines.at[hour->line].key;
    struct amount now = amount_of(wide_of(hour->settled.units), false);
    struct amount before = amount_of(wide_of(row->before.units), false);
    struct amount units = amount_sub(&now, &before);
    bool usage = key->kind == CHARGE_USAGE;
    struct money_charge charge = {
        .account = text(told, names_get(&book->names, key->account)),
        .product = product_name(key->product),
        .sku = text(told, names_get(&book->names, key->sku)),
        .meter = meter_name(key->meter),
        .kind = charge_kind_name(key->kind),
        .name = usage ? "" : text(told, names_get(&book->names, key->resource)),
        .hour_s = hour->hour_s,
        .cycle = catalog_settles_by_cycle(prices_at(&book->prices, hour->hour_s), key->product),
        .units = decimal(told, &units, 0),
        .amount = decimal(told, &row->change, prices_charge_scale(&book->prices)),
        .unpriced = is_unpriced(&hour->settled) - is_unpriced(&row->before),
        .lines = hour->settled.exists - row->before.exists,
    };
    told->unpriced += charge.unpriced != 0;
    vec_push(&told->charges, charge);
}

void money_tell(struct money_told *told)
{
    const struct settlement *settlement = &told->books->settlement;
    int64_t watermark_us = told->books->frame.watermark_us;
    const struct prices *prices = &settlement->book.prices;
    arena_reset(&told->texts);
    if (told->model == NULL)
        told->model = money_model_new(prices_currency(prices), prices_bill_scale(prices));
    say_payments(told);
    vec_clear(&told->charges);
    for (uint32_t i = 0; i < settlement->rows.count; i++)
        say_row(told, &settlement->rows.at[i]);
    struct money_frame frame = {
        .watermark_us = watermark_us,
        .grace_us = catalog_grace_us(prices_at(prices, time_second(watermark_us))),
        .more = told->books->frame.more,
        .payments = told->payments.at,
        .payment_count = told->payments.count,
        .charges = told->charges.at,
        .charge_count = told->charges.count,
    };
    told->said = money_model_take(told->model, &frame);
}

/* --- comparing --- */

static void expect_text(const struct money_told *told, uint32_t name, const char *expected)
{
    assert_true(str_equal(names_get(&told->books->settlement.book.names, name), str_of(expected)));
}

static void expect_amount(const struct amount *amount, const char *expected)
{
    char digits[AMOUNT_TEXT_SIZE];
    amount_print(amount, LIMIT_DECIMALS, digits);
    assert_string_equal(digits, expected);
}

static void expect_deadline(int64_t deadline_us, int64_t expected_us)
{
    assert_int_equal(deadline_us, expected_us == 0 ? INT64_MIN : expected_us);
}

void money_expect_notices(const struct money_told *told, const struct posted *posted)
{
    const struct money_said *said = &told->said;
    assert_int_equal(posted->notices.count, said->notice_count);
    for (uint32_t i = 0; i < said->notice_count; i++) {
        const struct notice *notice = &posted->notices.at[i];
        const struct money_notice *expected = &said->notices[i];
        expect_text(told, notice->account, expected->account);
        assert_string_equal(account_state_name(notice->state),
                            account_state_name((enum account_state)expected->state));
        expect_deadline(notice->deadline_us, expected->deadline_us);
        expect_amount(&notice->balance, expected->balance);
        expect_amount(&notice->available, expected->available);
        assert_int_equal(expected->n, i + 1);
    }
}

/* By the names of their numbers. */
static int compare_accounts(uint32_t a, uint32_t b, const struct book *book)
{
    return str_compare(names_get(&book->names, a), names_get(&book->names, b));
}

static int compare_transfers(const void *a, const void *b, void *context)
{
    const struct transfer *const *x = a, *const *y = b;
    int order = compare_accounts((*x)->account, (*y)->account, context);
    return order != 0 ? order : (*x > *y) - (*x < *y);
}

static void expect_transfer(const struct money_told *told, const struct transfer *transfer,
                            const struct money_transfer *expected)
{
    static const char *const whats[] = {
        [MONEY_CREDIT] = "credit", [MONEY_DEBIT] = "debit", [MONEY_CHARGE] = "charge", [MONEY_BILL] = "bill"};
    bool of_product = transfer->what == TRANSFER_CHARGE || transfer->what == TRANSFER_BILL;
    expect_text(told, transfer->account, expected->account);
    assert_string_equal(transfer_what_name(transfer->what), whats[expected->what]);
    assert_string_equal(of_product ? product_name(transfer->product) : "", expected->product);
    assert_string_equal(transfer->what == TRANSFER_CHARGE ? charge_kind_name(transfer->kind) : "",
                        expected->kind);
    expect_text(told, transfer->name, expected->name);
    assert_int_equal(transfer->month_s, expected->month_s);
    expect_amount(&transfer->amount, expected->amount);
}

void money_expect_transfers(const struct money_told *told, const struct posted *posted)
{
    const struct money_said *said = &told->said;
    VEC(const struct transfer *) sorted = {0};
    for (uint32_t i = 0; i < posted->transfers.count; i++)
        vec_push(&sorted, &posted->transfers.at[i]);
    if (sorted.count > 1)
        qsort_r(sorted.at, sorted.count, sizeof *sorted.at, compare_transfers, &told->books->settlement.book);
    assert_int_equal(sorted.count, said->transfer_count);
    for (uint32_t i = 0; i < sorted.count; i++)
        expect_transfer(told, sorted.at[i], &said->transfers[i]);
    vec_release(&sorted);
}

static const char *product_of_row(const struct bill_row *row)
{
    return row->whole ? "*" : product_name(row->product);
}

static int compare_bills(const void *a, const void *b, void *context)
{
    const struct bill_row *x = a, *y = b;
    int order = (x->month_s > y->month_s) - (x->month_s < y->month_s);
    if (order == 0)
        order = compare_accounts(x->account, y->account, context);
    return order != 0 ? order : strcmp(product_of_row(x), product_of_row(y));
}

static void expect_bill(struct money_told *told, const struct bill_row *row,
                        const struct money_bill *expected)
{
    expect_text(told, row->account, expected->account);
    assert_int_equal(row->month_s, expected->month_s);
    assert_string_equal(product_of_row(row), expected->product);
    expect_amount(&row->amount, expected->amount);
    assert_int_equal(row->unpriced, expected->unpriced);
    told->bills += row->whole;
    if (!row->whole)
        return;
    expect_amount(&row->payable, expected->payable);
    expect_amount(&row->carried, expected->carried);
    told->carrying += !wide_is_zero(&row->carried.magnitude);
}

void money_expect_bills(struct money_told *told, struct posted *posted)
{
    const struct money_said *said = &told->said;
    if (posted->bills.count > 1)
        qsort_r(posted->bills.at, posted->bills.count, sizeof *posted->bills.at, compare_bills,
                &told->books->settlement.book);
    assert_int_equal(posted->bills.count, said->bill_count);
    for (uint32_t i = 0; i < said->bill_count; i++)
        expect_bill(told, &posted->bills.at[i], &said->bills[i]);
    bool cut = told->books->next_month_s != told->books->cut_from_s;
    assert_int_equal(cut ? told->books->next_month_s : 0, said->cut_up_to_s);
}

void money_expect_balances(const struct money_told *told, const struct accounts *accounts)
{
    uint32_t count, found = 0;
    const struct money_balance *balances = money_model_balances(told->model, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct money_balance *expected = &balances[i];
        uint32_t name = names_intern(&told->books->settlement.book.names, str_of(expected->account));
        uint32_t at = accounts_find(accounts, name);
        const struct account none = {.deadline_us = INT64_MIN};
        const struct account *account = at == UINT32_MAX ? &none : &accounts->list.at[at];
        struct amount balance = account_balance(account), available = account_available(account);
        found += at != UINT32_MAX;
        assert_int_equal(account->prepaid, expected->prepaid);
        assert_int_equal(account->state, (enum account_state)expected->state);
        expect_deadline(account->deadline_us, expected->deadline_us);
        expect_amount(&account->credited, expected->credited);
        expect_amount(&account->debited, expected->debited);
        expect_amount(&account->charged, expected->charged);
        expect_amount(&account->accrued, expected->accrued);
        expect_amount(&balance, expected->balance);
        expect_amount(&available, expected->available);
    }
    assert_int_equal(found, accounts->list.count);
}

void money_told_release(struct money_told *told)
{
    money_model_free(told->model);
    arena_release(&told->texts);
    vec_release(&told->payments);
    vec_release(&told->charges);
}
