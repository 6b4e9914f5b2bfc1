#include "lib/base/names.h"

void names_init(struct names *names)
{
    *names = (struct names){0};
    vec_push(&names->list, STR(""));
}

void names_release(struct names *names)
{
    arena_release(&names->bytes);
    vec_release(&names->list);
    table_release(&names->index);
}

uint32_t names_intern(struct names *names, struct str name)
{
    if (name.size == 0)
        return 0;
    uint64_t hash = hash_str(name);
    for (struct table_probe p = table_probe(&names->index, hash); table_next(&names->index, &p);)
        if (str_equal(names->list.at[p.index], name))
            return p.index;
    uint32_t number = names->list.count;
    vec_push(&names->list, arena_copy(&names->bytes, name));
    table_insert(&names->index, hash, number);
    return number;
}
