#include "lib/run/assignment.h"

bool assignment_is_group(const char *text)
{
    return strcmp(text, "group") == 0;
}

bool assignment_parse(struct assignment *assignment, const char *text, uint32_t count)
{
    vec_clear(&assignment->partitions);
    for (uint32_t p = 0; strcmp(text, "all") == 0 && p < count; p++)
        vec_push(&assignment->partitions, p);
    if (assignment->partitions.count > 0)
        return true;
    for (const char *at = text; *at != 0;) {
        char *end;
        unsigned long number = strtoul(at, &end, 10);
        if (end == at || number >= count || (*end != 0 && *end != ','))
            return false;
        vec_push(&assignment->partitions, (uint32_t)number);
        at = *end == ',' ? end + 1 : end;
    }
    return assignment->partitions.count > 0;
}
