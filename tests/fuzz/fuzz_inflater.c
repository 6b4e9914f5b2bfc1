/* Any bytes as a gzip body: the same outcome and the same bytes at once and in small pieces into little room,
 * and never more than 1032 for one that came (deflate's own bound). */
#include "collectors/core/inflater.h"
#include "lib/base/check.h"
#include "lib/base/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MADE_MAX = 1 << 20 };

static enum inflater_outcome inflate_piece(struct inflater *inflater, struct str piece, uint32_t room,
                                           struct packer *plain)
{
    char *out = malloc(room); /* of this very size, so that no byte behind it can be written */
    enum inflater_outcome outcome = INFLATER_GOOD;
    for (uint32_t made = 1; made > 0 && outcome == INFLATER_GOOD && plain->bytes.count < MADE_MAX;) {
        made = room;
        outcome = inflater_take(inflater, &piece, out, &made);
        CHECK(made <= room);
        pack_raw(plain, out, made);
    }
    CHECK(outcome != INFLATER_GOOD || piece.size == 0 || plain->bytes.count >= MADE_MAX);
    free(out);
    return outcome;
}

static enum inflater_outcome inflate_all(struct str coded, uint32_t piece_size, uint32_t room,
                                         struct packer *plain)
{
    struct inflater *inflater = inflater_new();
    enum inflater_outcome outcome = INFLATER_GOOD;
    while (coded.size > 0 && outcome == INFLATER_GOOD && plain->bytes.count < MADE_MAX) {
        uint32_t size = coded.size < piece_size ? coded.size : piece_size;
        char *piece = malloc(size); /* so that no byte behind it can be read */
        memcpy(piece, coded.at, size);
        outcome = inflate_piece(inflater, (struct str){piece, size}, room, plain);
        free(piece);
        coded = (struct str){coded.at + size, coded.size - size};
    }
    if (outcome == INFLATER_GOOD)
        outcome = inflater_end(inflater);
    inflater_free(inflater);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct packer whole = {0}, parts = {0};
    if (size < 2)
        return 0;
    struct str coded = {(const char *)data + 2, (uint32_t)size - 2};
    enum inflater_outcome one = inflate_all(coded, UINT32_MAX, MADE_MAX, &whole);
    enum inflater_outcome two = inflate_all(coded, data[0] + 1u, (data[1] + 1u) * 8, &parts);
    CHECK(whole.bytes.count <= coded.size * 1032);
    if (whole.bytes.count < MADE_MAX && parts.bytes.count < MADE_MAX) {
        CHECK(one == two);
        CHECK(one != INFLATER_GOOD || str_equal((struct str){whole.bytes.at, whole.bytes.count},
                                                (struct str){parts.bytes.at, parts.bytes.count}));
    }
    vec_release(&whole.bytes);
    vec_release(&parts.bytes);
    return 0;
}
