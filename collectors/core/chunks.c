#include "collectors/core/chunks.h"

enum {
    DIGITS_MAX = 15, /* more than any body is allowed to be, and no overflow */
    EXTENSION_BYTES_MAX = 256,
    TRAILER_BYTES_MAX = 8192,
};

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

static bool is_text(char c)
{
    return (unsigned char)c >= 0x20 ? c != 0x7f : c == '\t';
}

/* To the step if the byte is the expected one. */
static bool expect(struct chunks *chunks, char c, char expected, enum chunks_step step)
{
    chunks->step = step;
    return c == expected;
}

static bool take_size(struct chunks *chunks, char c)
{
    int digit = hex_of(c);
    if (digit >= 0) {
        chunks->left_bytes = chunks->left_bytes << 4 | (uint64_t)digit;
        return ++chunks->digits <= DIGITS_MAX;
    }
    if (chunks->digits == 0)
        return false;
    if (c == ';' || c == ' ' || c == '\t')
        chunks->step = c == ';' ? CHUNKS_EXTENSION : CHUNKS_BLANK;
    else
        return expect(chunks, c, '\r', CHUNKS_SIZE_END);
    return true;
}

static bool take_line(struct chunks *chunks, char c, uint32_t most, enum chunks_step end)
{
    if (c == '\r') {
        chunks->step = end;
        return true;
    }
    return is_text(c) && ++chunks->line_bytes <= most;
}

static bool take_blank(struct chunks *chunks, char c)
{
    if (c == ';')
        chunks->step = CHUNKS_EXTENSION;
    return (c == ';' || c == ' ' || c == '\t') && ++chunks->line_bytes <= EXTENSION_BYTES_MAX;
}

static bool begin_inside(struct chunks *chunks, char c)
{
    chunks->line_bytes = chunks->digits = 0;
    return expect(chunks, c, '\n', chunks->left_bytes == 0 ? CHUNKS_TRAILER_BEGIN : CHUNKS_INSIDE);
}

/* A trailer's line begins as a header's does: no blank, no colon first. */
static bool begin_trailer(struct chunks *chunks, char c)
{
    chunks->step = c == '\r' ? CHUNKS_LAST_END : CHUNKS_TRAILER;
    return c == '\r' || (is_text(c) && c != ' ' && c != '\t' && c != ':');
}

static bool take_byte(struct chunks *chunks, char c)
{
    switch (chunks->step) {
    case CHUNKS_SIZE:
        return take_size(chunks, c);
    case CHUNKS_BLANK:
        return take_blank(chunks, c);
    case CHUNKS_EXTENSION:
        return take_line(chunks, c, EXTENSION_BYTES_MAX, CHUNKS_SIZE_END);
    case CHUNKS_SIZE_END:
        return begin_inside(chunks, c);
    case CHUNKS_INSIDE_CR:
        return expect(chunks, c, '\r', CHUNKS_INSIDE_END);
    case CHUNKS_INSIDE_END:
        return expect(chunks, c, '\n', CHUNKS_SIZE);
    case CHUNKS_TRAILER_BEGIN:
        return begin_trailer(chunks, c);
    case CHUNKS_TRAILER:
        return take_line(chunks, c, TRAILER_BYTES_MAX, CHUNKS_TRAILER_END);
    case CHUNKS_TRAILER_END:
        return expect(chunks, c, '\n', CHUNKS_TRAILER_BEGIN);
    case CHUNKS_INSIDE:
    case CHUNKS_LAST_END:
        break;
    }
    return false;
}

static struct str cut(struct str *bytes, uint32_t size)
{
    struct str front = {bytes->at, size};
    *bytes = (struct str){bytes->at + size, bytes->size - size};
    return front;
}

enum chunks_outcome chunks_take(struct chunks *chunks, struct str *bytes, struct str *data)
{
    while (bytes->size > 0) {
        if (chunks->step == CHUNKS_INSIDE) {
            *data = cut(bytes, chunks->left_bytes < bytes->size ? (uint32_t)chunks->left_bytes : bytes->size);
            chunks->left_bytes -= data->size;
            chunks->step = chunks->left_bytes == 0 ? CHUNKS_INSIDE_CR : CHUNKS_INSIDE;
            return CHUNKS_DATA;
        }
        char c = cut(bytes, 1).at[0];
        if (chunks->step == CHUNKS_LAST_END)
            return c == '\n' ? CHUNKS_END : CHUNKS_BAD;
        if (!take_byte(chunks, c))
            return CHUNKS_BAD;
    }
    return CHUNKS_MORE;
}
