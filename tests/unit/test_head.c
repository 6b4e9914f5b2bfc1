/* Requests' heads: what they say, and what is refused, each with the status that says why. */
#include <stdio.h>

#include "collectors/core/head.h"
#include "lib/base/pack.h"
#include "tests/support/test.h"

#define REQUEST "POST /v1/events HTTP/1.1\r\n"
#define HOST "Host: x\r\n"

static struct head head;

static enum head_outcome read_head(struct str bytes)
{
    struct head_scan scan = {0};
    enum head_outcome outcome = head_find_end(&scan, bytes);
    head.why = scan.why;
    if (outcome != HEAD_GOOD)
        return outcome;
    return head_parse((struct str){bytes.at + scan.begin, scan.at - scan.begin}, &head);
}

#define READ(literal) read_head(STR(literal))

static void has(const char *name, const char *value)
{
    struct str found = head_value(&head, name);
    assert_non_null(found.at);
    assert_int_equal(found.size, strlen(value));
    assert_memory_equal(found.at, value, found.size);
}

static void is_path(const char *path)
{
    assert_int_equal(head.path.size, strlen(path));
    assert_memory_equal(head.path.at, path, head.path.size);
}

static void a_head_says_what_it_says(void **state)
{
    (void)state;
    assert_int_equal(READ(REQUEST HOST "ce-id: \t a b\xc3\xa9 \r\nX:\r\nContent-Length: 017\r\n\r\n"),
                     HEAD_GOOD);
    assert_memory_equal(head.method.at, "POST", 4);
    is_path("/v1/events");
    has("CE-ID", "a b\xc3\xa9");
    has("x", "");
    assert_null(head_value(&head, "y").at);
    assert_int_equal(head.length_bytes, 17);
    assert_false(head.is_chunked);
    assert_true(head.is_kept_alive);
    assert_false(head.is_continue_awaited);
}

static void its_end_is_found_in_any_pieces(void **state)
{
    (void)state;
    struct str bytes = STR("\r\n" REQUEST HOST "\r\nrest");
    for (uint32_t first = 0; first < bytes.size; first++) {
        struct head_scan scan = {0};
        enum head_outcome outcome = head_find_end(&scan, (struct str){bytes.at, first});
        assert_int_equal(outcome, first >= bytes.size - 4 ? HEAD_GOOD : HEAD_MORE);
        if (outcome == HEAD_MORE)
            assert_int_equal(head_find_end(&scan, bytes), HEAD_GOOD);
        assert_int_equal(scan.begin, 2);
        assert_int_equal(scan.at, bytes.size - 4);
    }
}

static void bytes_that_end_or_hide_a_line_are_refused_as_they_come(void **state)
{
    (void)state;
    assert_int_equal(READ(REQUEST HOST "ce-id: a\0b"), HEAD_BAD);
    assert_int_equal(READ(REQUEST HOST "ce-id: a\rb"), HEAD_BAD);
    assert_int_equal(READ(REQUEST HOST "ce-id: a\n"), HEAD_BAD);
    assert_int_equal(READ(REQUEST HOST "ce-id: a\x7f"), HEAD_BAD);
    assert_int_equal(READ(REQUEST HOST "ce-id: a\x0b"), HEAD_BAD);
    assert_int_equal(READ(REQUEST HOST "ce\x01-id: a"), HEAD_BAD);
    assert_int_equal(READ("\n"), HEAD_BAD);
    assert_int_equal(READ("\r\r\n"), HEAD_BAD);
    assert_int_equal(READ("\x16\x03\x01"), HEAD_BAD); /* TLS */
    assert_int_equal(READ(REQUEST HOST "ce-id: a\tb"), HEAD_MORE);
}

static void lines_that_are_no_fields_are_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "ce-id : a", "ce-id\t: a", " ce-id: a", "\tfolded", "ce-id",
        ": a",       "ce id: a",   "ce(id): a", "\"x\": a", "\xc3: a",
    };
    char text[200];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(text, sizeof text, REQUEST HOST "%s\r\n\r\n", lines[i]);
        assert_int_equal(read_head(str_of(text)), HEAD_BAD);
        snprintf(text, sizeof text, REQUEST "%s\r\n" HOST "\r\n", lines[i]);
        assert_int_equal(read_head(str_of(text)), HEAD_BAD);
    }
}

static void what_has_one_value_stands_once(void **state)
{
    (void)state;
    assert_int_equal(READ(REQUEST HOST HOST "\r\n"), HEAD_BAD);
    assert_int_equal(READ(REQUEST HOST "ce-id: a\r\nCE-ID: a\r\n\r\n"), HEAD_BAD);
    assert_int_equal(READ(REQUEST HOST "ce-extension: a\r\nce-extension: b\r\n\r\n"), HEAD_BAD);
    assert_int_equal(READ(REQUEST HOST "Content-Type: a\r\ncontent-type: a\r\n\r\n"), HEAD_BAD);
    assert_int_equal(READ(REQUEST HOST "Authorization: a\r\nAuthorization: b\r\n\r\n"), HEAD_BAD);
    assert_int_equal(READ(REQUEST HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), HEAD_BAD);
    assert_int_equal(READ(REQUEST HOST "Prefer: a\r\nPrefer: b\r\nce-id: a\r\nce-i: b\r\n\r\n"), HEAD_GOOD);
}

static void a_host_is_there_once(void **state)
{
    (void)state;
    assert_int_equal(READ(REQUEST "\r\n"), HEAD_BAD);
    assert_int_equal(READ(REQUEST "Host:\r\n\r\n"), HEAD_GOOD);
    assert_int_equal(READ(REQUEST "Host: [::1]:8080\r\n\r\n"), HEAD_GOOD);
    assert_int_equal(READ(REQUEST "Host: a b\r\n\r\n"), HEAD_BAD);
    assert_int_equal(READ(REQUEST "Host: a@b\r\n\r\n"), HEAD_BAD);
    assert_int_equal(READ(REQUEST "Host: a/b\r\n\r\n"), HEAD_BAD);
    assert_int_equal(READ("POST / HTTP/1.0\r\n\r\n"), HEAD_GOOD);
    assert_int_equal(READ("POST / HTTP/1.0\r\n" HOST HOST "\r\n"), HEAD_BAD);
}

static void a_length_is_digits(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "-1",   "+1",  "1 ",  "1a",      "0x10",
                                      "1,1", "1, 1", "1.0", "1 1", "\xd9\xa1"};
    char text[200];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bool is_trimmed = strcmp(bad[i], "1 ") == 0;
        snprintf(text, sizeof text, REQUEST HOST "Content-Length: %s\r\n\r\n", bad[i]);
        assert_int_equal(read_head(str_of(text)), is_trimmed ? HEAD_GOOD : HEAD_BAD);
    }
    assert_int_equal(READ(REQUEST HOST "Content-Length: 777677777777777773888888888#\r\n\r\n"), HEAD_BAD);
    assert_true(head.length_bytes == 0);
    assert_int_equal(READ(REQUEST HOST "Content-Length: 9223372036854775807\r\n\r\n"), HEAD_GOOD);
    assert_true(head.length_bytes == INT64_MAX);
    assert_int_equal(READ(REQUEST HOST "Content-Length: 18446744073709551617\r\n\r\n"), HEAD_GOOD);
    assert_true(head.length_bytes == INT64_MAX);
    assert_int_equal(READ(REQUEST HOST "Content-Length: 00000000000000000000000000000\r\n\r\n"), HEAD_GOOD);
    assert_int_equal(head.length_bytes, 0);
}

static void a_transfer_coding_is_chunked_and_alone(void **state)
{
    (void)state;
    assert_int_equal(READ(REQUEST HOST "Transfer-Encoding: Chunked\r\n\r\n"), HEAD_GOOD);
    assert_true(head.is_chunked);
    assert_int_equal(READ(REQUEST HOST "Transfer-Encoding: ,chunked ,\r\n\r\n"), HEAD_GOOD);
    static const struct {
        const char *codings;
        enum head_outcome outcome;
    } rows[] = {
        {"gzip", HEAD_CODING_UNKNOWN},
        {"identity", HEAD_CODING_UNKNOWN},
        {"xchunked", HEAD_CODING_UNKNOWN},
        {"gzip, chunked", HEAD_CODING_UNKNOWN},
        {"chunked, gzip", HEAD_CODING_UNKNOWN},
        {"gzip\r\nTransfer-Encoding: chunked", HEAD_CODING_UNKNOWN},
        {"chunked;a=b", HEAD_CODING_UNKNOWN},
        {"\"chunked\"", HEAD_CODING_UNKNOWN},
        {"", HEAD_BAD},
        {"chunked, chunked", HEAD_BAD},
        {"chunked\r\nTransfer-Encoding: chunked", HEAD_BAD},
        {"chunked\r\nContent-Length: 5", HEAD_BAD},
        {"gzip\r\nContent-Length: 5", HEAD_BAD},
    };
    char text[200];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, REQUEST HOST "Transfer-Encoding: %s\r\n\r\n", rows[i].codings);
        assert_int_equal(read_head(str_of(text)), rows[i].outcome);
    }
    assert_int_equal(READ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), HEAD_BAD);
}

static void the_request_line_is_three_words(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum head_outcome outcome;
    } rows[] = {
        {"POST /", HEAD_BAD},           {"POST  / HTTP/1.1", HEAD_BAD},    {"POST / HTTP/1.1 ", HEAD_BAD},
        {" POST / HTTP/1.1", HEAD_BAD}, {"PO(ST / HTTP/1.1", HEAD_BAD},    {"POST\t/ HTTP/1.1", HEAD_BAD},
        {"POST / http/1.1", HEAD_BAD},  {"POST / HTTP/1.10", HEAD_BAD},    {"POST / HTTP/1", HEAD_BAD},
        {"POST / XTTP/1.1", HEAD_BAD},  {"POST / HTTP/2.0", HEAD_VERSION}, {"POST / HTTP/0.9", HEAD_VERSION},
        {"POST / HTTP/1.7", HEAD_GOOD}, {"PRI * HTTP/2.0", HEAD_VERSION},  {"x", HEAD_BAD},
    };
    char text[200];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, "%s\r\n" HOST "\r\n", rows[i].line);
        assert_int_equal(read_head(str_of(text)), rows[i].outcome);
    }
}

static void a_target_is_a_path_or_an_address(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        const char *path; /* NULL: refused */
    } rows[] = {
        {"/v1/events", "/v1/events"},
        {"/v1/events?a=b?c", "/v1/events"},
        {"http://collector.example:8080/v1/events", "/v1/events"},
        {"HTTPS://[::1]/v1/events?x", "/v1/events"},
        {"http://x", "/"},
        {"http://x?y", "/"},
        {"http://", NULL},
        {"http:///v1/events", NULL},
        {"http://user@x/v1/events", NULL},
        {"ftp://x/v1/events", NULL},
        {"v1/events", NULL},
        {"*", NULL},
        {"/a#b", NULL},
        {"/a\xc3\xa9", NULL},
    };
    char text[200];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, "POST %s HTTP/1.1\r\n" HOST "\r\n", rows[i].target);
        assert_int_equal(read_head(str_of(text)), rows[i].path == NULL ? HEAD_BAD : HEAD_GOOD);
        if (rows[i].path != NULL)
            is_path(rows[i].path);
    }
    assert_int_equal(READ("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), HEAD_GOOD);
}

static void a_connection_is_kept_unless_said(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        const char *field;
        bool is_kept;
    } rows[] = {
        {"1.1", "Connection: keep-alive", true},
        {"1.1", "Connection: x, Close", false},
        {"1.1", "X: close", true},
        {"1.0", "X: y", false},
        {"1.0", "Connection: Keep-Alive", false},
        {"1.1", "Connection: keep-alive\r\nConnection: close", false},
    };
    char text[200];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, "POST / HTTP/%s\r\n" HOST "%s\r\n\r\n", rows[i].version, rows[i].field);
        assert_int_equal(read_head(str_of(text)), HEAD_GOOD);
        assert_int_equal(head.is_kept_alive, rows[i].is_kept);
    }
    assert_int_equal(READ(REQUEST HOST "Expect: 100-Continue\r\n\r\n"), HEAD_GOOD);
    assert_true(head.is_continue_awaited);
}

static void a_hundred_fields_are_taken(void **state)
{
    (void)state;
    struct packer bytes = {0};
    pack_raw(&bytes, REQUEST HOST, strlen(REQUEST HOST));
    for (int i = 0; i < 99; i++)
        pack_raw(&bytes, "a: b\r\n", 6);
    pack_raw(&bytes, "\r\n", 2);
    assert_int_equal(read_head((struct str){bytes.bytes.at, bytes.bytes.count}), HEAD_GOOD);
    bytes.bytes.count -= 2;
    pack_raw(&bytes, "a: b\r\n\r\n", 8);
    assert_int_equal(read_head((struct str){bytes.bytes.at, bytes.bytes.count}), HEAD_TOO_LARGE);
    vec_release(&bytes.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_says_what_it_says),
        cmocka_unit_test(its_end_is_found_in_any_pieces),
        cmocka_unit_test(bytes_that_end_or_hide_a_line_are_refused_as_they_come),
        cmocka_unit_test(lines_that_are_no_fields_are_refused),
        cmocka_unit_test(what_has_one_value_stands_once),
        cmocka_unit_test(a_host_is_there_once),
        cmocka_unit_test(a_length_is_digits),
        cmocka_unit_test(a_transfer_coding_is_chunked_and_alone),
        cmocka_unit_test(the_request_line_is_three_words),
        cmocka_unit_test(a_target_is_a_path_or_an_address),
        cmocka_unit_test(a_connection_is_kept_unless_said),
        cmocka_unit_test(a_hundred_fields_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
