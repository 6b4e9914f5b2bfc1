/* The names of a frame's rows, numbered from 1 in the order of first use; 0: no name. Internal to lib/codec.
 */
#pragma once

#include "lib/base/table.h"
#include "lib/codec/wire.h"

struct frame_names {
    VEC(struct str) list; /* name n is at n - 1 */
    struct table index;
    uint32_t used; /* reading: the names up to this number were used by the rows so far */
};

void frame_names_clear(struct frame_names *names);
void frame_names_release(struct frame_names *names);

/* Writes the number of a name of at least `least` bytes; a new one gets the next. */
void frame_names_put(struct frame_names *names, struct packer *out, struct str name, uint32_t least);
/* Writes the names themselves. */
void frame_names_put_list(const struct frame_names *names, struct packer *out);

/* Reads the names themselves: no two are equal. */
void frame_names_take_list(struct frame_names *names, struct unpacker *in);
/* Reads a number: the name, whose first use comes after that of all names before it. */
struct str frame_names_take(struct frame_names *names, struct unpacker *in, uint32_t least);
/* Every name was used; else the encoding is not the canonical one. */
bool frame_names_all_used(const struct frame_names *names);
