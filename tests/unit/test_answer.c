/* Answers' bodies: JSON whatever bytes an event had as its id. */
#include <stdio.h>

#include "collectors/core/answer.h"
#include "tests/support/test.h"

static void assert_text(struct packer *out, const char *expected)
{
    assert_int_equal(out->bytes.count, strlen(expected));
    assert_memory_equal(out->bytes.at, expected, out->bytes.count);
    vec_clear(&out->bytes);
}

static void nothing_rejected_is_an_empty_list(void **state)
{
    (void)state;
    struct packer out = {0}, rejected = {0};
    answer_accepted(&out, 3, &rejected);
    assert_text(&out, "{\"accepted\":3,\"rejected\":[]}");
    vec_release(&out.bytes);
}

static void each_rejected_event_has_its_index_id_and_reason(void **state)
{
    (void)state;
    struct packer out = {0}, rejected = {0};
    answer_add_rejected(&rejected, 0, &(struct rejection){.id = STR("a"), .reason = STR("time: late")});
    answer_add_rejected(&rejected, 70000, &(struct rejection){.reason = STR("json")});
    answer_accepted(&out, 1, &rejected);
    assert_text(&out, "{\"accepted\":1,\"rejected\":[{\"index\":0,\"id\":\"a\",\"reason\":\"time: late\"},"
                      "{\"index\":70000,\"id\":null,\"reason\":\"json\"}]}");
    vec_release(&out.bytes);
    vec_release(&rejected.bytes);
}

static void ids_are_json_strings_whatever_their_bytes(void **state)
{
    (void)state;
    static const struct {
        struct str id;
        const char *shown;
    } ids[] = {{STR("q\"b\\n\n\x01"), "q\\\"b\\\\n\\u000a\\u0001"},
               {STR("\xc3\xa9\xf0\x9f\x98\x80"), "\xc3\xa9\xf0\x9f\x98\x80"},
               {STR("\xe9"), "\\u00e9"},
               {STR("\xc3"), "\\u00c3"},
               {STR("\xed\xa0\x80"), "\\u00ed\\u00a0\\u0080"}, /* a surrogate is no UTF-8 */
               {STR("\xc0\xaf"), "\\u00c0\\u00af"}};
    struct packer rejected = {0};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char expected[200];
        answer_add_rejected(&rejected, 1, &(struct rejection){.id = ids[i].id, .reason = STR("id")});
        snprintf(expected, sizeof expected, "{\"index\":1,\"id\":\"%s\",\"reason\":\"id\"}", ids[i].shown);
        assert_text(&rejected, expected);
    }
    vec_release(&rejected.bytes);
}

static void a_problem_has_its_list_where_there_is_one(void **state)
{
    (void)state;
    struct packer out = {0}, rejected = {0};
    answer_problem(&out, 413, "Content Too Large", STR("expected less"), NULL);
    assert_text(&out, "{\"type\":\"about:blank\",\"title\":\"Content Too Large\",\"status\":413,"
                      "\"detail\":\"expected less\"}");
    answer_add_rejected(&rejected, 0, &(struct rejection){.id = STR("a"), .reason = STR("r")});
    answer_problem(&out, 400, "Bad Request", STR("r"), &rejected);
    assert_text(&out, "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"detail\":\"r\","
                      "\"accepted\":0,\"rejected\":[{\"index\":0,\"id\":\"a\",\"reason\":\"r\"}]}");
    vec_release(&out.bytes);
    vec_release(&rejected.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_rejected_is_an_empty_list),
        cmocka_unit_test(each_rejected_event_has_its_index_id_and_reason),
        cmocka_unit_test(ids_are_json_strings_whatever_their_bytes),
        cmocka_unit_test(a_problem_has_its_list_where_there_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
