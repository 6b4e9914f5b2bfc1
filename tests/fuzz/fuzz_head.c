/* Any bytes as a request: its head ends at the same byte and says the same at once and in pieces, what it
 * says lies within it and holds no line's end, and its chunks come to the same. */
#include "collectors/core/chunks.h"
#include "collectors/core/head.h"
#include "lib/base/check.h"
#include "lib/base/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum head_outcome find_in_pieces(struct str bytes, uint32_t piece, struct head_scan *scan)
{
    enum head_outcome outcome = HEAD_MORE;
    for (uint32_t given = 0; given < bytes.size && outcome == HEAD_MORE;) {
        given += piece < bytes.size - given ? piece : bytes.size - given;
        char *copy = malloc(given); /* so that no byte behind it can be read */
        memcpy(copy, bytes.at, given);
        outcome = head_find_end(scan, (struct str){copy, given});
        free(copy);
    }
    return outcome;
}

static void check_within(struct str part, struct str whole)
{
    CHECK(part.size == 0 || (part.at >= whole.at && part.at + part.size <= whole.at + whole.size));
    for (uint32_t i = 0; i < part.size; i++)
        CHECK(part.at[i] != 0 && part.at[i] != '\r' && part.at[i] != '\n');
}

static void check_head(struct str bytes)
{
    static struct head head;
    enum head_outcome outcome = head_parse(bytes, &head);
    CHECK(outcome != HEAD_MORE && (outcome == HEAD_GOOD) == (head.why.at == NULL));
    CHECK(head.field_count <= HEAD_FIELDS_MAX && head.length_bytes >= 0);
    for (uint32_t i = 0; i < head.field_count; i++) {
        check_within(head.fields[i].name, bytes);
        check_within(head.fields[i].value, bytes);
        CHECK(head.fields[i].name.size > 0);
    }
    if (outcome != HEAD_GOOD)
        return;
    check_within(head.method, bytes);
    CHECK(head.method.size > 0 && head.path.size > 0);
    CHECK(!head.is_chunked || head.length_bytes == 0);
    CHECK(!head.is_chunked || head_value(&head, "Content-Length").at == NULL);
}

static enum chunks_outcome decode(struct str bytes, uint32_t piece_size, struct packer *body, uint32_t *taken)
{
    struct chunks chunks = {0};
    enum chunks_outcome outcome = CHUNKS_MORE;
    *taken = 0;
    while (*taken < bytes.size && outcome != CHUNKS_END && outcome != CHUNKS_BAD) {
        uint32_t left = bytes.size - *taken;
        struct str piece = {bytes.at + *taken, left < piece_size ? left : piece_size}, rest = piece, part;
        outcome = chunks_take(&chunks, &rest, &part);
        if (outcome == CHUNKS_DATA)
            pack_raw(body, part.at, part.size);
        *taken += piece.size - rest.size;
    }
    return outcome;
}

static void check_chunks(struct str bytes, uint32_t piece_size)
{
    struct packer whole = {0}, parts = {0};
    uint32_t taken_whole, taken_parts;
    enum chunks_outcome one = decode(bytes, UINT32_MAX, &whole, &taken_whole);
    enum chunks_outcome two = decode(bytes, piece_size, &parts, &taken_parts);
    CHECK((one == CHUNKS_END) == (two == CHUNKS_END) && (one == CHUNKS_BAD) == (two == CHUNKS_BAD));
    CHECK(taken_whole == taken_parts);
    CHECK(str_equal((struct str){whole.bytes.at, whole.bytes.count},
                    (struct str){parts.bytes.at, parts.bytes.count}));
    vec_release(&whole.bytes);
    vec_release(&parts.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct str bytes = {(const char *)data + 1, (uint32_t)size - 1};
    struct head_scan whole = {0}, parts = {0};
    enum head_outcome one = head_find_end(&whole, bytes);
    CHECK(bytes.size == 0 || one == find_in_pieces(bytes, data[0] + 1u, &parts));
    CHECK(bytes.size == 0 || (whole.at == parts.at && whole.begin == parts.begin));
    if (one == HEAD_GOOD)
        check_head((struct str){bytes.at + whole.begin, whole.at - whole.begin});
    uint32_t behind = one == HEAD_GOOD ? whole.at : 0;
    check_chunks((struct str){bytes.at + behind, bytes.size - behind}, data[0] + 1u);
    return 0;
}
