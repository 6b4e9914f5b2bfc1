#include "collectors/core/keys.h"

#include "lib/base/check.h"

void keys_add(struct keys *keys, struct str name)
{
    CHECK(keys->count < KEYS_MAX);
    CHECK(keys_find(keys, name) < 0);
    table_insert(&keys->index, hash_str(name), (uint32_t)keys->count);
    keys->names[keys->count++] = name;
}

int keys_find(const struct keys *keys, struct str name)
{
    for (struct table_probe p = table_probe(&keys->index, hash_str(name)); table_next(&keys->index, &p);)
        if (str_equal(keys->names[p.index], name))
            return (int)p.index;
    return -1;
}

void keys_release(struct keys *keys)
{
    table_release(&keys->index);
    keys->count = 0;
}
