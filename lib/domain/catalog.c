#include "lib/domain/catalog.h"

#include "lib/domain/catalog_data.h"

const char *catalog_currency(const struct catalog *catalog)
{
    return catalog->currency;
}

uint32_t catalog_charge_scale(const struct catalog *catalog)
{
    return catalog->charge_scale;
}

uint32_t catalog_bill_scale(const struct catalog *catalog)
{
    return catalog->bill_scale;
}

int64_t catalog_void_after_us(const struct catalog *catalog)
{
    return catalog->void_after_us;
}

int64_t catalog_grace_us(const struct catalog *catalog)
{
    return catalog->grace_us;
}

int64_t catalog_liveness_s(const struct catalog *catalog, enum product product)
{
    return catalog->liveness_s[product];
}

bool catalog_settles_by_cycle(const struct catalog *catalog, enum product product)
{
    return catalog->cycle[product];
}

uint32_t catalog_sku_count(const struct catalog *catalog)
{
    return catalog->skus.count;
}

struct str catalog_sku_at(const struct catalog *catalog, uint32_t i, enum product *product)
{
    *product = catalog->skus.at[i].product;
    return catalog->skus.at[i].name;
}

uint64_t catalog_sku_hash(enum product product, struct str name)
{
    return hash_mix(hash_str(name), product);
}

const struct sku *catalog_find_sku(const struct catalog *catalog, enum product product, struct str name)
{
    const struct table *index = &catalog->sku_index;
    for (struct table_probe p = table_probe(index, catalog_sku_hash(product, name)); table_next(index, &p);) {
        const struct sku *sku = &catalog->skus.at[p.index];
        if (sku->product == product && str_equal(sku->name, name))
            return sku;
    }
    return NULL;
}

static struct price_list list_of(const struct catalog *catalog, const struct sku *sku, uint32_t list)
{
    if (sku == NULL || sku->count[list] == 0)
        return (struct price_list){NULL, 0};
    return (struct price_list){catalog->prices.at + sku->first[list], sku->count[list]};
}

struct price_list catalog_prices(const struct catalog *catalog, enum product product, struct str sku,
                                 enum meter meter)
{
    const struct sku *found = catalog_find_sku(catalog, product, sku);
    struct price_list own = list_of(catalog, found, meter);
    return own.count == 0 ? list_of(catalog, found, meter_row(meter)->priced_as) : own;
}

struct price_list catalog_year_prices(const struct catalog *catalog, enum product product, struct str sku)
{
    return list_of(catalog, catalog_find_sku(catalog, product, sku), LIST_YEAR);
}

unsigned __int128 catalog_free_bytes(const struct catalog *catalog, struct str sku)
{
    const struct sku *found = catalog_find_sku(catalog, PRODUCT_STORAGE, sku);
    return found == NULL ? 0 : found->free_bytes;
}

int32_t price_list_at(struct price_list list, int64_t second_s)
{
    uint32_t begun = 0;        /* prices[0 .. begun) hold from second_s or before, */
    uint32_t end = list.count; /* prices[end ..) from after it */
    while (begun < end) {
        uint32_t middle = begun + (end - begun) / 2;
        if (list.prices[middle].from_s <= second_s)
            begun = middle + 1;
        else
            end = middle;
    }
    return (int32_t)begun - 1;
}

void catalog_free(struct catalog *catalog)
{
    if (catalog == NULL)
        return;
    vec_release(&catalog->skus);
    table_release(&catalog->sku_index);
    vec_release(&catalog->prices);
    arena_release(&catalog->strings);
    free(catalog);
}
