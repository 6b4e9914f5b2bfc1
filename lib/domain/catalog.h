/* The catalog: products, policies and prices (CONTRACT §3), read from YAML with libyaml.
 *
 * Immutable once parsed. Reading is strict and bounded (depth, size): an unknown, duplicate or missing key, a
 * bad unit, a null, an anchor, alias or tag, or a second document refuses the whole catalog, with the place.
 * Does no IO: text in, catalog or error out. */
#pragma once

#include "lib/domain/frame.h"
#include "lib/domain/record.h"

struct catalog;

struct catalog_error {
    uint32_t line;     /* from 1 */
    uint32_t column;   /* from 1, in characters */
    char message[200]; /* what was expected; no newline */
};

/* Every `per` of CONTRACT §3 as the number of (units x seconds) or counts that one price pays for. */
struct price {
    int64_t from_s;              /* holds from this second until the next price's; INT64_MIN: since ever */
    unsigned __int128 picounits; /* price x 10^12: exact, < 10^24 */
    unsigned __int128 per;       /* hour: 3600; GB-hour: 10^9 x 3600; 1M: 10^6; month: 1; year: 12 */
};

/* Prices of one sku and meter, `from_s` strictly rising. count 0: the meter has no price at all. */
struct price_list {
    const struct price *prices;
    uint32_t count;
};

/* NULL and *error filled when refused. The text is not kept. */
struct catalog *catalog_parse(struct str text, struct catalog_error *error);
void catalog_free(struct catalog *catalog);

/* Three letters, NUL-terminated. */
const char *catalog_currency(const struct catalog *catalog);
uint32_t catalog_charge_scale(const struct catalog *catalog); /* 0..12 */
/* 0..12; what is not set is the currency's minor unit. */
uint32_t catalog_bill_scale(const struct catalog *catalog);
int64_t catalog_void_after_us(const struct catalog *catalog); /* 0: never */
int64_t catalog_grace_us(const struct catalog *catalog);
int64_t catalog_liveness_s(const struct catalog *catalog, enum product product); /* 0: off */
bool catalog_settles_by_cycle(const struct catalog *catalog, enum product product);

/* payg prices for METER_RUNTIME and METER_CAPACITY, counts' prices for the maas meters, the subscription's
 * by the month for METER_MONTHS. What was read from a cache or written to one goes by the prices of
 * METER_INPUT_TOKENS where the sku has none of its own. An unknown sku, or a meter without price: count 0. */
struct price_list catalog_prices(const struct catalog *catalog, enum product product, struct str sku,
                                 enum meter meter);
/* The subscription's by the year, of METER_MONTHS too: one price pays for 12 months of one unit. For orders
 * of whole years only (CONTRACT §4). */
struct price_list catalog_year_prices(const struct catalog *catalog, enum product product, struct str sku);
/* Free bytes of a storage sku; 0 where none. */
unsigned __int128 catalog_free_bytes(const struct catalog *catalog, struct str sku);
/* Index into the list of the price that holds at a second, or -1: unpriced. */
int32_t price_list_at(struct price_list list, int64_t second_s);
uint32_t catalog_sku_count(const struct catalog *catalog);
/* In the order of the text. Good while the catalog is. */
struct str catalog_sku_at(const struct catalog *catalog, uint32_t i, enum product *product);
