/* A file's lines: LF and CRLF, blank ones skipped but counted, the last one without an end. */
#include "collectors/core/lines.h"
#include "tests/support/test.h"

struct line {
    uint64_t number;
    const char *text;
};

static void assert_lines(const char *file, const struct line *expected, size_t count)
{
    struct lines lines = lines_of(file, strlen(file));
    struct str line;
    for (size_t i = 0; i < count; i++) {
        assert_true(lines_next(&lines, &line));
        assert_int_equal(lines.number, expected[i].number);
        assert_int_equal(line.size, strlen(expected[i].text));
        assert_memory_equal(line.at, expected[i].text, line.size);
    }
    assert_false(lines_next(&lines, &line));
    assert_false(lines_next(&lines, &line));
}

static void lines_end_in_lf_or_crlf_or_with_the_file(void **state)
{
    (void)state;
    assert_lines("a\nb\r\nc", (struct line[]){{1, "a"}, {2, "b"}, {3, "c"}}, 3);
    assert_lines("a\n", (struct line[]){{1, "a"}}, 1);
    assert_lines("a\rb\r\r\n", (struct line[]){{1, "a\rb\r"}}, 1);
    assert_lines("a\r", (struct line[]){{1, "a\r"}}, 1);
    assert_lines("", NULL, 0);
}

static void blank_lines_are_skipped_but_counted(void **state)
{
    (void)state;
    assert_lines("\n \t \n\r\n\r\r\nx\n\n \ny", (struct line[]){{5, "x"}, {8, "y"}}, 2);
    assert_lines("\n\n \t\r", NULL, 0);
    assert_lines("\f\n\v\n\xc2\xa0\n", (struct line[]){{1, "\f"}, {2, "\v"}, {3, "\xc2\xa0"}}, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_in_lf_or_crlf_or_with_the_file),
        cmocka_unit_test(blank_lines_are_skipped_but_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
