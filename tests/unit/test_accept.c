/* Each rule of CONTRACT §2 on one event: a line a case, with the field that its rejection must name. */
#include <stdio.h>
#include <stdlib.h>

#include "collectors/core/accept.h"
#include "tests/support/test.h"

enum { TEXT_MAX = 4096 };

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

/* The name at the beginning of a reason; it must be the name of the field, and followed as promised. */
static struct str named(const struct rejection *rejection)
{
    struct str name = field_name(rejection->field);
    assert_true(rejection->reason.size > name.size + 11);
    assert_memory_equal(rejection->reason.at, name.at, name.size);
    assert_memory_equal(rejection->reason.at + name.size, ": expected ", 11);
    return name;
}

static struct record accepted(const char *text)
{
    struct record record = {0};
    struct rejection rejection;
    if (!accept_event(acceptor, str_of(text), &record, &rejection))
        fail_msg("%s\n%.*s", text, STR_ARG(rejection.reason));
    return record;
}

/* NULL: it must be accepted. */
static void must_refuse(const char *text, uint32_t size, const char *field)
{
    struct record record = {0};
    struct rejection rejection = {0};
    bool ok = accept_event(acceptor, (struct str){text, size}, &record, &rejection);
    if (ok && field == NULL)
        return;
    if (ok)
        fail_msg("accepted, not %s: %s", field, text);
    if (field == NULL)
        fail_msg("%.*s: %s", STR_ARG(rejection.reason), text);
    if (!str_equal(named(&rejection), str_of(field)))
        fail_msg("%.*s, not %s: %s", STR_ARG(rejection.reason), field, text);
}

struct data_case {
    const char *type;
    const char *data; /* beside account */
    const char *field;
};

static const struct data_case data_cases[] = {
    {"container.launched", "'sku':'s'", NULL},
    {"model.launched", "'sku':'s','quantity':1,'order':'o'", NULL},
    {"node.launched", "'order':'o','quantity':1000000000000000,'sku':'s'", NULL},
    {"container.launched", "'x':1", "data.sku"},
    {"container.launched", "'sku':null", "data.sku"},
    {"container.launched", "'sku':''", "data.sku"},
    {"container.launched", "'sku':7", "data.sku"},
    {"container.launched", "'sku':['s']", "data.sku"},
    {"container.launched", "'sku':{}", "data.sku"},
    {"container.launched", "'sku':'s','sku':'s'", "data.sku"},
    {"container.launched", "'sku':'s','s\\u006bu':'s'", "data.sku"},
    {"container.launched", "'sku':'s','quantity':0", "data.quantity"},
    {"container.launched", "'sku':'s','quantity':-0", "data.quantity"},
    {"container.launched", "'sku':'s','quantity':-1", "data.quantity"},
    {"container.launched", "'sku':'s','quantity':null", "data.quantity"},
    {"container.launched", "'sku':'s','quantity':'1'", "data.quantity"},
    {"container.launched", "'sku':'s','quantity':1000000000000001", "data.quantity"},
    {"container.launched", "'sku':'s','order':''", "data.order"},
    {"container.launched", "'sku':'s','order':null", "data.order"},
    {"container.launched", "'sku':'s','order':'a\\u0000'", "data.order"},
    {"container.launched", "'sku':'s','since':'never','bytes':-1,'bytes':-1,'usage':7,'months':'x'", NULL},
    {"container.reconfigured", "'sku':'s'", NULL},
    {"model.reconfigured", "'quantity':2", NULL},
    {"node.reconfigured", "'sku':'s','quantity':2", NULL},
    {"container.reconfigured", "'x':1", "data.sku"},
    {"container.reconfigured", "'sku':null,'quantity':2", "data.sku"},
    {"container.reconfigured", "'sku':'s','quantity':0", "data.quantity"},
    {"container.reconfigured", "'order':'o'", NULL},
    {"container.reconfigured", "'sku':'s','order':null", "data.order"},
    {"container.reconfigured", "'order':''", "data.order"},
    {"container.reconfigured", "'order':'o','order':'o'", "data.order"},
    {"container.stopped", "'sku':null", NULL},
    {"model.stopped", "'since':0", NULL},
    {"node.stopped", "'x':1", NULL},
    {"container.deleted", "'x':1", NULL},
    {"model.deleted", "'x':1", NULL},
    {"node.deleted", "'x':1", NULL},
    {"container.heartbeat", "'x':1", NULL},
    {"model.heartbeat", "'x':1", NULL},
    {"node.heartbeat", "'x':1", NULL},
    {"container.failed", "'x':1", NULL},
    {"model.failed", "'since':'2026-11-01T10:00:00Z'", NULL},
    {"node.failed", "'since':'2026-11-01T11:00:00+01:00'", NULL},
    {"container.failed", "'since':'1970-01-01T00:00:00Z'", NULL},
    {"container.failed", "'since':'2026-11-01T10:00:00.0000009Z'", NULL},
    {"container.failed", "'since':'2026-11-01T10:00:00.000001Z'", "data.since"},
    {"container.failed", "'since':'2026-11-01T10:00:01Z'", "data.since"},
    {"container.failed", "'since':'1969-12-31T23:59:59Z'", "data.since"},
    {"container.failed", "'since':null", "data.since"},
    {"container.failed", "'since':''", "data.since"},
    {"container.failed", "'since':1793527200", "data.since"},
    {"storage.used", "'bytes':0", NULL},
    {"storage.used", "'bytes':-0", NULL},
    {"storage.used", "'bytes':1000000000000000000,'sku':'fast'", NULL},
    {"storage.used", "'bytes':1000000000000000001", "data.bytes"},
    {"storage.used", "'bytes':9223372036854775807", "data.bytes"},
    {"storage.used", "'bytes':9223372036854775808", "data.bytes"},
    {"storage.used", "'bytes':18446744073709551616", "data.bytes"},
    {"storage.used", "'bytes':-9223372036854775809", "data.bytes"},
    {"storage.used", "'bytes':99999999999999999999999999999999999999999999", "data.bytes"},
    {"storage.used", "'x':1", "data.bytes"},
    {"storage.used", "'bytes':1,'sku':null", "data.sku"},
    {"storage.used", "'bytes':1,'sku':''", "data.sku"},
    {"storage.deleted", "'x':1", NULL},
    {"storage.deleted", "'sku':'fast','bytes':null", NULL},
    {"storage.deleted", "'sku':7", "data.sku"},
    {"maas.tokens", "'model':'m','input_tokens':0,'output_tokens':1000000000000000", NULL},
    {"maas.tokens", "'model':'m','input_tokens':-0,'output_tokens':0", NULL},
    {"maas.tokens", "'input_tokens':0,'output_tokens':0", "data.model"},
    {"maas.tokens", "'model':null,'input_tokens':0,'output_tokens':0", "data.model"},
    {"maas.tokens", "'model':'m'", "data.usage"},
    {"maas.tokens", "'model':'m','cached_input_tokens':0", "data.usage"},
    {"maas.tokens", "'model':'m','output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':0", "data.output_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':null,'output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':-1,'output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':1.0,'output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':1.5,'output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':1e0,'output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':-0.0,'output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':1e400,'output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':true,'output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':'1','output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':[1],'output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':1000000000000001,'output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':0,'output_tokens':1000000000000001", "data.output_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':0,'input_tokens':0,'output_tokens':0", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':1,'usage':{'prompt_tokens':1}", "data.output_tokens"},
    {"maas.tokens", "'model':'m','output_tokens':1,'usage':{'prompt_tokens':1}", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':null,'usage':{'prompt_tokens':1}", "data.input_tokens"},
    {"maas.tokens", "'model':'m','input_tokens':1,'output_tokens':2,'usage':{'prompt_tokens':'x'}", NULL},
    {"maas.tokens", "'model':'m','input_tokens':1,'output_tokens':2,'usage':7", NULL},
    {"maas.tokens", "'model':'m','input_tokens':1,'output_tokens':2,'usage':7,'usage':7", "data.usage"},
    {"maas.tokens", "'model':'m','usage':{'prompt_tokens':1}", NULL},
    {"maas.tokens", "'model':'m','usage':{'prompt_tokens':1,'completion_tokens':-0,'total_tokens':'x'}",
     NULL},
    {"maas.tokens", "'model':'m','usage':{'completion_tokens':1}", "data.usage.prompt_tokens"},
    {"maas.tokens", "'model':'m','usage':{}", "data.usage.prompt_tokens"},
    {"maas.tokens", "'model':'m','usage':null", "data.usage"},
    {"maas.tokens", "'model':'m','usage':[]", "data.usage"},
    {"maas.tokens", "'model':'m','usage':{'prompt_tokens':1},'usage':{'prompt_tokens':1}", "data.usage"},
    {"maas.tokens", "'model':'m','usage':{'prompt_tokens':1.0}", "data.usage.prompt_tokens"},
    {"maas.tokens", "'model':'m','usage':{'prompt_tokens':1,'prompt_tokens':1}", "data.usage.prompt_tokens"},
    {"maas.tokens", "'model':'m','usage':{'prompt_tokens':1,'completion_tokens':null}", NULL},
    {"maas.tokens", "'model':'m','usage':{'prompt_tokens':1,'completion_tokens':'1'}",
     "data.usage.completion_tokens"},
    {"maas.tokens", "'model':'m','usage':{'prompt_tokens':1,'completion_tokens':1000000000000001}",
     "data.usage.completion_tokens"},
    {"maas.tokens", "'model':'m','usage':{'completion_tokens':1,'prompt_tokens':1,'completion_tokens':1}",
     "data.usage.completion_tokens"},
    {"maas.images", "'model':'m','images':3,'status':'succeeded'", NULL},
    {"maas.images", "'model':'m','images':3,'status':'failed'", NULL},
    {"maas.images", "'model':'m','status':'succeeded'", "data.images"},
    {"maas.images", "'model':'m','images':-1,'status':'failed'", "data.images"},
    {"maas.images", "'model':'m','images':3", "data.status"},
    {"maas.images", "'model':'m','images':3,'status':true", "data.status"},
    {"maas.images", "'model':'m','images':3,'status':''", "data.status"},
    {"maas.images", "'images':3,'status':'succeeded'", "data.model"},
    {"order.paid", "'product':'container','sku':'s','quantity':1,'months':1", NULL},
    {"order.paid", "'product':'model','sku':'s','quantity':1000000000000000,'months':120", NULL},
    {"order.paid", "'product':'node','sku':'s','quantity':1,'months':12", NULL},
    {"order.paid", "'product':'storage','sku':'s','quantity':1,'months':1", "data.product"},
    {"order.paid", "'product':'maas','sku':'s','quantity':1,'months':1", "data.product"},
    {"order.paid", "'product':'Node','sku':'s','quantity':1,'months':1", "data.product"},
    {"order.paid", "'product':0,'sku':'s','quantity':1,'months':1", "data.product"},
    {"order.paid", "'sku':'s','quantity':1,'months':1", "data.product"},
    {"order.paid", "'product':'node','quantity':1,'months':1", "data.sku"},
    {"order.paid", "'product':'node','sku':'s','months':1", "data.quantity"},
    {"order.paid", "'product':'node','sku':'s','quantity':0,'months':1", "data.quantity"},
    {"order.paid", "'product':'node','sku':'s','quantity':1", "data.months"},
    {"order.paid", "'product':'node','sku':'s','quantity':1,'months':0", "data.months"},
    {"order.paid", "'product':'node','sku':'s','quantity':1,'months':121", "data.months"},
    {"order.fulfilled", "'x':1", NULL},
    {"order.failed", "'x':1", NULL},
    {"order.refunded", "'since':'2027-01-01T00:00:00Z'", NULL},
    {"account.debited", "'amount':'0.01','currency':'USD','for':7,'for':8", NULL},
    {"account.debited", "'amount':'0','currency':'USD'", "data.amount"},
    {"account.debited", "'amount':'5'", "data.currency"},
    {"account.credited", "'amount':'0.01','currency':'USD','for':'balance'", NULL},
    {"account.credited", "'amount':'0.01','currency':'USD','for':'bill'", NULL},
    {"account.credited", "'amount':'0.01','currency':'USD','for':'Bill'", "data.for"},
    {"account.credited", "'amount':'0.01','currency':'USD','for':''", "data.for"},
    {"account.credited", "'amount':'0.01','currency':'USD','for':null", "data.for"},
    {"account.credited", "'amount':'0.01','currency':'USD','for':true", "data.for"},
    {"account.credited", "'amount':'1','currency':'USD','for':'bill','for':'bill'", "data.for"},
    {"account.credited", "'amount':'0.01','currency':'USD'", NULL},
    {"account.credited", "'amount':'999999999999.999999999999','currency':'EUR'", NULL},
    {"account.credited", "'amount':'007','currency':'USD'", NULL},
    {"account.credited", "'amount':'0.000000000001','currency':'USD'", NULL},
    {"account.credited", "'amount':'0','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':'000.000','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':'-5','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':'+5','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':' 5','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':'5.','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':'.5','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':'1.2.3','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':'1e3','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':'1000000000000','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':'1.0000000000001','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':'','currency':'USD'", "data.amount"},
    {"account.credited", "'amount':5,'currency':'USD'", "data.amount"},
    {"account.credited", "'currency':'USD'", "data.amount"},
    {"account.credited", "'amount':'5'", "data.currency"},
    {"account.credited", "'amount':'5','currency':'usd'", "data.currency"},
    {"account.credited", "'amount':'5','currency':'US'", "data.currency"},
    {"account.credited", "'amount':'5','currency':'USDX'", "data.currency"},
    {"account.credited", "'amount':'5','currency':'\u00c9U'", "data.currency"},
    {"account.credited", "'amount':'5','currency':840", "data.currency"},
};

/* Quotes are written ' in the cases, for the eye. */
static void quote(char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '\'')
            *text = '"';
}

static void data_must_be_what_its_type_asks_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof data_cases / sizeof *data_cases; i++) {
        char text[TEXT_MAX];
        int size = snprintf(text, sizeof text,
                            "{'specversion':'1.0','id':'e','source':'s','type':'%s','subject':'r',"
                            "'time':'2026-11-01T10:00:00Z','data':{%s,'account':'a'}}",
                            data_cases[i].type, data_cases[i].data);
        quote(text);
        must_refuse(text, (uint32_t)size, data_cases[i].field);
    }
}

struct attribute_case {
    const char *key;
    const char *value; /* NULL: it is missing */
    const char *field;
};

static const struct attribute_case attribute_cases[] = {
    {"x", "null", NULL},
    {"datacontenttype", "7", NULL},
    {"x", "{'id':1,'id':2}", NULL},
    {"x", "'\\u0085\\u0000'", NULL},
    {"x", "123456789012345678901234567890", NULL},
    {"x", "-1.5E+3", NULL},
    {"x", "1e999", NULL},
    {"x", "'\\ud800'", NULL},
    {"x", "'\\ud83d\\ude00'", NULL},
    {"x", "'\\ud800", "json"},
    {"x", "'\\x41'", "json"},
    {"x", "'\\u12g4'", "json"},
    {"x", "'\t'", "json"},
    {"x", "'\x80'", "json"},
    {"x", "'\xed\xa0\x80'", "json"},
    {"x", "'\xc0\xaf'", "json"},
    {"x", "'\xf4\x90\x80\x80'", "json"},
    {"x", "01", "json"},
    {"x", "-01", "json"},
    {"x", "+1", "json"},
    {"x", ".5", "json"},
    {"x", "1.", "json"},
    {"x", "1e", "json"},
    {"x", "1e5e5", "json"},
    {"x", "1e5x", "json"},
    {"x", "1234567890123456789012x", "json"},
    {"x", "1234567890123456789012.", "json"},
    {"x", "0123456789012345678901", "json"},
    {"x", "-", "json"},
    {"x", "0x10", "json"},
    {"x", "NaN", "json"},
    {"x", "Infinity", "json"},
    {"x", "tru", "json"},
    {"x", "True", "json"},
    {"x", "[1,]", "json"},
    {"x", "[1 2]", "json"},
    {"x", "{'a':1,}", "json"},
    {"x", "{a:1}", "json"},
    {"x", "/**/1", "json"},
    {"x", "", "json"},
    {"specversion", NULL, "specversion"},
    {"specversion", "'1'", "specversion"},
    {"specversion", "'0.3'", "specversion"},
    {"specversion", "'1.0.0'", "specversion"},
    {"specversion", "1.0", "specversion"},
    {"specversion", "null", "specversion"},
    {"specversion", "'1.0','specversion':'1.0'", "specversion"},
    {"id", NULL, "id"},
    {"id", "''", "id"},
    {"id", "7", "id"},
    {"id", "null", "id"},
    {"id", "'a','id':'a'", "id"},
    {"id", "'a','\\u0069d':'a'", "id"},
    {"id", "'\\ud800'", "id"},
    {"id", "'x\\udc00'", "id"},
    {"id", "'\\ude00\\ud83d'", "id"},
    {"id", "'\\udc00\\udc00'", "id"},
    {"id", "'\\ud800\\ud800'", "id"},
    {"id", "'\\ud800\\u0041'", "id"},
    {"id", "'\\ud800\\ud83d\\ude00'", "id"},
    {"id", "'\\ud83d\\ude00'", NULL},
    {"source", NULL, "source"},
    {"source", "''", "source"},
    {"source", "false", "source"},
    {"source", "'s','source':'s'", "source"},
    {"type", NULL, "type"},
    {"type", "''", "type"},
    {"type", "7", "type"},
    {"type", "'maas.teapots'", "type"},
    {"type", "'container'", "type"},
    {"type", "'container.launched '", "type"},
    {"type", "'Container.launched'", "type"},
    {"type", "'storage.failed'", "type"},
    {"type", "'maas.heartbeat'", "type"},
    {"type", "'order.stopped'", "type"},
    {"type", "'node.heartbeat\\u0000'", "type"},
    {"type", "'node.heartbeat','type':'node.heartbeat'", "type"},
    {"subject", NULL, "subject"},
    {"subject", "''", "subject"},
    {"subject", "[]", "subject"},
    {"subject", "'s','subject':'s'", "subject"},
    {"time", NULL, "time"},
    {"time", "''", "time"},
    {"time", "null", "time"},
    {"time", "1793527200", "time"},
    {"time", "'2026-11-01 10:00:00Z'", "time"},
    {"time", "'2026-02-30T10:00:00Z'", "time"},
    {"time", "'2200-01-01T00:00:00Z'", "time"},
    {"time", "'2026-11-01T10:00:00Z\\u0000'", "time"},
    {"time", "'2026-11-01t09:59:60.9z'", NULL},
    {"time", "'2026-11-01T10:00:00Z','time':'2026-11-01T10:00:00Z'", "time"},
    {"data", NULL, "data"},
    {"data", "null", "data"},
    {"data", "[]", "data"},
    {"data", "'x'", "data"},
    {"data", "{'account':'a'},'data':{'account':'a'}", "data"},
    {"data", "{}", "data.account"},
    {"data", "{'account':''}", "data.account"},
    {"data", "{'account':null}", "data.account"},
    {"data", "{'account':'a','account':'a'}", "data.account"},
    {"data", "{'account':'a','x':1,'x':2}", NULL},
};

/* A heartbeat with one attribute changed, left out, or added. */
static int attribute_event(char text[TEXT_MAX], const char *key, const char *value)
{
    static const char *const good[][2] = {
        {"specversion", "'1.0'"},     {"id", "'e'"},      {"source", "'s'"},
        {"type", "'node.heartbeat'"}, {"subject", "'r'"}, {"time", "'2026-11-01T10:00:00Z'"},
        {"data", "{'account':'a'}"},
    };
    int size = snprintf(text, TEXT_MAX, "{'y':0");
    bool known = false;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        bool changed = strcmp(good[i][0], key) == 0;
        known = known || changed;
        if (!changed || value != NULL)
            size += snprintf(text + size, TEXT_MAX - (size_t)size, ",'%s':%s", good[i][0],
                             changed ? value : good[i][1]);
    }
    if (!known)
        size += snprintf(text + size, TEXT_MAX - (size_t)size, ",'%s':%s", key, value);
    size += snprintf(text + size, TEXT_MAX - (size_t)size, "}");
    quote(text);
    return size;
}

static void attributes_must_be_there_and_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof attribute_cases / sizeof *attribute_cases; i++) {
        char text[TEXT_MAX];
        int size = attribute_event(text, attribute_cases[i].key, attribute_cases[i].value);
        must_refuse(text, (uint32_t)size, attribute_cases[i].field);
    }
}

static void lengths_are_bytes_of_utf_8(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int most;
    } limits[] = {{"id", 128}, {"source", 256}, {"subject", 256}, {"data.account", 128}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        for (int over = 0; over < 2; over++) {
            char value[TEXT_MAX / 2] = "", text[TEXT_MAX];
            for (int at = 0; at < limits[i].most; at += 2) /* two bytes in UTF-8, as such or escaped */
                strcat(value, at % 4 ? "\u00e9" : "\\u00e9");
            strcat(value, over ? "x" : "");
            bool account = strcmp(limits[i].key, "data.account") == 0;
            char json[TEXT_MAX];
            snprintf(json, sizeof json, account ? "{'account':'%s'}" : "'%s'", value);
            int size = attribute_event(text, account ? "data" : limits[i].key, json);
            must_refuse(text, (uint32_t)size, over ? limits[i].key : NULL);
        }
    }
}

static void no_string_of_ours_holds_a_control_character(void **state)
{
    (void)state;
    for (int code = 0; code < 0x180; code++)
        for (int before = 0; before < 17; before++) {
            char text[TEXT_MAX], value[64];
            snprintf(value, sizeof value, "'%.*s\\u%04x%s'", before, "0123456789abcdefg", (unsigned)code,
                     before % 2 ? "" : "\u00a0\u00c9z");
            int size = attribute_event(text, "subject", value);
            bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
            must_refuse(text, (uint32_t)size, control ? "subject" : NULL);
        }
}

static void sixty_four_levels_pass_and_sixty_five_do_not(void **state)
{
    (void)state;
    static const char *const innermost[] = {"1", "", "{}", "{'a':1}", "1,[],1e999"};
    static const int more[] = {0, 0, 1, 1, 1}; /* levels beside the brackets around */
    for (size_t i = 0; i < sizeof innermost / sizeof *innermost; i++)
        for (int levels = 60; levels < 70; levels++) {
            char text[TEXT_MAX], value[TEXT_MAX / 2];
            char open[80] = "", close[80] = "";
            memset(open, '[', (size_t)(levels - 1 - more[i])); /* the event is one */
            memset(close, ']', (size_t)(levels - 1 - more[i]));
            snprintf(value, sizeof value, "%s%s%s", open, innermost[i], close);
            int size = attribute_event(text, "x", value);
            must_refuse(text, (uint32_t)size, levels > 64 ? "json" : NULL);
        }
}

static void only_one_object_is_an_event(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      " ",  "not json", "[]",        "null", "1",
                                      "\"x\"", "{",  "}",        "{]",        "{,}",  "[1,",
                                      "\f",    "\v", "\u00a0",   "# comment", "'a'",  "\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        must_refuse(bad[i], (uint32_t)strlen(bad[i]), "json");
    must_refuse("{}", 2, "specversion");
    must_refuse("{}\0", 3, "json");
    char good[TEXT_MAX], text[2 * TEXT_MAX];
    attribute_event(good, "x", "1");
    static const char *const around[][2] = {{"\xef\xbb\xbf", ""}, {"[", "]"},   {"", ","},         {"", "{}"},
                                            {"", " {}"},          {"'", "'"},   {"", "\v"},        {"x", ""},
                                            {"\xc2\xa0", ""},     {"", "\xff"}, {"", "// comment"}};
    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        int size = snprintf(text, sizeof text, "%s%s%s", around[i][0], good, around[i][1]);
        must_refuse(text, (uint32_t)size, "json");
    }
    int size = snprintf(text, sizeof text, "\r\n\t %s \r\n", good);
    must_refuse(text, (uint32_t)size, NULL);
    for (uint32_t cut = 0; cut < strlen(good); cut++)
        must_refuse(good, cut, "json");
}

static void a_rejected_event_leaves_a_reason_and_its_id_alone(void **state)
{
    (void)state;
    struct record record, before;
    struct rejection rejection;
    memset(&record, 0x5a, sizeof record);
    memset(&before, 0x5a, sizeof before);
    char text[TEXT_MAX];
    attribute_event(text, "data", "{'account':''}");
    assert_false(accept_event(acceptor, str_of(text), &record, &rejection));
    assert_memory_equal(&record, &before, sizeof record);
    assert_true(str_equal(rejection.id, STR("e")));
    attribute_event(text, "id", "'e','id':7");
    assert_false(accept_event(acceptor, str_of(text), &record, &rejection));
    assert_true(str_equal(rejection.reason, STR("id: expected only once")));
    assert_true(str_equal(rejection.id, STR("e")));
    attribute_event(text, "id", NULL);
    assert_false(accept_event(acceptor, str_of(text), &record, &rejection));
    assert_null(rejection.id.at);
}

static void an_acceptor_takes_texts_of_any_size_one_after_another(void **state)
{
    (void)state;
    enum { BIG = 200000 };
    char *text = malloc(BIG + TEXT_MAX);
    for (int size = 1; size < BIG; size *= 7) {
        int used = sprintf(text, "{\"specversion\":\"1.0\",\"id\":\"e\",\"source\":\"s\",\"x\":\"");
        memset(text + used, 'x', (size_t)size);
        used += size;
        used += sprintf(text + used, "\",\"type\":\"node.stopped\",\"subject\":\"r\",\"time\":"
                                     "\"2026-11-01T10:00:00Z\",\"data\":{\"account\":\"a\"}}");
        struct record record = accepted(text);
        assert_int_equal(record.kind, RECORD_STOPPED);
        must_refuse(text, (uint32_t)used - 1, "json");
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_must_be_what_its_type_asks_for),
        cmocka_unit_test(attributes_must_be_there_and_good),
        cmocka_unit_test(lengths_are_bytes_of_utf_8),
        cmocka_unit_test(no_string_of_ours_holds_a_control_character),
        cmocka_unit_test(sixty_four_levels_pass_and_sixty_five_do_not),
        cmocka_unit_test(only_one_object_is_an_event),
        cmocka_unit_test(a_rejected_event_leaves_a_reason_and_its_id_alone),
        cmocka_unit_test(an_acceptor_takes_texts_of_any_size_one_after_another),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
