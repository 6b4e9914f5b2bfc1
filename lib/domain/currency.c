#include "lib/domain/currency.h"

#include <stddef.h>
#include <string.h>

enum { DECIMALS_MOSTLY = 2 };

/* All on the list that have another number than 2. */
static const struct {
    char code[4];
    uint32_t decimals;
} others[] = {
    {"BHD", 3}, {"BIF", 0}, {"CLF", 4}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"IQD", 3},
    {"ISK", 0}, {"JOD", 3}, {"JPY", 0}, {"KMF", 0}, {"KRW", 0}, {"KWD", 3}, {"LYD", 3},
    {"OMR", 3}, {"PYG", 0}, {"RWF", 0}, {"TND", 3}, {"UGX", 0}, {"UYI", 0}, {"UYW", 4},
    {"VND", 0}, {"VUV", 0}, {"XAF", 0}, {"XOF", 0}, {"XPF", 0},
};

uint32_t currency_minor_unit(const char code[3])
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (memcmp(code, others[i].code, 3) == 0)
            return others[i].decimals;
    return DECIMALS_MOSTLY;
}
