#include "tests/simulation/lines.h"

#include "lib/base/check.h"
#include "lib/domain/line.h"
#include "settler/store/memory_own.h"

static bool of_one(const struct settled_table_row *a, const struct settled_table_row *b)
{
    return a->hour_s == b->hour_s && memcmp(a->line, b->line, LINE_ID_SIZE) == 0;
}

static const struct line_names *names_of(const struct memory_rows *rows, const uint8_t line[LINE_ID_SIZE])
{
    for (uint32_t i = 0; i < rows->names.count; i++)
        if (memcmp(rows->names.at[i].line, line, LINE_ID_SIZE) == 0)
            return &rows->names.at[i].names;
    CHECK_NEVER("a name of the line");
}

static int compare_rows(const void *a, const void *b)
{
    const struct settled_table_row *x = *(const struct settled_table_row *const *)a;
    const struct settled_table_row *y = *(const struct settled_table_row *const *)b;
    if (x->hour_s != y->hour_s)
        return x->hour_s < y->hour_s ? -1 : 1;
    int order = memcmp(x->line, y->line, LINE_ID_SIZE);
    return order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

static char *text_of(struct arena *memory, struct str text)
{
    char *copy = arena_take(memory, (size_t)text.size + 1);
    memcpy(copy, text.at, text.size);
    copy[text.size] = 0;
    return copy;
}

static struct line line_of(struct arena *memory, const struct memory_rows *rows,
                           const struct settled_table_row *row)
{
    const struct line_names *names = names_of(rows, row->line);
    return (struct line){.account = names->account,
                         .hour_s = row->hour_s,
                         .product = product_name(names->product),
                         .resource = names->resource,
                         .meter = meter_name(names->meter),
                         .sku = names->sku,
                         .kind = charge_kind_name(names->kind),
                         .units = text_of(memory, row->units),
                         .amount = row->priced ? text_of(memory, row->total) : NULL,
                         .currency = rows->meta.currency};
}

/* Field by field as bytes: account, hour, product, resource, meter, sku, kind (CONTRACT §5). */
static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int order = str_compare(x->account, y->account);
    if (order == 0)
        order = (x->hour_s > y->hour_s) - (x->hour_s < y->hour_s);
    if (order == 0)
        order = strcmp(x->product, y->product);
    if (order == 0)
        order = str_compare(x->resource, y->resource);
    if (order == 0)
        order = strcmp(x->meter, y->meter);
    if (order == 0)
        order = str_compare(x->sku, y->sku);
    if (order == 0)
        order = strcmp(x->kind, y->kind);
    return order;
}

void lines_print(const struct memory_tables *tables, struct packer *out)
{
    const struct memory_rows *rows = &tables->rows;
    struct arena memory = {0};
    VEC(const struct settled_table_row *) sorted = {0};
    VEC(struct line) lines = {0};
    for (uint32_t i = 0; i < rows->settled.count; i++)
        vec_push(&sorted, &rows->settled.at[i]);
    if (sorted.count > 0)
        qsort(sorted.at, sorted.count, sizeof *sorted.at, compare_rows);
    for (uint32_t i = 0; i < sorted.count; i++) {
        bool last = i + 1 == sorted.count || !of_one(sorted.at[i], sorted.at[i + 1]);
        if (last && sorted.at[i]->exists)
            vec_push(&lines, line_of(&memory, rows, sorted.at[i]));
    }
    if (lines.count > 0)
        qsort(lines.at, lines.count, sizeof *lines.at, compare_lines);
    for (uint32_t i = 0; i < lines.count; i++)
        line_print(SHEET_NDJSON, &lines.at[i], out);
    vec_release(&sorted);
    vec_release(&lines);
    arena_release(&memory);
}
