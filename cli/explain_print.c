#include "cli/explain_print.h"

#include <stdio.h>

#include "cli/events_json.h"
#include "lib/base/check.h"
#include "lib/base/time.h"

enum { PRICE_DECIMALS = 12, PRICE_DECIMALS_LEAST = 2, U128_TEXT_SIZE = 40, CLOCK_TEXT_SIZE = 16 };

/* --- words --- */

static const char *time_text(int64_t second_s, char out[TIME_TEXT_SIZE])
{
    time_print(second_s, out);
    return out;
}

/* "10:20:00"; the end of a day's last hour is "24:00:00". */
static const char *clock_text(const struct explained *of, int64_t second_s, char out[CLOCK_TEXT_SIZE])
{
    int64_t hour_s = explained_hour(of)->hour_s;
    int64_t of_day = hour_s % DAY_S + (second_s - hour_s);
    snprintf(out, CLOCK_TEXT_SIZE, "%02d:%02d:%02d", (int)(of_day / HOUR_S), (int)(of_day / MINUTE_S % 60),
             (int)(of_day % 60));
    return out;
}

static const char *number_text(unsigned __int128 number, char out[U128_TEXT_SIZE])
{
    u128_print(number, out);
    return out;
}

static const char *price_text(const struct price *price, char out[AMOUNT_TEXT_SIZE])
{
    struct amount amount = amount_of(wide_of(price->picounits), false);
    amount_print_short(&amount, PRICE_DECIMALS, PRICE_DECIMALS_LEAST, out);
    return out;
}

/* What a price is per, in the catalog's word. */
static const char *per_word(enum meter meter, unsigned __int128 per)
{
    static const struct {
        enum units units;
        unsigned __int128 per;
        const char *word;
    } words[] = {
        {UNITS_SECONDS, 1, "second"},
        {UNITS_SECONDS, MINUTE_S, "minute"},
        {UNITS_SECONDS, HOUR_S, "hour"},
        {UNITS_SECONDS, DAY_S, "day"},
        {UNITS_BYTE_SECONDS, (unsigned __int128)1000000000 * HOUR_S, "GB-hour"},
        {UNITS_BYTE_SECONDS, ((unsigned __int128)1 << 30) * HOUR_S, "GiB-hour"},
        {UNITS_BYTE_SECONDS, (unsigned __int128)1000000000 * DAY_S, "GB-day"},
        {UNITS_BYTE_SECONDS, ((unsigned __int128)1 << 30) * DAY_S, "GiB-day"},
        {UNITS_COUNT, 1, "1"},
        {UNITS_COUNT, 1000, "1K"},
        {UNITS_COUNT, 1000000, "1M"},
        {UNITS_MONTHS, 1, "month"},
        {UNITS_MONTHS, 12, "year"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].units == meter_row(meter)->units && words[i].per == per)
            return words[i].word;
    return "unit";
}

static void print_price(enum meter meter, const struct price *price)
{
    char text[AMOUNT_TEXT_SIZE];
    if (price == NULL)
        printf("no price");
    else
        printf("%s per %s", price_text(price, text), per_word(meter, price->per));
}

void explain_amount_text(const struct settled *settled, uint32_t charge_scale, char out[AMOUNT_TEXT_SIZE])
{
    if (!settled->exists)
        snprintf(out, AMOUNT_TEXT_SIZE, "no line");
    else if (!settled->priced)
        snprintf(out, AMOUNT_TEXT_SIZE, "unpriced");
    else
        amount_print(&settled->total, charge_scale, out);
}

/* --- the line, and its rows --- */

void explain_print_head(const struct history_line *line, int64_t hour_s)
{
    const struct line_names *names = &line->names;
    char hour[TIME_TEXT_SIZE];
    printf("account %.*s, hour %s, %s %.*s, meter %s, sku %.*s, kind %s (partition %u)\n",
           STR_ARG(names->account), time_text(hour_s, hour), product_name(names->product),
           STR_ARG(names->resource), meter_name(names->meter), STR_ARG(names->sku),
           charge_kind_name(names->kind), line->partition);
    printf("\nsettled rows\n");
}

void explain_print_row(const struct history_row *row)
{
    char at[TIME_TEXT_SIZE] = "before log time began";
    const struct settled_table_row *of = &row->row;
    if (row->framed && row->watermark_us >= 0)
        time_print(time_second(row->watermark_us), at);
    bool falls = of->amount.size > 0 && of->amount.at[0] == '-';
    printf("  frame %u/%llu, log time %s: units %.*s, ", of->partition, (unsigned long long)of->seq,
           row->framed ? at : "unknown", STR_ARG(of->units));
    if (!of->exists)
        printf("no line");
    else if (!of->priced)
        printf("unpriced");
    else
        printf("total %.*s", STR_ARG(of->total));
    printf(", changed by %s%.*s\n", falls ? "" : "+", STR_ARG(of->amount));
}

/* --- seconds, and the formula --- */

/* What is billed at one price. */
struct term {
    const struct price *price;
    unsigned __int128 units;
};

struct terms {
    const struct explained *of;
    VEC(struct term) list;
};

static void add_term(struct terms *terms, const struct price *price, unsigned __int128 units)
{
    for (uint32_t i = 0; i < terms->list.count; i++)
        if (terms->list.at[i].price == price) {
            terms->list.at[i].units += units;
            return;
        }
    if (units > 0)
        vec_push(&terms->list, (struct term){price, units});
}

static void print_level(const struct explained *of, const struct explained_part *part)
{
    char quantity[U128_TEXT_SIZE], rest[U128_TEXT_SIZE], billed[U128_TEXT_SIZE];
    bool storage = product_is(explained_key(of)->product, SHAPE_POOL);
    unsigned __int128 free_or_covered = part->quantity - part->billed;
    printf("%s %s", storage ? "bytes" : "quantity", number_text(part->quantity, quantity));
    if (part->order != 0)
        printf(", order %.*s", STR_ARG(explained_name(of, part->order)));
    if (free_or_covered > 0)
        printf(", %s %s", storage ? "free" : "covered", number_text(free_or_covered, rest));
    else if (part->order != 0)
        printf(", not covered");
    printf(", billed %s", number_text(part->billed, billed));
}

static void print_part(void *context, const struct explained_part *part)
{
    struct terms *terms = context;
    const struct explained *of = terms->of;
    char from[CLOCK_TEXT_SIZE], to[CLOCK_TEXT_SIZE], number[U128_TEXT_SIZE];
    add_term(terms, part->price, part->units);
    if (product_is(explained_key(of)->product, SHAPE_COUNT)) {
        printf("  from %s on: %s counted, ", clock_text(of, part->from_s, from),
               number_text(part->units, number));
    } else {
        printf("  %s - %s, %lld s: ", clock_text(of, part->from_s, from), clock_text(of, part->to_s, to),
               (long long)(part->to_s - part->from_s));
        print_level(of, part);
        printf(", ");
    }
    print_price(explained_key(of)->meter, part->price);
    printf("\n");
}

/* price x units / per, summed up: what rating.h adds over a common denominator. */
static void print_formula(enum meter meter, const struct terms *terms, uint32_t scale)
{
    printf("\nformula\n  ");
    if (terms->list.count == 0)
        printf("nothing is billed");
    for (uint32_t i = 0; i < terms->list.count; i++) {
        const struct term *term = &terms->list.at[i];
        char units[U128_TEXT_SIZE], per[U128_TEXT_SIZE], price[AMOUNT_TEXT_SIZE];
        printf("%s%s", i > 0 ? " + " : "", number_text(term->units, units));
        if (term->price == NULL)
            printf(" without a price");
        else
            printf(" x %s / %s", price_text(term->price, price), number_text(term->price->per, per));
    }
    printf("\n  %s; rounded once, half to even, to %u decimals\n",
           meter_row(meter)->units == UNITS_SECONDS        ? "units are quantity x seconds"
           : meter_row(meter)->units == UNITS_BYTE_SECONDS ? "units are bytes x seconds"
           : meter_row(meter)->units == UNITS_MONTHS       ? "units are quantity x months"
                                                           : "units are what was counted",
           scale);
}

/* --- orders --- */

static void print_fact(const struct explained *of, const struct book_order *order,
                       const struct order_fact *fact)
{
    static const struct event_marks unmarked;
    struct packer out = {0};
    struct record record = {.kind = fact->kind,
                            .product = fact->kind == RECORD_ORDER_PAID ? fact->product : PRODUCT_NONE,
                            .account = explained_name(of, order->account),
                            .subject = explained_name(of, order->name),
                            .source = fact->source,
                            .id = fact->id,
                            .time_us = fact->time_us,
                            .since_us = fact->time_us,
                            .sku = fact->sku,
                            .quantity = fact->quantity,
                            .months = fact->months};
    event_print(&record, &unmarked, &out);
    printf("  %.*s", (int)out.bytes.count, out.bytes.at);
    vec_release(&out.bytes);
}

static void print_order(const struct explained *of, const struct book_order *order)
{
    const struct order_state *state = &order->state;
    char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];
    printf("\norder %.*s, as table order_facts has it\n", STR_ARG(explained_name(of, order->name)));
    for (uint32_t i = 0; i < order->facts.count; i++)
        print_fact(of, order, &order->facts.at[i]);
    if (!state->paid)
        printf("  never paid: it covers nothing\n");
    else if (state->covers_from_s >= state->covers_to_s)
        printf("  void: it covers nothing\n");
    else
        printf("  covers [%s, %s), of %.*s\n", time_text(state->covers_from_s, from),
               time_text(state->covers_to_s, to), STR_ARG(state->sku));
}

static void print_orders(const struct explained *of)
{
    const struct book *book = &of->settlement.book;
    for (uint32_t i = 0; i < book->orders.count; i++)
        if (book->orders.at[i].account == explained_key(of)->account && book->orders.at[i].facts.count > 0)
            print_order(of, &book->orders.at[i]);
}

void explain_print_usage(const struct explained *of)
{
    const struct line_key *key = explained_key(of);
    struct terms terms = {.of = of};
    printf("\n%s\n", product_is(key->product, SHAPE_COUNT) ? "sums by price" : "seconds");
    if (explained_hour(of)->use_count == 0)
        printf("  none are left\n");
    explained_parts(of, print_part, &terms);
    print_formula(key->meter, &terms, prices_charge_scale(&of->settlement.book.prices));
    vec_release(&terms.list);
    print_orders(of);
}

/* The order.paid that its state is of; NULL: it was never paid. */
static const struct order_fact *paid_of(const struct book_order *order)
{
    const struct order_fact *paid = NULL;
    for (uint32_t i = 0; i < order->facts.count; i++) {
        const struct order_fact *fact = &order->facts.at[i];
        if (fact->kind == RECORD_ORDER_PAID && time_second(fact->time_us) == order->state.covers_from_s &&
            (paid == NULL || str_compare(fact->id, paid->id) < 0))
            paid = fact;
    }
    return paid;
}

static void print_subscription(const struct explained *of, const struct order_fact *paid)
{
    enum { YEAR_MONTHS = 12 };
    const struct prices *prices = &of->settlement.book.prices;
    int64_t paid_s = time_second(paid->time_us);
    const struct catalog *catalog = prices_at(prices, time_hour(paid_s));
    struct price_list list = catalog_year_prices(catalog, paid->product, paid->sku);
    int32_t at = paid->months % YEAR_MONTHS == 0 ? price_list_at(list, paid_s) : -1;
    if (at < 0) {
        list = catalog_prices(catalog, paid->product, paid->sku, METER_MONTHS);
        at = price_list_at(list, paid_s);
    }
    struct terms terms = {.of = of};
    add_term(&terms, at < 0 ? NULL : &list.prices[at],
             (unsigned __int128)paid->quantity * (unsigned __int128)paid->months);
    print_formula(METER_MONTHS, &terms, prices_charge_scale(prices));
    vec_release(&terms.list);
}

/* What the subscription came to. */
static void print_paid(const struct explained *of, const struct order_state *state)
{
    char text[AMOUNT_TEXT_SIZE];
    struct settled paid = {true, true, state->lines[0].rated.priced, 0, state->lines[0].rated.amount};
    explain_amount_text(&paid, prices_charge_scale(&of->settlement.book.prices), text);
    printf("%s", text);
}

static void print_refund(const struct explained *of, const struct book_order *order,
                         const struct order_fact *paid)
{
    const struct order_state *state = &order->state;
    int64_t end_s = time_add_months(state->covers_from_s, paid->months);
    printf("\nformula\n  -(");
    print_paid(of, state);
    printf(" x %lld / %lld): what was paid, seconds left, seconds in all; rounded once, half to even, to %u "
           "decimals\n",
           (long long)(end_s - state->covers_to_s), (long long)(end_s - state->covers_from_s),
           prices_charge_scale(&of->settlement.book.prices));
}

void explain_print_order_line(const struct explained *of)
{
    const struct line_key *key = explained_key(of);
    const struct book *book = &of->settlement.book;
    uint32_t at = book_find_order(book, key->account, key->resource);
    const struct order_fact *paid = at == UINT32_MAX ? NULL : paid_of(&book->orders.at[at]);
    if (at != UINT32_MAX)
        print_order(of, &book->orders.at[at]);
    if (paid == NULL)
        return;
    if (key->kind == CHARGE_SUBSCRIPTION) {
        print_subscription(of, paid);
    } else if (key->kind == CHARGE_REFUND) {
        print_refund(of, &book->orders.at[at], paid);
    } else {
        printf("\nformula\n  -(");
        print_paid(of, &book->orders.at[at].state);
        printf("): a void gives all of it back\n");
    }
}
