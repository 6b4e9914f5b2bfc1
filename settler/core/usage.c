#include "settler/core/usage.h"

void usage_pack(const struct book *book, const struct line_hour *hour, struct packer *out)
{
    for (uint32_t i = 0; i < hour->use_count; i++) {
        const struct use *use = &hour->uses[i];
        struct str order = names_get(&book->names, use->order);
        pack_short(out, use->from_s);
        pack_short(out, use->len_s);
        pack_short(out, use->quantity);
        pack_short(out, order.size);
        pack_raw(out, order.at, order.size);
    }
}

bool usage_unpack(struct book *book, uint32_t hour, struct str bytes)
{
    struct unpacker in = {bytes.at, bytes.at + bytes.size, false};
    book->hours.at[hour].use_count = 0;
    while (!in.bad && in.at < in.end) {
        struct use use;
        use.from_s = (uint16_t)unpack_short(&in, UINT16_MAX);
        use.len_s = (uint16_t)unpack_short(&in, UINT16_MAX);
        use.quantity = unpack_short(&in, ~(unsigned __int128)0);
        struct str order = unpack_slice(&in, (size_t)unpack_short(&in, UINT32_MAX));
        if (in.bad)
            return false;
        use.order = names_intern(&book->names, order);
        book_add_use(book, &book->hours.at[hour], use);
    }
    return true;
}
