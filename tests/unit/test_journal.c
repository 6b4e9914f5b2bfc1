/* Log lines: one event a line, nothing in it that ends it early, and never too many. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/io/journal.h"
#include "tests/support/test.h"

static char said[1 << 20];

/* What the calls wrote to standard error. */
#define SAID(calls)                                                                                          \
    do {                                                                                                     \
        FILE *file = tmpfile();                                                                              \
        int kept = dup(STDERR_FILENO);                                                                       \
        dup2(fileno(file), STDERR_FILENO);                                                                   \
        calls;                                                                                               \
        dup2(kept, STDERR_FILENO);                                                                           \
        close(kept);                                                                                         \
        rewind(file);                                                                                        \
        said[fread(said, 1, sizeof said - 1, file)] = 0;                                                     \
        fclose(file);                                                                                        \
    } while (0)

static size_t lines_said(void)
{
    size_t lines = 0;
    for (const char *at = said; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    return lines;
}

static void a_line_is_logfmt_with_what_needs_quotes_in_quotes(void **state)
{
    (void)state;
    journal_init("tester", false, JOURNAL_LEVEL_INFO);
    SAID(journal_info("made", JOURNAL_INT("n", -3), JOURNAL_STR("a", "plain"), JOURNAL_STR("b", "two words"),
                      JOURNAL_STR("c", ""), JOURNAL_STR("d", "say \"x\"\\"), JOURNAL_STR("e", "x\ny\rz")));
    const char *rest = strstr(said, " level=");
    assert_non_null(rest);
    assert_memory_equal(said, "ts=2", 4);
    assert_string_equal(rest, " level=info program=tester event=made n=-3 a=plain b=\"two words\" c=\"\""
                              " d=\"say \\\"x\\\"\\\\\" e=\"x y z\"\n");
}

static void a_line_is_one_json_object(void **state)
{
    (void)state;
    journal_init("tester", true, JOURNAL_LEVEL_INFO);
    SAID(journal_error("lost", JOURNAL_INT("n", 7), JOURNAL_STR("why", "a \"b\"\x01")));
    assert_memory_equal(said, "{\"ts\":\"2", 8);
    assert_string_equal(strstr(said, ",\"level\""), ",\"level\":\"error\",\"program\":\"tester\",\"event\":"
                                                    "\"lost\",\"n\":7,\"why\":\"a \\\"b\\\" \"}\n");
}

static void what_is_below_the_level_is_not_said(void **state)
{
    (void)state;
    journal_init("tester", false, JOURNAL_LEVEL_WARNING);
    SAID(journal_info("quiet", JOURNAL_INT("n", 1)); journal_warning("loud", JOURNAL_INT("n", 2)));
    assert_int_equal(lines_said(), 1);
    assert_non_null(strstr(said, "event=loud"));
}

static void a_text_that_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    static char large[6000];
    memset(large, 'x', sizeof large - 1);
    journal_init("tester", true, JOURNAL_LEVEL_INFO);
    SAID(journal_info("large", JOURNAL_STR("large", large), JOURNAL_INT("after", 1)));
    assert_null(strstr(said, "xxx"));
    assert_non_null(strstr(said, "\"event\":\"large\",\"after\":1}\n"));
}

static void of_one_event_a_hundred_lines_are_said_and_others_go_on(void **state)
{
    (void)state;
    journal_init("tester", false, JOURNAL_LEVEL_INFO);
    SAID(for (int i = 0; i < 1000; i++) journal_info("storm", JOURNAL_INT("i", i));
         journal_info("calm", JOURNAL_INT("n", 1)));
    assert_int_equal(lines_said(), 101);
    assert_non_null(strstr(said, "event=calm"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_logfmt_with_what_needs_quotes_in_quotes),
        cmocka_unit_test(a_line_is_one_json_object),
        cmocka_unit_test(what_is_below_the_level_is_not_said),
        cmocka_unit_test(a_text_that_does_not_fit_is_left_out_whole),
        cmocka_unit_test(of_one_event_a_hundred_lines_are_said_and_others_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
