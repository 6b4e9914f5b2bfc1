#include "lib/codec/json_text.h"

#include <stdio.h>

#include "lib/base/time.h"
#include "lib/base/utf8.h"
#include "lib/base/wide.h"

static const int64_t year_10000_s = 253402300800;

void json_put_raw(struct packer *out, const char *text)
{
    pack_raw(out, text, strlen(text));
}

void json_put_mark(struct packer *out, char mark)
{
    pack_raw(out, &mark, 1);
}

void json_put_item(struct packer *out)
{
    char last = out->bytes.count > 0 ? out->bytes.at[out->bytes.count - 1] : '\n';
    if (last != '{' && last != '[' && last != '\n')
        json_put_mark(out, ',');
}

void json_put_key(struct packer *out, const char *key)
{
    json_put_item(out);
    json_put_str(out, str_of(key));
    json_put_mark(out, ':');
}

/* --- strings --- */

static void put_escaped(struct packer *out, unsigned char c)
{
    char text[8];
    if (c == '"' || c == '\\')
        snprintf(text, sizeof text, "\\%c", c);
    else if (c == '\n')
        snprintf(text, sizeof text, "\\n");
    else
        snprintf(text, sizeof text, "\\u%04x", c);
    json_put_raw(out, text);
}

void json_put_str(struct packer *out, struct str text)
{
    json_put_mark(out, '"');
    for (uint32_t i = 0; i < text.size;) {
        unsigned char c = (unsigned char)text.at[i];
        uint32_t size = utf8_size(text.at + i, text.size - i);
        if (size == 0)
            json_put_raw(out, "\xEF\xBF\xBD");
        else if (c < 0x20 || c == 0x7F || c == '"' || c == '\\')
            put_escaped(out, c);
        else
            pack_raw(out, text.at + i, size);
        i += size > 0 ? size : 1;
    }
    json_put_mark(out, '"');
}

/* --- members --- */

void json_member_str(struct packer *out, const char *key, struct str value)
{
    json_put_key(out, key);
    json_put_str(out, value);
}

void json_member_long(struct packer *out, const char *key, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    json_put_key(out, key);
    json_put_raw(out, text);
}

void json_member_bool(struct packer *out, const char *key, bool value)
{
    json_put_key(out, key);
    json_put_raw(out, value ? "true" : "false");
}

void json_member_u128(struct packer *out, const char *key, unsigned __int128 value)
{
    char text[40];
    u128_print(value, text);
    json_member_str(out, key, str_of(text));
}

void json_member_hex(struct packer *out, const char *key, const uint8_t *at, size_t size)
{
    json_put_key(out, key);
    json_put_mark(out, '"');
    for (size_t i = 0; i < size; i++) {
        char text[3];
        snprintf(text, sizeof text, "%02x", at[i]);
        json_put_raw(out, text);
    }
    json_put_mark(out, '"');
}

void json_member_time_us(struct packer *out, const char *key, int64_t us)
{
    int64_t second_s = time_second(us);
    json_put_key(out, key);
    if (us < 0 || second_s >= year_10000_s) {
        json_put_raw(out, "null");
        return;
    }
    char text[TIME_TEXT_SIZE], decimals[16] = "";
    time_print(second_s, text);
    int size = 0;
    if (us % SECOND_US != 0)
        size = snprintf(decimals, sizeof decimals, ".%06d", (int)(us % SECOND_US));
    while (size > 0 && decimals[size - 1] == '0')
        decimals[--size] = 0;
    json_put_mark(out, '"');
    pack_raw(out, text, strlen(text) - 1); /* without its Z */
    json_put_raw(out, decimals);
    json_put_raw(out, "Z\"");
}

void json_member_time_s(struct packer *out, const char *key, int64_t second_s)
{
    bool out_of_range = second_s < 0 || second_s >= year_10000_s;
    json_member_time_us(out, key, out_of_range ? -1 : second_s * SECOND_US);
}
