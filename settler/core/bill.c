/* Bills: what an account's rows come to in a month (CONTRACT §6, Bills). */
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"
#include "settler/core/account_own.h"

/* From a month's end until its bills are cut. */
enum { BILL_DELAY_S = DAY_S };

int64_t bill_first_month_s(int64_t watermark_us)
{
    CHECK(watermark_us != INT64_MIN);
    int64_t ended_s = time_second(watermark_us) - BILL_DELAY_S;
    return time_month(ended_s < 0 ? 0 : ended_s);
}

bool bill_is_due(int64_t month_s, int64_t watermark_us)
{
    return watermark_us != INT64_MIN &&
           time_add_months(month_s, 1) + BILL_DELAY_S <= time_second(watermark_us);
}

static bool is_in_order(const struct bill_sum *a, const struct bill_sum *b)
{
    return a->month_s < b->month_s ||
           (a->month_s == b->month_s && strcmp(product_name(a->product), product_name(b->product)) < 0);
}

/* What accrued of a product is posted. */
static void post_accrued(struct account *account, const struct bill_sum *sum, struct posted *out)
{
    struct amount before = account_balance(account);
    struct transfer transfer = {
        .account = account->name,
        .what = TRANSFER_BILL,
        .product = sum->product,
        .month_s = sum->month_s,
        .amount = amount_negate(&sum->accrued),
    };
    if (wide_is_zero(&sum->accrued.magnitude))
        return;
    account->charged = amount_add(&account->charged, &sum->accrued);
    account->accrued = amount_sub(&account->accrued, &sum->accrued);
    account_book(account, &before, &transfer, out);
}

/* Rounds what is asked for, and carries what that leaves. */
static void ask(struct account *account, const struct prices *prices, struct bill_row *whole)
{
    uint32_t decimals = LIMIT_DECIMALS - prices_bill_scale(prices);
    struct amount exact = amount_add(&whole->amount, &account->carried);
    struct amount rounded = amount_narrow(&exact, decimals);
    whole->payable = amount_widen(&rounded, decimals);
    whole->carried = amount_sub(&exact, &whole->payable);
    account->carried = whole->carried;
}

/* The bill of the first month of sums; how many of them it takes. */
static uint32_t cut_month(struct account *account, const struct prices *prices, struct bill_sums sums,
                          struct posted *out)
{
    struct bill_row whole = {.account = account->name, .month_s = sums.list[0].month_s, .whole = true};
    uint32_t taken = 0, products = 0;
    for (; taken < sums.count && sums.list[taken].month_s == whole.month_s; taken++) {
        const struct bill_sum *sum = &sums.list[taken];
        CHECK(taken == 0 || is_in_order(&sums.list[taken - 1], sum));
        post_accrued(account, sum, out);
        if (sum->zero)
            continue;
        vec_push(&out->bills, (struct bill_row){.account = account->name,
                                                .month_s = sum->month_s,
                                                .product = sum->product,
                                                .unpriced = sum->unpriced,
                                                .amount = sum->amount});
        whole.amount = amount_add(&whole.amount, &sum->amount);
        whole.unpriced += sum->unpriced;
        products++;
    }
    if (products == 0)
        return taken;
    ask(account, prices, &whole);
    vec_push(&out->bills, whole);
    return taken;
}

void account_bill(struct accounts *accounts, uint32_t at, const struct prices *prices,
                  const struct frame_place *place, struct bill_sums sums, struct posted *out)
{
    struct account *account = account_touch(accounts, at, place);
    struct amount available = account_available(account);
    CHECK(place->last);
    while (sums.count > 0) {
        int64_t month_s = sums.list[0].month_s;
        CHECK(bill_is_due(month_s, place->watermark_us));
        uint32_t taken = cut_month(account, prices, sums, out);
        sums = (struct bill_sums){sums.list + taken, sums.count - taken};
        CHECK(sums.count == 0 || month_s < sums.list[0].month_s);
    }
    struct amount left = account_available(account);
    CHECK(amount_equal(&available, &left)); /* A4 */
}
