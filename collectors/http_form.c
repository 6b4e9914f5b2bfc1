#include "collectors/http_form.h"

#include <strings.h>

static bool media_type_is(const char *header, const char *type)
{
    size_t size = strcspn(header, "; \t");
    return size == strlen(type) && strncasecmp(header, type, size) == 0;
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

enum http_form http_form_of(struct MHD_Connection *connection)
{
    const char *type = header_of(connection, "Content-Type");
    if (type != NULL && media_type_is(type, "application/cloudevents+json"))
        return HTTP_FORM_EVENT;
    if (type != NULL && media_type_is(type, "application/cloudevents-batch+json"))
        return HTTP_FORM_BATCH;
    bool binary = header_of(connection, "ce-specversion") != NULL || header_of(connection, "ce-id") != NULL ||
                  header_of(connection, "ce-type") != NULL;
    if (binary && (type == NULL || media_type_is(type, "application/json")))
        return HTTP_FORM_BINARY;
    return HTTP_FORM_NONE;
}

static enum MHD_Result add_coding(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    enum coding *coding = context;
    if (value != NULL && strcasecmp(name, "Content-Encoding") == 0)
        *coding = coding_with(*coding, str_of(value));
    return MHD_YES;
}

enum coding http_form_coding(struct MHD_Connection *connection)
{
    enum coding coding = CODING_NONE;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_coding, &coding);
    return coding;
}

static enum MHD_Result find_reply(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    bool *found = context;
    *found |= value != NULL && strcasecmp(name, "Prefer") == 0 && preference_given(str_of(value), "reply");
    return MHD_YES;
}

bool http_form_prefers_reply(struct MHD_Connection *connection)
{
    bool found = false;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, find_reply, &found);
    return found;
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* "a \"b\"" becomes a "b"; what does not stand in quotes stays as it is. Returns the size. */
static uint32_t unquote(char *text, uint32_t size)
{
    if (size < 2 || text[0] != '"' || text[size - 1] != '"')
        return size;
    uint32_t kept = 0;
    for (uint32_t i = 1; i < size - 1; i++) {
        if (text[i] == '\\' && i + 1 < size - 1)
            i++;
        text[kept++] = text[i];
    }
    return kept;
}

/* %XX becomes its byte; anything else stays as it is. Returns the size. */
static uint32_t percent_decode(char *text, uint32_t size)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < size; i++) {
        int high = text[i] == '%' && i + 2 < size ? hex_of(text[i + 1]) : -1;
        int low = high >= 0 ? hex_of(text[i + 2]) : -1;
        text[kept++] = low >= 0 ? (char)(high << 4 | low) : text[i];
        if (low >= 0)
            i += 2;
    }
    return kept;
}

/* A header's value as an attribute: unquoted, then percent-decoded once. */
static struct str decoded(struct arena *arena, const char *header)
{
    uint32_t size = (uint32_t)strlen(header);
    if (size == 0)
        return (struct str){"", 0};
    char *text = arena_take(arena, size);
    memcpy(text, header, size);
    size = percent_decode(text, unquote(text, size));
    return (struct str){text, size};
}

void http_form_attributes(struct MHD_Connection *connection, struct http_attributes *out)
{
    *out = (struct http_attributes){0};
    const struct {
        const char *name;
        struct str *into;
    } headers[] = {{"ce-specversion", &out->event.specversion}, {"ce-id", &out->event.id},
                   {"ce-source", &out->event.source},           {"ce-type", &out->event.type},
                   {"ce-subject", &out->event.subject},         {"ce-time", &out->event.time}};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        const char *value = header_of(connection, headers[i].name);
        if (value != NULL)
            *headers[i].into = decoded(&out->bytes, value);
    }
}

void http_form_release(struct http_attributes *attributes)
{
    arena_release(&attributes->bytes);
}

bool http_form_token_known(struct str lines, struct str token)
{
    bool known = false;
    for (uint32_t from = 0; from < lines.size;) {
        const char *end = memchr(lines.at + from, '\n', lines.size - from);
        uint32_t to = end == NULL ? lines.size : (uint32_t)(end - lines.at);
        unsigned char differs = to - from != token.size || token.size == 0;
        for (uint32_t i = from; i < to; i++)
            differs |= (unsigned char)(lines.at[i] ^ (i - from < token.size ? token.at[i - from] : 0));
        known |= !differs;
        from = to + 1;
    }
    return known;
}
