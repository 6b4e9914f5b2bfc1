/* Table catalogs: catalogs as each partition's log has them. */
#include <stdio.h>

#include "settler/store/pg/tables.h"

enum error_class catalogs_read(struct store *store, uint32_t partition, take_catalog *take, void *context,
                               struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char number[16];
    snprintf(number, sizeof number, "%u", partition);
    const char *const values[] = {number};
    PGresult *rows =
        pg_query(of->pg, "SELECT from_s, text FROM catalogs WHERE partition = $1::int ORDER BY seq, ordinal",
                 1, values);
    if (rows == NULL)
        return pg_store_failed(of, error);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct catalog_text catalog = {number_or(rows, i, 0, INT64_MIN), text_at(rows, i, 1)};
        take(context, &catalog);
    }
    PQclear(rows);
    return ERROR_NONE;
}

bool catalogs_write(struct pg_store *store, const struct frame *frame)
{
    struct columns columns = {0};
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        if (frame->facts[i].control == CONTROL_NONE)
            continue;
        pg_array_add_number(&columns.list[0], i);
        pg_array_add_number(&columns.list[1], frame->facts[i].catalog.from_s);
        pg_array_add(&columns.list[2], frame->facts[i].catalog.text);
        columns.rows++;
    }
    return columns_insert(
        store->pg, &columns, 3,
        "INSERT INTO catalogs (partition, seq, ordinal, from_s, text) SELECT $1::int, $2::bigint, o,"
        " nullif(f, -9223372036854775808), t FROM unnest($3::int[], $4::bigint[], $5::text[]) n(o, f, t)",
        frame);
}
