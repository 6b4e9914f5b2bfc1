/* A file of tokens that is read again while requests come. */
#include <stdio.h>
#include <unistd.h>

#include "collectors/tokens.h"
#include "tests/support/test.h"

static char path[] = "/tmp/hourglass-tokens-XXXXXX";

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int unmake(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void what_the_file_says_last_is_known(void **state)
{
    (void)state;
    struct tokens tokens = {.path = path};
    struct error error;
    write_file("one\ntwo\n\n");
    assert_int_equal(tokens_read(&tokens, &error), ERROR_NONE);
    assert_int_equal(tokens_count(&tokens), 2);
    assert_true(tokens_know(&tokens, STR("two")));
    write_file("one\nthree");
    assert_int_equal(tokens_read_again(&tokens, &error), ERROR_NONE);
    assert_true(tokens_know(&tokens, STR("one")) && tokens_know(&tokens, STR("three")));
    assert_false(tokens_know(&tokens, STR("two")));
    assert_false(tokens_know(&tokens, STR("")));
    tokens_release(&tokens);
}

static void a_file_that_cannot_be_read_changes_nothing_and_is_named(void **state)
{
    (void)state;
    struct tokens tokens = {.path = path};
    struct error error;
    write_file("one\n");
    assert_int_equal(tokens_read(&tokens, &error), ERROR_NONE);
    write_file("\n\n");
    assert_int_equal(tokens_read_again(&tokens, &error), ERROR_FATAL);
    assert_non_null(strstr(error.text, "no token"));
    unlink(path);
    assert_int_equal(tokens_read_again(&tokens, &error), ERROR_FATAL);
    assert_non_null(strstr(error.text, path));
    assert_true(tokens_know(&tokens, STR("one")));
    tokens_release(&tokens);
}

static void a_file_without_a_token_is_taken_at_the_start_and_lets_nobody_in(void **state)
{
    (void)state;
    struct tokens tokens = {.path = path};
    struct error error;
    write_file("");
    assert_int_equal(tokens_read(&tokens, &error), ERROR_NONE);
    assert_int_equal(tokens_count(&tokens), 0);
    assert_false(tokens_know(&tokens, STR("")));
    tokens_release(&tokens);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_file_says_last_is_known),
        cmocka_unit_test(a_file_that_cannot_be_read_changes_nothing_and_is_named),
        cmocka_unit_test(a_file_without_a_token_is_taken_at_the_start_and_lets_nobody_in),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
