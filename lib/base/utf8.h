/* UTF-8 by RFC 3629: characters of one to four bytes, none longer than it need be, no surrogates. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Bytes of the character at `at`, where `left` of them are, one at least; 0: there is none. */
static inline uint32_t utf8_size(const char *at, uint32_t left)
{
    const unsigned char *b = (const unsigned char *)at;
    if (b[0] < 0x80)
        return 1;
    uint32_t size = b[0] >= 0xF0 ? 4 : b[0] >= 0xE0 ? 3 : 2;
    if (b[0] < 0xC2 || b[0] > 0xF4 || left < size)
        return 0;
    for (uint32_t i = 1; i < size; i++)
        if ((b[i] & 0xC0) != 0x80)
            return 0;
    bool longer_than_need_be = (b[0] == 0xE0 && b[1] < 0xA0) || (b[0] == 0xF0 && b[1] < 0x90);
    bool surrogate = b[0] == 0xED && b[1] > 0x9F, beyond = b[0] == 0xF4 && b[1] > 0x8F;
    return longer_than_need_be || surrogate || beyond ? 0 : size;
}
