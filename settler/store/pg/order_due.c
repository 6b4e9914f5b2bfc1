/* Table order_due: orders that void_after voids unless something comes first. */
#include <stdio.h>

#include "settler/store/pg/tables.h"

enum error_class order_due_read_next(struct store *store, uint32_t partition, int64_t *due_us,
                                     struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char number[16];
    snprintf(number, sizeof number, "%u", partition);
    const char *const values[] = {number};
    PGresult *rows =
        pg_query(of->pg, "SELECT min(due_us) FROM order_due WHERE partition = $1::int", 1, values);
    if (rows == NULL)
        return pg_store_failed(of, error);
    *due_us = number_or(rows, 0, 0, INT64_MAX);
    PQclear(rows);
    return ERROR_NONE;
}

enum error_class order_due_read(struct store *store, const struct due_before *before, take_order *take,
                                void *context, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char partition[16], due[32];
    snprintf(partition, sizeof partition, "%u", before->partition);
    snprintf(due, sizeof due, "%lld", (long long)before->until_us);
    const char *const values[] = {partition, due};
    PGresult *rows = pg_query(of->pg,
                              "SELECT account, \"order\" FROM order_due WHERE partition = $1::int AND"
                              " due_us < $2::bigint",
                              2, values);
    if (rows == NULL)
        return pg_store_failed(of, error);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct order_name order = {text_at(rows, i, 0), text_at(rows, i, 1)};
        take(context, &order);
    }
    PQclear(rows);
    return ERROR_NONE;
}

enum error_class order_due_write(struct store *store, uint32_t partition, const struct order_due_row *rows,
                                 uint32_t count, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct pg_array accounts = {0}, orders = {0}, dues = {0};
    char number[16];
    for (uint32_t i = 0; i < count; i++) {
        pg_array_add(&accounts, rows[i].order.account);
        pg_array_add(&orders, rows[i].order.name);
        pg_array_add_number(&dues, rows[i].due_us);
    }
    snprintf(number, sizeof number, "%u", partition);
    const char *const values[] = {pg_array_end(&accounts), pg_array_end(&orders), pg_array_end(&dues),
                                  number};
    bool good = pg_do(of->pg,
                      "DELETE FROM order_due d USING unnest($1::text[], $2::text[]) n(a, o)"
                      " WHERE d.account = n.a AND d.\"order\" = n.o",
                      2, values, NULL) &&
                pg_do(of->pg,
                      "INSERT INTO order_due (account, \"order\", due_us, partition) SELECT a, o, d, $4::int"
                      " FROM unnest($1::text[], $2::text[], $3::bigint[]) n(a, o, d)"
                      " WHERE d < 9223372036854775807",
                      4, values, NULL);
    pg_array_release(&accounts);
    pg_array_release(&orders);
    pg_array_release(&dues);
    return pg_store_done(of, good, error);
}
