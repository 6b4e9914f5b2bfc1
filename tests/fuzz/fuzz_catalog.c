/* Any bytes as a catalog: what is refused is refused at a place of the text, what is taken holds only what
 * CONTRACT §3 allows; a line more before it moves a fault by a line, and a bad byte behind it is found there.
 */
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/catalog_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void check_error(const struct catalog_error *error, struct str text)
{
    CHECK(error->line >= 1 && error->line <= text.size + 2);
    CHECK(error->column >= 1 && error->column <= text.size + 1);
    CHECK(begins(error->message, "expected "));
    CHECK(strchr(error->message, '\n') == NULL);
    CHECK(strnlen(error->message, sizeof error->message) < sizeof error->message);
}

static void check_prices(struct price_list list)
{
    const unsigned __int128 dearest = (unsigned __int128)1000000000000 * 1000000000000;
    for (uint32_t i = 0; i < list.count; i++) {
        CHECK(list.prices[i].picounits < dearest);
        CHECK(list.prices[i].per > 0);
        CHECK(i == 0 || list.prices[i].from_s > list.prices[i - 1].from_s);
        CHECK(list.prices[i].from_s >= 0 || (i == 0 && list.prices[i].from_s == INT64_MIN));
        CHECK(price_list_at(list, list.prices[i].from_s) == (int32_t)i);
    }
}

static void check_sku(const struct catalog *catalog, const struct sku *sku)
{
    CHECK(sku->name.size >= 1 && sku->name.size <= 256);
    CHECK(catalog_find_sku(catalog, sku->product, sku->name) == sku);
    CHECK(sku->product == PRODUCT_STORAGE || sku->free_bytes == 0);
    for (enum meter meter = 0; meter < METER_COUNT; meter++)
        check_prices(catalog_prices(catalog, sku->product, sku->name, meter));
    struct price_list years = catalog_year_prices(catalog, sku->product, sku->name);
    CHECK(years.count == 0 || sku->product <= PRODUCT_NODE);
    check_prices(years);
    for (uint32_t i = 0; i < years.count; i++)
        CHECK(years.prices[i].per == 12);
}

static void check_catalog(const struct catalog *catalog)
{
    CHECK(strlen(catalog_currency(catalog)) == 3);
    CHECK(catalog_charge_scale(catalog) <= 12 && catalog_bill_scale(catalog) <= 12);
    CHECK(catalog_grace_us(catalog) >= 0 && catalog_grace_us(catalog) <= INT64_MAX / 2);
    CHECK(catalog_void_after_us(catalog) >= 0 && catalog_void_after_us(catalog) <= INT64_MAX / 2);
    for (enum product product = 0; product < PRODUCT_COUNT; product++)
        CHECK(catalog_liveness_s(catalog, product) >= 0);
    for (uint32_t i = 0; i < catalog_sku_count(catalog); i++)
        check_sku(catalog, &catalog->skus.at[i]);
}

/* Whether it is taken. */
static bool parse(struct str text, struct catalog_error *error)
{
    struct catalog *catalog = catalog_parse(text, error);
    if (catalog == NULL)
        check_error(error, text);
    else
        check_catalog(catalog);
    bool taken = catalog != NULL;
    catalog_free(catalog);
    return taken;
}

/* With a comment's line before it. */
static void check_moved(struct str text, bool taken, const struct catalog_error *error)
{
    struct catalog_error moved;
    CHECK(parse(text, &moved) == taken);
    if (taken || begins(error->message, "expected a catalog")) /* of which nothing has a place */
        return;
    CHECK(moved.line == error->line + 1 && moved.column == error->column);
    CHECK(strcmp(moved.message, error->message) == 0);
}

/* With a bad byte behind it: the whole was good before that. */
static void check_spoiled(struct str text, bool taken)
{
    struct catalog_error spoiled;
    CHECK(!parse(text, &spoiled));
    if (taken)
        CHECK(strcmp(spoiled.message, "expected no control characters") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct catalog_error error;
    char *text = malloc(size), *more = malloc(size + 2); /* of these very sizes: no byte behind can be read */
    CHECK(text != NULL && more != NULL);
    if (size > 0)
        memcpy(text, data, size);
    bool taken = parse((struct str){text, (uint32_t)size}, &error);
    memcpy(more, "#\n", 2);
    memcpy(more + 2, text, size);
    if (size < 3 || memcmp(text, "\xEF\xBB\xBF", 3) != 0) /* a byte order mark is one at the beginning only */
        check_moved((struct str){more, (uint32_t)size + 2}, taken, &error);
    free(more);
    more = malloc(size + 1);
    CHECK(more != NULL);
    memcpy(more, text, size);
    more[size] = '\x01';
    check_spoiled((struct str){more, (uint32_t)size + 1}, taken);
    free(more);
    free(text);
    return 0;
}
