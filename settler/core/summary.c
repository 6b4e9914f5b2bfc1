#include "settler/core/summary.h"

#include "lib/base/check.h"
#include "lib/base/time.h"

enum { FLUSH_BYTES = 1 << 16 };

void summary_init(struct summary *summary, struct settlement *settlement)
{
    *summary = (struct summary){.settlement = settlement};
}

void summary_release(struct summary *summary)
{
    accounts_release(&summary->accounts);
    posted_release(&summary->posted);
    vec_release(&summary->parts);
    table_release(&summary->part_index);
}

static const struct prices *prices_of(const struct summary *summary)
{
    return &summary->settlement->book.prices;
}

static void add(struct amount *sum, const struct amount *more)
{
    *sum = amount_add(sum, more);
}

/* All that is posted is of one frame: none is told from another here. */
static struct frame_place place_at(int64_t until_s)
{
    return (struct frame_place){
        .seq = 1, .watermark_us = until_s * SECOND_US, .before_us = INT64_MIN, .last = true};
}

void summary_pay(struct summary *summary, const struct frame *frame)
{
    struct frame_money money = {0};
    struct frame_place place = place_at(0);
    frame_money_take_payments(summary->settlement, frame, &money);
    accounts_post(&summary->accounts, &place, &money, &summary->posted);
    posted_clear(&summary->posted);
    frame_money_release(&money);
}

/* --- lines --- */

static struct summary_part *part_of(struct summary *summary, uint32_t account, int64_t month_s,
                                    enum product product)
{
    uint64_t hash = hash_mix(hash_mix(account, (uint64_t)product), (uint64_t)month_s);
    for (struct table_probe p = table_probe(&summary->part_index, hash);
         table_next(&summary->part_index, &p);) {
        struct summary_part *part = &summary->parts.at[p.index];
        if (part->account == account && part->month_s == month_s && part->product == product)
            return part;
    }
    table_insert(&summary->part_index, hash, summary->parts.count);
    vec_push(&summary->parts,
             (struct summary_part){.account = account, .product = product, .month_s = month_s});
    return &summary->parts.at[summary->parts.count - 1];
}

static void add_line(struct summary *summary, const struct line_hour *hour)
{
    const struct book *book = &summary->settlement->book;
    const struct line_key *key = &book->lines.at[hour->line].key;
    struct summary_part *part = part_of(summary, key->account, time_month(hour->hour_s), key->product);
    bool by_cycle = catalog_settles_by_cycle(prices_at(&book->prices, hour->hour_s), key->product);
    struct amount amount =
        amount_widen(&hour->settled.total, REPORT_SCALE - prices_charge_scale(&book->prices));
    add(by_cycle ? &part->cycle : &part->hourly, &amount);
    part->unpriced += !hour->settled.priced;
    summary->unpriced += !hour->settled.priced;
}

static int compare_accounts(const void *a, const void *b, void *context)
{
    const struct account *x = a, *y = b;
    const struct names *names = context;
    return str_compare(names_get(names, x->name), names_get(names, y->name));
}

static int compare_parts(const void *a, const void *b, void *context)
{
    const struct summary_part *x = a, *y = b;
    const struct names *names = context;
    int order = str_compare(names_get(names, x->account), names_get(names, y->account));
    if (order == 0)
        order = (x->month_s > y->month_s) - (x->month_s < y->month_s);
    return order != 0 ? order : strcmp(product_name(x->product), product_name(y->product));
}

/* The parts [first, end) of one account, and its bills of the months that are due. */
static void add_account(struct summary *summary, uint32_t first, uint32_t end,
                        const struct frame_place *place)
{
    uint32_t at = accounts_get(&summary->accounts, summary->parts.at[first].account);
    VEC(struct bill_sum) sums = {0};
    for (uint32_t i = first; i < end; i++) {
        const struct summary_part *part = &summary->parts.at[i];
        struct account *account = &summary->accounts.list.at[at];
        add(&account->charged, &part->hourly);
        add(&account->accrued, &part->cycle);
        struct bill_sum sum = {.product = part->product,
                               .month_s = part->month_s,
                               .amount = amount_add(&part->hourly, &part->cycle),
                               .accrued = part->cycle,
                               .unpriced = part->unpriced};
        if (bill_is_due(part->month_s, place->watermark_us))
            vec_push(&sums, sum);
    }
    account_bill(&summary->accounts, at, prices_of(summary), place, (struct bill_sums){sums.at, sums.count},
                 &summary->posted);
    vec_release(&sums);
}

void summary_add_up(struct summary *summary, int64_t until_s)
{
    struct book *book = &summary->settlement->book;
    struct frame_place place = place_at(until_s);
    for (uint32_t i = 0; i < book->hours.count; i++)
        if (book->hours.at[i].settled.exists)
            add_line(summary, &book->hours.at[i]);
    if (summary->parts.count > 0)
        qsort_r(summary->parts.at, summary->parts.count, sizeof *summary->parts.at, compare_parts,
                &book->names);
    for (uint32_t first = 0, end; first < summary->parts.count; first = end) {
        for (end = first + 1; end < summary->parts.count; end++)
            if (summary->parts.at[end].account != summary->parts.at[first].account)
                break;
        add_account(summary, first, end, &place);
    }
}

/* --- output --- */

struct printer {
    const struct summary *summary;
    struct report_style style;
    struct packer *out;
    void (*flush)(void *context, struct packer *out);
    void *context;
};

static void flush_full(const struct printer *to)
{
    if (to->out->bytes.count >= FLUSH_BYTES)
        to->flush(to->context, to->out);
}

static void print_balances(const struct printer *to)
{
    const struct names *names = &to->summary->settlement->book.names;
    VEC(struct account) sorted = {0};
    for (uint32_t i = 0; i < to->summary->accounts.list.count; i++)
        vec_push(&sorted, to->summary->accounts.list.at[i]);
    union {
        const struct names *given;
        void *context;
    } unqualified = {.given = names}; /* qsort_r's context is not const; compare reads only */
    if (sorted.count > 0)
        qsort_r(sorted.at, sorted.count, sizeof *sorted.at, compare_accounts, unqualified.context);
    for (uint32_t i = 0; i < sorted.count; i++) {
        const struct account *account = &sorted.at[i];
        struct report_balance row = {
            .account = names_get(names, account->name),
            .credited = account->credited,
            .debited = account->debited,
            .charged = account->charged,
            .accrued = account->accrued,
        };
        report_print_balance(&to->style, &row, to->out);
        flush_full(to);
    }
    vec_release(&sorted);
}

static void print_bill(const struct printer *to, const struct bill_row *bill)
{
    char month[TIME_TEXT_SIZE];
    time_print(bill->month_s, month);
    struct report_bill row = {
        .account = names_get(&to->summary->settlement->book.names, bill->account),
        .month = {month, sizeof "2026-11" - 1},
        .product = bill->whole ? STR("*") : str_of(product_name(bill->product)),
        .amount = bill->amount,
        .unpriced = bill->unpriced,
        .whole = bill->whole,
        .payable = bill->payable,
        .carried = bill->carried,
    };
    report_print_bill(&to->style, &row, to->out);
}

/* The whole of a bill lies behind its products, and is printed before them. */
static void print_bills(const struct printer *to)
{
    const struct bill_row *bills = to->summary->posted.bills.at;
    for (uint32_t first = 0, end; first < to->summary->posted.bills.count; first = end) {
        for (end = first; !bills[end].whole; end++)
            ;
        print_bill(to, &bills[end]);
        for (uint32_t i = first; i < end; i++)
            print_bill(to, &bills[i]);
        flush_full(to);
        end++;
    }
}

void summary_print(const struct summary *summary, enum report report, enum sheet_format format,
                   struct packer *out, void (*flush)(void *context, struct packer *out), void *context)
{
    const struct prices *prices = prices_of(summary);
    struct printer to = {
        .summary = summary,
        .style = {format, prices_charge_scale(prices), prices_bill_scale(prices), prices_currency(prices)},
        .out = out,
        .flush = flush,
        .context = context,
    };
    CHECK(report == REPORT_BALANCES || report == REPORT_BILLS);
    report_header(&to.style, report, out);
    if (report == REPORT_BALANCES)
        print_balances(&to);
    else
        print_bills(&to);
    flush(context, out);
}
