/* What was charged when (view prices): the catalogs in force laid out by sku, meter and time. One row for as
 * long as nothing of it changes, by whoever set it first. */
#include "lib/base/check.h"
#include "settler/store/loaded.h"

/* A catalog that holds from its hour until the next one's. */
struct dated {
    int64_t from_s;
    struct catalog *catalog;
    struct str by; /* in memory */
    int64_t clock_us;
};

struct price_table {
    VEC(struct dated) catalogs; /* by from_s */
    VEC(struct price_row) rows;
    struct arena memory;
};

/* Of the same hour the later one takes the other's place, as in lib/domain/prices.h. */
static void take_catalog_row(void *context, const struct catalog_row *row)
{
    struct price_table *table = context;
    struct catalog_error error;
    struct dated dated = {row->catalog.from_s, catalog_parse(row->catalog.text, &error),
                          arena_copy(&table->memory, row->by), row->clock_us};
    uint32_t at = table->catalogs.count;
    CHECK(dated.catalog != NULL);
    while (at > 0 && table->catalogs.at[at - 1].from_s >= dated.from_s)
        at--;
    if (at < table->catalogs.count && table->catalogs.at[at].from_s == dated.from_s) {
        catalog_free(table->catalogs.at[at].catalog);
        table->catalogs.at[at] = dated;
    } else {
        vec_insert(&table->catalogs, at, dated);
    }
}

/* A list of prices of a sku, as one catalog has it. */
struct listed {
    const struct dated *dated;
    int64_t until_s; /* of the catalog */
    enum product product;
    struct str sku;
    enum meter meter;
    struct price_list list;
};

static void add_list(struct price_table *table, const struct listed *listed)
{
    const struct catalog *catalog = listed->dated->catalog;
    for (uint32_t i = 0; i < listed->list.count; i++) {
        const struct price *price = &listed->list.prices[i];
        int64_t next_s = i + 1 < listed->list.count ? listed->list.prices[i + 1].from_s : INT64_MAX;
        struct price_row row = {
            .product = listed->product,
            .sku = listed->sku,
            .meter = listed->meter,
            .since_s = price->from_s > listed->dated->from_s ? price->from_s : listed->dated->from_s,
            .until_s = next_s < listed->until_s ? next_s : listed->until_s,
            .price = *price,
            .free = listed->product == PRODUCT_STORAGE ? catalog_free_bytes(catalog, listed->sku) : 0,
            .by_cycle = catalog_settles_by_cycle(catalog, listed->product),
            .set_by = listed->dated->by,
            .set_us = listed->dated->clock_us,
        };
        if (row.since_s < row.until_s)
            vec_push(&table->rows, row);
    }
}

static void add_sku(struct price_table *table, struct listed listed, uint32_t sku)
{
    const struct catalog *catalog = listed.dated->catalog;
    listed.sku = catalog_sku_at(catalog, sku, &listed.product);
    for (enum meter m = METER_RUNTIME; m < METER_COUNT; m++) {
        listed.meter = m;
        listed.list = catalog_prices(catalog, listed.product, listed.sku, m);
        add_list(table, &listed);
    }
    listed.meter = METER_MONTHS;
    listed.list = catalog_year_prices(catalog, listed.product, listed.sku);
    add_list(table, &listed);
}

static int compare_u128(unsigned __int128 a, unsigned __int128 b)
{
    return (a > b) - (a < b);
}

/* By product, sku, meter, the units that it is per, and time. */
static int compare_rows(const void *a, const void *b)
{
    const struct price_row *x = a, *y = b;
    int order = strcmp(product_name(x->product), product_name(y->product));
    if (order == 0)
        order = str_compare(x->sku, y->sku);
    if (order == 0)
        order = strcmp(meter_name(x->meter), meter_name(y->meter));
    if (order == 0 && x->meter == METER_MONTHS)
        order = compare_u128(x->price.per, y->price.per);
    if (order == 0)
        order = (x->since_s > y->since_s) - (x->since_s < y->since_s);
    return order;
}

/* Whether the second goes on where the first ends, and says the same. */
static bool goes_on(const struct price_row *a, const struct price_row *b)
{
    return a->product == b->product && str_equal(a->sku, b->sku) && a->meter == b->meter &&
           a->until_s == b->since_s && a->price.picounits == b->price.picounits &&
           a->price.per == b->price.per && a->free == b->free && a->by_cycle == b->by_cycle;
}

static void join_rows(struct price_table *table)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < table->rows.count; i++) {
        const struct price_row *row = &table->rows.at[i];
        if (kept > 0 && goes_on(&table->rows.at[kept - 1], row))
            table->rows.at[kept - 1].until_s = row->until_s;
        else
            table->rows.at[kept++] = *row;
    }
    table->rows.count = kept;
}

static void lay_out(struct price_table *table)
{
    for (uint32_t c = 0; c < table->catalogs.count; c++) {
        struct listed listed = {.dated = &table->catalogs.at[c], .until_s = INT64_MAX};
        if (c + 1 < table->catalogs.count)
            listed.until_s = table->catalogs.at[c + 1].from_s;
        for (uint32_t s = 0; s < catalog_sku_count(listed.dated->catalog); s++)
            add_sku(table, listed, s);
    }
    if (table->rows.count > 0)
        qsort(table->rows.at, table->rows.count, sizeof *table->rows.at, compare_rows);
    join_rows(table);
}

bool write_price_list(struct loaded *loaded)
{
    struct store *store = loaded->store;
    struct price_table table = {0};
    bool written =
        good(store->ops->read_catalogs(store, loaded->partition, take_catalog_row, &table, loaded->error));
    if (written)
        lay_out(&table);
    written =
        written && good(store->ops->write_prices(store, table.rows.at, table.rows.count, loaded->error));
    for (uint32_t c = 0; c < table.catalogs.count; c++)
        catalog_free(table.catalogs.at[c].catalog);
    vec_release(&table.catalogs);
    vec_release(&table.rows);
    arena_release(&table.memory);
    return written;
}
