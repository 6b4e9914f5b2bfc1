/* What a record says of its event, in each of the three ways that an event comes in. */
#include <stdio.h>
#include <stdlib.h>

#include "collectors/core/accept.h"
#include "lib/base/pack.h"
#include "tests/support/test.h"

#define NOV_1_US (INT64_C(1793527200) * 1000000) /* 2026-11-01T10:00:00Z */
#define ATTRIBUTES(type)                                                                                     \
    "\"specversion\":\"1.0\",\"id\":\"e\",\"source\":\"s\",\"type\":\"" type                                 \
    "\",\"subject\":\"r\",\"time\":\"2026-11-01T10:00:00.25Z\""
#define EVENT(type, data) "{" ATTRIBUTES(type) ",\"data\":{\"account\":\"a\"," data "}}"

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

static void assert_str(struct str found, const char *expected)
{
    if (!str_equal(found, str_of(expected)))
        fail_msg("\"%.*s\", not \"%s\"", STR_ARG(found), expected);
}

static struct record accepted(const char *text)
{
    struct record record = {0};
    struct rejection rejection;
    if (!accept_event(acceptor, str_of(text), &record, &rejection))
        fail_msg("%s\n%.*s", text, STR_ARG(rejection.reason));
    assert_str(record.id, "e");
    assert_str(record.source, "s");
    assert_str(record.account, "a");
    assert_str(record.subject, "r");
    assert_int_equal(record.time_us, NOV_1_US + 250000);
    return record;
}

static void types_name_their_kind_and_product(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        enum record_kind kind;
        enum product product;
    } rows[] = {
        {"container.launched", RECORD_LAUNCHED, PRODUCT_CONTAINER},
        {"model.launched", RECORD_LAUNCHED, PRODUCT_MODEL},
        {"node.launched", RECORD_LAUNCHED, PRODUCT_NODE},
        {"container.reconfigured", RECORD_RECONFIGURED, PRODUCT_CONTAINER},
        {"model.reconfigured", RECORD_RECONFIGURED, PRODUCT_MODEL},
        {"node.reconfigured", RECORD_RECONFIGURED, PRODUCT_NODE},
        {"container.heartbeat", RECORD_HEARTBEAT, PRODUCT_CONTAINER},
        {"model.heartbeat", RECORD_HEARTBEAT, PRODUCT_MODEL},
        {"node.heartbeat", RECORD_HEARTBEAT, PRODUCT_NODE},
        {"container.stopped", RECORD_STOPPED, PRODUCT_CONTAINER},
        {"model.stopped", RECORD_STOPPED, PRODUCT_MODEL},
        {"node.stopped", RECORD_STOPPED, PRODUCT_NODE},
        {"container.failed", RECORD_FAILED, PRODUCT_CONTAINER},
        {"model.failed", RECORD_FAILED, PRODUCT_MODEL},
        {"node.failed", RECORD_FAILED, PRODUCT_NODE},
        {"container.deleted", RECORD_DELETED, PRODUCT_CONTAINER},
        {"model.deleted", RECORD_DELETED, PRODUCT_MODEL},
        {"node.deleted", RECORD_DELETED, PRODUCT_NODE},
        {"storage.used", RECORD_STORAGE_USED, PRODUCT_STORAGE},
        {"storage.deleted", RECORD_STORAGE_DELETED, PRODUCT_STORAGE},
        {"maas.tokens", RECORD_TOKENS, PRODUCT_MAAS},
        {"maas.images", RECORD_IMAGES, PRODUCT_MAAS},
        {"order.paid", RECORD_ORDER_PAID, PRODUCT_NODE},
        {"order.fulfilled", RECORD_ORDER_FULFILLED, PRODUCT_NONE},
        {"order.failed", RECORD_ORDER_FAILED, PRODUCT_NONE},
        {"order.refunded", RECORD_ORDER_REFUNDED, PRODUCT_NONE},
        {"account.credited", RECORD_CREDITED, PRODUCT_NONE},
        {"account.debited", RECORD_DEBITED, PRODUCT_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "{\"data\":{\"account\":\"a\",\"sku\":\"k\",\"quantity\":3,\"bytes\":4,\"model\":\"m\","
                 "\"input_tokens\":5,\"output_tokens\":6,\"images\":7,\"status\":\"succeeded\",\"product\":"
                 "\"node\","
                 "\"months\":8,\"amount\":\"9.50\",\"currency\":\"USD\"},"
                 "\"specversion\":\"1.0\",\"id\":\"e\",\"source\":\"s\",\"type\":\"%s\",\"subject\":\"r\","
                 "\"time\":\"2026-11-01T10:00:00.25Z\"}",
                 rows[i].type);
        struct record record = accepted(text);
        assert_int_equal(record.kind, rows[i].kind);
        assert_int_equal(record.product, rows[i].product);
        assert_int_equal(record_effective_us(&record), record.time_us);
    }
}

static void what_stands_is_taken_and_what_may_be_missing_has_its_default(void **state)
{
    (void)state;
    struct record r = accepted(EVENT("node.launched", "\"sku\":\"k\""));
    assert_str(r.sku, "k");
    assert_str(r.order, "");
    assert_int_equal(r.quantity, 1);
    r = accepted(EVENT("node.launched", "\"sku\":\"k\",\"quantity\":7,\"order\":\"o\""));
    assert_str(r.order, "o");
    assert_int_equal(r.quantity, 7);
    r = accepted(EVENT("node.reconfigured", "\"quantity\":7"));
    assert_str(r.sku, "");
    assert_int_equal(r.quantity, 7);
    r = accepted(EVENT("node.reconfigured", "\"sku\":\"k\",\"order\":\"o\""));
    assert_str(r.sku, "k");
    assert_str(r.order, "o");
    assert_int_equal(r.quantity, 0);
    r = accepted(EVENT("node.failed", "\"since\":\"2026-11-01T09:59:59.5Z\""));
    assert_int_equal(record_effective_us(&r), NOV_1_US - 500000);
    r = accepted(EVENT("storage.used", "\"bytes\":1000000000000000000"));
    assert_str(r.sku, "standard");
    assert_int_equal(r.bytes, INT64_C(1000000000000000000));
    r = accepted(EVENT("storage.deleted", "\"sku\":\"fast\""));
    assert_str(r.sku, "fast");
    r = accepted(
        EVENT("maas.tokens", "\"model\":\"m\\u002f\\u00e9\",\"input_tokens\":-0,\"output_tokens\":6"));
    assert_str(r.sku, "m/\u00e9");
    assert_int_equal(r.input_tokens, 0);
    assert_int_equal(r.output_tokens, 6);
    r = accepted(EVENT("maas.tokens", "\"model\":\"m\",\"usage\":{\"prompt_tokens\":5}"));
    assert_int_equal(r.input_tokens, 5);
    assert_int_equal(r.output_tokens, 0);
    r = accepted(
        EVENT("maas.tokens", "\"model\":\"m\",\"usage\":{\"completion_tokens\":6,\"prompt_tokens\":5}"));
    assert_int_equal(r.output_tokens, 6);
    r = accepted(EVENT("maas.images", "\"model\":\"m\",\"images\":3,\"status\":\"succeeded\""));
    assert_int_equal(r.images, 3);
    assert_true(r.succeeded);
    r = accepted(EVENT("maas.images", "\"model\":\"m\",\"images\":3,\"status\":\"Succeeded\""));
    assert_int_equal(r.images, 0);
    assert_false(r.succeeded);
    r = accepted(EVENT("order.paid", "\"product\":\"model\",\"sku\":\"k\",\"quantity\":2,\"months\":120"));
    assert_int_equal(r.product, PRODUCT_MODEL);
    assert_str(r.sku, "k");
    assert_int_equal(r.quantity, 2);
    assert_int_equal(r.months, 120);
    r = accepted(EVENT("account.credited", "\"amount\":\"0012.50\",\"currency\":\"EUR\""));
    assert_str(r.amount, "0012.50");
    assert_str(r.currency, "EUR");
    assert_false(r.for_bill);
    r = accepted(EVENT("account.credited", "\"amount\":\"1\",\"currency\":\"EUR\",\"for\":\"balance\""));
    assert_false(r.for_bill);
    r = accepted(EVENT("account.credited", "\"amount\":\"1\",\"currency\":\"EUR\",\"for\":\"bill\""));
    assert_true(r.for_bill);
    r = accepted(EVENT("account.debited", "\"amount\":\"7.5\",\"currency\":\"EUR\",\"for\":\"bill\""));
    assert_str(r.amount, "7.5");
    assert_str(r.currency, "EUR");
    assert_false(r.for_bill);
}

struct binary_case {
    struct event_attributes attributes;
    const char *data;
    const char *field; /* NULL: accepted */
};

#define GOOD(...)                                                                                            \
    {                                                                                                        \
        .specversion = {"1.0", 3}, .id = {"e", 1}, .source = {"s", 1}, .type = {"node.launched", 13},        \
        .subject = {"r", 1}, .time = {"2026-11-01T10:00:00Z", 20}, __VA_ARGS__                               \
    }
#define DEEP_8 "[[[[[[[["
#define DEEP_56 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8
#define FLAT_8 "]]]]]]]]"
#define FLAT_56 FLAT_8 FLAT_8 FLAT_8 FLAT_8 FLAT_8 FLAT_8 FLAT_8
#define DATA_WITH(x) "{\"account\":\"a\",\"sku\":\"k\",\"x\":" x "}"
#define DATA "{\"account\":\"a\",\"sku\":\"k\"}"

#pragma GCC diagnostic ignored "-Woverride-init" /* a case is a good event, but for one attribute */
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif
static const struct binary_case binary_cases[] = {
    {GOOD(), DATA, NULL},
    {GOOD(.specversion = {NULL, 0}), DATA, "specversion"},
    {GOOD(.specversion = {"0.3", 3}), DATA, "specversion"},
    {GOOD(.id = {NULL, 0}), DATA, "id"},
    {GOOD(.id = {"", 0}), DATA, "id"},
    {GOOD(.id = {"\xff", 1}), DATA, "id"},
    {GOOD(.source = {"\xed\xa0\x80", 3}), DATA, "source"},
    {GOOD(.source = {"\u00e9", 2}), DATA, NULL},
    {GOOD(.type = {NULL, 0}), DATA, "type"},
    {GOOD(.type = {"node", 4}), DATA, "type"},
    {GOOD(.subject = {"a\nb", 3}), DATA, "subject"},
    {GOOD(.time = {"now", 3}), DATA, "time"},
    {GOOD(), "", "data"},
    {GOOD(), "[]", "data"},
    {GOOD(), "{", "data"},
    {GOOD(), "\"{}\"", "data"},
    {GOOD(), DATA_WITH(DEEP_56 "[[[[[[[]]]]]]]" FLAT_56), NULL}, /* sixty-four levels */
    {GOOD(), DATA_WITH(DEEP_56 DEEP_8 FLAT_8 FLAT_56), "data"},
    {GOOD(), "{}", "data.account"},
    {GOOD(), "{\"account\":\"a\"}", "data.sku"},
    {GOOD(.id = {"", 0}), "{", "id"},
};

static void in_binary_mode_attributes_stand_beside_the_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof binary_cases / sizeof *binary_cases; i++) {
        const struct binary_case *c = &binary_cases[i];
        struct record record;
        struct rejection rejection;
        bool ok = accept_binary(acceptor, &c->attributes, str_of(c->data), &record, &rejection);
        assert_int_equal(ok, c->field == NULL);
        if (ok) {
            assert_str(record.id, "e");
            assert_str(record.sku, "k");
            assert_int_equal(record.time_us, NOV_1_US);
        } else {
            assert_str(field_name(rejection.field), c->field);
        }
    }
}

static void an_attribute_in_another_coding_than_utf_8_is_told_so(void **state)
{
    (void)state;
    static const struct binary_case cases[] = {
        {GOOD(.specversion = {"\xe9", 1}), DATA,
         "specversion: expected UTF-8, which a header has percent-encoded"},
        {GOOD(.type = {"\xe9", 1}), DATA, "type: expected UTF-8, which a header has percent-encoded"},
        {GOOD(.subject = {"fs \xe9", 4}), DATA,
         "subject: expected UTF-8, which a header has percent-encoded"},
        {GOOD(.subject = {"", 0}), DATA,
         "subject: expected a string of 1 to 256 bytes without control characters"},
        {GOOD(), "[]", "data: expected an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record record;
        struct rejection rejection;
        assert_false(
            accept_binary(acceptor, &cases[i].attributes, str_of(cases[i].data), &record, &rejection));
        assert_str(rejection.reason, cases[i].field);
    }
}

enum { TOLD_MAX = 16 };

struct told {
    size_t count;
    struct record records[TOLD_MAX];
    struct rejection rejections[TOLD_MAX];
};

static bool keep(void *context, size_t index, const struct record *record, const struct rejection *rejection)
{
    struct told *told = context;
    assert_int_equal(index, told->count);
    assert_true(told->count < TOLD_MAX);
    assert_true((record == NULL) != (rejection == NULL));
    if (record != NULL)
        told->records[told->count] = *record;
    else
        told->rejections[told->count] = *rejection;
    told->count++;
    return true;
}

#define STOPPED(more) "{" ATTRIBUTES("node.stopped") ",\"data\":{\"account\":\"a\"}" more "}"

static void a_batch_tells_each_of_its_events(void **state)
{
    (void)state;
    static const char batch[] =
        "[" STOPPED("") ",7,{\"id\":\"x\"},{\"id\":5},{\"id\":\"\"},[],null," STOPPED(",\"id\":\"f\"") ","
        /* sixty-four levels of its own, then sixty-five, then a number beyond 64 bits */
        STOPPED(",\"x\":" DEEP_56 "[[[[[[[1]]]]]]]" FLAT_56) "," STOPPED(
            ",\"x\":" DEEP_56 DEEP_8 FLAT_8 FLAT_56) "," STOPPED(",\"x\":99999999999999999999999") "]";
    static const char *const expected[] = {
        NULL, "json", "specversion", "specversion", "specversion", "json", "json", "id", NULL, "json", NULL};
    static const char *const ids[] = {NULL, NULL, "x", NULL, "", NULL, NULL, "e", NULL, "e", NULL};
    struct told told = {0};
    struct rejection rejection;
    assert_true(accept_batch(acceptor, STR(batch), keep, &told, &rejection));
    assert_int_equal(told.count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < told.count; i++) {
        if (expected[i] == NULL) {
            assert_str(told.records[i].account, "a");
            continue;
        }
        assert_str(field_name(told.rejections[i].field), expected[i]);
        assert_int_equal(told.rejections[i].id.at != NULL, ids[i] != NULL);
        if (ids[i] != NULL)
            assert_str(told.rejections[i].id, ids[i]);
    }
}

static void what_is_no_array_is_no_batch(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      "{}",  "null",           "[",     "[1,]",
                                      "[] []", "[{]", "\xef\xbb\xbf[]", "\"[]\""};
    struct told told = {0};
    struct rejection rejection;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(accept_batch(acceptor, str_of(bad[i]), keep, &told, &rejection));
        assert_int_equal(rejection.field, FIELD_JSON);
        assert_int_equal(told.count, 0);
    }
    assert_true(accept_batch(acceptor, STR(" [] "), keep, &told, &rejection));
    assert_int_equal(told.count, 0);
}

static bool stop_after_two(void *context, size_t index, const struct record *record,
                           const struct rejection *rejection)
{
    (void)record, (void)rejection;
    size_t *told = context;
    *told = index + 1;
    return index < 1;
}

static void a_batch_tells_no_more_than_it_is_asked_to(void **state)
{
    (void)state;
    size_t told = 0;
    struct rejection rejection;
    assert_true(accept_batch(acceptor, STR("[1,2,3,4]"), stop_after_two, &told, &rejection));
    assert_int_equal(told, 2);
}

static void assert_names(const char *account, const char *type, const char *source, const char *id)
{
    struct event_names names = accept_names(acceptor);
    assert_str(names.account, account);
    assert_str(names.type, type);
    assert_str(names.source, source);
    assert_str(names.id, id);
}

static void an_event_is_named_whether_it_is_good_or_bad(void **state)
{
    (void)state;
    struct record record;
    struct rejection rejection;
    assert_true(accept_event(acceptor, STR(STOPPED("")), &record, &rejection));
    assert_names("a", "node.stopped", "s", "e");
    assert_false(accept_event(acceptor, STR("{" ATTRIBUTES("node.launched") ",\"data\":{\"account\":\"b\"}}"),
                              &record, &rejection));
    assert_names("b", "node.launched", "s", "e");
    assert_false(accept_event(acceptor, STR("{\"id\":\"x\",\"type\":5}"), &record, &rejection));
    assert_names("", "", "", "x");
    assert_false(accept_event(acceptor, STR("{"), &record, &rejection));
    assert_names("", "", "", "");
}

static bool write_down(void *context, size_t index, const struct record *record,
                       const struct rejection *rejection)
{
    (void)index, (void)record, (void)rejection;
    struct packer *out = context;
    char text[64];
    pack_str(out, (struct str){text, accept_text(acceptor, text, index == 3 ? 4 : sizeof text)});
    return true;
}

static void an_event_of_a_batch_is_written_anew(void **state)
{
    (void)state;
    static const char *const expected[] = {"{\"b\":[1,\"\\n\\\"\"]}", "7", "\"x\\\"\\u000a\"", "{\"lo",
                                           "null"};
    struct packer out = {0};
    struct rejection rejection;
    assert_true(accept_batch(acceptor,
                             STR("[ {\"b\" : [1, \"\\n\\u0022\"]}, 7, \"x\\u0022\\n\", {\"long\":1}, null ]"),
                             write_down, &out, &rejection));
    struct unpacker in = {out.bytes.at, out.bytes.at + out.bytes.count, false};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_str(unpack_str(&in), expected[i]);
    vec_release(&out.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_name_their_kind_and_product),
        cmocka_unit_test(what_stands_is_taken_and_what_may_be_missing_has_its_default),
        cmocka_unit_test(in_binary_mode_attributes_stand_beside_the_data),
        cmocka_unit_test(an_attribute_in_another_coding_than_utf_8_is_told_so),
        cmocka_unit_test(a_batch_tells_each_of_its_events),
        cmocka_unit_test(what_is_no_array_is_no_batch),
        cmocka_unit_test(a_batch_tells_no_more_than_it_is_asked_to),
        cmocka_unit_test(an_event_is_named_whether_it_is_good_or_bad),
        cmocka_unit_test(an_event_of_a_batch_is_written_anew),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
