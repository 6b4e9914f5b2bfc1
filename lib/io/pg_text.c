/* Values as PostgreSQL's text has them. */
#include <stdio.h>

#include "lib/io/pg.h"

void pg_array_add(struct pg_array *array, struct str value)
{
    struct packer *text = &array->text;
    pack_raw(text, text->bytes.count == 0 ? "{\"" : ",\"", 2);
    for (uint32_t i = 0; i < value.size; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            pack_raw(text, "\\", 1);
        pack_raw(text, value.at + i, 1);
    }
    pack_raw(text, "\"", 1);
}

void pg_array_add_number(struct pg_array *array, int64_t value)
{
    char number[32];
    int size =
        snprintf(number, sizeof number, "%s%lld", array->text.bytes.count == 0 ? "{" : ",", (long long)value);
    pack_raw(&array->text, number, (size_t)size);
}

const char *pg_array_end(struct pg_array *array)
{
    pack_raw(&array->text, array->text.bytes.count == 0 ? "{}" : "}", array->text.bytes.count == 0 ? 3 : 2);
    return array->text.bytes.at;
}

void pg_array_release(struct pg_array *array)
{
    vec_release(&array->text.bytes);
}

void pg_put_hex(struct packer *out, const void *at, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = at;
    pack_raw(out, "\\x", 2);
    for (size_t i = 0; i < size; i++) {
        const char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        pack_raw(out, pair, 2);
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool pg_take_hex(const char *text, struct packer *out)
{
    if (text[0] != '\\' || text[1] != 'x')
        return false;
    for (text += 2; *text != 0; text += 2) {
        int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            return false;
        unsigned char byte = (unsigned char)(high << 4 | low);
        pack_raw(out, &byte, 1);
    }
    return true;
}

void pg_print_uuid(const uint8_t id[16], char out[PG_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[id[i] >> 4];
        out[at++] = digits[id[i] & 15];
    }
    out[at] = 0;
}
