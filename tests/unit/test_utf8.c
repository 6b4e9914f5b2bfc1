/* What is a character of UTF-8, by RFC 3629, table 3-7, and what is none. */
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "tests/support/test.h"

/* Whether the two bytes, and two more that may follow, begin a character of that size. */
static bool is_one(uint32_t a, uint32_t b, uint32_t size)
{
    const char text[4] = {(char)a, (char)b, (char)0x80, (char)0xBF};
    return utf8_size(text, 4) == size;
}

static void of_all_first_two_bytes_those_of_the_table_begin_a_character(void **state)
{
    (void)state;
    for (uint32_t a = 0x80; a <= 0xFF; a++)
        for (uint32_t b = 0; b <= 0xFF; b++) {
            bool tail = b >= 0x80 && b <= 0xBF;
            uint32_t size = 0;
            if (a >= 0xC2 && a <= 0xDF && tail)
                size = 2;
            else if (a >= 0xE0 && a <= 0xEF && tail && (a != 0xE0 || b >= 0xA0) && (a != 0xED || b <= 0x9F))
                size = 3;
            else if (a >= 0xF0 && a <= 0xF4 && tail && (a != 0xF0 || b >= 0x90) && (a != 0xF4 || b <= 0x8F))
                size = 4;
            assert_true(is_one(a, b, size));
        }
}

static void ascii_is_one_byte_whatever_follows(void **state)
{
    (void)state;
    for (int c = 0; c < 0x80; c++)
        assert_int_equal(utf8_size((const char[]){(char)c, (char)0xFF}, 2), 1);
}

static void a_character_that_is_cut_or_broken_off_is_none(void **state)
{
    (void)state;
    static const char *const whole[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (uint32_t i = 0; i < 3; i++) {
        char broken[5] = {0};
        for (uint32_t left = 1; left < i + 2; left++)
            assert_int_equal(utf8_size(whole[i], left), 0);
        assert_int_equal(utf8_size(whole[i], i + 2), i + 2);
        memcpy(broken, whole[i], i + 2);
        broken[i + 1] = 'x';
        assert_int_equal(utf8_size(broken, i + 2), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_all_first_two_bytes_those_of_the_table_begin_a_character),
        cmocka_unit_test(ascii_is_one_byte_whatever_follows),
        cmocka_unit_test(a_character_that_is_cut_or_broken_off_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
