#include "lib/domain/yaml_text.h"

#include "lib/base/utf8.h"

enum { DIRECTIVES_MAX = 16, NO_CHARACTER = 0x110000 };

/* Where reading stands. */
struct place {
    uint32_t at; /* byte */
    uint32_t line;
    uint32_t column;
};

/* The character at `at`, its bytes in *size; NO_CHARACTER: what stands there is none. */
static uint32_t decode(struct str text, uint32_t at, uint32_t *size)
{
    const unsigned char *bytes = (const unsigned char *)text.at + at;
    *size = utf8_size(text.at + at, text.size - at);
    if (*size <= 1)
        return *size == 0 ? NO_CHARACTER : bytes[0];
    uint32_t character = bytes[0] & (0x7Fu >> *size);
    for (uint32_t i = 1; i < *size; i++)
        character = character << 6 | (bytes[i] & 0x3F);
    return character;
}

/* YAML 1.1, §5.1: c-printable. */
static bool printable(uint32_t c)
{
    if (c < 0x20)
        return c == '\t' || c == '\n' || c == '\r';
    return c < 0x7F || c == 0x85 || (c >= 0xA0 && c < 0xFFFE) || (c >= 0x10000 && c < NO_CHARACTER);
}

static bool ends_line(struct str text, uint32_t at, uint32_t c)
{
    if (c == '\r') /* of CRLF, the LF does */
        return at + 1 == text.size || text.at[at + 1] != '\n';
    return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static struct yaml_text stop(struct str text, struct place place, const char *fault)
{
    return (struct yaml_text){{text.at, place.at}, fault, place.line, place.column};
}

struct yaml_text yaml_text_check(struct str text)
{
    bool marked = text.size >= 3 && memcmp(text.at, "\xEF\xBB\xBF", 3) == 0;
    struct place place = {marked ? 3 : 0, 1, 1};
    uint32_t directives = 0;
    while (place.at < text.size) {
        uint32_t size, c = decode(text, place.at, &size);
        if (c == NO_CHARACTER)
            return stop(text, place, "expected UTF-8");
        if (!printable(c))
            return stop(text, place, "expected no control characters");
        if (c == '%' && place.column == 1 && ++directives > DIRECTIVES_MAX)
            return stop(text, place, "expected fewer directives");
        bool next = ends_line(text, place.at, c);
        place = (struct place){place.at + size, place.line + next, next ? 1 : place.column + 1};
    }
    return stop(text, place, NULL);
}
