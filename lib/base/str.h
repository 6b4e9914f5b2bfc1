/* A slice of bytes: where it begins and how many. It owns nothing.
 *
 * Every name in the system (account, subject, sku, ...) travels as one of these, so that a record can be
 * read where it lies. Order is the order of unsigned bytes (CONTRACT §2.1, §5), never a locale's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *at;
    uint32_t size;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
/* For printf: printf("%.*s", STR_ARG(s)) */
#define STR_ARG(s) (int)(s).size, (s).at

static inline struct str str_of(const char *text)
{
    return (struct str){text, (uint32_t)strlen(text)};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

/* < 0, 0, > 0 as memcmp; a prefix sorts before what it begins. */
static inline int str_compare(struct str a, struct str b)
{
    uint32_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter == 0 ? 0 : memcmp(a.at, b.at, shorter);
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}
