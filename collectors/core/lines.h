/* The lines of a file of events (CONTRACT §2): they end in LF or CRLF, those of blanks alone are skipped but
 * counted, and the last one may end with the file. */
#pragma once

#include "lib/base/str.h"

struct lines {
    const char *at;
    const char *end;
    uint64_t number; /* of the line that lines_next gave last, from 1 */
};

static inline struct lines lines_of(const char *text, size_t size)
{
    return (struct lines){text, text + size, 0};
}

/* The next line that is not blank, without its end, as a slice of the text; false: there is none.
 * A line of 4 GiB or more ends the process. */
bool lines_next(struct lines *lines, struct str *line);
