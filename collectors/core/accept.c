#include "collectors/core/accept.h"

#include "collectors/core/keys.h"
#include "lib/base/check.h"
#include "lib/domain/limits.h"

/* How a type asks for a field: it is required, unless marked. */
#define END 0x00
#define IF_THERE DATA_IF_THERE
#define UNREAD DATA_UNREAD
#define OR_NULL 0x100 /* it may be missing or null */
#define FIELD_MASK 0x3f
_Static_assert(FIELD_COUNT <= FIELD_MASK && DATA_IF_THERE == 0x40 && DATA_UNREAD == 0x80,
               "flags are beside the field");

static const uint16_t before_type[] = {FIELD_SPECVERSION, FIELD_ID, FIELD_SOURCE, FIELD_TYPE, END};
static const uint16_t behind_type[] = {FIELD_SUBJECT, FIELD_TIME, FIELD_DATA, END};

/* maas.tokens with a model server's `usage` in place of the counts. */
static const uint16_t data_with_usage[] = {
    FIELD_ACCOUNT, FIELD_MODEL, FIELD_CACHED_INPUT_TOKENS | UNREAD, FIELD_CACHE_WRITE_TOKENS | UNREAD,
    FIELD_USAGE,   END};

/* The keys that some form reads: none of them twice, whichever form it is. */
static const uint16_t once_in_usage[] = {FIELD_PROMPT_TOKENS | UNREAD,
                                         FIELD_USAGE_INPUT_TOKENS | UNREAD,
                                         FIELD_TOTAL_TOKENS | UNREAD,
                                         FIELD_CACHE_READ_INPUT_TOKENS | UNREAD,
                                         FIELD_CACHE_CREATION_INPUT_TOKENS | UNREAD,
                                         FIELD_PROMPT_DETAILS | UNREAD,
                                         FIELD_INPUT_DETAILS | UNREAD,
                                         FIELD_COMPLETION_TOKENS | UNREAD,
                                         FIELD_USAGE_OUTPUT_TOKENS | UNREAD,
                                         END};

/* CONTRACT §2's table of forms, a row each, in its order. */
static const uint16_t usage_of_chat[] = {FIELD_PROMPT_TOKENS, FIELD_PROMPT_DETAILS | OR_NULL,
                                         FIELD_COMPLETION_TOKENS | OR_NULL, END};
static const uint16_t usage_of_messages[] = {
    FIELD_USAGE_INPUT_TOKENS, FIELD_CACHE_READ_INPUT_TOKENS | OR_NULL,
    FIELD_CACHE_CREATION_INPUT_TOKENS | OR_NULL, FIELD_USAGE_OUTPUT_TOKENS | OR_NULL, END};
static const uint16_t usage_of_responses[] = {FIELD_USAGE_INPUT_TOKENS, FIELD_INPUT_DETAILS | OR_NULL,
                                              FIELD_USAGE_OUTPUT_TOKENS | OR_NULL, END};
static const uint16_t usage_of_embeddings[] = {FIELD_TOTAL_TOKENS, FIELD_COMPLETION_TOKENS | OR_NULL, END};
static const uint16_t prompt_details[] = {FIELD_PROMPT_CACHED | OR_NULL, FIELD_PROMPT_WRITTEN | OR_NULL, END};
static const uint16_t input_details[] = {FIELD_INPUT_CACHED | OR_NULL, END};

struct acceptor {
    struct json *json;
    struct keys event_keys;
    struct keys data_keys;
    struct keys usage_keys;
    struct keys prompt_keys;
    struct keys input_keys;
    struct keys type_names;
    struct event_names names; /* of the event that was told last */
    struct json_value element;
    struct event_type types[EVENT_TYPES_MAX];
};

/* An event while it is read: the value of each field, and the record so far. */
struct reading {
    const struct acceptor *acceptor;
    struct json_value values[FIELD_COUNT];
    struct record record;
    enum field refused;
    bool refused_as_repeated;
};

static void add_keys(struct keys *keys, enum field from, enum field to)
{
    for (enum field f = from; f < to; f++)
        keys_add(keys, field_key(f));
}

struct acceptor *acceptor_new(void)
{
    struct acceptor *acceptor = calloc(1, sizeof *acceptor);
    CHECK(acceptor != NULL);
    acceptor->json = json_new();
    add_keys(&acceptor->event_keys, FIELD_FIRST_OF_EVENT, FIELD_FIRST_OF_DATA);
    add_keys(&acceptor->data_keys, FIELD_FIRST_OF_DATA, FIELD_FIRST_OF_USAGE);
    add_keys(&acceptor->usage_keys, FIELD_FIRST_OF_USAGE, FIELD_FIRST_OF_PROMPT_DETAILS);
    add_keys(&acceptor->prompt_keys, FIELD_FIRST_OF_PROMPT_DETAILS, FIELD_FIRST_OF_INPUT_DETAILS);
    add_keys(&acceptor->input_keys, FIELD_FIRST_OF_INPUT_DETAILS, FIELD_COUNT);
    int types = event_types(acceptor->types);
    for (int i = 0; i < types; i++)
        keys_add(&acceptor->type_names, str_of(acceptor->types[i].name));
    return acceptor;
}

void acceptor_free(struct acceptor *acceptor)
{
    if (acceptor == NULL)
        return;
    json_free(acceptor->json);
    keys_release(&acceptor->event_keys);
    keys_release(&acceptor->data_keys);
    keys_release(&acceptor->usage_keys);
    keys_release(&acceptor->prompt_keys);
    keys_release(&acceptor->input_keys);
    keys_release(&acceptor->type_names);
    free(acceptor);
}

static bool refuse(struct reading *reading, enum field field)
{
    reading->refused = field;
    reading->refused_as_repeated = reading->values[field].repeated;
    return false;
}

static bool is_there(const struct reading *reading, enum field field)
{
    return reading->values[field].kind != JSON_ABSENT;
}

static bool take_field(struct reading *reading, uint16_t ask)
{
    enum field field = ask & FIELD_MASK;
    const struct json_value *value = &reading->values[field];
    if (value->repeated)
        return refuse(reading, field);
    if ((ask & UNREAD) || ((ask & (IF_THERE | OR_NULL)) && value->kind == JSON_ABSENT) ||
        ((ask & OR_NULL) && value->kind == JSON_NULL))
        return true;
    return field_take(field, value, &reading->record) || refuse(reading, field);
}

/* Takes the fields of a list in their order, up to the first that breaks its rule. */
static bool take_fields(struct reading *reading, const uint16_t asks[])
{
    for (int i = 0; asks[i] != END; i++)
        if (!take_field(reading, asks[i]))
            return false;
    return true;
}

static const struct event_type *type_of(const struct reading *reading)
{
    int place = keys_find(&reading->acceptor->type_names, reading->values[FIELD_TYPE].string);
    return place < 0 ? NULL : &reading->acceptor->types[place];
}

/* What a record of the kind says where its event says nothing. */
static void set_defaults(struct record *record, const struct event_type *type)
{
    record->kind = type->kind;
    record->product = type->product;
    record->quantity = type->kind == RECORD_LAUNCHED ? 1 : 0;
    if (product_is(type->product, SHAPE_POOL))
        record->sku = STR("standard");
}

static void read_object(struct reading *reading, enum field field, const struct keys *keys, enum field first)
{
    json_read_object(reading->values[field].node, keys, &reading->values[first]);
}

/* What was read from a cache and what was written to one are parts of the input. */
static bool are_parts(struct reading *reading, enum field cached, enum field written)
{
    const struct record *record = &reading->record;
    if (record->cached_input_tokens > record->input_tokens)
        return refuse(reading, cached);
    if (record->cache_write_tokens > record->input_tokens - record->cached_input_tokens)
        return refuse(reading, written);
    return true;
}

static bool take_usage_of_chat(struct reading *reading)
{
    if (!take_fields(reading, usage_of_chat))
        return false;
    if (reading->values[FIELD_PROMPT_DETAILS].kind != JSON_OBJECT)
        return true;
    read_object(reading, FIELD_PROMPT_DETAILS, &reading->acceptor->prompt_keys,
                FIELD_FIRST_OF_PROMPT_DETAILS);
    return take_fields(reading, prompt_details) &&
           are_parts(reading, FIELD_PROMPT_CACHED, FIELD_PROMPT_WRITTEN);
}

static bool take_usage_of_responses(struct reading *reading)
{
    if (!take_fields(reading, usage_of_responses))
        return false;
    if (reading->values[FIELD_INPUT_DETAILS].kind != JSON_OBJECT)
        return true;
    read_object(reading, FIELD_INPUT_DETAILS, &reading->acceptor->input_keys, FIELD_FIRST_OF_INPUT_DETAILS);
    return take_fields(reading, input_details) && are_parts(reading, FIELD_INPUT_CACHED, FIELD_INPUT_CACHED);
}

/* Its input_tokens are those beside the cache's: the sum may pass 10^15, as no field alone may. */
static bool take_usage_of_messages(struct reading *reading)
{
    struct record *record = &reading->record;
    if (!take_fields(reading, usage_of_messages))
        return false;
    record->input_tokens += record->cached_input_tokens + record->cache_write_tokens;
    return true;
}

/* The keys decide the form, whatever their values (CONTRACT §2). */
static bool take_usage(struct reading *reading)
{
    read_object(reading, FIELD_USAGE, &reading->acceptor->usage_keys, FIELD_FIRST_OF_USAGE);
    bool cache = is_there(reading, FIELD_CACHE_READ_INPUT_TOKENS) ||
                 is_there(reading, FIELD_CACHE_CREATION_INPUT_TOKENS);
    if (!take_fields(reading, once_in_usage))
        return false;
    if (is_there(reading, FIELD_PROMPT_TOKENS))
        return take_usage_of_chat(reading);
    if (is_there(reading, FIELD_USAGE_INPUT_TOKENS))
        return cache ? take_usage_of_messages(reading) : take_usage_of_responses(reading);
    if (is_there(reading, FIELD_TOTAL_TOKENS))
        return take_fields(reading, usage_of_embeddings);
    return refuse(reading, FIELD_PROMPT_TOKENS);
}

/* `account`, then what the kind asks for. */
static bool take_data_fields(struct reading *reading, const struct kind_row *kind)
{
    if (!take_field(reading, FIELD_ACCOUNT))
        return false;
    for (const uint8_t *ask = kind->data; *ask != DATA_END; ask++)
        if (!take_field(reading, (uint16_t)(FIELD_ACCOUNT + *ask)))
            return false;
    return true;
}

static bool take_data(struct reading *reading)
{
    read_object(reading, FIELD_DATA, &reading->acceptor->data_keys, FIELD_FIRST_OF_DATA);
    const struct kind_row *kind = kind_row(reading->record.kind);
    if (reading->record.kind != RECORD_TOKENS)
        return take_data_fields(reading, kind);
    if (is_there(reading, FIELD_INPUT_TOKENS) || is_there(reading, FIELD_OUTPUT_TOKENS))
        return take_data_fields(reading, kind) &&
               are_parts(reading, FIELD_CACHED_INPUT_TOKENS, FIELD_CACHE_WRITE_TOKENS);
    return take_fields(reading, data_with_usage) && take_usage(reading);
}

/* What must hold between fields that are each good. */
static bool check_between(struct reading *reading)
{
    struct record *record = &reading->record;
    const struct kind_row *kind = kind_row(record->kind);
    bool nothing_new = record->sku.size == 0 && record->quantity == 0 && record->order.size == 0;
    if (kind->change == CHANGE_ALTERS && nothing_new)
        return refuse(reading, FIELD_SKU);
    if (record->since_us > record->time_us)
        return refuse(reading, FIELD_SINCE);
    if (kind->by_status) {
        record->succeeded = str_equal(reading->values[FIELD_STATUS].string, STR("succeeded"));
        record->images = record->succeeded ? record->images : 0;
    }
    return true;
}

/* Attributes are in values; `data` is an object, or will be refused. */
static bool take_event(struct reading *reading)
{
    if (!take_fields(reading, before_type))
        return false;
    const struct event_type *type = type_of(reading);
    if (type == NULL)
        return refuse(reading, FIELD_TYPE);
    set_defaults(&reading->record, type);
    if (!take_fields(reading, behind_type))
        return false;
    reading->record.since_us = reading->record.time_us;
    return take_data(reading) && check_between(reading);
}

static struct str string_of(const struct json_value *value)
{
    return value->kind == JSON_STRING ? value->string : (struct str){0};
}

static struct event_names names_of(const struct reading *reading)
{
    const struct json_value *values = reading->values;
    return (struct event_names){string_of(&values[FIELD_ACCOUNT]), string_of(&values[FIELD_TYPE]),
                                string_of(&values[FIELD_SOURCE]), string_of(&values[FIELD_ID])};
}

static struct rejection rejection_of(const struct reading *reading)
{
    enum field field = reading->refused;
    struct str reason = reading->refused_as_repeated ? field_reason_repeated(field) : field_reason(field);
    return (struct rejection){field, reason, string_of(&reading->values[FIELD_ID])};
}

static bool take_element(struct reading *reading, const struct json_value *element)
{
    const struct acceptor *acceptor = reading->acceptor;
    if (element->kind != JSON_OBJECT)
        return refuse(reading, FIELD_JSON);
    json_read_object(element->node, &acceptor->event_keys, &reading->values[FIELD_FIRST_OF_EVENT]);
    if (!json_within(acceptor->json, element, LIMIT_EVENT_DEPTH))
        return refuse(reading, FIELD_JSON);
    return take_event(reading);
}

static void reading_init(struct reading *reading, const struct acceptor *acceptor)
{
    reading->acceptor = acceptor;
    reading->record = (struct record){0};
    /* Those that are asked for whatever was read. */
    static const enum field asked[] = {FIELD_JSON, FIELD_ID, FIELD_SOURCE, FIELD_TYPE, FIELD_ACCOUNT};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        reading->values[asked[i]] = (struct json_value){0};
}

bool accept_event(struct acceptor *acceptor, struct str json, struct record *out, struct rejection *rejection)
{
    struct reading reading;
    struct json_value event;
    reading_init(&reading, acceptor);
    bool accepted = json_parse(acceptor->json, json, &event) ? take_element(&reading, &event)
                                                             : refuse(&reading, FIELD_JSON);
    acceptor->names = names_of(&reading);
    if (accepted)
        *out = reading.record;
    else
        *rejection = rejection_of(&reading);
    return accepted;
}

/* An attribute that is not UTF-8 is no string. */
static struct json_value value_of_attribute(struct str text)
{
    struct json_value value = {.kind = JSON_ABSENT};
    if (text.at == NULL)
        return value;
    value.kind = json_is_utf8(text) ? JSON_STRING : JSON_OTHER;
    value.string = text;
    return value;
}

/* Who sends Latin-1 is told so: the rule of the string itself is kept, as far as they can see. */
static struct rejection rejection_of_binary(const struct reading *reading)
{
    struct rejection rejection = rejection_of(reading);
    bool is_attribute = rejection.field >= FIELD_FIRST_OF_EVENT && rejection.field < FIELD_DATA;
    if (is_attribute && reading->values[rejection.field].kind == JSON_OTHER)
        rejection.reason = field_reason_bytes(rejection.field);
    return rejection;
}

bool accept_binary(struct acceptor *acceptor, const struct event_attributes *attributes, struct str data,
                   struct record *out, struct rejection *rejection)
{
    struct reading reading;
    reading_init(&reading, acceptor);
    reading.values[FIELD_SPECVERSION] = value_of_attribute(attributes->specversion);
    reading.values[FIELD_ID] = value_of_attribute(attributes->id);
    reading.values[FIELD_SOURCE] = value_of_attribute(attributes->source);
    reading.values[FIELD_TYPE] = value_of_attribute(attributes->type);
    reading.values[FIELD_SUBJECT] = value_of_attribute(attributes->subject);
    reading.values[FIELD_TIME] = value_of_attribute(attributes->time);
    struct json_value *object = &reading.values[FIELD_DATA];
    *object = (struct json_value){.kind = JSON_ABSENT};
    if (!json_parse(acceptor->json, data, object) || !json_within(acceptor->json, object, LIMIT_EVENT_DEPTH))
        *object = (struct json_value){.kind = JSON_ABSENT};
    bool accepted = take_event(&reading);
    acceptor->names = names_of(&reading);
    if (accepted)
        *out = reading.record;
    else
        *rejection = rejection_of_binary(&reading);
    return accepted;
}

struct batch {
    struct acceptor *acceptor;
    accept_each *each;
    void *context;
};

static bool take_batch_element(void *context, size_t index, const struct json_value *element)
{
    const struct batch *batch = context;
    struct reading reading;
    reading_init(&reading, batch->acceptor);
    bool accepted = take_element(&reading, element);
    struct rejection rejection = accepted ? (struct rejection){0} : rejection_of(&reading);
    batch->acceptor->names = names_of(&reading);
    batch->acceptor->element = *element;
    return batch->each(batch->context, index, accepted ? &reading.record : NULL,
                       accepted ? NULL : &rejection);
}

bool accept_batch(struct acceptor *acceptor, struct str json, accept_each *each, void *context,
                  struct rejection *rejection)
{
    struct json_value array;
    if (!json_parse(acceptor->json, json, &array) || array.kind != JSON_ARRAY) {
        *rejection = (struct rejection){FIELD_JSON, STR("json: expected an array of events"), {0}};
        return false;
    }
    struct batch batch = {acceptor, each, context};
    json_read_array(array.node, take_batch_element, &batch);
    return true;
}

struct event_names accept_names(const struct acceptor *acceptor)
{
    return acceptor->names;
}

uint32_t accept_text(const struct acceptor *acceptor, char *out, uint32_t room)
{
    return json_write(&acceptor->element, out, room);
}
