#include "lib/domain/line.h"

#include "lib/base/time.h"

static const struct column columns[] = {
    {"account", COLUMN_TEXT, 20},  {"hour", COLUMN_TEXT, 20},     {"product", COLUMN_TEXT, 9},
    {"resource", COLUMN_TEXT, 20}, {"meter", COLUMN_TEXT, 13},    {"sku", COLUMN_TEXT, 20},
    {"kind", COLUMN_TEXT, 12},     {"units", COLUMN_DECIMAL, 14}, {"amount", COLUMN_DECIMAL, 18, "unpriced"},
    {"currency", COLUMN_TEXT, 8},
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static struct sheet sheet_in(enum sheet_format format)
{
    return (struct sheet){format, columns, COLUMNS};
}

void line_header(enum sheet_format format, struct packer *out)
{
    struct sheet sheet = sheet_in(format);
    sheet_header(&sheet, out);
}

void line_print(enum sheet_format format, const struct line *line, struct packer *out)
{
    char hour[TIME_TEXT_SIZE];
    time_print(line->hour_s, hour);
    const struct str cells[COLUMNS] = {
        line->account,          str_of(hour),        str_of(line->product),
        line->resource,         str_of(line->meter), line->sku,
        str_of(line->kind),     str_of(line->units), line->amount == NULL ? CELL_NULL : str_of(line->amount),
        str_of(line->currency),
    };
    struct sheet sheet = sheet_in(format);
    sheet_row(&sheet, cells, out);
}
