#include "lib/domain/line.h"

#include <stdio.h>

#include "lib/base/time.h"

static void put(struct packer *out, const char *text)
{
    pack_raw(out, text, strlen(text));
}

/* Names hold no control characters (CONTRACT §2), so only quote and backslash need escaping. */
static void put_json(struct packer *out, struct str text)
{
    put(out, "\"");
    uint32_t from = 0;
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.at[i] != '"' && text.at[i] != '\\')
            continue;
        pack_raw(out, text.at + from, i - from);
        put(out, "\\");
        from = i;
    }
    pack_raw(out, text.at + from, text.size - from);
    put(out, "\"");
}

static void put_csv(struct packer *out, struct str text)
{
    bool plain = true;
    for (uint32_t i = 0; i < text.size; i++)
        plain = plain && strchr("\",\r\n", text.at[i]) == NULL;
    if (plain) {
        pack_raw(out, text.at, text.size);
        return;
    }
    put(out, "\"");
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.at[i] == '"')
            put(out, "\"");
        pack_raw(out, text.at + i, 1);
    }
    put(out, "\"");
}

/* The ten fields as text, in the order of CONTRACT §5. */
struct field {
    const char *key;
    struct str text;
    bool is_null;
};

enum { FIELDS = 10 };

static void fields_of(const struct line *line, char hour[TIME_TEXT_SIZE], struct field out[FIELDS])
{
    time_print(line->hour_s, hour);
    const struct field fields[FIELDS] = {
        {"account", line->account, false},
        {"hour", str_of(hour), false},
        {"product", str_of(line->product), false},
        {"resource", line->resource, false},
        {"meter", str_of(line->meter), false},
        {"sku", line->sku, false},
        {"kind", str_of(line->kind), false},
        {"units", str_of(line->units), false},
        {"amount", line->amount == NULL ? STR("") : str_of(line->amount), line->amount == NULL},
        {"currency", str_of(line->currency), false},
    };
    memcpy(out, fields, sizeof fields);
}

static const int table_widths[FIELDS] = {-20, -20, -9, -20, -13, -20, -12, 14, 18, -8};

static uint32_t characters(struct str text)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.at[i] & 0xC0) != 0x80;
    return count;
}

static void put_cell(struct packer *out, struct str text, int width, bool last)
{
    uint32_t wide = (uint32_t)(width < 0 ? -width : width), have = characters(text);
    if (width > 0)
        for (uint32_t i = have; i < wide; i++)
            put(out, " ");
    pack_raw(out, text.at, text.size);
    if (width < 0 && !last)
        for (uint32_t i = have; i < wide; i++)
            put(out, " ");
    put(out, last ? "\n" : "  ");
}

void line_header(enum line_format format, struct packer *out)
{
    char hour[TIME_TEXT_SIZE];
    struct line names = {.product = "", .meter = "", .kind = "", .units = "", .currency = ""};
    struct field fields[FIELDS];
    fields_of(&names, hour, fields);
    for (int i = 0; i < FIELDS && format != LINE_NDJSON; i++) {
        if (format == LINE_TABLE)
            put_cell(out, str_of(fields[i].key), table_widths[i], i == FIELDS - 1);
        else
            put(out, fields[i].key);
        if (format == LINE_CSV)
            put(out, i == FIELDS - 1 ? "\n" : ",");
    }
}

void line_print(enum line_format format, const struct line *line, struct packer *out)
{
    char hour[TIME_TEXT_SIZE];
    struct field fields[FIELDS];
    fields_of(line, hour, fields);
    for (int i = 0; i < FIELDS; i++) {
        const struct field *field = &fields[i];
        bool last = i == FIELDS - 1;
        switch (format) {
        case LINE_NDJSON:
            put(out, i == 0 ? "{\"" : ",\"");
            put(out, field->key);
            put(out, "\":");
            if (field->is_null)
                put(out, "null");
            else
                put_json(out, field->text);
            if (last)
                put(out, "}\n");
            break;
        case LINE_CSV:
            put_csv(out, field->text);
            put(out, last ? "\n" : ",");
            break;
        case LINE_TABLE:
            put_cell(out, field->is_null ? STR("unpriced") : field->text, table_widths[i], last);
            break;
        }
    }
}
