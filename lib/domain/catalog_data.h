/* What a catalog is made of. Internal to lib/domain: catalog.c asks, catalog_build.c makes. */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/table.h"
#include "lib/base/vec.h"
#include "lib/domain/catalog.h"

/* Prices of one sku: one list a meter, and one that is not a meter's own. */
enum { LIST_YEAR = METER_COUNT, LIST_COUNT };

/* Its lists are ranges of `prices`. */
struct sku {
    enum product product;
    struct str name;
    uint32_t first[LIST_COUNT];
    uint32_t count[LIST_COUNT];
    unsigned __int128 free_bytes;
};

struct catalog {
    char currency[4];
    uint32_t charge_scale;
    uint32_t bill_scale;
    int64_t grace_us;
    int64_t void_after_us;
    bool cycle[PRODUCT_COUNT];
    int64_t liveness_s[PRODUCT_COUNT];
    VEC(struct sku) skus;
    struct table sku_index;
    VEC(struct price) prices;
    struct arena strings;
};

uint64_t catalog_sku_hash(enum product product, struct str name);
/* NULL: no such sku. */
const struct sku *catalog_find_sku(const struct catalog *catalog, enum product product, struct str name);
