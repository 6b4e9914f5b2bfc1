#include "collectors/core/json.h"

#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>
#include <string>

extern "C" {
#include "collectors/core/json_mend.h"
#include "collectors/core/keys.h"
#include "lib/base/check.h"
}

namespace {

namespace dom = simdjson::dom;

/* simdjson counts levels of objects and arrays that are not empty, and stops at its limit: up to
 * `plain_depth` nothing is nested more than 64 deep. What it refuses is parsed again and measured exactly. */
constexpr size_t plain_depth = 64;
constexpr size_t careful_depth = 1024;
constexpr size_t first_capacity = 4096;

static_assert(sizeof(json_node) == sizeof(dom::element), "a node is simdjson's reference into its tape");
static_assert(std::is_trivially_copyable<dom::element>::value, "a node can be copied as bytes");

json_node node_of(const dom::element &element)
{
    json_node node;
    memcpy(&node, &element, sizeof node);
    return node;
}

dom::element element_of(const json_node &node)
{
    dom::element element;
    memcpy(static_cast<void *>(&element), &node, sizeof node);
    return element;
}

str str_of_view(std::string_view view)
{
    return {view.data(), static_cast<uint32_t>(view.size())};
}

std::string quoted(str string)
{
    std::string text = "\"";
    for (uint32_t i = 0; i < string.size; i++) {
        char c = string.at[i];
        char escaped[8];
        if (static_cast<unsigned char>(c) < 0x20)
            snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
        else
            snprintf(escaped, sizeof escaped, c == '"' || c == '\\' ? "\\%c" : "%c", c);
        text += escaped;
    }
    return text + '"';
}

/* In place: a value returned would be copied in words that its parts do not fill. */
void read_value(const dom::element &element, json_value *out)
{
    out->kind = JSON_OTHER;
    out->repeated = false;
    switch (element.type()) {
    case dom::element_type::STRING:
        out->kind = JSON_STRING;
        out->string = str_of_view(element.get_string().value_unsafe());
        break;
    case dom::element_type::INT64:
        out->kind = JSON_INTEGER;
        out->integer = element.get_int64().value_unsafe();
        break;
    case dom::element_type::OBJECT:
        out->kind = JSON_OBJECT;
        out->node = node_of(element);
        break;
    case dom::element_type::ARRAY:
        out->kind = JSON_ARRAY;
        out->node = node_of(element);
        break;
    case dom::element_type::NULL_VALUE:
        out->kind = JSON_NULL;
        break;
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
    case dom::element_type::BOOL:
        break;
    }
}

bool within(const dom::element &element, int levels)
{
    dom::array array;
    dom::object object;
    if (!element.get(array)) {
        for (dom::element item : array)
            if (levels == 0 || !within(item, levels - 1))
                return false;
        return levels > 0;
    }
    if (!element.get(object)) {
        for (dom::key_value_pair field : object)
            if (levels == 0 || !within(field.value, levels - 1))
                return false;
        return levels > 0;
    }
    return true;
}

bool mending_may_help(simdjson::error_code error)
{
    return error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR ||
           error == simdjson::DEPTH_ERROR;
}

} // namespace

struct json {
    dom::parser plain{};
    dom::parser careful{};
    bool used_careful = false; /* for the last text, whose depth is not known yet */
};

struct json *json_new(void)
{
    auto *made = new (std::nothrow) json;
    CHECK(made != nullptr);
    CHECK(made->plain.allocate(first_capacity, plain_depth) == simdjson::SUCCESS);
    CHECK(made->careful.allocate(first_capacity, careful_depth) == simdjson::SUCCESS);
    return made;
}

void json_free(struct json *json)
{
    delete json;
}

bool json_parse(struct json *json, struct str text, struct json_value *out)
{
    if (text.size == 0)
        return false;
    dom::element root;
    auto error = json->plain.parse(text.at, text.size).get(root);
    json->used_careful = mending_may_help(error);
    if (json->used_careful) {
        std::unique_ptr<char[]> copy(new (std::nothrow) char[text.size]);
        CHECK(copy != nullptr);
        memcpy(copy.get(), text.at, text.size);
        json_mend(copy.get(), text.size);
        error = json->careful.parse(copy.get(), text.size).get(root);
    }
    CHECK(error != simdjson::MEMALLOC && error != simdjson::CAPACITY);
    if (error)
        return false;
    read_value(root, out);
    return true;
}

void json_read_object(struct json_node node, const struct keys *keys, struct json_value out[])
{
    memset(out, 0, sizeof out[0] * static_cast<size_t>(keys->count));
    dom::object object;
    CHECK(element_of(node).get(object) == simdjson::SUCCESS);
    for (dom::key_value_pair field : object) {
        int place = keys_find(keys, str_of_view(field.key));
        if (place < 0)
            continue;
        if (out[place].kind == JSON_ABSENT)
            read_value(field.value, &out[place]);
        else
            out[place].repeated = true;
    }
}

void json_read_array(struct json_node node, json_visit *visit, void *context)
{
    dom::array array;
    CHECK(element_of(node).get(array) == simdjson::SUCCESS);
    size_t index = 0;
    for (dom::element item : array) {
        json_value value;
        read_value(item, &value);
        if (!visit(context, index++, &value))
            return;
    }
}

uint32_t json_write(const struct json_value *value, char *out, uint32_t room)
{
    std::string text;
    switch (value->kind) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        text = simdjson::minify(element_of(value->node));
        break;
    case JSON_STRING:
        text = quoted(value->string);
        break;
    case JSON_INTEGER:
        text = std::to_string(value->integer);
        break;
    case JSON_NULL:
        text = "null";
        break;
    case JSON_ABSENT:
    case JSON_OTHER:
        break;
    }
    uint32_t size = text.size() < room ? static_cast<uint32_t>(text.size()) : room;
    memcpy(out, text.data(), size);
    return size;
}

bool json_within(const struct json *json, const struct json_value *value, int levels)
{
    CHECK(levels >= static_cast<int>(plain_depth));
    if (!json->used_careful || (value->kind != JSON_OBJECT && value->kind != JSON_ARRAY))
        return true;
    return within(element_of(value->node), levels);
}

bool json_is_utf8(struct str text)
{
    return simdjson::validate_utf8(text.at, text.size);
}
