#include "collectors/core/json_mend.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/check.h"

enum {
    ESCAPE_SIZE = 6,   /* \uXXXX */
    NUMBER_SIZE = 19,  /* of any digits, a positive integer of this many fits 64 bits */
    NOT_HEX = 0x10000, /* no code unit */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* Behind the number that begins at `at`; NULL where RFC 8259 has no number there. */
static const char *number_end(const char *at, const char *end, bool *out_exponent)
{
    *out_exponent = false;
    at += at < end && *at == '-';
    const char *first = at;
    at = skip_digits(at, end);
    if (at == first || (*first == '0' && at - first > 1))
        return NULL;
    if (at < end && *at == '.') {
        first = ++at;
        at = skip_digits(at, end);
        if (at == first)
            return NULL;
    }
    if (at == end || (*at | 0x20) != 'e')
        return at;
    *out_exponent = true;
    at++;
    at += at < end && (*at == '+' || *at == '-');
    first = at;
    at = skip_digits(at, end);
    return at == first ? NULL : at;
}

/* What begins like a number, up to the next byte that could not go on with one. */
static char *run_end(char *at, const char *end)
{
    while (at < end && (is_digit(*at) || is_letter(*at) || *at == '+' || *at == '-' || *at == '.'))
        at++;
    return at;
}

static char *mend_number(char *at, char *end)
{
    bool exponent;
    char *behind = run_end(at, end);
    if (number_end(at, behind, &exponent) != behind)
        return behind;
    size_t size = (size_t)(behind - at);
    if (exponent || size > NUMBER_SIZE) {
        CHECK(size >= 3);
        memset(at, ' ', size);
        memcpy(at, "0.5", 3);
    }
    return behind;
}

static uint32_t code_unit(const char *at, const char *end)
{
    if (end - at < ESCAPE_SIZE || at[0] != '\\' || at[1] != 'u')
        return NOT_HEX;
    uint32_t unit = 0;
    for (int i = 2; i < ESCAPE_SIZE; i++) {
        char lower = (char)(at[i] | 0x20);
        if (is_digit(at[i]))
            unit = unit * 16 + (uint32_t)(at[i] - '0');
        else if (lower >= 'a' && lower <= 'f')
            unit = unit * 16 + (uint32_t)(lower - 'a' + 10);
        else
            return NOT_HEX;
    }
    return unit;
}

/* Moves past an escape in a string. */
static char *mend_escape(char *at, char *end)
{
    uint32_t unit = code_unit(at, end);
    if (unit == NOT_HEX)
        return at + (end - at < 2 ? 1 : 2);
    if (unit < 0xD800 || unit > 0xDFFF)
        return at + ESCAPE_SIZE;
    uint32_t next = code_unit(at + ESCAPE_SIZE, end);
    if (unit < 0xDC00 && next >= 0xDC00 && next <= 0xDFFF)
        return at + 2 * ESCAPE_SIZE;
    memcpy(at, "\\u0000", ESCAPE_SIZE);
    return at + ESCAPE_SIZE;
}

void json_mend(char *text, uint32_t size)
{
    bool in_string = false;
    for (char *at = text, *end = text + size; at < end;) {
        if (in_string && *at == '\\') {
            at = mend_escape(at, end);
        } else if (*at == '"') {
            in_string = !in_string;
            at++;
        } else if (!in_string && (*at == '-' || is_digit(*at))) {
            at = mend_number(at, end);
        } else {
            at++;
        }
    }
}
