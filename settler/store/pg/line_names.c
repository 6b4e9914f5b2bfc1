/* Tables line_names and account_names: what a line's id and an account's number stand for. */
#include <stdio.h>

#include "lib/base/check.h"
#include "settler/store/pg/tables.h"

/* An INSERT is ended and another begun beyond it. */
enum { NAMES_AT_ONCE = 8192, NAMES = 6, COLUMNS = NAMES + 1 };

static enum meter meter_of(struct str name)
{
    for (enum meter m = METER_RUNTIME; m < METER_COUNT; m++)
        if (str_equal(name, str_of(meter_name(m))))
            return m;
    CHECK_NEVER("a meter's name");
    return METER_RUNTIME;
}

static enum charge_kind kind_of(struct str name)
{
    for (enum charge_kind k = CHARGE_USAGE; k <= CHARGE_VOID; k++)
        if (str_equal(name, str_of(charge_kind_name(k))))
            return k;
    CHECK_NEVER("a kind's name");
    return CHARGE_USAGE;
}

void line_names_take(const PGresult *rows, int row, int column, struct line_names *out)
{
    *out = (struct line_names){.meter = meter_of(text_at(rows, row, column)),
                               .sku = text_at(rows, row, column + 1),
                               .kind = kind_of(text_at(rows, row, column + 2))};
}

void line_names_drop(struct pg_store *store)
{
    for (int c = 0; c < COLUMNS; c++)
        pg_array_release(&store->names[c]);
    store->names_count = 0;
}

bool line_names_flush(struct pg_store *store)
{
    const char *values[COLUMNS + 1];
    char partition[16];
    if (store->names_count == 0)
        return true;
    snprintf(partition, sizeof partition, "%u", store->names_partition);
    for (int c = 0; c < COLUMNS; c++)
        values[c] = pg_array_end(&store->names[c]);
    values[COLUMNS] = partition;
    bool good =
        pg_do(store->pg,
              "WITH named AS (INSERT INTO account_names (name) SELECT DISTINCT a FROM unnest($1::text[]) a"
              " ON CONFLICT DO NOTHING)"
              " INSERT INTO line_names (account, product, resource, meter, sku, kind, line, partition)"
              " SELECT a, p, r, m, s, k, l, $8::int FROM unnest($1::text[], $2::text[], $3::text[],"
              " $4::text[], $5::text[], $6::text[], $7::uuid[]) n(a, p, r, m, s, k, l)"
              " ON CONFLICT (line) DO NOTHING",
              COLUMNS + 1, values, NULL);
    line_names_drop(store);
    return good;
}

enum error_class line_names_put(struct store *store, const struct line_name_row *row, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char id[PG_UUID_SIZE];
    pg_print_uuid(row->line, id);
    const struct str texts[COLUMNS] = {row->names.account,  str_of(product_name(row->names.product)),
                                       row->names.resource, str_of(meter_name(row->names.meter)),
                                       row->names.sku,      str_of(charge_kind_name(row->names.kind)),
                                       str_of(id)};
    CHECK(of->names_count == 0 || of->names_partition == row->partition);
    of->names_partition = row->partition;
    for (int c = 0; c < COLUMNS; c++)
        pg_array_add(&of->names[c], texts[c]);
    of->names_count++;
    return pg_store_done(of, of->names_count < NAMES_AT_ONCE || line_names_flush(of), error);
}
