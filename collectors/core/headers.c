#include "collectors/core/headers.h"

#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str header_trimmed(struct str text)
{
    while (text.size > 0 && is_blank(text.at[0]))
        text = (struct str){text.at + 1, text.size - 1};
    while (text.size > 0 && is_blank(text.at[text.size - 1]))
        text.size--;
    return text;
}

/* How much of a text stands before one of the separators; what is in quotes separates nothing. */
static uint32_t size_before(struct str text, const char *separators)
{
    bool quoted = false;
    for (uint32_t i = 0; i < text.size; i++) {
        if (quoted && text.at[i] == '\\')
            i++;
        else if (text.at[i] == '"')
            quoted = !quoted;
        else if (!quoted && text.at[i] != 0 && strchr(separators, text.at[i]) != NULL)
            return i;
    }
    return text.size;
}

/* Cuts off what stands before the first of the separators, and that one. */
static struct str cut(struct str *rest, const char *separators)
{
    uint32_t size = size_before(*rest, separators);
    uint32_t skipped = size < rest->size ? size + 1 : size;
    struct str front = {rest->at, size};
    *rest = (struct str){rest->at + skipped, rest->size - skipped};
    return header_trimmed(front);
}

bool header_next(struct str *list, struct str *element)
{
    while (list->size > 0) {
        *element = cut(list, ",");
        if (element->size > 0)
            return true;
    }
    return false;
}

static bool is_name(struct str text, const char *name)
{
    return text.size == strlen(name) && strncasecmp(text.at, name, text.size) == 0;
}

static enum coding coding_of(struct str name)
{
    if (is_name(name, "identity"))
        return CODING_IDENTITY;
    /* RFC 9110 §8.4.1.3: x-gzip is the same. */
    return is_name(name, "gzip") || is_name(name, "x-gzip") ? CODING_GZIP : CODING_OTHER;
}

enum coding coding_with(enum coding before, struct str value)
{
    enum coding coding = before;
    struct str name;
    while (header_next(&value, &name))
        coding = coding == CODING_NONE ? coding_of(name) : CODING_OTHER;
    return coding;
}

bool preference_given(struct str value, const char *preference)
{
    struct str element;
    while (header_next(&value, &element)) {
        struct str word = cut(&element, ";"); /* its parameters follow */
        struct str name = cut(&word, "=");
        bool is_valued =
            word.size > 0 && header_trimmed(word).size > 0 && !is_name(header_trimmed(word), "\"\"");
        if (is_name(name, preference) && !is_valued)
            return true;
    }
    return false;
}
