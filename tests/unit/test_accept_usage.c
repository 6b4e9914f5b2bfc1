/* maas.tokens: the counts beside the model, and the usage objects of model servers, form by form (CONTRACT
 * §2). */
#include <stdio.h>
#include <stdlib.h>

#include "collectors/core/accept.h"
#include "tests/support/test.h"

enum { TEXT_MAX = 1024 };
#define E15 INT64_C(1000000000000000)

static struct acceptor *acceptor;

static int set_up(void **state)
{
    (void)state;
    acceptor = acceptor_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    acceptor_free(acceptor);
    return 0;
}

/* What stands beside account and model, with ' for quotes; and what comes of it. */
struct usage_case {
    const char *data;
    const char *field; /* NULL: accepted, with these counts */
    int64_t input;
    int64_t cached;
    int64_t written;
    int64_t output;
};

#define GIVES(...) NULL, __VA_ARGS__
#define REFUSED(field) field, 0, 0, 0, 0

static void must_be(const struct usage_case *c)
{
    char text[TEXT_MAX];
    struct record record;
    struct rejection rejection;
    int size = snprintf(text, sizeof text,
                        "{'specversion':'1.0','id':'e','source':'s','type':'maas.tokens','subject':'r',"
                        "'time':'2026-11-01T10:00:00Z','data':{'account':'a','model':'m',%s}}",
                        c->data);
    assert_in_range(size, 1, TEXT_MAX - 1);
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    bool accepted = accept_event(acceptor, (struct str){text, (uint32_t)size}, &record, &rejection);
    if (accepted != (c->field == NULL))
        fail_msg("%s: %.*s", c->data, accepted ? 8 : (int)rejection.reason.size,
                 accepted ? "accepted" : rejection.reason.at);
    if (!accepted) {
        if (!str_equal(field_name(rejection.field), str_of(c->field)))
            fail_msg("%s: %.*s", c->data, STR_ARG(rejection.reason));
        return;
    }
    if (record.input_tokens != c->input || record.cached_input_tokens != c->cached ||
        record.cache_write_tokens != c->written || record.output_tokens != c->output)
        fail_msg("%s: %lld %lld %lld %lld", c->data, (long long)record.input_tokens,
                 (long long)record.cached_input_tokens, (long long)record.cache_write_tokens,
                 (long long)record.output_tokens);
}

static void must_all_be(const struct usage_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        must_be(&cases[i]);
}

#define MUST_ALL_BE(cases) must_all_be(cases, sizeof(cases) / sizeof *(cases))
#define CHAT "data.usage.prompt_tokens"
#define CHAT_CACHED "data.usage.prompt_tokens_details.cached_tokens"
#define CHAT_WRITTEN "data.usage.prompt_tokens_details.cache_write_tokens"
#define RESPONSES_CACHED "data.usage.input_tokens_details.cached_tokens"

static void counts_beside_the_model_say_what_was_cached(void **state)
{
    (void)state;
    static const struct usage_case cases[] = {
        {"'input_tokens':10,'output_tokens':1", GIVES(10, 0, 0, 1)},
        {"'input_tokens':10,'output_tokens':1,'cached_input_tokens':10", GIVES(10, 10, 0, 1)},
        {"'cache_write_tokens':6,'cached_input_tokens':4,'input_tokens':10,'output_tokens':0",
         GIVES(10, 4, 6, 0)},
        {"'input_tokens':10,'output_tokens':1,'cached_input_tokens':11", REFUSED("data.cached_input_tokens")},
        {"'input_tokens':10,'output_tokens':1,'cache_write_tokens':11", REFUSED("data.cache_write_tokens")},
        {"'input_tokens':10,'output_tokens':1,'cached_input_tokens':5,'cache_write_tokens':6",
         REFUSED("data.cache_write_tokens")},
        {"'input_tokens':10,'output_tokens':1,'cached_input_tokens':null",
         REFUSED("data.cached_input_tokens")},
        {"'input_tokens':10,'output_tokens':1,'cache_write_tokens':-1", REFUSED("data.cache_write_tokens")},
        {"'input_tokens':10,'output_tokens':1,'cached_input_tokens':1,'cached_input_tokens':1",
         REFUSED("data.cached_input_tokens")},
        {"'input_tokens':2,'output_tokens':1,'usage':{'prompt_tokens':9,'prompt_tokens':9}",
         GIVES(2, 0, 0, 1)},
        {"'output_tokens':1,'usage':{'prompt_tokens':9}", REFUSED("data.input_tokens")},
        {"'output_tokens':null,'usage':{'prompt_tokens':9}", REFUSED("data.input_tokens")},
    };
    MUST_ALL_BE(cases);
}

static void what_is_cached_beside_the_model_is_ignored_where_usage_holds(void **state)
{
    (void)state;
    static const struct usage_case cases[] = {
        {"'cached_input_tokens':7,'usage':{'prompt_tokens':5}", GIVES(5, 0, 0, 0)},
        {"'cached_input_tokens':null,'cache_write_tokens':'x','usage':{'prompt_tokens':5}",
         GIVES(5, 0, 0, 0)},
        {"'cached_input_tokens':1,'cached_input_tokens':1,'usage':{'prompt_tokens':5}",
         REFUSED("data.cached_input_tokens")},
        {"'cached_input_tokens':1", REFUSED("data.usage")},
        {"'usage':null", REFUSED("data.usage")},
    };
    MUST_ALL_BE(cases);
}

static void chat_completions_have_prompt_tokens(void **state)
{
    (void)state;
    static const struct usage_case cases[] = {
        {"'usage':{'prompt_tokens':20,'completion_tokens':3,'total_tokens':23,"
         "'prompt_tokens_details':{'cached_tokens':16,'cache_write_tokens':4,'audio_tokens':0}}",
         GIVES(20, 16, 4, 3)},
        {"'usage':{'prompt_tokens':20}", GIVES(20, 0, 0, 0)},
        {"'usage':{'prompt_tokens':20,'prompt_tokens_details':null,'completion_tokens':null}",
         GIVES(20, 0, 0, 0)},
        {"'usage':{'prompt_tokens':20,'prompt_tokens_details':{}}", GIVES(20, 0, 0, 0)},
        {"'usage':{'prompt_tokens':20,'prompt_tokens_details':{'cached_tokens':null,'cache_write_tokens':2}}",
         GIVES(20, 0, 2, 0)},
        /* whatever else stands there */
        {"'usage':{'prompt_tokens':20,'input_tokens':'x','output_tokens':{},'total_tokens':-1,"
         "'cache_read_input_tokens':5,'input_tokens_details':{'cached_tokens':99}}",
         GIVES(20, 0, 0, 0)},
        {"'usage':{'prompt_tokens':null,'input_tokens':5}", REFUSED(CHAT)},
        {"'usage':{'prompt_tokens':'1'}", REFUSED(CHAT)},
        {"'usage':{'prompt_tokens':1.5}", REFUSED(CHAT)},
        {"'usage':{'prompt_tokens':1000000000000001}", REFUSED(CHAT)},
        {"'usage':{'prompt_tokens':20,'prompt_tokens_details':[]}",
         REFUSED("data.usage.prompt_tokens_details")},
        {"'usage':{'prompt_tokens':20,'prompt_tokens_details':0}",
         REFUSED("data.usage.prompt_tokens_details")},
        {"'usage':{'prompt_tokens':20,'prompt_tokens_details':{'cached_tokens':-1}}", REFUSED(CHAT_CACHED)},
        {"'usage':{'prompt_tokens':20,'prompt_tokens_details':{'cached_tokens':21}}", REFUSED(CHAT_CACHED)},
        {"'usage':{'prompt_tokens':20,'prompt_tokens_details':{'cached_tokens':20,'cache_write_tokens':1}}",
         REFUSED(CHAT_WRITTEN)},
        {"'usage':{'prompt_tokens':20,'prompt_tokens_details':{'cached_tokens':1,'cached_tokens':1}}",
         REFUSED(CHAT_CACHED)},
        {"'usage':{'prompt_tokens':20,'completion_tokens':-1}", REFUSED("data.usage.completion_tokens")},
    };
    MUST_ALL_BE(cases);
}

static void messages_have_input_beside_what_the_cache_gave_and_took(void **state)
{
    (void)state;
    static const struct usage_case cases[] = {
        {"'usage':{'input_tokens':10,'output_tokens':5,'cache_read_input_tokens':1000,"
         "'cache_creation_input_tokens':300}",
         GIVES(1310, 1000, 300, 5)},
        {"'usage':{'input_tokens':10,'cache_read_input_tokens':null}", GIVES(10, 0, 0, 0)},
        {"'usage':{'input_tokens':10,'cache_creation_input_tokens':4}", GIVES(14, 0, 4, 0)},
        {"'usage':{'input_tokens':0,'cache_read_input_tokens':4,'input_tokens_details':{'cached_tokens':9}}",
         GIVES(4, 4, 0, 0)},
        {"'usage':{'input_tokens':1000000000000000,'cache_read_input_tokens':1000000000000000,"
         "'cache_creation_input_tokens':1000000000000000}",
         GIVES(3 * E15, E15, E15, 0)},
        {"'usage':{'input_tokens':1,'cache_read_input_tokens':1000000000000001}",
         REFUSED("data.usage.cache_read_input_tokens")},
        {"'usage':{'input_tokens':1,'cache_creation_input_tokens':true}",
         REFUSED("data.usage.cache_creation_input_tokens")},
        {"'usage':{'input_tokens':null,'cache_read_input_tokens':1}", REFUSED("data.usage.input_tokens")},
        {"'usage':{'input_tokens':1,'cache_read_input_tokens':1,'output_tokens':'1'}",
         REFUSED("data.usage.output_tokens")},
        {"'usage':{'cache_read_input_tokens':1}", REFUSED(CHAT)},
    };
    MUST_ALL_BE(cases);
}

static void responses_and_embeddings_have_what_is_left(void **state)
{
    (void)state;
    static const struct usage_case cases[] = {
        {"'usage':{'input_tokens':50,'output_tokens':7,'input_tokens_details':{'cached_tokens':40}}",
         GIVES(50, 40, 0, 7)},
        {"'usage':{'input_tokens':50,'input_tokens_details':null}", GIVES(50, 0, 0, 0)},
        {"'usage':{'input_tokens':50,'prompt_tokens_details':7}", GIVES(50, 0, 0, 0)},
        {"'usage':{'input_tokens':50,'input_tokens_details':{'cached_tokens':50,'cache_write_tokens':50}}",
         GIVES(50, 50, 0, 0)},
        {"'usage':{'input_tokens':50,'input_tokens_details':{'cached_tokens':51}}",
         REFUSED(RESPONSES_CACHED)},
        {"'usage':{'input_tokens':50,'input_tokens_details':''}", REFUSED("data.usage.input_tokens_details")},
        {"'usage':{'input_tokens':null,'total_tokens':5}", REFUSED("data.usage.input_tokens")},
        {"'usage':{'total_tokens':33}", GIVES(33, 0, 0, 0)},
        {"'usage':{'total_tokens':33,'completion_tokens':2,'output_tokens':9}", GIVES(33, 0, 0, 2)},
        {"'usage':{'total_tokens':null}", REFUSED("data.usage.total_tokens")},
        {"'usage':{'total_tokens':33,'completion_tokens':false}", REFUSED("data.usage.completion_tokens")},
        {"'usage':{}", REFUSED(CHAT)},
        {"'usage':{'output_tokens':3}", REFUSED(CHAT)},
        {"'usage':{'completion_tokens':3}", REFUSED(CHAT)},
    };
    MUST_ALL_BE(cases);
}

static void no_key_that_some_form_reads_stands_twice(void **state)
{
    (void)state;
    static const struct usage_case cases[] = {
        {"'usage':{'prompt_tokens':1,'total_tokens':1,'total_tokens':1}", REFUSED("data.usage.total_tokens")},
        {"'usage':{'total_tokens':1,'output_tokens':1,'output_tokens':1}",
         REFUSED("data.usage.output_tokens")},
        {"'usage':{'input_tokens':1,'input_tokens_details':{},'input_tokens_details':{}}",
         REFUSED("data.usage.input_tokens_details")},
        {"'usage':{'prompt_tokens':1,'reasoning':1,'reasoning':2}", GIVES(1, 0, 0, 0)},
    };
    MUST_ALL_BE(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_beside_the_model_say_what_was_cached),
        cmocka_unit_test(what_is_cached_beside_the_model_is_ignored_where_usage_holds),
        cmocka_unit_test(chat_completions_have_prompt_tokens),
        cmocka_unit_test(messages_have_input_beside_what_the_cache_gave_and_took),
        cmocka_unit_test(responses_and_embeddings_have_what_is_left),
        cmocka_unit_test(no_key_that_some_form_reads_stands_twice),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
