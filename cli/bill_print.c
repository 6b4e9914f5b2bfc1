#include "cli/bill_print.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/check.h"

const char *const bill_formats[] = {"table", "csv", "spreadsheet", "json", NULL};

enum { CELLS_MAX = 24 };

static struct str head(const struct bill *bill, enum bill_head column)
{
    return ask_cell(bill->head, 0, (int)column);
}

/* Of the whole bill, the last row of the totals. */
static struct str whole(const struct bill *bill, enum bill_total column)
{
    return ask_cell(bill->totals, PQntuples(bill->totals) - 1, (int)column);
}

/* How many of the totals are of products. */
static int products(const struct bill *bill)
{
    return PQntuples(bill->totals) - 1;
}

const char *bill_fault(const struct bill *bill)
{
    for (int i = 0; i < PQntuples(bill->totals); i++)
        if (PQgetvalue(bill->totals, i, TOTAL_CHECK)[0] != 't')
            return PQgetvalue(bill->totals, i, TOTAL_PRODUCT);
    return NULL;
}

static const struct {
    const char *name; /* in CSV and JSON */
    const char *text; /* in the table */
    enum bill_balance column;
} between[] = {
    {"credits", "credits", BALANCE_CREDITS},
    {"debits", "debits", BALANCE_DEBITS},
    {"charges", "charges", BALANCE_CHARGES},
    {"bills", "bills", BALANCE_BILLS},
};
enum { BETWEEN = sizeof between / sizeof *between };

/* --- JSON --- */

static const struct column json_lines[] = {
    {"month", COLUMN_TEXT}, {"kind", COLUMN_TEXT},    {"product", COLUMN_TEXT},    {"sku", COLUMN_TEXT},
    {"meter", COLUMN_TEXT}, {"lines", COLUMN_NUMBER}, {"unpriced", COLUMN_NUMBER}, {"units", COLUMN_DECIMAL},
    {"unit", COLUMN_TEXT},  {"per", COLUMN_DECIMAL},  {"price", COLUMN_DECIMAL},   {"amount", COLUMN_DECIMAL},
};
static const struct column json_products[] = {
    {"product", COLUMN_TEXT}, {"amount", COLUMN_DECIMAL}, {"unpriced", COLUMN_NUMBER}};
static const struct column json_head[] = {
    {"account", COLUMN_TEXT},           {"month", COLUMN_TEXT},
    {"currency", COLUMN_TEXT},          {"cut_at", COLUMN_TEXT},
    {"complete_before", COLUMN_TEXT},   {"amount", COLUMN_DECIMAL},
    {"unpriced", COLUMN_NUMBER},        {"carried_before", COLUMN_DECIMAL},
    {"payable", COLUMN_DECIMAL},        {"carried", COLUMN_DECIMAL},
    {"balance_before", COLUMN_DECIMAL}, {"credits", COLUMN_DECIMAL},
    {"debits", COLUMN_DECIMAL},         {"charges", COLUMN_DECIMAL},
    {"bills", COLUMN_DECIMAL},          {"balance_after", COLUMN_DECIMAL},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The first columns of the result as an array of objects. */
static void put_array(const PGresult *result, int rows, const struct sheet *sheet, struct packer *out)
{
    struct str cells[CELLS_MAX];
    CHECK(sheet->count <= CELLS_MAX);
    ask_put_text(out, "[");
    for (int i = 0; i < rows; i++) {
        for (uint32_t j = 0; j < sheet->count; j++)
            cells[j] = ask_cell(result, i, (int)j);
        ask_put_text(out, i == 0 ? "\n  " : ",\n  ");
        sheet_row(sheet, cells, out);
        out->bytes.count--; /* the row's end */
    }
    ask_put_text(out, "]");
}

static void print_json(const struct bill *bill, struct packer *out)
{
    const struct str cells[] = {
        str_of(bill->account),
        str_of(bill->month),
        head(bill, HEAD_CURRENCY),
        head(bill, HEAD_CUT_AT),
        head(bill, HEAD_COMPLETE),
        whole(bill, TOTAL_AMOUNT),
        whole(bill, TOTAL_UNPRICED),
        whole(bill, TOTAL_BEFORE),
        whole(bill, TOTAL_PAYABLE),
        whole(bill, TOTAL_CARRIED),
        ask_cell(bill->balance, 0, BALANCE_BEFORE),
        ask_cell(bill->balance, 0, BALANCE_CREDITS),
        ask_cell(bill->balance, 0, BALANCE_DEBITS),
        ask_cell(bill->balance, 0, BALANCE_CHARGES),
        ask_cell(bill->balance, 0, BALANCE_BILLS),
        ask_cell(bill->balance, 0, BALANCE_AFTER),
    };
    _Static_assert(COUNT(cells) == COUNT(json_head), "a cell a column");
    sheet_row(&(struct sheet){SHEET_NDJSON, json_head, COUNT(json_head)}, cells, out);
    out->bytes.count -= 2; /* the object goes on */
    ask_put_text(out, ",\n \"lines\":");
    put_array(bill->lines, PQntuples(bill->lines),
              &(struct sheet){SHEET_NDJSON, json_lines, COUNT(json_lines)}, out);
    ask_put_text(out, ",\n \"products\":");
    put_array(bill->totals, products(bill),
              &(struct sheet){SHEET_NDJSON, json_products, COUNT(json_products)}, out);
    ask_put_text(out, "}\n");
}

/* --- CSV --- */

enum csv_column {
    CSV_ACCOUNT,
    CSV_BILL,
    CSV_ROW,
    CSV_LINE,
    CSV_CURRENCY = CSV_LINE + LINE_AMOUNT + 1,
    CSV_COLUMNS
};

static const struct column csv_columns[CSV_COLUMNS] = {
    {"account", COLUMN_TEXT},    {"bill", COLUMN_TEXT},     {"row", COLUMN_TEXT},
    {"month", COLUMN_TEXT},      {"kind", COLUMN_TEXT},     {"product", COLUMN_TEXT},
    {"sku", COLUMN_TEXT},        {"meter", COLUMN_TEXT},    {"lines", COLUMN_NUMBER},
    {"unpriced", COLUMN_NUMBER}, {"units", COLUMN_DECIMAL}, {"unit", COLUMN_TEXT},
    {"per", COLUMN_DECIMAL},     {"price", COLUMN_DECIMAL}, {"amount", COLUMN_DECIMAL},
    {"currency", COLUMN_TEXT},
};

struct csv {
    const struct bill *bill;
    struct ask_sheet sheet;
    struct packer *out;
};

/* A row with nothing in it but whose it is. */
static void begin_row(const struct csv *csv, const char *row, struct str cells[CSV_COLUMNS])
{
    for (int i = 0; i < CSV_COLUMNS; i++)
        cells[i] = CELL_NULL;
    cells[CSV_ACCOUNT] = str_of(csv->bill->account);
    cells[CSV_BILL] = str_of(csv->bill->month);
    cells[CSV_ROW] = str_of(row);
    cells[CSV_CURRENCY] = head(csv->bill, HEAD_CURRENCY);
}

static void put_figure(struct csv *csv, const char *row, struct str amount)
{
    struct str cells[CSV_COLUMNS];
    begin_row(csv, row, cells);
    cells[CSV_LINE + LINE_AMOUNT] = amount;
    if (amount.at != NULL)
        ask_put_row(&csv->sheet, cells, csv->out);
}

static void put_total(struct csv *csv, const char *row, int of)
{
    struct str cells[CSV_COLUMNS];
    begin_row(csv, row, cells);
    if (of < products(csv->bill))
        cells[CSV_LINE + LINE_PRODUCT] = ask_cell(csv->bill->totals, of, TOTAL_PRODUCT);
    cells[CSV_LINE + LINE_UNPRICED] = ask_cell(csv->bill->totals, of, TOTAL_UNPRICED);
    cells[CSV_LINE + LINE_AMOUNT] = ask_cell(csv->bill->totals, of, TOTAL_AMOUNT);
    ask_put_row(&csv->sheet, cells, csv->out);
}

static void print_csv(const struct bill *bill, const char *format, struct packer *out)
{
    struct csv csv = {bill, ask_sheet_of(format, csv_columns, CSV_COLUMNS), out};
    ask_put_header(&csv.sheet, out);
    for (int i = 0; i < PQntuples(bill->lines); i++) {
        struct str cells[CSV_COLUMNS];
        begin_row(&csv, "line", cells);
        for (int j = 0; j <= LINE_AMOUNT; j++)
            cells[CSV_LINE + j] = ask_cell(bill->lines, i, j);
        ask_put_row(&csv.sheet, cells, out);
    }
    for (int i = 0; i < products(bill); i++)
        put_total(&csv, "product", i);
    put_total(&csv, "total", products(bill));
    put_figure(&csv, "carried_before", whole(bill, TOTAL_BEFORE));
    put_figure(&csv, "payable", whole(bill, TOTAL_PAYABLE));
    put_figure(&csv, "carried", whole(bill, TOTAL_CARRIED));
    put_figure(&csv, "balance_before", ask_cell(bill->balance, 0, BALANCE_BEFORE));
    for (int i = 0; i < BETWEEN; i++)
        put_figure(&csv, between[i].name, ask_cell(bill->balance, 0, (int)between[i].column));
    put_figure(&csv, "balance_after", ask_cell(bill->balance, 0, BALANCE_AFTER));
}

/* --- a table --- */

static const struct {
    enum bill_line line;
    enum column_type type;
    const char *name;
    const char *null;
} table_columns[] = {
    {LINE_MONTH, COLUMN_TEXT, "month", ""},
    {LINE_KIND, COLUMN_TEXT, "kind", ""},
    {LINE_PRODUCT, COLUMN_TEXT, "product", ""},
    {LINE_SKU, COLUMN_TEXT, "sku", ""},
    {LINE_METER, COLUMN_TEXT, "meter", ""},
    {LINE_QUANTITY, COLUMN_DECIMAL, "quantity", ""},
    {LINE_UNIT, COLUMN_TEXT, "unit", ""},
    {LINE_PRICE, COLUMN_DECIMAL, "price", "-"},
    {LINE_AMOUNT, COLUMN_DECIMAL, "amount", "unpriced"},
    {LINE_UNITS, COLUMN_DECIMAL, "units", ""},
};
enum { TABLE_COLUMNS = COUNT(table_columns), CORRECTED = 2, NAME_WIDTH_MAX = 60, FIGURE_WIDTH = 20 };

static uint32_t widest(const PGresult *result, int column, uint32_t width)
{
    for (int i = 0; i < PQntuples(result); i++) {
        uint32_t size = 0;
        for (const char *at = PQgetvalue(result, i, column); *at != 0; at++)
            size += ((unsigned char)*at & 0xC0) != 0x80;
        width = size > width && size <= NAME_WIDTH_MAX ? size : width;
    }
    return width;
}

/* Lines that are alike: of the bill's own month one kind, or those of earlier months. */
struct section {
    const char *title;
    const char *kind; /* NULL: earlier months */
};
static const struct section sections[] = {
    {"Usage", "usage"}, {"Subscriptions", "subscription"},       {"Refunds", "refund"},
    {"Voids", "void"},  {"Corrections of earlier months", NULL},
};

static bool is_in(const struct bill *bill, int line, const struct section *section)
{
    bool earlier = !PQgetisnull(bill->lines, line, LINE_MONTH);
    return section->kind == NULL
               ? earlier
               : !earlier && strcmp(PQgetvalue(bill->lines, line, LINE_KIND), section->kind) == 0;
}

static struct str table_cell(const struct bill *bill, int line, enum bill_line column)
{
    bool unpriced =
        strcmp(PQgetvalue(bill->lines, line, LINE_UNPRICED), "0") != 0 &&
        strcmp(PQgetvalue(bill->lines, line, LINE_UNPRICED), PQgetvalue(bill->lines, line, LINE_LINES)) == 0;
    return column == LINE_AMOUNT && unpriced ? CELL_NULL : ask_cell(bill->lines, line, (int)column);
}

static void put_section(const struct bill *bill, const struct section *section, const struct column *columns,
                        struct packer *out)
{
    uint32_t first = section->kind == NULL ? 0 : CORRECTED;
    struct sheet sheet = {SHEET_TABLE, columns + first, TABLE_COLUMNS - first};
    bool begun = false;
    for (int i = 0; i < PQntuples(bill->lines); i++) {
        if (!is_in(bill, i, section))
            continue;
        if (!begun) {
            ask_put_text(out, "\n");
            ask_put_text(out, section->title);
            ask_put_text(out, "\n");
            sheet_header(&sheet, out);
        }
        begun = true;
        struct str cells[TABLE_COLUMNS];
        for (uint32_t j = first; j < TABLE_COLUMNS; j++)
            cells[j - first] = table_cell(bill, i, table_columns[j].line);
        sheet_row(&sheet, cells, out);
    }
}

static void put_lines(const struct bill *bill, struct packer *out)
{
    struct column columns[TABLE_COLUMNS];
    for (uint32_t i = 0; i < TABLE_COLUMNS; i++) {
        const char *name = table_columns[i].name;
        columns[i] = (struct column){name, table_columns[i].type,
                                     widest(bill->lines, (int)table_columns[i].line, (uint32_t)strlen(name)),
                                     table_columns[i].null};
    }
    for (uint32_t i = 0; i < COUNT(sections); i++)
        put_section(bill, &sections[i], columns, out);
}

/* What has no price is in no amount. */
static void put_unpriced(const struct bill *bill, struct packer *out)
{
    bool begun = false;
    for (int i = 0; i < PQntuples(bill->lines); i++) {
        const char *unpriced = PQgetvalue(bill->lines, i, LINE_UNPRICED);
        if (strcmp(unpriced, "0") == 0)
            continue;
        ask_put_text(out, begun ? "" : "\nWithout a price, in no amount\n");
        begun = true;
        static const enum bill_line names[] = {LINE_PRODUCT, LINE_SKU, LINE_METER};
        for (uint32_t j = 0; j < COUNT(names); j++) {
            ask_put_text(out, PQgetvalue(bill->lines, i, (int)names[j]));
            ask_put_text(out, j < COUNT(names) - 1 ? " " : ": ");
        }
        ask_put_text(out, unpriced);
        ask_put_text(out, strcmp(unpriced, "1") == 0 ? " line\n" : " lines\n");
    }
}

struct figures {
    struct sheet sheet;
    struct packer *out;
};

static void put_named(struct figures *figures, const char *name, struct str amount)
{
    if (amount.at != NULL)
        sheet_row(&figures->sheet, (const struct str[]){str_of(name), amount}, figures->out);
}

static void put_balance(const struct bill *bill, struct figures *figures)
{
    char text[96];
    bool open = bill->state == BILL_OPEN;
    if (PQgetisnull(bill->head, 0, HEAD_PRIOR))
        snprintf(text, sizeof text, "at the beginning");
    else
        snprintf(text, sizeof text, "at the cut of %s, %s", PQgetvalue(bill->head, 0, HEAD_PRIOR),
                 PQgetvalue(bill->head, 0, HEAD_PRIOR_AT));
    ask_put_text(figures->out, "\nBalance\n");
    put_named(figures, text, ask_cell(bill->balance, 0, BALANCE_BEFORE));
    for (int i = 0; i < BETWEEN; i++)
        put_named(figures, between[i].text, ask_cell(bill->balance, 0, (int)between[i].column));
    snprintf(text, sizeof text, "at the cut of %s, %s", bill->month, PQgetvalue(bill->head, 0, HEAD_CUT_AT));
    put_named(figures, open ? "now" : text, ask_cell(bill->balance, 0, BALANCE_AFTER));
}

static void put_totals(const struct bill *bill, struct packer *out)
{
    const struct column columns[] = {{"", COLUMN_TEXT, 44}, {"", COLUMN_DECIMAL, FIGURE_WIDTH}};
    struct figures figures = {{SHEET_TABLE, columns, COUNT(columns)}, out};
    ask_put_text(out, "\nTotal\n");
    for (int i = 0; i < products(bill); i++)
        put_named(&figures, PQgetvalue(bill->totals, i, TOTAL_PRODUCT),
                  ask_cell(bill->totals, i, TOTAL_AMOUNT));
    put_named(&figures, "in all", whole(bill, TOTAL_AMOUNT));
    put_named(&figures, "carried from the last bill", whole(bill, TOTAL_BEFORE));
    put_named(&figures, "payable", whole(bill, TOTAL_PAYABLE));
    put_named(&figures, "carried to the next bill", whole(bill, TOTAL_CARRIED));
    put_balance(bill, &figures);
}

static void put_title(const struct bill *bill, struct packer *out)
{
    char text[160];
    ask_put_text(out, "Bill of ");
    ask_put_text(out, bill->account);
    const char *complete = PQgetvalue(bill->head, 0, HEAD_COMPLETE);
    if (bill->state == BILL_CUT)
        snprintf(text, sizeof text, ", %s, in %s, cut at %s\n", bill->month,
                 PQgetvalue(bill->head, 0, HEAD_CURRENCY), PQgetvalue(bill->head, 0, HEAD_CUT_AT));
    else
        snprintf(text, sizeof text, ", %s, in %s: NOT CUT YET, so far; complete before %s\n", bill->month,
                 PQgetvalue(bill->head, 0, HEAD_CURRENCY), complete[0] == 0 ? "no hour" : complete);
    ask_put_text(out, text);
}

void bill_print(const struct bill *bill, const char *format, struct packer *out)
{
    CHECK(PQntuples(bill->totals) > 0);
    if (strcmp(format, "json") == 0) {
        print_json(bill, out);
    } else if (strcmp(format, "table") == 0) {
        put_title(bill, out);
        put_lines(bill, out);
        put_unpriced(bill, out);
        put_totals(bill, out);
    } else {
        print_csv(bill, format, out);
    }
}
