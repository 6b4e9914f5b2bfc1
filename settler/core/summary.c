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
    seen_release(&summary->payments);
    vec_release(&summary->accounts);
    table_release(&summary->account_index);
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

/* Finds it, or makes an empty one. Good until the next one is made. */
static struct summary_account *account_of(struct summary *summary, uint32_t name)
{
    uint64_t hash = hash_mix(name, 0);
    for (struct table_probe p = table_probe(&summary->account_index, hash);
         table_next(&summary->account_index, &p);)
        if (summary->accounts.at[p.index].name == name)
            return &summary->accounts.at[p.index];
    table_insert(&summary->account_index, hash, summary->accounts.count);
    vec_push(&summary->accounts, (struct summary_account){.name = name});
    return &summary->accounts.at[summary->accounts.count - 1];
}

/* --- payments --- */

static void pay(struct summary *summary, const struct record *record)
{
    struct amount amount;
    if (!seen_add(&summary->payments, 0, identity_of(record)) ||
        !str_equal(record->currency, str_of(prices_currency(prices_of(summary)))))
        return;
    CHECK(amount_read(record->amount.at, record->amount.size, REPORT_SCALE, &amount));
    uint32_t name = names_intern(&summary->settlement->book.names, record->account);
    struct summary_account *account = account_of(summary, name);
    add(record->kind == RECORD_CREDITED ? &account->credited : &account->debited, &amount);
}

void summary_pay(struct summary *summary, const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct fact *fact = &frame->facts[i];
        if (fact->control == CONTROL_NONE && record_is_payment(fact->record.kind))
            pay(summary, &fact->record);
    }
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

static bool is_billed(const struct summary *summary, int64_t month_s)
{
    return time_add_months(month_s, 1) + DAY_S <= summary->until_s;
}

static int compare_accounts(const void *a, const void *b, void *context)
{
    const struct summary_account *x = a, *y = b;
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

void summary_add_up(struct summary *summary, int64_t until_s)
{
    struct book *book = &summary->settlement->book;
    summary->until_s = until_s;
    for (uint32_t i = 0; i < book->hours.count; i++)
        if (book->hours.at[i].settled.exists)
            add_line(summary, &book->hours.at[i]);
    for (uint32_t i = 0; i < summary->parts.count; i++) {
        const struct summary_part *part = &summary->parts.at[i];
        struct summary_account *account = account_of(summary, part->account);
        add(&account->charged, &part->hourly);
        add(is_billed(summary, part->month_s) ? &account->charged : &account->accrued, &part->cycle);
    }
    if (summary->accounts.count > 0)
        qsort_r(summary->accounts.at, summary->accounts.count, sizeof *summary->accounts.at, compare_accounts,
                &book->names);
    if (summary->parts.count > 0)
        qsort_r(summary->parts.at, summary->parts.count, sizeof *summary->parts.at, compare_parts,
                &book->names);
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
    const struct summary *summary = to->summary;
    for (uint32_t i = 0; i < summary->accounts.count; i++) {
        const struct summary_account *account = &summary->accounts.at[i];
        struct report_balance row = {
            .account = names_get(&summary->settlement->book.names, account->name),
            .credited = account->credited,
            .debited = account->debited,
            .charged = account->charged,
            .accrued = account->accrued,
        };
        report_print_balance(&to->style, &row, to->out);
        flush_full(to);
    }
}

/* The bill of parts [first, end), which are of one account and month, above them; *carried goes from bill to
 * bill. */
static void print_bill(const struct printer *to, uint32_t first, uint32_t end, struct amount *carried)
{
    const struct summary_part *parts = to->summary->parts.at;
    char month[TIME_TEXT_SIZE];
    time_print(parts[first].month_s, month);
    struct report_bill whole = {
        .account = names_get(&to->summary->settlement->book.names, parts[first].account),
        .month = {month, sizeof "2026-11" - 1},
        .product = STR("*"),
        .whole = true,
    };
    for (uint32_t i = first; i < end; i++) {
        add(&whole.amount, &parts[i].hourly);
        add(&whole.amount, &parts[i].cycle);
        whole.unpriced += parts[i].unpriced;
    }
    struct amount asked = amount_add(&whole.amount, carried);
    uint32_t beyond = REPORT_SCALE - to->style.bill_scale;
    whole.payable = amount_narrow(&asked, beyond);
    whole.payable = amount_widen(&whole.payable, beyond);
    *carried = whole.carried = amount_sub(&asked, &whole.payable);
    report_print_bill(&to->style, &whole, to->out);
    for (uint32_t i = first; i < end; i++) {
        struct report_bill row = {
            .account = whole.account,
            .month = whole.month,
            .product = str_of(product_name(parts[i].product)),
            .amount = amount_add(&parts[i].hourly, &parts[i].cycle),
            .unpriced = parts[i].unpriced,
        };
        report_print_bill(&to->style, &row, to->out);
    }
}

static void print_bills(const struct printer *to)
{
    const struct summary *summary = to->summary;
    struct amount carried = amount_zero();
    for (uint32_t first = 0, end; first < summary->parts.count; first = end) {
        const struct summary_part *part = &summary->parts.at[first];
        for (end = first + 1; end < summary->parts.count; end++)
            if (summary->parts.at[end].account != part->account ||
                summary->parts.at[end].month_s != part->month_s)
                break;
        if (first > 0 && summary->parts.at[first - 1].account != part->account)
            carried = amount_zero();
        if (is_billed(summary, part->month_s))
            print_bill(to, first, end, &carried);
        flush_full(to);
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
