#include "settler/store/pg/letters.h"

#include "lib/base/check.h"

static const char products[PRODUCT_COUNT] = {
    [PRODUCT_CONTAINER] = 'C', [PRODUCT_MODEL] = 'M', [PRODUCT_NODE] = 'N',
    [PRODUCT_STORAGE] = 'S',   [PRODUCT_MAAS] = 'A',
};
static const char meters[METER_COUNT] = {
    [METER_RUNTIME] = 'R',
    [METER_CAPACITY] = 'C',
    [METER_INPUT_TOKENS] = 'I',
    [METER_CACHED_INPUT_TOKENS] = 'H',
    [METER_CACHE_WRITE_TOKENS] = 'W',
    [METER_OUTPUT_TOKENS] = 'O',
    [METER_IMAGES] = 'G',
    [METER_MONTHS] = 'M',
};
static const char kinds[] = {
    [CHARGE_USAGE] = 'U', [CHARGE_SUBSCRIPTION] = 'S', [CHARGE_REFUND] = 'R', [CHARGE_VOID] = 'V'};
static const char whats[TRANSFER_WHATS] = {
    [TRANSFER_CREDIT] = '+', [TRANSFER_DEBIT] = '-', [TRANSFER_CHARGE] = 'C', [TRANSFER_BILL] = 'B'};

char product_letter(enum product product)
{
    CHECK(product < PRODUCT_COUNT);
    return products[product];
}

char meter_letter(enum meter meter)
{
    CHECK(meter < METER_COUNT);
    return meters[meter];
}

char charge_kind_letter(enum charge_kind kind)
{
    CHECK((size_t)kind < sizeof kinds);
    return kinds[kind];
}

char transfer_what_letter(enum transfer_what what)
{
    CHECK(what < TRANSFER_WHATS);
    return whats[what];
}

enum product product_of_letter(char letter)
{
    for (uint32_t product = 0; product < PRODUCT_COUNT; product++)
        if (products[product] == letter)
            return (enum product)product;
    CHECK_NEVER("a product's letter");
    return PRODUCT_NONE;
}
