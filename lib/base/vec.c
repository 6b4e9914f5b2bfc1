#include "lib/base/vec.h"

#include "lib/base/check.h"

void *vec_grown(void *at, uint32_t *capacity, uint32_t need, size_t size)
{
    uint64_t next = *capacity < 4 ? 4 : (uint64_t)*capacity + *capacity / 2;
    if (next < need)
        next = need;
    CHECK(next <= UINT32_MAX);
    void *grown = realloc(at, next * size);
    CHECK(grown != NULL);
    *capacity = (uint32_t)next;
    return grown;
}
