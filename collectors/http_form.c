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

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* %XX becomes its byte; anything else stays as it is. */
static struct str decoded(struct arena *arena, const char *header)
{
    struct str copy = arena_copy(arena, str_of(header));
    if (copy.size == 0)
        return (struct str){"", 0};
    char *out = arena_take(arena, copy.size);
    uint32_t size = 0;
    for (uint32_t i = 0; i < copy.size; i++) {
        int high = copy.at[i] == '%' && i + 2 < copy.size ? hex_of(copy.at[i + 1]) : -1;
        int low = high >= 0 ? hex_of(copy.at[i + 2]) : -1;
        out[size++] = low >= 0 ? (char)(high << 4 | low) : copy.at[i];
        if (low >= 0)
            i += 2;
    }
    return (struct str){out, size};
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
