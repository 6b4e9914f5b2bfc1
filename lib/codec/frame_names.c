#include "lib/codec/frame_names.h"

#include "lib/base/check.h"

enum { NAME_BYTES = 2 }; /* the least that a name of the list takes */

void frame_names_clear(struct frame_names *names)
{
    vec_clear(&names->list);
    table_clear(&names->index);
    names->used = 0;
}

void frame_names_release(struct frame_names *names)
{
    vec_release(&names->list);
    table_release(&names->index);
}

/* The number of the name; 0: it has none yet. */
static uint32_t find(const struct frame_names *names, struct str name, uint64_t hash)
{
    for (struct table_probe p = table_probe(&names->index, hash); table_next(&names->index, &p);)
        if (str_equal(names->list.at[p.index], name))
            return p.index + 1;
    return 0;
}

static uint32_t add(struct frame_names *names, struct str name, uint64_t hash)
{
    table_insert(&names->index, hash, names->list.count);
    vec_push(&names->list, name);
    return names->list.count;
}

void frame_names_put(struct frame_names *names, struct packer *out, struct str name, uint32_t least)
{
    CHECK(name.size >= least && name.size <= LIMIT_NAME_BYTES);
    uint32_t number = 0;
    if (name.size > 0) {
        uint64_t hash = hash_str(name);
        number = find(names, name, hash);
        if (number == 0)
            number = add(names, name, hash);
    }
    wire_put_long(out, number);
}

void frame_names_put_list(const struct frame_names *names, struct packer *out)
{
    wire_put_array(out, names->list.count);
    for (uint32_t i = 0; i < names->list.count; i++)
        wire_put_name(out, names->list.at[i], 1);
    wire_put_array_end(out);
}

void frame_names_take_list(struct frame_names *names, struct unpacker *in)
{
    frame_names_clear(names);
    uint32_t count = wire_take_array(in, NAME_BYTES);
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct str name = wire_take_name(in, 1);
        uint64_t hash = hash_str(name);
        if (find(names, name, hash) != 0)
            in->bad = true;
        add(names, name, hash);
    }
    wire_take_array_end(in);
}

struct str frame_names_take(struct frame_names *names, struct unpacker *in, uint32_t least)
{
    int64_t next = names->used < names->list.count ? names->used + 1 : names->list.count;
    int64_t number = wire_take_long_in(in, least > 0, next);
    if (in->bad || number == 0)
        return STR("");
    if (number > names->used)
        names->used = (uint32_t)number;
    return names->list.at[number - 1];
}

bool frame_names_all_used(const struct frame_names *names)
{
    return names->used == names->list.count;
}
