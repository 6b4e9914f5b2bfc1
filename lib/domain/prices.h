/* The catalogs in force: hour H is rated by the last one whose hour is at or before H, for ever (DESIGN §2).
 */
#pragma once

#include "lib/base/vec.h"
#include "lib/domain/catalog.h"

struct catalog_in_force {
    int64_t from_s;  /* INT64_MIN: the first */
    uint32_t number; /* from 1, in the order in which they were added; no two ever have the same */
    struct catalog *catalog;
};

struct prices {
    VEC(struct catalog_in_force) list; /* by from_s; of the same hour the later one took the other's place */
    uint32_t added;
};

/* Parses and keeps it. False: the text is no catalog. */
__attribute__((warn_unused_result)) bool prices_add(struct prices *prices, int64_t from_s, struct str text);
/* What holds for an hour. There is one: the first holds since ever. */
const struct catalog_in_force *prices_in_force(const struct prices *prices, int64_t hour_s);
const struct catalog *prices_at(const struct prices *prices, int64_t hour_s);
/* The scales and the currency that the first catalog fixed. */
uint32_t prices_charge_scale(const struct prices *prices);
uint32_t prices_bill_scale(const struct prices *prices);
const char *prices_currency(const struct prices *prices);
/* Whether a later catalog keeps what must stay as in the first (CONTRACT §3): currency, charge_scale,
 * bill_scale, each product's liveness. If not, *why: which, what was expected and what was found. */
enum { PRICES_WHY_SIZE = 120 };
bool prices_may_follow(const struct catalog *first, const struct catalog *next, char why[PRICES_WHY_SIZE]);
void prices_release(struct prices *prices);
