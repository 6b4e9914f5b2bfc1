/* JSON text to values: RFC 8259 to the letter, in valid UTF-8, without a byte order mark (CONTRACT §2).
 *
 * A reader parses one text at a time and owns what it made of it: values, and the strings in them, stay good
 * until it parses the next. Strings come unescaped, as valid UTF-8. A number counts as an integer when it is
 * written without fraction and exponent and fits 64 bits with a sign; -0 is 0.
 *
 * What RFC 8259 allows but no value of ours can hold does not make the text unreadable, so that a reason can
 * name the field: a number too large for 64 bits or a double reads as some other number that is no integer,
 * a lone surrogate as U+0000. */
#pragma once

#include "lib/base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

struct json;
struct keys;

enum json_kind {
    JSON_ABSENT,
    JSON_STRING,
    JSON_INTEGER,
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_NULL,
    JSON_OTHER, /* a boolean, a number that is no integer */
};

/* The place of an object or array in its document. */
struct json_node {
    const void *document;
    size_t place;
};

struct json_value {
    enum json_kind kind;
    bool repeated; /* its key occurred more than once; the value is the first */
    union {
        struct str string;
        int64_t integer;
        struct json_node node;
    };
};

struct json *json_new(void);
void json_free(struct json *json);

/* False: not JSON, or nested more than a thousand deep. Running out of memory ends the process. */
bool json_parse(struct json *json, struct str text, struct json_value *out);

/* In one pass, the value of each key of the list, ABSENT where there is none; out has room for as many. */
void json_read_object(struct json_node object, const struct keys *keys, struct json_value out[]);

/* Whether to go on. */
typedef bool json_visit(void *context, size_t index, const struct json_value *element);
void json_read_array(struct json_node array, json_visit *visit, void *context);

/* The value written anew, without blanks, as much of it as there is room for. Returns its size. */
uint32_t json_write(const struct json_value *value, char *out, uint32_t room);

/* Whether a value of the last text is nested at most `levels` (64 or more) deep: a string 0, [] and {} 1. */
bool json_within(const struct json *json, const struct json_value *value, int levels);

bool json_is_utf8(struct str text);

#ifdef __cplusplus
}
#endif
