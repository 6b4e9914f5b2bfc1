/* The bytes of a YAML text, looked at before libyaml is: UTF-8, of characters that YAML takes, few
 * directives.
 *
 * libyaml reads far ahead of what it is parsing, and names a bad byte by its offset alone; and its time is
 * quadratic in the %TAG directives. Here a fault has its place, and what stands before it can still be read.
 * Does no IO. */
#pragma once

#include "lib/base/str.h"

struct yaml_text {
    struct str good;   /* up to the fault; the whole text when there is none */
    const char *fault; /* what was expected; NULL: no fault */
    uint32_t line;     /* of the fault, or of the end: from 1 */
    uint32_t column;   /* in characters, from 1; a byte order mark at the beginning is none */
};

/* Lines end where they do for libyaml: LF, CRLF, CR, U+0085, U+2028, U+2029. */
struct yaml_text yaml_text_check(struct str text);
