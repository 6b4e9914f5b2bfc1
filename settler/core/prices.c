#include "settler/core/prices.h"

#include "lib/base/check.h"

bool prices_add(struct prices *prices, int64_t from_s, struct str text)
{
    struct catalog_error error;
    struct catalog *catalog = catalog_parse(text, &error);
    if (catalog == NULL)
        return false;
    uint32_t at = prices->list.count;
    while (at > 0 && prices->list.at[at - 1].from_s >= from_s)
        at--;
    if (at < prices->list.count && prices->list.at[at].from_s == from_s) {
        catalog_free(prices->list.at[at].catalog);
        prices->list.at[at].catalog = catalog;
    } else {
        vec_insert(&prices->list, at, (struct catalog_in_force){from_s, catalog});
    }
    return true;
}

const struct catalog *prices_at(const struct prices *prices, int64_t hour_s)
{
    uint32_t at = prices->list.count;
    while (at > 1 && prices->list.at[at - 1].from_s > hour_s)
        at--;
    CHECK(at > 0);
    return prices->list.at[at - 1].catalog;
}

uint32_t prices_charge_scale(const struct prices *prices)
{
    CHECK(prices->list.count > 0);
    return catalog_charge_scale(prices->list.at[0].catalog);
}

const char *prices_currency(const struct prices *prices)
{
    CHECK(prices->list.count > 0);
    return catalog_currency(prices->list.at[0].catalog);
}

void prices_release(struct prices *prices)
{
    for (uint32_t i = 0; i < prices->list.count; i++)
        catalog_free(prices->list.at[i].catalog);
    vec_release(&prices->list);
}
