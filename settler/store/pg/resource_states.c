/* Table resource_states: what runs, and what ended lately. */
#include "settler/store/pg/tables.h"

enum { KEYS = 3, COLUMNS = 10 };

static void add_key(struct columns *columns, const struct state_row *row)
{
    pg_array_add(&columns->list[0], row->account);
    pg_array_add(&columns->list[1], str_of(product_name(row->product)));
    pg_array_add(&columns->list[2], row->resource);
    columns->rows++;
}

static void add_row(struct columns *columns, uint32_t partition, const struct state_row *row)
{
    add_key(columns, row);
    pg_array_add_number(&columns->list[3], partition);
    pg_array_add_number(&columns->list[4], row->quantity);
    pg_array_add_number(&columns->list[5], row->since_s);
    pg_array_add_number(&columns->list[6], row->sign_s);
    pg_array_add(&columns->list[7], str_of(run_state_name(row->state)));
    pg_array_add(&columns->list[8], row->sku);
    pg_array_add(&columns->list[9], row->order);
}

enum error_class resource_states_write(struct store *store, uint32_t partition, const struct state_row *rows,
                                       uint32_t count, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct columns gone = {0}, there = {0};
    for (uint32_t i = 0; i < count; i++)
        if (rows[i].state == RUN_GONE)
            add_key(&gone, &rows[i]);
        else
            add_row(&there, partition, &rows[i]);
    bool good =
        columns_do(of->pg, &gone, KEYS,
                   "DELETE FROM resource_states s USING unnest($1::text[], $2::text[], $3::text[])"
                   " n(a, p, r) WHERE s.account = n.a AND s.product = n.p AND s.resource = n.r") &&
        columns_do(of->pg, &there, COLUMNS,
                   "INSERT INTO resource_states (account, product, resource, partition, quantity, since_s,"
                   " sign_s, state, sku, \"order\") SELECT a, p, r, t, q, s,"
                   " nullif(g, -9223372036854775808), e, k, nullif(o, '') FROM unnest($1::text[],"
                   " $2::text[], $3::text[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[],"
                   " $8::text[], $9::text[], $10::text[]) n(a, p, r, t, q, s, g, e, k, o)"
                   " ON CONFLICT (account, product, resource) DO UPDATE SET quantity = excluded.quantity,"
                   " since_s = excluded.since_s, sign_s = excluded.sign_s, state = excluded.state,"
                   " sku = excluded.sku, \"order\" = excluded.\"order\"");
    return pg_store_done(of, good, error);
}
