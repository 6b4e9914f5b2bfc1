/* Gzip undone piece by piece: the same bytes whatever the pieces and the room, and an outcome for each fault.
 */
#include <stdio.h>
#include <zlib.h>

#include "collectors/core/inflater.h"
#include "lib/base/pack.h"
#include "tests/support/test.h"

enum { LARGE = 300000 };

/* Appends a member. */
static void put_member(struct packer *out, struct str text)
{
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uint32_t bound = (uint32_t)deflateBound(&stream, text.size);
    vec_reserve(&out->bytes, out->bytes.count + bound);
    stream.next_in = (Bytef *)(uintptr_t)text.at;
    stream.avail_in = text.size;
    stream.next_out = (Bytef *)out->bytes.at + out->bytes.count;
    stream.avail_out = bound;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->bytes.count += bound - stream.avail_out;
    deflateEnd(&stream);
}

static struct str str_in(const struct packer *packer)
{
    return (struct str){packer->bytes.at, packer->bytes.count};
}

/* All of it, in pieces of so many bytes, into room for so many. */
static enum inflater_outcome inflate_all(struct str coded, uint32_t piece_size, uint32_t room,
                                         struct packer *plain)
{
    struct inflater *inflater = inflater_new();
    enum inflater_outcome outcome = INFLATER_GOOD;
    char *out = malloc(room); /* of this very size, so that no byte behind it can be written */
    vec_clear(&plain->bytes);
    while (coded.size > 0 && outcome == INFLATER_GOOD) {
        struct str piece = {coded.at, coded.size < piece_size ? coded.size : piece_size};
        coded = (struct str){coded.at + piece.size, coded.size - piece.size};
        for (uint32_t size = 1; size > 0 && outcome == INFLATER_GOOD;) {
            size = room;
            outcome = inflater_take(inflater, &piece, out, &size);
            pack_raw(plain, out, outcome == INFLATER_GOOD ? size : 0);
        }
        assert_true(outcome != INFLATER_GOOD || piece.size == 0);
    }
    if (outcome == INFLATER_GOOD)
        outcome = inflater_end(inflater);
    free(out);
    inflater_free(inflater);
    return outcome;
}

static void assert_inflates(const struct packer *coded, struct str expected)
{
    static const uint32_t sizes[] = {1, 2, 7, 4096, 1 << 20};
    struct packer plain = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            assert_int_equal(inflate_all(str_in(coded), sizes[i], sizes[j], &plain), INFLATER_GOOD);
            assert_true(str_equal(str_in(&plain), expected));
        }
    vec_release(&plain.bytes);
}

static void assert_outcome(struct str coded, enum inflater_outcome expected)
{
    struct packer plain = {0};
    assert_int_equal(inflate_all(coded, 1 << 20, 1 << 20, &plain), expected);
    assert_int_equal(inflate_all(coded, 1, 1, &plain), expected);
    vec_release(&plain.bytes);
}

static void pieces_and_room_make_no_difference(void **state)
{
    (void)state;
    struct packer coded = {0}, text = {0};
    for (uint32_t i = 0; i < LARGE / 8; i++)
        pack_u64(&text, i * UINT64_C(0x9e3779b97f4a7c15) >> (i % 50));
    put_member(&coded, str_in(&text));
    assert_inflates(&coded, str_in(&text));
    vec_clear(&coded.bytes);
    put_member(&coded, STR(""));
    assert_inflates(&coded, STR(""));
    vec_release(&coded.bytes);
    vec_release(&text.bytes);
}

static void several_members_are_one_body(void **state)
{
    (void)state;
    struct packer coded = {0};
    put_member(&coded, STR("[1,"));
    put_member(&coded, STR(""));
    put_member(&coded, STR("2]"));
    assert_inflates(&coded, STR("[1,2]"));
    vec_release(&coded.bytes);
}

static void a_name_and_other_fields_of_the_header_are_skipped(void **state)
{
    (void)state;
    struct packer coded = {0}, whole = {0};
    put_member(&coded, STR("{}"));
    pack_raw(&whole, "\x1f\x8b\x08\x1c\0\0\0\0\0\xff\3\0abcname\0comment", 26); /* FEXTRA, FNAME, FCOMMENT */
    pack_raw(&whole, "", 1);
    pack_raw(&whole, coded.bytes.at + 10, coded.bytes.count - 10);
    assert_inflates(&whole, STR("{}"));
    vec_release(&coded.bytes);
    vec_release(&whole.bytes);
}

static void every_end_before_the_last_byte_is_truncated(void **state)
{
    (void)state;
    struct packer coded = {0};
    put_member(&coded, STR("a body, a body"));
    uint32_t first = coded.bytes.count;
    put_member(&coded, STR("and another"));
    for (uint32_t size = 0; size < coded.bytes.count; size++)
        assert_outcome((struct str){coded.bytes.at, size},
                       size == first ? INFLATER_GOOD : INFLATER_TRUNCATED);
    vec_release(&coded.bytes);
}

static void what_follows_a_member_must_be_one(void **state)
{
    (void)state;
    struct packer coded = {0};
    put_member(&coded, STR("a body"));
    uint32_t size = coded.bytes.count;
    for (uint32_t c = 0; c < 256; c++) {
        coded.bytes.count = size;
        pack_raw(&coded, &(char){(char)c}, 1);
        assert_outcome(str_in(&coded), c == 0x1f ? INFLATER_TRUNCATED : INFLATER_TRAILING);
    }
    pack_raw(&coded, "garbage", 7);
    coded.bytes.at[size] = 0x1f;
    assert_outcome(str_in(&coded), INFLATER_CORRUPT);
    vec_release(&coded.bytes);
}

static void other_formats_are_corrupt(void **state)
{
    (void)state;
    assert_outcome(STR("{\"specversion\":\"1.0\"}"), INFLATER_CORRUPT);
    assert_outcome(STR("\x78\x9c\x03\x00\x00\x00\x00\x01"), INFLATER_CORRUPT);     /* zlib's own */
    assert_outcome(STR("\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00"), INFLATER_CORRUPT); /* zstd */
    assert_outcome(STR("\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x03\x03\x00"),
                   INFLATER_CORRUPT); /* no deflate */
    assert_outcome(STR("\x1f\x8b\x08\xe0\x00\x00\x00\x00\x00\x03\x03\x00"),
                   INFLATER_CORRUPT); /* flags kept free */
}

/* Some bits say nothing: those that fill deflate's last byte. */
static void no_changed_bit_makes_another_body(void **state)
{
    (void)state;
    struct packer coded = {0}, plain = {0};
    struct str text = STR("{\"id\":\"a\",\"source\":\"/s\",\"type\":\"node.launched\"}");
    put_member(&coded, text);
    for (uint32_t bit = 0; bit < coded.bytes.count * 8; bit++) {
        coded.bytes.at[bit / 8] ^= (char)(1 << bit % 8);
        enum inflater_outcome outcome = inflate_all(str_in(&coded), 1 << 20, 1 << 20, &plain);
        assert_true(outcome != INFLATER_GOOD || str_equal(str_in(&plain), text));
        coded.bytes.at[bit / 8] ^= (char)(1 << bit % 8);
    }
    vec_release(&coded.bytes);
    vec_release(&plain.bytes);
}

/* RFC 1952's size field is checked at the end, and nothing is believed of it before. */
static void a_size_that_is_claimed_falsely_is_corrupt(void **state)
{
    (void)state;
    struct packer coded = {0};
    put_member(&coded, STR("small"));
    memset(coded.bytes.at + coded.bytes.count - 4, 0xff, 4);
    assert_outcome(str_in(&coded), INFLATER_CORRUPT);
    vec_release(&coded.bytes);
}

static void a_step_makes_no_more_than_its_room(void **state)
{
    (void)state;
    struct packer coded = {0}, text = {0};
    vec_reserve(&text.bytes, 1 << 24);
    memset(text.bytes.at, ' ', 1 << 24);
    text.bytes.count = 1 << 24;
    put_member(&coded, str_in(&text));
    assert_true(coded.bytes.count < 20000);
    struct inflater *inflater = inflater_new();
    struct str piece = str_in(&coded);
    char out[1000];
    for (int i = 0; i < 10; i++) {
        uint32_t size = sizeof out;
        assert_int_equal(inflater_take(inflater, &piece, out, &size), INFLATER_GOOD);
        assert_int_equal(size, sizeof out);
    }
    assert_true(piece.size > coded.bytes.count - 100); /* nor does it read on for it */
    inflater_free(inflater);
    vec_release(&coded.bytes);
    vec_release(&text.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_and_room_make_no_difference),
        cmocka_unit_test(several_members_are_one_body),
        cmocka_unit_test(a_name_and_other_fields_of_the_header_are_skipped),
        cmocka_unit_test(every_end_before_the_last_byte_is_truncated),
        cmocka_unit_test(what_follows_a_member_must_be_one),
        cmocka_unit_test(other_formats_are_corrupt),
        cmocka_unit_test(no_changed_bit_makes_another_body),
        cmocka_unit_test(a_size_that_is_claimed_falsely_is_corrupt),
        cmocka_unit_test(a_step_makes_no_more_than_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
