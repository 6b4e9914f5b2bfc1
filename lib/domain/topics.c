#include "lib/domain/topics.h"

#include <stdio.h>

struct topics topics_of(const char *prefix)
{
    struct topics topics;
    const struct {
        char *into;
        const char *name;
    } names[] = {{topics.records, "usage.records"},          {topics.frames, "usage.frames"},
                 {topics.snapshots, "aggregator.snapshots"}, {topics.rejects, "usage.rejects"},
                 {topics.notices, "billing.notices"},        {topics.index, "usage.register"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        snprintf(names[i].into, TOPIC_NAME_MAX, "%.*s%s", TOPIC_PREFIX_MAX, prefix, names[i].name);
    return topics;
}
