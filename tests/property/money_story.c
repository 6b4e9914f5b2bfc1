#include "tests/property/money_story.h"

#include <stdio.h>

#include "lib/base/time.h"

enum { TEXT = 32, CATALOG_SIZE = 2000, GRID_S = 1800, ACCOUNTS = 3 };

static const int64_t gb = 1000000000;

struct teller {
    struct money_story *story;
    struct random random;
    int64_t begin_s;
    uint32_t days;
    int told;
};

static uint32_t below(struct teller *teller, uint32_t limit)
{
    return random_below(&teller->random, limit);
}

static struct str keep(struct teller *teller, const char *text, int size)
{
    return arena_copy(&teller->story->world.strings.strings, (struct str){text, (uint32_t)size});
}

static struct str name(struct teller *teller, const char *prefix, uint32_t number)
{
    char text[TEXT];
    return keep(teller, text, snprintf(text, sizeof text, "%s%u", prefix, number));
}

#define CHOOSE(teller, list) (list)[below(teller, sizeof(list) / sizeof *(list))]

/* --- catalogs --- */

/* What must stay in every catalog. */
struct scales {
    const char *charge;
    const char *bill;
};

static struct scales choose_scales(struct teller *teller)
{
    static const char *const charge[] = {"charge_scale: 6\n", "charge_scale: 6\n", "charge_scale: 2\n",
                                         "charge_scale: 0\n", "charge_scale: 12\n"};
    static const char *const bill[] = {"", "", "bill_scale: 0\n", "bill_scale: 12\n"};
    const char *of_charges = CHOOSE(teller, charge), *of_bills = CHOOSE(teller, bill);
    return (struct scales){of_charges, of_bills};
}

static struct str make_catalog(struct teller *teller, struct scales scales)
{
    static const char *const graces[] = {"0", "60", "1h", "2h", "1d", "3d", "999999999d"};
    static const char *const voids[] = {"0", "0", "90m", "20h", "3d"};
    static const char *const settles[] = {"hourly", "cycle"};
    static const char *const prices[] = {"2.50", "0.000001", "0.0333", "7"};
    const char *grace = CHOOSE(teller, graces), *void_after = CHOOSE(teller, voids);
    const char *container = CHOOSE(teller, settles), *node = CHOOSE(teller, settles);
    const char *storage = CHOOSE(teller, settles), *maas = CHOOSE(teller, settles);
    const char *price = CHOOSE(teller, prices), *other = CHOOSE(teller, prices);
    char text[CATALOG_SIZE];
    int size = snprintf(text, sizeof text,
                        "currency: USD\n%s%sgrace: %s\nvoid_after: %s\nproducts:\n"
                        "  container: {settle: %s, skus: {a: {payg: {price: '%s', per: hour},\n"
                        "      subscription: {price: '12.345', per: month}},\n"
                        "    b: {payg: {price: '%s', per: minute}}}}\n",
                        scales.charge, scales.bill, grace, void_after, container, price, other);
    if (below(teller, 4) > 0)
        size += snprintf(text + size, sizeof text - (size_t)size,
                         "  node: {settle: %s, skus: {a: {payg: {price: '%s', per: hour},\n"
                         "      subscription: {price: '3', per: month}}}}\n",
                         node, other);
    size += snprintf(text + size, sizeof text - (size_t)size,
                     "  storage: {settle: %s, skus: {standard: {payg: {price: '0.07', per: GB-hour},"
                     " free: 20GB}}}\n"
                     "  maas: {settle: %s, skus: {a: {input_tokens: {price: '0.6', per: 1K}, output_tokens:\n"
                     "    {price: '%s', per: 1K}}}}\n",
                     storage, maas, price);
    return keep(teller, text, size);
}

/* --- events --- */

static void tell(struct teller *teller, struct record record)
{
    static const uint32_t lates_s[] = {0, 0, 0, 0, GRID_S, 6 * GRID_S, 40 * GRID_S, 200 * GRID_S};
    int64_t late_s = CHOOSE(teller, lates_s);
    if (late_s > 0)
        late_s = below(teller, (uint32_t)late_s / GRID_S) * (int64_t)GRID_S;
    record.id = name(teller, "", (uint32_t)teller->told++);
    record.source = STR("/x");
    int64_t early_us = below(teller, 8) == 0 ? 200 * (int64_t)SECOND_US : 0;
    int64_t arrives_us = record.time_us + (late_s > 0 ? late_s * SECOND_US : -early_us);
    vec_push(&teller->story->world.arrivals, (struct arrival){record, arrives_us});
}

static struct record about(struct teller *teller, enum record_kind kind, enum product product,
                           struct str subject)
{
    uint32_t account = below(teller, ACCOUNTS), slot = below(teller, teller->days * DAY_S / GRID_S);
    int64_t part_us = below(teller, 4) == 0 ? 1 + below(teller, 3) * (int64_t)499999 : 0;
    int64_t time_us = (teller->begin_s + slot * (int64_t)GRID_S) * SECOND_US + part_us;
    return (struct record){.kind = kind,
                           .product = product,
                           .account = name(teller, "account", account),
                           .subject = subject,
                           .time_us = time_us,
                           .since_us = time_us,
                           .sku = STR(""),
                           .order = STR(""),
                           .amount = STR(""),
                           .currency = STR("")};
}

static struct str level_sku(struct teller *teller)
{
    static const char *const skus[] = {"a", "a", "a", "b", "unheard-of"};
    return str_of(CHOOSE(teller, skus));
}

static void tell_resource(struct teller *teller)
{
    static const enum record_kind kinds[] = {RECORD_LAUNCHED, RECORD_LAUNCHED, RECORD_RECONFIGURED,
                                             RECORD_STOPPED,  RECORD_STOPPED,  RECORD_FAILED,
                                             RECORD_DELETED};
    enum record_kind kind = CHOOSE(teller, kinds);
    enum product product = below(teller, 3) > 0 ? PRODUCT_CONTAINER : PRODUCT_NODE;
    struct record record = about(teller, kind, product, name(teller, "r", below(teller, 2)));
    if (kind == RECORD_LAUNCHED || kind == RECORD_RECONFIGURED) {
        record.sku = level_sku(teller);
        record.quantity = 1 + below(teller, 3);
        if (below(teller, 2) > 0)
            record.order = name(teller, "o", below(teller, 3));
    }
    if (kind == RECORD_FAILED)
        record.since_us -= below(teller, 40) * (int64_t)GRID_S * SECOND_US;
    tell(teller, record);
}

static void tell_report(struct teller *teller)
{
    bool storage = below(teller, 2) > 0;
    struct record record =
        about(teller, storage ? RECORD_STORAGE_USED : RECORD_TOKENS, storage ? PRODUCT_STORAGE : PRODUCT_MAAS,
              name(teller, "e", below(teller, 2)));
    record.sku = storage ? STR("standard") : below(teller, 5) > 0 ? STR("a") : STR("unheard-of");
    if (storage)
        record.bytes = below(teller, 50) * gb;
    else
        record.input_tokens = below(teller, 3000);
    if (!storage)
        record.output_tokens = below(teller, 1000);
    tell(teller, record);
}

static void tell_order(struct teller *teller)
{
    static const enum record_kind kinds[] = {RECORD_ORDER_PAID, RECORD_ORDER_PAID, RECORD_ORDER_FULFILLED,
                                             RECORD_ORDER_FAILED, RECORD_ORDER_REFUNDED};
    enum record_kind kind = CHOOSE(teller, kinds);
    struct record record = about(teller, kind, PRODUCT_NONE, name(teller, "o", below(teller, 3)));
    if (kind == RECORD_ORDER_PAID) {
        record.product = below(teller, 3) > 0 ? PRODUCT_CONTAINER : PRODUCT_NODE;
        record.sku = level_sku(teller);
        record.quantity = 1 + below(teller, 2);
        record.months = 1 + below(teller, 2);
    }
    tell(teller, record);
}

static void tell_payment(struct teller *teller)
{
    static const char *const amounts[] = {"1",   "2.50", "10",    "12.345",         "0.005", "5000",
                                          "100", "33.3", "0.015", "0.000000000001", "1200",  "300"};
    bool debit = below(teller, 6) == 0;
    struct record record = about(teller, debit ? RECORD_DEBITED : RECORD_CREDITED, PRODUCT_NONE,
                                 name(teller, "p", below(teller, 12)));
    record.amount = str_of(CHOOSE(teller, amounts));
    record.currency = below(teller, 8) > 0 ? STR("USD") : STR("EUR");
    record.for_bill = !debit && below(teller, 5) == 0;
    tell(teller, record);
}

static int compare_arrivals(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    if (x->arrives_us != y->arrives_us)
        return x->arrives_us < y->arrives_us ? -1 : 1;
    return str_compare(x->record.id, y->record.id);
}

/* Mostly nothing happens for long after the last event; sometimes for months. */
static int64_t choose_end_us(struct teller *teller)
{
    static const uint32_t waits_s[] = {HOUR_S, 2 * HOUR_S + 10, 30 * HOUR_S, 30 * HOUR_S, 33 * DAY_S};
    const struct world *world = &teller->story->world;
    int64_t wait_s = CHOOSE(teller, waits_s);
    if (below(teller, 16) == 0)
        wait_s += 30 * (int64_t)DAY_S;
    return world->arrivals.at[world->arrivals.count - 1].arrives_us + wait_s * SECOND_US;
}

void money_story_make(struct money_story *story, uint64_t seed)
{
    static const int64_t months_s[] = {1772323200 /* 2026-03-01 */, 1767225600 /* 2026-01-01 */,
                                       1709251200 /* 2024-03-01 */, 1793491200 /* 2026-11-01 */};
    *story = (struct money_story){0};
    struct teller teller = {.story = story, .random = random_of(seed)};
    teller.days = 2 + below(&teller, 6);
    int64_t end_s = CHOOSE(&teller, months_s);
    teller.begin_s = end_s + DAY_S - below(&teller, teller.days + 2) * (int64_t)DAY_S;
    struct world *world = &story->world;
    struct scales scales = choose_scales(&teller);
    world->catalog = make_catalog(&teller, scales);
    if (below(&teller, 2) > 0) {
        world->later_catalog = make_catalog(&teller, scales);
        world->later_from_s = teller.begin_s + below(&teller, teller.days * 24) * (int64_t)HOUR_S;
    }
    world->frame_rows = below(&teller, 2) > 0 ? 1 + below(&teller, 6) : 0;
    int events = 20 + (int)below(&teller, 60);
    while (teller.told < events) {
        uint32_t luck = below(&teller, 20);
        if (luck < 6)
            tell_resource(&teller);
        else if (luck < 8)
            tell_report(&teller);
        else if (luck < 11)
            tell_order(&teller);
        else
            tell_payment(&teller);
    }
    qsort(world->arrivals.at, world->arrivals.count, sizeof *world->arrivals.at, compare_arrivals);
    story->end_us = choose_end_us(&teller);
}

void money_story_release(struct money_story *story)
{
    world_release(&story->world);
}
