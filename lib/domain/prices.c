#include "lib/domain/prices.h"

#include <stdio.h>

#include "lib/base/check.h"

bool prices_add(struct prices *prices, int64_t from_s, struct str text)
{
    CHECK(prices->added < UINT32_MAX);
    struct catalog_error error;
    struct catalog *catalog = catalog_parse(text, &error);
    if (catalog == NULL)
        return false;
    uint32_t at = prices->list.count;
    while (at > 0 && prices->list.at[at - 1].from_s >= from_s)
        at--;
    struct catalog_in_force force = {from_s, ++prices->added, catalog};
    if (at < prices->list.count && prices->list.at[at].from_s == from_s) {
        catalog_free(prices->list.at[at].catalog);
        prices->list.at[at] = force;
    } else {
        vec_insert(&prices->list, at, force);
    }
    return true;
}

const struct catalog_in_force *prices_in_force(const struct prices *prices, int64_t hour_s)
{
    uint32_t at = prices->list.count;
    while (at > 1 && prices->list.at[at - 1].from_s > hour_s)
        at--;
    CHECK(at > 0);
    return &prices->list.at[at - 1];
}

const struct catalog *prices_at(const struct prices *prices, int64_t hour_s)
{
    return prices_in_force(prices, hour_s)->catalog;
}

uint32_t prices_charge_scale(const struct prices *prices)
{
    CHECK(prices->list.count > 0);
    return catalog_charge_scale(prices->list.at[0].catalog);
}

uint32_t prices_bill_scale(const struct prices *prices)
{
    CHECK(prices->list.count > 0);
    return catalog_bill_scale(prices->list.at[0].catalog);
}

const char *prices_currency(const struct prices *prices)
{
    CHECK(prices->list.count > 0);
    return catalog_currency(prices->list.at[0].catalog);
}

static bool same_number(const char *what, int64_t first, int64_t next, char why[PRICES_WHY_SIZE])
{
    if (first != next)
        snprintf(why, PRICES_WHY_SIZE, "%s: expected %lld as in the first catalog, found %lld", what,
                 (long long)first, (long long)next);
    return first == next;
}

bool prices_may_follow(const struct catalog *first, const struct catalog *next, char why[PRICES_WHY_SIZE])
{
    if (strcmp(catalog_currency(first), catalog_currency(next)) != 0) {
        snprintf(why, PRICES_WHY_SIZE, "currency: expected %s as in the first catalog, found %s",
                 catalog_currency(first), catalog_currency(next));
        return false;
    }
    if (!same_number("charge_scale", catalog_charge_scale(first), catalog_charge_scale(next), why) ||
        !same_number("bill_scale", catalog_bill_scale(first), catalog_bill_scale(next), why))
        return false;
    for (enum product p = 0; p < PRODUCT_COUNT; p++) {
        char what[40];
        snprintf(what, sizeof what, "liveness of %s", product_name(p));
        if (!same_number(what, catalog_liveness_s(first, p), catalog_liveness_s(next, p), why))
            return false;
    }
    return true;
}

void prices_release(struct prices *prices)
{
    for (uint32_t i = 0; i < prices->list.count; i++)
        catalog_free(prices->list.at[i].catalog);
    vec_release(&prices->list);
}
