#include "lib/domain/sheet.h"

#include "lib/base/check.h"

const char *const sheet_formats[] = {"ndjson", "csv", "table", NULL};

enum sheet_format sheet_format_of(const char *name)
{
    enum sheet_format format = SHEET_NDJSON;
    while (strcmp(sheet_formats[format], name) != 0) {
        CHECK(format < SHEET_TABLE);
        format++;
    }
    return format;
}

/* Called a dozen times a cell, of which a report may have millions: without a call of its own. */
static inline void put(struct packer *out, const char *at, uint32_t size)
{
    CHECK(size < UINT32_MAX - out->bytes.count);
    vec_reserve(&out->bytes, out->bytes.count + size);
    if (size > 0)
        memcpy(out->bytes.at + out->bytes.count, at, size);
    out->bytes.count += size;
}

static inline void put_text(struct packer *out, const char *text)
{
    put(out, text, (uint32_t)strlen(text));
}

/* --- NDJSON --- */

static bool is_control(char byte)
{
    return (unsigned char)byte < 0x20;
}

static void put_escaped(struct packer *out, char byte)
{
    static const char digits[] = "0123456789abcdef";
    char code[] = {'\\', 'u', '0', '0', digits[(unsigned char)byte >> 4], digits[byte & 15]};
    if (is_control(byte))
        put(out, code, sizeof code);
    else
        put(out, (char[]){'\\', byte}, 2);
}

static void put_quoted(struct packer *out, struct str text)
{
    uint32_t from = 0;
    put_text(out, "\"");
    for (uint32_t i = 0; i < text.size; i++) {
        char byte = text.at[i];
        if (byte != '"' && byte != '\\' && !is_control(byte))
            continue;
        put(out, text.at + from, i - from);
        put_escaped(out, byte);
        from = i + 1;
    }
    put(out, text.at + from, text.size - from);
    put_text(out, "\"");
}

static void put_object(const struct sheet *sheet, const struct str *cells, struct packer *out)
{
    for (uint32_t i = 0; i < sheet->count; i++) {
        put_text(out, i == 0 ? "{\"" : ",\"");
        put_text(out, sheet->columns[i].name);
        put_text(out, "\":");
        if (cells[i].at == NULL)
            put_text(out, "null");
        else if (sheet->columns[i].type == COLUMN_NUMBER)
            put(out, cells[i].at, cells[i].size);
        else
            put_quoted(out, cells[i]);
    }
    put_text(out, "}\n");
}

/* --- CSV --- */

static void put_field(struct packer *out, struct str text)
{
    bool plain = true;
    for (uint32_t i = 0; i < text.size; i++)
        plain = plain && (text.at[i] == 0 || strchr("\",\r\n", text.at[i]) == NULL);
    if (plain) {
        put(out, text.at, text.size);
        return;
    }
    put_text(out, "\"");
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.at[i] == '"')
            put_text(out, "\"");
        put(out, text.at + i, 1);
    }
    put_text(out, "\"");
}

static void put_record(const struct sheet *sheet, const struct str *cells, struct packer *out)
{
    for (uint32_t i = 0; i < sheet->count; i++) {
        put_field(out, cells[i]);
        put_text(out, i == sheet->count - 1 ? "\n" : ",");
    }
}

/* --- a table --- */

static uint32_t characters(struct str text)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.at[i] & 0xC0) != 0x80;
    return count;
}

/* A terminal would act on control characters. */
static void put_visible(struct packer *out, struct str text)
{
    for (uint32_t i = 0; i < text.size; i++)
        put(out, is_control(text.at[i]) || text.at[i] == 0x7F ? "?" : text.at + i, 1);
}

static void put_cell(struct packer *out, const struct column *column, struct str text, bool last)
{
    bool right = column->type != COLUMN_TEXT;
    uint32_t have = characters(text), blanks = have < column->width ? column->width - have : 0;
    for (uint32_t i = 0; right && i < blanks; i++)
        put_text(out, " ");
    put_visible(out, text);
    for (uint32_t i = 0; !right && !last && i < blanks; i++)
        put_text(out, " ");
    put_text(out, last ? "\n" : "  ");
}

static void put_cells(const struct sheet *sheet, const struct str *cells, struct packer *out)
{
    for (uint32_t i = 0; i < sheet->count; i++) {
        const struct column *column = &sheet->columns[i];
        struct str null = column->null == NULL ? STR("-") : str_of(column->null);
        put_cell(out, column, cells[i].at == NULL ? null : cells[i], i == sheet->count - 1);
    }
}

/* --- what is common --- */

void sheet_header(const struct sheet *sheet, struct packer *out)
{
    for (uint32_t i = 0; i < sheet->count && sheet->format != SHEET_NDJSON; i++) {
        bool last = i == sheet->count - 1;
        if (sheet->format == SHEET_TABLE) {
            put_cell(out, &sheet->columns[i], str_of(sheet->columns[i].name), last);
            continue;
        }
        put_text(out, sheet->columns[i].name);
        put_text(out, last ? "\n" : ",");
    }
}

void sheet_row(const struct sheet *sheet, const struct str *cells, struct packer *out)
{
    CHECK(sheet->count > 0);
    switch (sheet->format) {
    case SHEET_NDJSON:
        put_object(sheet, cells, out);
        break;
    case SHEET_CSV:
        put_record(sheet, cells, out);
        break;
    case SHEET_TABLE:
        put_cells(sheet, cells, out);
        break;
    }
}
