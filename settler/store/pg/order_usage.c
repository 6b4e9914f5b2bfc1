/* Table order_usage: which resources named an order, from which hour to which. */
#include "settler/store/pg/tables.h"

enum { TEXTS = 4, COLUMNS = 6 };

enum error_class order_usage_read(struct store *store, const struct order_name *orders, uint32_t count,
                                  take_order_user *take, void *context, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    PGresult *rows =
        orders_query(of->pg, orders, count,
                     "SELECT u.account, u.\"order\", u.product, u.resource, u.first_hour, u.last_hour"
                     " FROM unnest($1::text[], $2::text[]) k(a, o) CROSS JOIN LATERAL (SELECT * FROM"
                     " order_usage WHERE account = k.a AND \"order\" = k.o OFFSET 0) u");
    if (rows == NULL)
        return pg_store_failed(of, error);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct order_name order = {text_at(rows, i, 0), text_at(rows, i, 1)};
        struct order_user_row user = {product_of(text_at(rows, i, 2)), text_at(rows, i, 3),
                                      number_at(rows, i, 4), number_at(rows, i, 5)};
        take(context, &order, &user);
    }
    PQclear(rows);
    return ERROR_NONE;
}

enum error_class order_usage_write(struct store *store, const struct order_usage_row *rows, uint32_t count,
                                   struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct pg_array columns[COLUMNS] = {0};
    const char *values[COLUMNS];
    for (uint32_t i = 0; i < count; i++) {
        const struct str texts[TEXTS] = {rows[i].order.account, rows[i].order.name,
                                         str_of(product_name(rows[i].user.product)), rows[i].user.resource};
        for (int c = 0; c < TEXTS; c++)
            pg_array_add(&columns[c], texts[c]);
        pg_array_add_number(&columns[TEXTS], rows[i].user.first_hour_s);
        pg_array_add_number(&columns[TEXTS + 1], rows[i].user.last_hour_s);
    }
    for (int c = 0; c < COLUMNS; c++)
        values[c] = pg_array_end(&columns[c]);
    bool good = pg_do(
        of->pg,
        "INSERT INTO order_usage (account, \"order\", product, resource, first_hour, last_hour)"
        " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])"
        " ON CONFLICT (account, \"order\", product, resource) DO UPDATE SET"
        " first_hour = least(order_usage.first_hour, excluded.first_hour),"
        " last_hour = greatest(order_usage.last_hour, excluded.last_hour)",
        COLUMNS, values, NULL);
    for (int c = 0; c < COLUMNS; c++)
        pg_array_release(&columns[c]);
    return pg_store_done(of, good, error);
}
