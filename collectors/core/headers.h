/* What HTTP headers with lists say (RFC 9110 §5.6.1): elements between commas, blanks around them, empty ones
 * mean nothing, and several headers of one name are one list. Pure. */
#pragma once

#include "lib/base/str.h"

/* Without the blanks (space, tab) around it. */
struct str header_trimmed(struct str text);
/* Cuts off the next element of a list, trimmed. False: there is none left. */
bool header_next(struct str *list, struct str *element);

/* How a body is coded (RFC 9110 §8.4). */
enum coding {
    CODING_NONE,
    CODING_IDENTITY,
    CODING_GZIP,
    CODING_OTHER, /* another one, or several */
};

/* After one more Content-Encoding header; `before` is what those before it said, NONE at first. */
enum coding coding_with(enum coding before, struct str value);

/* Whether a Prefer header (RFC 7240) has the preference. One with a value is another one: we know of none. */
bool preference_given(struct str value, const char *preference);
