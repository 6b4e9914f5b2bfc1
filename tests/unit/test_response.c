/* Answers as they are sent. */
#include "collectors/core/response.h"
#include "tests/support/test.h"

static void prints(const struct response *response, const char *expected)
{
    struct packer out = {0};
    response_print(response, &out);
    pack_raw(&out, "", 1);
    assert_string_equal(out.bytes.at, expected);
    vec_release(&out.bytes);
}

static void an_answer_has_its_date_its_size_and_its_body(void **state)
{
    (void)state;
    static const struct response_header headers[] = {{"Allow", "POST"}, {"Retry-After", "1"}, {NULL, NULL}};
    prints(&(struct response){.status = 405,
                              .content_type = "application/json",
                              .body = STR("{}"),
                              .headers = headers,
                              .now_s = 784111777},
           "HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
           "Content-Type: application/json\r\nAllow: POST\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}");
}

static void the_last_one_says_so(void **state)
{
    (void)state;
    prints(&(struct response){.status = 202, .is_last = true},
           "HTTP/1.1 202 Accepted\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: close\r\n"
           "Content-Length: 0\r\n\r\n");
}

static void to_head_the_size_alone_is_told(void **state)
{
    (void)state;
    prints(&(struct response){.status = 200, .body = STR("four"), .is_head_alone = true, .now_s = 951782400},
           "HTTP/1.1 200 OK\r\nDate: Tue, 29 Feb 2000 00:00:00 GMT\r\nContent-Length: 4\r\n\r\n");
}

static void every_status_of_ours_has_its_reason(void **state)
{
    (void)state;
    static const unsigned statuses[] = {200, 202, 400, 401, 404, 405, 413, 415, 429, 431, 501, 503, 505};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        assert_string_not_equal(response_reason(statuses[i]), "Unknown");
    assert_string_equal(response_reason(599), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_has_its_date_its_size_and_its_body),
        cmocka_unit_test(the_last_one_says_so),
        cmocka_unit_test(to_head_the_size_alone_is_told),
        cmocka_unit_test(every_status_of_ours_has_its_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
