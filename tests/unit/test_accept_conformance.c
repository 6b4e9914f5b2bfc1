/* The lines that each conformance case says are rejected are, and no other. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "collectors/core/accept.h"
#include "collectors/core/lines.h"
#include "tests/support/test.h"

enum { FILE_MAX = 1 << 20, LINES_MAX = 1000 };

static size_t read_whole(const char *path, char text[FILE_MAX])
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, FILE_MAX - 1, file);
    fclose(file);
    assert_true(size < FILE_MAX - 1);
    text[size] = '\0';
    return size;
}

static void must_reject(const char *events, size_t size, const bool expected[LINES_MAX])
{
    struct acceptor *acceptor = acceptor_new();
    struct lines lines = lines_of(events, size);
    for (struct str line; lines_next(&lines, &line);) {
        struct record record;
        struct rejection rejection;
        assert_true(lines.number < LINES_MAX);
        if (accept_event(acceptor, line, &record, &rejection) == expected[lines.number])
            fail_msg("line %d", (int)lines.number);
    }
    acceptor_free(acceptor);
}

static void cases_reject_the_lines_that_they_name(void **state)
{
    (void)state;
    static char text[FILE_MAX];
    static const char before[] = "rejected lines: ";
    glob_t found;
    assert_int_equal(glob("tests/conformance/*/why.md", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char path[200];
        bool expected[LINES_MAX] = {false};
        read_whole(found.gl_pathv[i], text);
        const char *at = strstr(text, before);
        for (at = at == NULL ? NULL : at + sizeof before - 2; at != NULL; at = strchr(at + 1, ',')) {
            long number = strtol(at + 1, NULL, 10);
            assert_true(number > 0 && number < LINES_MAX);
            expected[number] = true;
        }
        snprintf(path, sizeof path, "%.*sevents.ndjson", (int)strlen(found.gl_pathv[i]) - 6,
                 found.gl_pathv[i]);
        size_t size = read_whole(path, text);
        must_reject(text, size, expected);
    }
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_reject_the_lines_that_they_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
