#include "settler/core/usage.h"

void usage_pack(const struct book *book, const struct line_hour *hour, struct packer *out)
{
    for (uint32_t i = 0; i < hour->use_count; i++) {
        struct use use = hour->uses[i];
        pack_raw(out, &use.from_s, sizeof use.from_s);
        pack_raw(out, &use.len_s, sizeof use.len_s);
        pack_u128(out, use.quantity);
        pack_str(out, names_get(&book->names, use.order));
    }
}

bool usage_unpack(struct book *book, uint32_t hour, struct str bytes)
{
    struct unpacker in = {bytes.at, bytes.at + bytes.size, false};
    book->hours.at[hour].use_count = 0;
    while (!in.bad && in.at < in.end) {
        struct use use;
        unpack_raw(&in, &use.from_s, sizeof use.from_s);
        unpack_raw(&in, &use.len_s, sizeof use.len_s);
        use.quantity = unpack_u128(&in);
        use.order = names_intern(&book->names, unpack_str(&in));
        book_add_use(book, &book->hours.at[hour], use);
    }
    return !in.bad;
}
