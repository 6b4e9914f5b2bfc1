/* Bodies in chunks: what they come to, in whatever pieces, and what is refused. */
#include <stdio.h>

#include "collectors/core/chunks.h"
#include "lib/base/pack.h"
#include "tests/support/test.h"

/* All of it, in pieces of that size. The bytes behind the end are counted in *left. */
static enum chunks_outcome decode(struct str bytes, uint32_t piece_size, struct packer *body, uint32_t *left)
{
    struct chunks chunks = {0};
    enum chunks_outcome outcome = CHUNKS_MORE;
    body->bytes.count = 0;
    while (bytes.size > 0 && outcome != CHUNKS_END && outcome != CHUNKS_BAD) {
        struct str piece = {bytes.at, bytes.size < piece_size ? bytes.size : piece_size}, rest = piece, data;
        outcome = chunks_take(&chunks, &rest, &data);
        if (outcome == CHUNKS_DATA)
            pack_raw(body, data.at, data.size);
        uint32_t taken = piece.size - rest.size;
        bytes = (struct str){bytes.at + taken, bytes.size - taken};
    }
    *left = bytes.size;
    return outcome;
}

static void comes_to(const char *bytes, enum chunks_outcome expected, const char *text, uint32_t left)
{
    struct packer body = {0};
    for (uint32_t piece = 1; piece <= strlen(bytes); piece++) {
        uint32_t over;
        assert_int_equal(decode(str_of(bytes), piece, &body, &over), expected);
        if (expected != CHUNKS_END)
            continue;
        assert_int_equal(over, left);
        assert_int_equal(body.bytes.count, strlen(text));
        assert_true(body.bytes.count == 0 || memcmp(body.bytes.at, text, body.bytes.count) == 0);
    }
    vec_release(&body.bytes);
}

static void chunks_come_to_their_bytes(void **state)
{
    (void)state;
    comes_to("0\r\n\r\n", CHUNKS_END, "", 0);
    comes_to("5\r\nhello\r\n0\r\n\r\n", CHUNKS_END, "hello", 0);
    comes_to("1\r\n\r\r\n2\r\n\r\n\r\n000\r\n\r\nGET", CHUNKS_END, "\r\r\n", 3);
    comes_to("a\r\n0123456789\r\nB\r\n0123456789x\r\n0\r\n\r\n", CHUNKS_END, "01234567890123456789x", 0);
}

static void extensions_and_trailers_are_dropped(void **state)
{
    (void)state;
    comes_to("2;a=b;c=\"d e\"\r\nhi\r\n0;last\r\n\r\n", CHUNKS_END, "hi", 0);
    comes_to("2 \t;a\r\nhi\r\n0\r\nDigest: x\r\nOther:\ty\r\n\r\n", CHUNKS_END, "hi", 0);
}

static void what_two_readers_could_take_in_two_ways_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\r\n",
        "x\r\n",
        "-1\r\n",
        "+1\r\n",
        "0x1\r\n",
        " 1\r\n",
        "1 \r\n",
        "1\n",
        "1\r\r\n",
        "1\r\nab",
        "1\r\na\n0\r\n",
        "1\r\na\rx",
        ";a\r\n",
        "1;a\nb",
        "1;\x01\r\n",
        "0\r\n\n",
        "0\r\n\rx",
        "0\r\na\n",
        "0\r\n folded",
        "0\r\n:x\r\n",
        "0\r\na: \x7f",
        "0\r\na: x\r\rx",
        "1000000000000000\r\n",
        "00000000000000001\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        comes_to(bad[i], CHUNKS_BAD, "", 0);
}

static void what_is_dropped_is_bounded(void **state)
{
    (void)state;
    struct packer bytes = {0}, body = {0};
    uint32_t left;
    pack_raw(&bytes, "1;", 2);
    for (int i = 0; i < 257; i++)
        pack_raw(&bytes, "x", 1);
    assert_int_equal(decode((struct str){bytes.bytes.at, bytes.bytes.count - 1}, 10, &body, &left),
                     CHUNKS_MORE);
    assert_int_equal(decode((struct str){bytes.bytes.at, bytes.bytes.count}, 10, &body, &left), CHUNKS_BAD);
    bytes.bytes.count = 0;
    pack_raw(&bytes, "0\r\n", 3);
    for (int i = 0; i < 1000; i++)
        pack_raw(&bytes, "trailer: x\r\n", 12);
    assert_int_equal(decode((struct str){bytes.bytes.at, bytes.bytes.count}, 1000, &body, &left), CHUNKS_BAD);
    vec_release(&bytes.bytes);
    vec_release(&body.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_come_to_their_bytes),
        cmocka_unit_test(extensions_and_trailers_are_dropped),
        cmocka_unit_test(what_two_readers_could_take_in_two_ways_is_refused),
        cmocka_unit_test(what_is_dropped_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
