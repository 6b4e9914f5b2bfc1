/* Avro's primitives: one encoding a value, and nothing read that was not there. */
#include "lib/codec/wire.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

enum { ROUNDS = 100000 };

static struct unpacker reader_of(const void *at, size_t size)
{
    const char *bytes = at;
    return (struct unpacker){bytes, bytes + size, false};
}

static bool long_is(const char *at, size_t size, int64_t expected)
{
    struct unpacker in = reader_of(at, size);
    int64_t found = wire_take_long(&in);
    return wire_close(&in) == DECODE_OK && found == expected;
}

static bool long_is_refused(const char *at, size_t size)
{
    struct unpacker in = reader_of(at, size);
    return wire_take_long(&in) == 0 && in.bad;
}

static void longs_are_those_of_the_specification(void **state)
{
    (void)state;
    assert_true(long_is("\x00", 1, 0));
    assert_true(long_is("\x01", 1, -1));
    assert_true(long_is("\x02", 1, 1));
    assert_true(long_is("\x7f", 1, -64));
    assert_true(long_is("\x80\x01", 2, 64));
    assert_true(long_is("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, INT64_MAX));
    assert_true(long_is("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, INT64_MIN));
}

static void longs_that_are_longer_than_need_be_are_refused(void **state)
{
    (void)state;
    assert_true(long_is_refused("\x80\x00", 2));
    assert_true(long_is_refused("\x81\x80\x00", 3));
    assert_true(long_is_refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10));
    assert_true(long_is_refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11));
    assert_true(long_is_refused("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11));
    assert_true(long_is_refused("\x80", 1));
    assert_true(long_is_refused("", 0));
}

static void a_long_comes_back_from_as_few_bytes_as_can_be(void **state)
{
    (void)state;
    struct random random = random_of(1);
    struct packer bytes = {0};
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t shift = random_below(&random, 64);
        int64_t value = (int64_t)random_next(&random) >> shift;
        vec_clear(&bytes.bytes);
        wire_put_long(&bytes, value);
        assert_true(long_is(bytes.bytes.at, bytes.bytes.count, value));
        uint32_t bits = 65 - (uint32_t)__builtin_clzll((uint64_t)(value ^ value >> 63) | 1);
        assert_true(bytes.bytes.count <= (bits + 6) / 7);
    }
    vec_release(&bytes.bytes);
}

static bool name_is_taken(const char *at, uint32_t size)
{
    struct packer bytes = {0};
    wire_put_long(&bytes, size);
    pack_raw(&bytes, at, size);
    struct unpacker in = reader_of(bytes.bytes.at, bytes.bytes.count);
    struct str name = wire_take_name(&in, 1);
    bool taken = wire_close(&in) == DECODE_OK;
    if (taken)
        assert_true(str_equal(name, (struct str){at, size}));
    vec_release(&bytes.bytes);
    return taken;
}

/* A name of each length around the eight bytes that are looked at together, the character at each place. */
static bool taken_anywhere(struct str character)
{
    bool first = name_is_taken(character.at, character.size);
    for (uint32_t size = character.size; size <= 20; size++) {
        for (uint32_t at = 0; at + character.size <= size; at++) {
            char name[20];
            memset(name, 'n', sizeof name);
            memcpy(name + at, character.at, character.size);
            assert_int_equal(name_is_taken(name, size), first);
        }
    }
    return first;
}

static void names_are_utf_8_without_control_characters(void **state)
{
    (void)state;
    static const struct str good[] = {STR(" "),          STR("~"),         STR("\u00a0"), STR("\u07ff"),
                                      STR("\u0800"),     STR("\ud7ff"),    STR("\ue000"), STR("\uffff"),
                                      STR("\U00010000"), STR("\U0010ffff")};
    static const struct str bad[] = {STR("\x00"),
                                     STR("\x1f"),
                                     STR("\x7f"),
                                     STR("\xc2\x80"),
                                     STR("\xc2\x9f"),
                                     STR("\x80"),
                                     STR("\xbf"),
                                     STR("\xc0\xaf"),
                                     STR("\xc1\xbf"),
                                     STR("\xe0\x9f\xbf"),
                                     STR("\xed\xa0\x80"),
                                     STR("\xed\xbf\xbf"),
                                     STR("\xf0\x8f\xbf\xbf"),
                                     STR("\xf4\x90\x80\x80"),
                                     STR("\xf5\x80\x80\x80"),
                                     STR("\xff"),
                                     STR("\xe2\x82"),
                                     STR("\xf0\x9d\x84"),
                                     STR("\xc3")};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(taken_anywhere(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(taken_anywhere(bad[i]));
    for (int byte = 1; byte < 0x80; byte++) {
        char character = (char)byte;
        assert_int_equal(taken_anywhere((struct str){&character, 1}), byte >= 0x20 && byte < 0x7f);
    }
}

static void names_have_1_to_256_bytes(void **state)
{
    (void)state;
    static char name[LIMIT_NAME_BYTES + 1];
    memset(name, 'n', sizeof name);
    assert_false(name_is_taken(name, 0));
    assert_true(name_is_taken(name, 1));
    assert_true(name_is_taken(name, LIMIT_NAME_BYTES));
    assert_false(name_is_taken(name, LIMIT_NAME_BYTES + 1));
}

static uint32_t items(const char *at, size_t size, bool *good)
{
    struct unpacker in = reader_of(at, size);
    uint32_t count = wire_take_array(&in, 1);
    for (uint32_t i = 0; i < count && !in.bad; i++)
        wire_take_bool(&in);
    wire_take_array_end(&in);
    *good = wire_close(&in) == DECODE_OK;
    return count;
}

static void an_array_is_one_block_and_fits_what_is_left(void **state)
{
    (void)state;
    bool good;
    assert_true(items("\x00", 1, &good) == 0 && good);
    assert_true(items("\x04\x00\x01\x00", 4, &good) == 2 && good);
    items("\x02\x00\x02\x00\x00", 5, &good); /* two blocks */
    assert_false(good);
    items("\x03\x04\x00\x01\x00", 5, &good); /* a negative count and a size in bytes */
    assert_false(good);
    items("\x04\x00\x01", 3, &good); /* no end */
    assert_false(good);
    /* As many items as nobody has bytes for: said before room is made for them. */
    assert_int_equal(items("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00", 12, &good), 0);
    assert_false(good);
    items("", 0, &good);
    assert_false(good);
}

static void a_string_stays_inside_the_input(void **state)
{
    (void)state;
    struct unpacker in = reader_of("\x06"
                                   "ab",
                                   3);
    assert_int_equal(wire_take_string(&in, 0, 10).size, 0);
    assert_true(in.bad);
    in = reader_of("\x01", 1); /* a size of -1 */
    assert_int_equal(wire_take_string(&in, 0, 10).size, 0);
    assert_true(in.bad);
}

static void a_fault_is_remembered_through_what_is_read_after_it(void **state)
{
    (void)state;
    struct unpacker in = reader_of("\x80\x00\x02\x02", 4);
    wire_take_long(&in);
    assert_int_equal(wire_take_long(&in), 0);
    assert_int_equal(wire_take_string(&in, 0, 9).size, 0);
    assert_int_equal(wire_take_array(&in, 1), 0);
    assert_false(wire_take_bool(&in));
    assert_int_equal(wire_close(&in), DECODE_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longs_are_those_of_the_specification),
        cmocka_unit_test(longs_that_are_longer_than_need_be_are_refused),
        cmocka_unit_test(a_long_comes_back_from_as_few_bytes_as_can_be),
        cmocka_unit_test(names_are_utf_8_without_control_characters),
        cmocka_unit_test(names_have_1_to_256_bytes),
        cmocka_unit_test(an_array_is_one_block_and_fits_what_is_left),
        cmocka_unit_test(a_string_stays_inside_the_input),
        cmocka_unit_test(a_fault_is_remembered_through_what_is_read_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
