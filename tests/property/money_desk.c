#include "tests/property/money_desk.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/support/test.h"

struct desk desk_of(uint32_t bill_scale)
{
    return (struct desk){.model = money_model_new("USD", bill_scale), .frame.grace_us = 2 * HOUR * SECOND};
}

void desk_release(struct desk *desk)
{
    money_model_free(desk->model);
}

struct money_payment *credit(struct desk *desk, const char *account, const char *subject, const char *amount)
{
    assert_true(desk->frame.payment_count < DESK_MOST);
    struct money_payment *payment = &desk->payments[desk->frame.payment_count++];
    *payment = (struct money_payment){account, subject, true, false, amount, "USD"};
    return payment;
}

struct money_charge *charge(struct desk *desk, const char *account, int64_t hour_s, const char *amount)
{
    assert_true(desk->frame.charge_count < DESK_MOST);
    struct money_charge *charge = &desk->charges[desk->frame.charge_count++];
    *charge = (struct money_charge){.account = account,
                                    .product = "container",
                                    .sku = "s",
                                    .meter = "runtime",
                                    .kind = "usage",
                                    .name = "",
                                    .hour_s = hour_s,
                                    .units = "1",
                                    .amount = amount,
                                    .lines = 1};
    return charge;
}

struct money_charge *accrue(struct desk *desk, const char *account, int64_t hour_s, const char *amount)
{
    struct money_charge *cycle = charge(desk, account, hour_s, amount);
    cycle->product = "maas";
    cycle->cycle = true;
    return cycle;
}

struct money_charge *take_back(struct desk *desk, const char *account, int64_t hour_s, const char *amount)
{
    struct money_charge *back = charge(desk, account, hour_s, amount);
    back->units = "-1";
    back->lines = -1;
    return back;
}

static const char *time_text(int64_t second, char out[24])
{
    time_t time = second;
    struct tm parts;
    strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&time, &parts));
    return out;
}

const char *brief(const char *amount, char out[MONEY_TEXT_SIZE])
{
    size_t size = strlen(amount);
    if (strchr(amount, '.'))
        while (amount[size - 1] == '0')
            size--;
    if (size > 0 && amount[size - 1] == '.')
        size--;
    memcpy(out, amount, size);
    out[size] = '\0';
    return out;
}

__attribute__((format(printf, 2, 3))) static void add(char text[DESK_TEXT_SIZE], const char *format, ...)
{
    va_list values;
    va_start(values, format);
    size_t size = strlen(text);
    assert_true(vsnprintf(text + size, DESK_TEXT_SIZE - size, format, values) < (int)(DESK_TEXT_SIZE - size));
    va_end(values);
}

static void note_notices(struct desk *desk, const struct money_said *said)
{
    static const char *const names[] = {"good", "grace", "suspended"};
    for (uint32_t i = 0; i < said->notice_count; i++) {
        const struct money_notice *notice = &said->notices[i];
        char balance[MONEY_TEXT_SIZE], available[MONEY_TEXT_SIZE], deadline[24], at[24];
        assert_int_equal(notice->n, i + 1);
        assert_int_equal(notice->deadline_us != 0, notice->state == MONEY_GRACE);
        add(desk->notices, "%s %s %s %s %s %s\n", notice->account, names[notice->state],
            brief(notice->balance, balance), brief(notice->available, available),
            notice->deadline_us ? time_text(notice->deadline_s, deadline) : "-", time_text(notice->at_s, at));
    }
}

static void note_transfers(struct desk *desk, const struct money_said *said)
{
    static const char *const names[] = {"credit", "debit", "charge", "bill"};
    for (uint32_t i = 0; i < said->transfer_count; i++) {
        const struct money_transfer *transfer = &said->transfers[i];
        char amount[MONEY_TEXT_SIZE], month[24];
        add(desk->transfers, "%s %s %s/%s/%s %.7s %s\n", transfer->account, names[transfer->what],
            transfer->product, transfer->kind, transfer->name,
            transfer->month_s ? time_text(transfer->month_s, month) : "-", brief(transfer->amount, amount));
    }
}

static void note_bills(struct desk *desk, const struct money_said *said)
{
    for (uint32_t i = 0; i < said->bill_count; i++) {
        const struct money_bill *bill = &said->bills[i];
        char amount[MONEY_TEXT_SIZE], payable[MONEY_TEXT_SIZE], carried[MONEY_TEXT_SIZE], month[24];
        bool whole = strcmp(bill->product, "*") == 0;
        add(desk->bills, "%s %.7s %s %s %lld %s %s\n", bill->account, time_text(bill->month_s, month),
            bill->product, brief(bill->amount, amount), (long long)bill->unpriced,
            whole ? brief(bill->payable, payable) : "-", whole ? brief(bill->carried, carried) : "-");
        assert_int_equal(bill->payable[0] == '\0' && bill->carried[0] == '\0', !whole);
    }
}

struct money_said take(struct desk *desk, int64_t watermark_us, bool more)
{
    desk->frame.watermark_us = watermark_us;
    desk->frame.more = more;
    desk->frame.payments = desk->payments;
    desk->frame.charges = desk->charges;
    struct money_said said = money_model_take(desk->model, &desk->frame);
    note_notices(desk, &said);
    note_transfers(desk, &said);
    note_bills(desk, &said);
    desk->frame.payment_count = desk->frame.charge_count = 0;
    return said;
}

void end_epoch(struct desk *desk, int64_t watermark_s)
{
    take(desk, watermark_s * SECOND, false);
}

void pass(struct desk *desk, int64_t from_s, int64_t to_s)
{
    for (int64_t at_s = from_s; at_s <= to_s; at_s += HOUR)
        end_epoch(desk, at_s);
}

void expect(char text[DESK_TEXT_SIZE], const char *expected)
{
    assert_string_equal(text, expected);
    text[0] = '\0';
}
