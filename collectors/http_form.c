#include "collectors/http_form.h"

static bool media_type_is(struct str header, const char *type)
{
    uint32_t size = 0;
    while (size < header.size && header.at[size] != ';' && header.at[size] != ' ' && header.at[size] != '\t')
        size++;
    return head_name_is((struct str){header.at, size}, type);
}

enum http_form http_form_of(const struct head *head)
{
    struct str type = head_value(head, "Content-Type");
    if (media_type_is(type, "application/cloudevents+json"))
        return HTTP_FORM_EVENT;
    if (media_type_is(type, "application/cloudevents-batch+json"))
        return HTTP_FORM_BATCH;
    bool binary = head_value(head, "ce-specversion").at != NULL || head_value(head, "ce-id").at != NULL ||
                  head_value(head, "ce-type").at != NULL;
    if (binary && (type.at == NULL || media_type_is(type, "application/json")))
        return HTTP_FORM_BINARY;
    return HTTP_FORM_NONE;
}

enum coding http_form_coding(const struct head *head)
{
    enum coding coding = CODING_NONE;
    for (uint32_t i = 0; i < head->field_count; i++)
        if (head_name_is(head->fields[i].name, "Content-Encoding"))
            coding = coding_with(coding, head->fields[i].value);
    return coding;
}

void http_form_coding_text(const struct head *head, char *out, size_t size)
{
    size_t used = 0;
    for (uint32_t i = 0; i < head->field_count; i++) {
        struct str value = head->fields[i].value;
        if (!head_name_is(head->fields[i].name, "Content-Encoding"))
            continue;
        for (const char *between = used > 0 ? ", " : ""; *between != 0 && used + 1 < size; between++)
            out[used++] = *between;
        for (uint32_t j = 0; j < value.size && used + 1 < size; j++)
            out[used++] = value.at[j] >= ' ' && value.at[j] <= '~' ? value.at[j] : '?';
    }
    out[used] = 0;
}

bool http_form_prefers_reply(const struct head *head)
{
    bool found = false;
    for (uint32_t i = 0; i < head->field_count; i++)
        found |=
            head_name_is(head->fields[i].name, "Prefer") && preference_given(head->fields[i].value, "reply");
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
static struct str decoded(struct arena *arena, struct str header)
{
    if (header.size == 0)
        return (struct str){"", 0};
    char *text = arena_take(arena, header.size);
    memcpy(text, header.at, header.size);
    return (struct str){text, percent_decode(text, unquote(text, header.size))};
}

void http_form_attributes(const struct head *head, struct http_attributes *out)
{
    *out = (struct http_attributes){0};
    const struct {
        const char *name;
        struct str *into;
    } headers[] = {{"ce-specversion", &out->event.specversion}, {"ce-id", &out->event.id},
                   {"ce-source", &out->event.source},           {"ce-type", &out->event.type},
                   {"ce-subject", &out->event.subject},         {"ce-time", &out->event.time}};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct str value = head_value(head, headers[i].name);
        if (value.at != NULL)
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
