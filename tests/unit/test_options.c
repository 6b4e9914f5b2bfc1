/* Options: flag over environment over file over default, and every refusal with its place. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/io/options.h"
#include "tests/support/test.h"

static const char *text;
static int64_t number;
static bool on;
static const struct option_row rows[] = {
    {"some-text", OPTION_TEXT, &text, "initial", 0, 0, "a text"},
    {"number", OPTION_NUMBER, &number, "5", -10, 100, "a number"},
    {"switch", OPTION_SWITCH, &on, "false", 0, 0, "a switch"},
};
static const char *needed;
static struct option_list listed, files;
static const char *word;
static const char *const words[] = {"one", "two", "three", NULL};

static const char *expect_good(const char *value)
{
    return strcmp(value, "good") == 0 ? NULL : "expected good";
}

static const struct option_row more[] = {
    {"list", OPTION_LIST, &listed, "", 0, 0, "several", .letter = 'l'},
    {"word", OPTION_TEXT, &word, "one", 0, 0, "one of three", .words = words},
    {"switch", OPTION_SWITCH, &on, "false", 0, 0, "a switch", .letter = 's'},
    {"some-text", OPTION_TEXT, &text, "", 0, 0, "checked", .check = expect_good},
    {"files", OPTION_LIST, &files, NULL, 0, 0, "what it works on", .value = "FILE", .argument = true},
};
static const char *name, *when;
static const struct option_row naming[] = {
    {"name", OPTION_TEXT, &name, "", 0, 0, "of one alone", .name_bytes = 8},
    {"when", OPTION_TEXT, &when, "", 0, 0, "none: ever", .filled = true},
};
static const struct option_row needing[] = {{"needed", OPTION_TEXT, &needed, NULL, 0, 0, "must be"}};

static char said[8192];
static char path[] = "/tmp/test_options.XXXXXX";

static int with_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int without_file(void **state)
{
    (void)state;
    return unlink(path);
}

/* The exit status; what was said on standard error stands in `said`. */
static int read_rows(const struct option_row *table, size_t count, const char *const *arguments)
{
    static char kept_arguments[16][256];
    char *list[16];
    int given = 1;
    list[0] = strcpy(kept_arguments[0], "program");
    for (; arguments[given - 1] != NULL; given++)
        list[given] = strncpy(kept_arguments[given], arguments[given - 1], 255);
    FILE *file = tmpfile();
    int kept_out = dup(STDOUT_FILENO), kept = dup(STDERR_FILENO);
    fflush(stdout);
    dup2(fileno(file), STDERR_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    const struct option_page page = {
        .name = "program", .summary = "Does nothing.", .rows = table, .count = count};
    int status = options_read(&page, given, list);
    fflush(stdout);
    dup2(kept, STDERR_FILENO);
    dup2(kept_out, STDOUT_FILENO);
    close(kept), close(kept_out);
    rewind(file);
    said[fread(said, 1, sizeof said - 1, file)] = 0;
    fclose(file);
    return status;
}

#define READ(...) read_rows(rows, 3, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static int read_more(const char *const *arguments)
{
    vec_clear(&listed.values);
    vec_clear(&files.values);
    return read_rows(more, sizeof more / sizeof *more, arguments);
}

#define READ_MORE(...) read_more((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

#define READ_NAMES(...) read_rows(naming, 2, (const char *const[]){__VA_ARGS__, NULL})

static void write_config(const char *yaml)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(yaml, file);
    fclose(file);
}

static void without_any_source_the_default_holds(void **state)
{
    (void)state;
    assert_int_equal(READ(), OPTIONS_GO);
    assert_string_equal(text, "initial");
    assert_int_equal(number, 5);
    assert_false(on);
}

static void a_flag_is_stronger_than_the_environment_and_that_than_the_file(void **state)
{
    (void)state;
    write_config("number: 7\nsome-text: file\nswitch: true\n");
    setenv("HOURGLASS_NUMBER", "8", 1);
    setenv("HOURGLASS_SOME_TEXT", "environment", 1);
    assert_int_equal(READ("--config", path, "--number=9"), OPTIONS_GO);
    assert_int_equal(number, 9);
    assert_string_equal(text, "environment");
    assert_true(on);
    unsetenv("HOURGLASS_NUMBER");
    unsetenv("HOURGLASS_SOME_TEXT");
}

static void flags_take_their_value_either_way_and_switches_none(void **state)
{
    (void)state;
    assert_int_equal(READ("--number", "-10", "--some-text=a=b", "--switch"), OPTIONS_GO);
    assert_int_equal(number, -10);
    assert_string_equal(text, "a=b");
    assert_true(on);
    assert_int_equal(READ("--switch=false"), OPTIONS_GO);
    assert_false(on);
}

static void a_bad_flag_is_a_usage_error_that_names_it(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"--numbers=5", "--numbers"}, {"stray", "stray"},
        {"--number=101", "--number"}, {"--number=-11", "--number"},
        {"--number=5x", "--number"},  {"--number=", "--number"},
        {"--number= 5", "--number"},  {"--switch=maybe", "--switch"},
        {"--number", "--number"},     {"--number=9223372036854775808", "100"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(READ(bad[i][0]), 64);
        assert_non_null(strstr(said, bad[i][1]));
    }
}

static void what_must_be_given_and_is_not_is_a_usage_error(void **state)
{
    (void)state;
    assert_int_equal(read_rows(needing, 1, (const char *const[]){NULL}), 64);
    assert_non_null(strstr(said, "--needed"));
}

static void a_fault_in_the_file_is_told_with_its_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *place;
    } bad[] = {{"number: 7\nunknown: 1\n", ":2:1: "},
               {"number: many\n", ":1:9: "},
               {"number: [1]\n", ":1:9: "},
               {"number: 1\nnumber: 2\n", ":2:1: "},
               {"- number\n", ":1:1: "},
               {"number: 1\n  bad: : x\n", ":2:"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_config(bad[i].yaml);
        assert_int_equal(READ("--config", path), 78);
        assert_memory_equal(said, path, strlen(path));
        assert_non_null(strstr(said, bad[i].place));
    }
    assert_int_equal(READ("--config", "/nowhere/at/all"), 78);
}

static void an_empty_file_says_nothing(void **state)
{
    (void)state;
    write_config("# all as it is\n");
    assert_int_equal(READ("--config", path), OPTIONS_GO);
    assert_int_equal(number, 5);
}

static void checking_stops_after_reading(void **state)
{
    (void)state;
    assert_int_equal(READ("--check-config", "--number=6"), 0);
    assert_int_equal(READ("--check-config", "--number=600"), 64);
}

static void help_prints_the_table(void **state)
{
    (void)state;
    assert_int_equal(READ("--help"), 0);
    assert_non_null(strstr(said, "--some-text VALUE"));
    assert_non_null(strstr(said, "a number [5]"));
    assert_non_null(strstr(said, "--switch\n"));
}

static void an_unknown_name_is_told_with_the_nearest_and_without_its_value(void **state)
{
    (void)state;
    assert_int_equal(READ("--numbr=secret"), 64);
    assert_non_null(strstr(said, "unknown option --numbr (did you mean --number?)"));
    assert_null(strstr(said, "secret"));
    assert_int_equal(READ("--elephant"), 64);
    assert_null(strstr(said, "did you mean"));
    write_config("some-txt: 1\n");
    assert_int_equal(READ("--config", path), 78);
    assert_non_null(strstr(said, ":1:1: unknown key (did you mean some-text?)"));
}

static void help_and_version_are_asked_for_by_word_or_letter(void **state)
{
    (void)state;
    assert_int_equal(READ("--nonsense", "-h"), 0);
    assert_memory_equal(said, "usage: program", strlen("usage: program"));
    assert_int_equal(READ("--version"), 0);
    assert_memory_equal(said, "program ", strlen("program "));
    assert_true(strlen(said) > strlen("program \n"));
}

static void what_stands_by_itself_is_an_argument_and_all_is_after_two_hyphens(void **state)
{
    (void)state;
    assert_int_equal(READ_MORE("a", "--word", "two", "-", "--", "--switch", "-h"), OPTIONS_GO);
    assert_int_equal(files.values.count, 4);
    assert_string_equal(files.values.at[0], "a");
    assert_string_equal(files.values.at[1], "-");
    assert_string_equal(files.values.at[3], "-h");
    assert_string_equal(word, "two");
    assert_false(on);
    assert_int_equal(READ_MORE("--word", "two"), 64);
    assert_non_null(strstr(said, "expected FILE"));
    assert_int_equal(READ("stray"), 64);
}

static void a_letter_takes_its_value_behind_it_or_attached(void **state)
{
    (void)state;
    assert_int_equal(READ_MORE("-l", "x", "-ly", "--list=z", "-s", "f"), OPTIONS_GO);
    assert_int_equal(listed.values.count, 3);
    assert_string_equal(listed.values.at[0], "x");
    assert_string_equal(listed.values.at[1], "y");
    assert_string_equal(listed.values.at[2], "z");
    assert_true(on);
    assert_int_equal(READ_MORE("-q", "f"), 64);
    assert_int_equal(READ_MORE("f", "-l"), 64);
}

static void a_value_that_is_none_of_the_words_is_refused_with_all_of_them(void **state)
{
    (void)state;
    assert_int_equal(READ_MORE("--word=four", "f"), 64);
    assert_non_null(strstr(said, "expected one, two or three"));
}

/* Left empty, as by a variable that is not set, it would be taken for "of all". */
static void a_name_that_is_given_is_one_and_never_empty(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a\nb", "\xff", "\xed\xa0\x80", "\xc2\x85", "123456789"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(READ_NAMES("--name", bad[i]), 64);
        assert_non_null(strstr(said, "--name: expected a name: 1 to 8 bytes of UTF-8"));
    }
    assert_int_equal(READ_NAMES("--name", "\xc3\xbc 345'"), OPTIONS_GO);
    assert_string_equal(name, "\xc3\xbc 345'");
    assert_int_equal(READ_NAMES("--when="), 64);
    assert_non_null(strstr(said, "expected a value that is not empty"));
    setenv("HOURGLASS_NAME", "", 1);
    assert_int_equal(READ_NAMES("--when=x"), 64);
    unsetenv("HOURGLASS_NAME");
    assert_int_equal(READ_NAMES("--when=x"), OPTIONS_GO);
    assert_string_equal(name, "");
    write_config("name: \"\"\n");
    assert_int_equal(READ_NAMES("--config", path), 78);
}

static void checking_looks_at_the_values_and_says_that_they_are_good(void **state)
{
    (void)state;
    assert_int_equal(READ_MORE("--check-config", "--some-text", "bad", "f"), 78);
    assert_non_null(strstr(said, "--some-text: expected good"));
    assert_int_equal(READ_MORE("--some-text", "bad", "f"), OPTIONS_GO);
    assert_int_equal(READ_MORE("--check-config", "--some-text", "good", "f"), 0);
    assert_non_null(strstr(said, "configuration is good"));
    assert_int_equal(READ_MORE("--check-config", "f"), 0);
}

static void the_page_prints_itself_in_markdown(void **state)
{
    (void)state;
    assert_int_equal(READ_MORE("--help=markdown"), 0);
    assert_memory_equal(said, "## program\n", strlen("## program\n"));
    assert_non_null(strstr(said, "| `--word VALUE` | `HOURGLASS_WORD` | `one` | one of three |"));
    assert_non_null(strstr(said, "| `FILE` |  | needed | what it works on |"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_any_source_the_default_holds),
        cmocka_unit_test(a_flag_is_stronger_than_the_environment_and_that_than_the_file),
        cmocka_unit_test(flags_take_their_value_either_way_and_switches_none),
        cmocka_unit_test(a_bad_flag_is_a_usage_error_that_names_it),
        cmocka_unit_test(what_must_be_given_and_is_not_is_a_usage_error),
        cmocka_unit_test(a_fault_in_the_file_is_told_with_its_line_and_column),
        cmocka_unit_test(an_empty_file_says_nothing),
        cmocka_unit_test(checking_stops_after_reading),
        cmocka_unit_test(help_prints_the_table),
        cmocka_unit_test(an_unknown_name_is_told_with_the_nearest_and_without_its_value),
        cmocka_unit_test(help_and_version_are_asked_for_by_word_or_letter),
        cmocka_unit_test(what_stands_by_itself_is_an_argument_and_all_is_after_two_hyphens),
        cmocka_unit_test(a_letter_takes_its_value_behind_it_or_attached),
        cmocka_unit_test(a_value_that_is_none_of_the_words_is_refused_with_all_of_them),
        cmocka_unit_test(a_name_that_is_given_is_one_and_never_empty),
        cmocka_unit_test(checking_looks_at_the_values_and_says_that_they_are_good),
        cmocka_unit_test(the_page_prints_itself_in_markdown),
    };
    return cmocka_run_group_tests(tests, with_file, without_file);
}
