#include "collectors/core/fields.h"

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"

struct rule {
    struct str name;
    struct str reason;
    struct str reason_repeated;
    struct str reason_bytes;
    bool (*take)(const struct rule *rule, const struct json_value *value, void *place);
    int64_t least; /* of an integer */
    int64_t most;  /* of an integer; bytes of a string */
    size_t place;  /* in a record, or NOWHERE */
};

#define NOWHERE SIZE_MAX

static bool has_byte_below_0x20(uint64_t bytes)
{
    return ((bytes - 0x2020202020202020u) & ~bytes & 0x8080808080808080u) != 0;
}

static bool has_byte_0x7f_or_more(uint64_t bytes)
{
    return (((bytes & 0x7f7f7f7f7f7f7f7fu) + 0x0101010101010101u) | bytes) & 0x8080808080808080u;
}

/* U+0000 to U+001F and U+007F to U+009F, in valid UTF-8. */
static bool has_control_slowly(struct str text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.at[i];
        if (byte < 0x20 || byte == 0x7f)
            return true;
        if (byte == 0xc2 && i + 1 < text.size && (uint8_t)text.at[i + 1] < 0xa0)
            return true;
    }
    return false;
}

/* Eight bytes at a time while they are plain ASCII. */
static bool has_control(struct str text)
{
    uint32_t i = 0;
    for (uint64_t bytes; i + sizeof bytes <= text.size; i += sizeof bytes) {
        memcpy(&bytes, text.at + i, sizeof bytes);
        if (has_byte_below_0x20(bytes) || has_byte_0x7f_or_more(bytes))
            break;
    }
    return has_control_slowly((struct str){text.at + i, text.size - i});
}

static bool take_string(const struct rule *rule, const struct json_value *value, void *place)
{
    if (value->kind != JSON_STRING || value->string.size < 1 || value->string.size > rule->most)
        return false;
    if (has_control(value->string))
        return false;
    if (place != NULL)
        *(struct str *)place = value->string;
    return true;
}

static bool take_integer(const struct rule *rule, const struct json_value *value, void *place)
{
    if (value->kind != JSON_INTEGER || value->integer < rule->least || value->integer > rule->most)
        return false;
    *(int64_t *)place = value->integer;
    return true;
}

static bool take_time(const struct rule *rule, const struct json_value *value, void *place)
{
    (void)rule;
    return value->kind == JSON_STRING && time_parse(value->string, place);
}

static bool take_object(const struct rule *rule, const struct json_value *value, void *place)
{
    (void)rule, (void)place;
    return value->kind == JSON_OBJECT;
}

static bool take_version(const struct rule *rule, const struct json_value *value, void *place)
{
    (void)rule, (void)place;
    return value->kind == JSON_STRING && str_equal(value->string, STR("1.0"));
}

static bool take_product(const struct rule *rule, const struct json_value *value, void *place)
{
    (void)rule;
    enum product product = value->kind == JSON_STRING ? product_of(value->string) : PRODUCT_NONE;
    if (!product_is(product, SHAPE_LEVEL))
        return false;
    *(enum product *)place = product;
    return true;
}

static bool take_for(const struct rule *rule, const struct json_value *value, void *place)
{
    (void)rule;
    bool *for_bill = place;
    if (value->kind != JSON_STRING)
        return false;
    *for_bill = str_equal(value->string, STR("bill"));
    return *for_bill || str_equal(value->string, STR("balance"));
}

static bool take_amount(const struct rule *rule, const struct json_value *value, void *place)
{
    (void)rule;
    if (value->kind != JSON_STRING || !record_amount_is_good(value->string))
        return false;
    *(struct str *)place = value->string;
    return true;
}

static bool take_currency(const struct rule *rule, const struct json_value *value, void *place)
{
    (void)rule;
    if (value->kind != JSON_STRING || value->string.size != 3)
        return false;
    for (uint32_t i = 0; i < 3; i++)
        if (value->string.at[i] < 'A' || value->string.at[i] > 'Z')
            return false;
    *(struct str *)place = value->string;
    return true;
}

#define TEXT(literal)                                                                                        \
    {                                                                                                        \
        (literal), sizeof(literal) - 1                                                                       \
    }
#define ROW(name_, expected)                                                                                 \
    .name = TEXT(name_), .reason = TEXT(name_ ": expected " expected),                                       \
    .reason_repeated = TEXT(name_ ": expected only once"),                                                   \
    .reason_bytes = TEXT(name_ ": expected UTF-8, which a header has percent-encoded")
#define STRING(most_, member) .take = take_string, .most = (most_), .place = offsetof(struct record, member)
#define INTEGER(least_, most_, member)                                                                       \
    .take = take_integer, .least = (least_), .most = (most_), .place = offsetof(struct record, member)
#define OTHER(take_, member) .take = (take_), .place = offsetof(struct record, member)
#define CHECKED(take_) .take = (take_), .most = LIMIT_NAME_BYTES, .place = NOWHERE

#define STRING_128 "a string of 1 to 128 bytes without control characters"
#define STRING_256 "a string of 1 to 256 bytes without control characters"
#define COUNT_0 "an integer from 0 to 10^15, without fraction or exponent"
#define COUNT_1 "an integer from 1 to 10^15, without fraction or exponent"
#define PART_OF_INPUT COUNT_0 ", with the other part not more than the input"

static const struct rule rules[FIELD_COUNT] = {
    [FIELD_JSON] = {ROW("json", "one object by RFC 8259, in UTF-8 without byte order mark, at most 64 deep")},
    [FIELD_SPECVERSION] = {ROW("specversion", "\"1.0\""), CHECKED(take_version)},
    [FIELD_ID] = {ROW("id", STRING_128), STRING(LIMIT_ID_BYTES, id)},
    [FIELD_SOURCE] = {ROW("source", STRING_256), STRING(LIMIT_NAME_BYTES, source)},
    [FIELD_TYPE] = {ROW("type", "a known type of event"), CHECKED(take_string)},
    [FIELD_SUBJECT] = {ROW("subject", STRING_256), STRING(LIMIT_NAME_BYTES, subject)},
    [FIELD_TIME] = {ROW("time", "RFC 3339, from 1970 to 2199"), OTHER(take_time, time_us)},
    [FIELD_DATA] = {ROW("data", "an object"), CHECKED(take_object)},
    [FIELD_ACCOUNT] = {ROW("data.account", STRING_128), STRING(LIMIT_ID_BYTES, account)},
    [FIELD_SKU] = {ROW("data.sku", STRING_256), STRING(LIMIT_NAME_BYTES, sku)},
    [FIELD_QUANTITY] = {ROW("data.quantity", COUNT_1), INTEGER(1, LIMIT_COUNT, quantity)},
    [FIELD_ORDER] = {ROW("data.order", STRING_256), STRING(LIMIT_NAME_BYTES, order)},
    [FIELD_SINCE] = {ROW("data.since", "RFC 3339, from 1970 on, not after time"), OTHER(take_time, since_us)},
    [FIELD_BYTES] = {ROW("data.bytes", "an integer from 0 to 10^18, without fraction or exponent"),
                     INTEGER(0, LIMIT_STORED_BYTES, bytes)},
    [FIELD_MODEL] = {ROW("data.model", STRING_256), STRING(LIMIT_NAME_BYTES, sku)},
    [FIELD_INPUT_TOKENS] = {ROW("data.input_tokens", COUNT_0), INTEGER(0, LIMIT_COUNT, input_tokens)},
    [FIELD_OUTPUT_TOKENS] = {ROW("data.output_tokens", COUNT_0), INTEGER(0, LIMIT_COUNT, output_tokens)},
    [FIELD_CACHED_INPUT_TOKENS] = {ROW("data.cached_input_tokens", PART_OF_INPUT),
                                   INTEGER(0, LIMIT_COUNT, cached_input_tokens)},
    [FIELD_CACHE_WRITE_TOKENS] = {ROW("data.cache_write_tokens", PART_OF_INPUT),
                                  INTEGER(0, LIMIT_COUNT, cache_write_tokens)},
    [FIELD_USAGE] = {ROW("data.usage", "an object"), CHECKED(take_object)},
    [FIELD_PROMPT_TOKENS] = {ROW("data.usage.prompt_tokens", COUNT_0), INTEGER(0, LIMIT_COUNT, input_tokens)},
    [FIELD_USAGE_INPUT_TOKENS] = {ROW("data.usage.input_tokens", COUNT_0),
                                  INTEGER(0, LIMIT_COUNT, input_tokens)},
    [FIELD_TOTAL_TOKENS] = {ROW("data.usage.total_tokens", COUNT_0), INTEGER(0, LIMIT_COUNT, input_tokens)},
    [FIELD_CACHE_READ_INPUT_TOKENS] = {ROW("data.usage.cache_read_input_tokens", COUNT_0),
                                       INTEGER(0, LIMIT_COUNT, cached_input_tokens)},
    [FIELD_CACHE_CREATION_INPUT_TOKENS] = {ROW("data.usage.cache_creation_input_tokens", COUNT_0),
                                           INTEGER(0, LIMIT_COUNT, cache_write_tokens)},
    [FIELD_PROMPT_DETAILS] = {ROW("data.usage.prompt_tokens_details", "an object or null"),
                              CHECKED(take_object)},
    [FIELD_INPUT_DETAILS] = {ROW("data.usage.input_tokens_details", "an object or null"),
                             CHECKED(take_object)},
    [FIELD_USAGE_OUTPUT_TOKENS] = {ROW("data.usage.output_tokens", COUNT_0),
                                   INTEGER(0, LIMIT_COUNT, output_tokens)},
    [FIELD_PROMPT_CACHED] = {ROW("data.usage.prompt_tokens_details.cached_tokens", PART_OF_INPUT),
                             INTEGER(0, LIMIT_COUNT, cached_input_tokens)},
    [FIELD_PROMPT_WRITTEN] = {ROW("data.usage.prompt_tokens_details.cache_write_tokens", PART_OF_INPUT),
                              INTEGER(0, LIMIT_COUNT, cache_write_tokens)},
    [FIELD_INPUT_CACHED] = {ROW("data.usage.input_tokens_details.cached_tokens", PART_OF_INPUT),
                            INTEGER(0, LIMIT_COUNT, cached_input_tokens)},
    [FIELD_COMPLETION_TOKENS] = {ROW("data.usage.completion_tokens", COUNT_0),
                                 INTEGER(0, LIMIT_COUNT, output_tokens)},
    [FIELD_IMAGES] = {ROW("data.images", COUNT_0), INTEGER(0, LIMIT_COUNT, images)},
    [FIELD_STATUS] = {ROW("data.status", STRING_256), CHECKED(take_string)},
    [FIELD_PRODUCT] = {ROW("data.product", "container, model or node"), OTHER(take_product, product)},
    [FIELD_MONTHS] = {ROW("data.months", "an integer from 1 to 120, without fraction or exponent"),
                      INTEGER(1, LIMIT_MONTHS, months)},
    [FIELD_AMOUNT] = {ROW("data.amount", "a string above 0: 1 to 12 digits, and . with 1 to 12 more, or not"),
                      OTHER(take_amount, amount)},
    [FIELD_CURRENCY] = {ROW("data.currency", "three capitals"), OTHER(take_currency, currency)},
    [FIELD_FOR] = {ROW("data.for", "\"balance\" or \"bill\""), OTHER(take_for, for_bill)},
};

static const struct rule *rule_of(enum field field)
{
    CHECK(field < FIELD_COUNT);
    return &rules[field];
}

struct str field_name(enum field field)
{
    return rule_of(field)->name;
}

struct str field_key(enum field field)
{
    struct str name = field_name(field);
    const char *dot = memrchr(name.at, '.', name.size);
    return dot == NULL ? name : str_of(dot + 1);
}

struct str field_reason(enum field field)
{
    return rule_of(field)->reason;
}

struct str field_reason_repeated(enum field field)
{
    return rule_of(field)->reason_repeated;
}

struct str field_reason_bytes(enum field field)
{
    return rule_of(field)->reason_bytes;
}

bool field_take(enum field field, const struct json_value *value, struct record *record)
{
    const struct rule *rule = rule_of(field);
    CHECK(rule->take != NULL);
    return rule->take(rule, value, rule->place == NOWHERE ? NULL : (char *)record + rule->place);
}
