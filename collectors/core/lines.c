#include "collectors/core/lines.h"

#include "lib/base/check.h"

static bool is_blank(struct str line)
{
    for (uint32_t i = 0; i < line.size; i++)
        if (line.at[i] != ' ' && line.at[i] != '\t' && line.at[i] != '\r')
            return false;
    return true;
}

bool lines_next(struct lines *lines, struct str *line)
{
    while (lines->at < lines->end) {
        const char *first = lines->at;
        const char *feed = memchr(first, '\n', (size_t)(lines->end - first));
        const char *last = feed != NULL ? feed : lines->end;
        lines->at = feed != NULL ? feed + 1 : lines->end;
        lines->number++;
        if (feed != NULL && last > first && last[-1] == '\r')
            last--;
        CHECK(last - first <= UINT32_MAX);
        struct str found = {first, (uint32_t)(last - first)};
        if (!is_blank(found)) {
            *line = found;
            return true;
        }
    }
    return false;
}
