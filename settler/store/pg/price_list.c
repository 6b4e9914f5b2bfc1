/* Table price_list: what was charged when. */
#include "settler/store/pg/tables.h"

enum { COLUMNS = 12 };

static void add_u128(struct pg_array *array, unsigned __int128 value)
{
    char text[40];
    pg_array_add(array, (struct str){text, (uint32_t)u128_print(value, text)});
}

static void add_row(struct columns *columns, const struct price_row *row)
{
    struct amount price = amount_of(wide_of(row->price.picounits), false);
    pg_array_add_number(&columns->list[0], columns->rows++);
    pg_array_add(&columns->list[1], str_of(product_name(row->product)));
    pg_array_add(&columns->list[2], row->sku);
    pg_array_add(&columns->list[3], str_of(meter_name(row->meter)));
    pg_array_add_number(&columns->list[4], row->since_s);
    pg_array_add_number(&columns->list[5], row->until_s);
    array_add_money(&columns->list[6], &price);
    add_u128(&columns->list[7], row->price.per);
    add_u128(&columns->list[8], row->free);
    pg_array_add(&columns->list[9], row->by_cycle ? STR("cycle") : STR("hourly"));
    pg_array_add(&columns->list[10], row->set_by);
    pg_array_add_number(&columns->list[11], row->set_us);
}

enum error_class price_list_write(struct store *store, const struct price_row *rows, uint32_t count,
                                  struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct columns columns = {0};
    for (uint32_t i = 0; i < count; i++)
        add_row(&columns, &rows[i]);
    bool good =
        pg_do(of->pg, "DELETE FROM price_list", 0, NULL, NULL) &&
        columns_do(of->pg, &columns, COLUMNS,
                   "INSERT INTO price_list (ordinal, product, sku, meter, since_s, until_s, price, per, free,"
                   " settle, set_by, set_us) SELECT o, p, s, m, nullif(f, -9223372036854775808),"
                   " nullif(t, 9223372036854775807), c, e, r, h, b, u FROM unnest($1::int[], $2::text[],"
                   " $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::numeric[], $8::numeric[],"
                   " $9::numeric[], $10::text[], $11::text[], $12::bigint[])"
                   " n(o, p, s, m, f, t, c, e, r, h, b, u)");
    return pg_store_done(of, good, error);
}
