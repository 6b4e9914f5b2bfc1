#include "lib/domain/record.h"

#include "lib/base/check.h"

static const char *const product_names[PRODUCT_COUNT] = {"container", "model", "node", "storage", "maas"};

const char *product_name(enum product product)
{
    CHECK(product < PRODUCT_COUNT);
    return product_names[product];
}

enum product product_of(struct str name)
{
    for (enum product p = 0; p < PRODUCT_COUNT; p++)
        if (str_equal(name, str_of(product_names[p])))
            return p;
    return PRODUCT_NONE;
}
