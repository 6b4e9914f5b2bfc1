#include "tests/property/story.h"

#include <stdio.h>

#include "lib/base/time.h"

enum { INSTANTS = 24, TEXT = 32, SIGNS = 6, AHEAD_S = 300 };

static const int64_t begin_s = 1793469600; /* 2026-10-31T18:00:00Z: a day later October's bills are cut */
static const int64_t gb = 1000000000;

#define BODY(price)                                                                                          \
    "a: {payg: {price: '" price "', per: hour}, subscription: {price: '1200', per: month}}\n"                \
    "      b: {payg: [{price: '1', per: minute}, {from: 2026-11-01T20:20:00Z, price: '3', per: minute}]}\n"  \
    "      c: {subscription: {price: '77.7', per: month}}\n"
#define REST                                                                                                 \
    "  storage: {settle: hourly, skus: {standard: {payg: {price: '0.0002', per: GB-hour}, free: 20GB},\n"    \
    "    cold: {payg: {price: '0.07', per: GiB-day}}}}\n"                                                    \
    "  maas: {settle: cycle, skus: {a: {input_tokens: {price: '0.6', per: 1M}, output_tokens:\n"             \
    "    {price: '7', per: 1K}, images: {price: '0.04', per: 1}}}}\n"
#define CATALOG(void_after, grace, price, container, node)                                                   \
    "currency: USD\nvoid_after: " void_after "\ngrace: " grace "\nproducts:\n"                               \
    "  container:\n    settle: hourly\n    liveness: " container                                             \
    "\n    skus:\n      " BODY(price) "  node:\n    settle: cycle\n    liveness: " node                      \
                                      "\n    skus:\n      " BODY(price) REST

static const char *const catalogs[] = {
    CATALOG("90m", "3h", "2.50", "1800", "0"), CATALOG("20h", "30m", "2.50", "7200", "3600"),
    CATALOG("0", "0", "2.50", "0", "10800"), CATALOG("3d", "1h", "2.50", "3600", "20000")};
/* What may follow each: a later catalog keeps liveness. */
static const char *const later_catalogs[] = {
    CATALOG("20h", "0", "3.75", "1800", "0"), CATALOG("0", "24h", "0.000001", "7200", "3600"),
    CATALOG("3d", "2h", "999.999999999999", "0", "10800"), CATALOG("90m", "5s", "3.75", "3600", "20000")};

struct teller {
    struct world *world;
    struct random random;
    int64_t instants_us[INSTANTS];
    struct story_kind kind;
    int told;
};

static uint32_t below(struct teller *teller, uint32_t limit)
{
    return random_below(&teller->random, limit);
}

static struct str name(struct teller *teller, const char *prefix, uint32_t number)
{
    char text[TEXT];
    int size = snprintf(text, sizeof text, "%s%u", prefix, number);
    return arena_copy(&teller->world->strings.strings, (struct str){text, (uint32_t)size});
}

static void choose_instants(struct teller *teller, int hours)
{
    static const int64_t seconds[] = {0, 0, 1, 599, 1800, 2400, 3599};
    static const int64_t parts_us[] = {0, 0, 1, 999999};
    for (int i = 0; i < INSTANTS; i++) {
        int64_t hour_s = begin_s + below(teller, (uint32_t)hours) * (int64_t)HOUR_S;
        int64_t second_s = hour_s + seconds[below(teller, 7)];
        teller->instants_us[i] = second_s * SECOND_US + parts_us[below(teller, 4)];
    }
}

/* How long an event is on its way: most come at once, three in ten take up to days; some come before their
 * time. */
static int64_t delay_us(struct teller *teller)
{
    if (teller->kind.ahead && below(teller, 3) == 0)
        return -(int64_t)below(teller, AHEAD_S) * SECOND_US;
    uint32_t luck = below(teller, 10);
    uint32_t most_s = luck < 5 ? 5 : luck < 7 ? 2 * HOUR_S : (uint32_t)teller->kind.late_hours * HOUR_S;
    return below(teller, most_s) * (int64_t)SECOND_US;
}

static void tell(struct teller *teller, struct record record)
{
    record.id = name(teller, "", (uint32_t)teller->told++);
    record.source = below(teller, 2) > 0 ? STR("/x") : STR("/y");
    if (record.kind != RECORD_FAILED)
        record.since_us = record.time_us;
    bool at_once = record.kind == RECORD_HEARTBEAT && !teller->kind.late_heartbeats;
    int64_t arrives_us = record.since_us + (at_once ? 0 : delay_us(teller));
    vec_push(&teller->world->arrivals, (struct arrival){record, arrives_us});
}

/* Draws are statements of their own: in what order a compiler takes arguments is its own affair. */
static struct record about(struct teller *teller, enum record_kind kind, enum product product,
                           struct str subject)
{
    uint32_t account = below(teller, 3), instant = below(teller, INSTANTS);
    return (struct record){.kind = kind,
                           .product = product,
                           .account = name(teller, "account", account),
                           .subject = subject,
                           .time_us = teller->instants_us[instant],
                           .sku = STR(""),
                           .order = STR(""),
                           .amount = STR(""),
                           .currency = STR("")};
}

/* In a live story each day has resources of its own, so that what is forgotten leaves. */
static void rename_by_day(struct teller *teller, struct record *record)
{
    if (!teller->kind.ahead)
        return;
    char text[TEXT];
    int day = (int)((record->time_us / SECOND_US - begin_s) / (24 * HOUR_S));
    int size = snprintf(text, sizeof text, "%.*s-%d", STR_ARG(record->subject), day);
    record->subject = arena_copy(&teller->world->strings.strings, (struct str){text, (uint32_t)size});
}

static struct str sku(struct teller *teller)
{
    static const char *const skus[] = {"a", "a", "a", "b", "c"};
    return str_of(skus[below(teller, 5)]);
}

/* A reconfiguration says what is new, an order too. */
static void leave_out(struct teller *teller, struct record *record)
{
    uint32_t said = 1 + below(teller, 7);
    if ((said & 1) == 0)
        record->sku = STR("");
    if ((said & 2) == 0)
        record->quantity = 0;
    if ((said & 4) != 0)
        record->order = name(teller, "o", below(teller, 3));
}

static void tell_resource(struct teller *teller)
{
    static const enum record_kind kinds[] = {RECORD_LAUNCHED,     RECORD_LAUNCHED, RECORD_LAUNCHED,
                                             RECORD_RECONFIGURED, RECORD_STOPPED,  RECORD_FAILED,
                                             RECORD_DELETED,      RECORD_HEARTBEAT};
    enum record_kind kind = kinds[below(teller, 8)];
    enum product product = below(teller, 3) > 0 ? PRODUCT_CONTAINER : PRODUCT_NODE;
    struct record record = about(teller, kind, product, name(teller, "r", below(teller, 3)));
    rename_by_day(teller, &record);
    if (record.kind == RECORD_LAUNCHED || record.kind == RECORD_RECONFIGURED) {
        record.sku = sku(teller);
        record.quantity = 1 + below(teller, 4);
    }
    if (record.kind == RECORD_LAUNCHED && below(teller, 4) > 0)
        record.order = name(teller, "o", below(teller, 3));
    if (record.kind == RECORD_RECONFIGURED)
        leave_out(teller, &record);
    if (record.kind == RECORD_FAILED) {
        static const int64_t back_s[] = {0, 1, 1800, 3600, 20 * HOUR_S};
        record.since_us = record.time_us - back_s[below(teller, 5)] * SECOND_US;
    }
    int signs = record.kind == RECORD_HEARTBEAT ? 1 + (int)below(teller, SIGNS) : 1;
    for (int i = 0; i < signs; i++) {
        tell(teller, record);
        record.time_us += 1800 * (int64_t)SECOND_US;
    }
}

static void tell_order(struct teller *teller)
{
    static const enum record_kind kinds[] = {
        RECORD_ORDER_PAID,      RECORD_ORDER_PAID,   RECORD_ORDER_PAID,
        RECORD_ORDER_FULFILLED, RECORD_ORDER_FAILED, RECORD_ORDER_REFUNDED,
        RECORD_ORDER_REFUNDED,  RECORD_CREDITED,     RECORD_DEBITED};
    enum record_kind kind = kinds[below(teller, 9)];
    struct record record = about(teller, kind, PRODUCT_NONE, name(teller, "o", below(teller, 3)));
    if (record.kind == RECORD_ORDER_PAID) {
        record.product = below(teller, 4) > 0 ? PRODUCT_CONTAINER : PRODUCT_NODE;
        record.sku = sku(teller);
        record.quantity = 1 + below(teller, 3);
        record.months = 1 + below(teller, 2);
    }
    if (record_is_payment(kind)) {
        record.amount = STR("12.50");
        record.currency = below(teller, 2) > 0 ? STR("USD") : STR("EUR");
        record.for_bill = kind == RECORD_CREDITED && below(teller, 3) == 0;
    }
    tell(teller, record);
}

static void tell_report(struct teller *teller)
{
    static const enum record_kind kinds[] = {RECORD_STORAGE_USED, RECORD_STORAGE_USED, RECORD_STORAGE_DELETED,
                                             RECORD_TOKENS, RECORD_IMAGES};
    enum record_kind kind = kinds[below(teller, 5)];
    bool storage = kind == RECORD_STORAGE_USED || kind == RECORD_STORAGE_DELETED;
    struct record record = about(teller, kind, storage ? PRODUCT_STORAGE : PRODUCT_MAAS,
                                 name(teller, storage ? "fs" : "endpoint", below(teller, 2)));
    if (storage)
        rename_by_day(teller, &record);
    if (storage)
        record.sku = below(teller, 3) > 0 ? STR("standard") : STR("cold");
    else
        record.sku = below(teller, 4) > 0 ? STR("a") : STR("unheard-of");
    if (kind == RECORD_STORAGE_USED)
        record.bytes = below(teller, 60) * gb;
    if (kind == RECORD_TOKENS) {
        record.input_tokens = below(teller, 100000);
        record.output_tokens = below(teller, 1000);
        if (below(teller, 2) > 0)
            record.cached_input_tokens = below(teller, (uint32_t)record.input_tokens + 1);
        if (below(teller, 2) > 0)
            record.cache_write_tokens =
                below(teller, (uint32_t)(record.input_tokens - record.cached_input_tokens) + 1);
    }
    record.succeeded = kind == RECORD_IMAGES && below(teller, 4) > 0;
    if (record.succeeded)
        record.images = below(teller, 3);
    tell(teller, record);
}

static int compare_arrivals(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    if (x->arrives_us != y->arrives_us)
        return x->arrives_us < y->arrives_us ? -1 : 1;
    return str_compare(x->record.id, y->record.id);
}

void story_make(struct world *world, uint64_t seed, struct story_kind kind)
{
    struct teller teller = {.world = world, .random = random_of(seed + 77000), .kind = kind};
    world->catalog = str_of(catalogs[seed % 4]);
    if (below(&teller, 2) > 0) {
        world->later_catalog = str_of(later_catalogs[seed % 4]);
        world->later_from_s = begin_s + below(&teller, (uint32_t)kind.hours) * (int64_t)HOUR_S;
    }
    choose_instants(&teller, kind.hours);
    while (teller.told < kind.events) {
        uint32_t luck = below(&teller, 10);
        if (luck < 6)
            tell_resource(&teller);
        else if (luck < 8)
            tell_order(&teller);
        else
            tell_report(&teller);
    }
    qsort(world->arrivals.at, world->arrivals.count, sizeof *world->arrivals.at, compare_arrivals);
}
