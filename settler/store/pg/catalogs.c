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
    PGresult *rows = pg_query(of->pg,
                              "SELECT from_s, text, coalesce(set_by, ''), coalesce(set_us, 0) FROM catalogs"
                              " WHERE partition = $1::int ORDER BY seq, ordinal",
                              1, values);
    if (rows == NULL)
        return pg_store_failed(of, error);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct catalog_row row = {{number_or(rows, i, 0, INT64_MIN), text_at(rows, i, 1)},
                                  text_at(rows, i, 2),
                                  number_at(rows, i, 3)};
        take(context, &row);
    }
    PQclear(rows);
    return ERROR_NONE;
}

static void add_hash(struct pg_array *array, const uint8_t hash[CONTROL_HASH_SIZE])
{
    struct packer text = {0};
    pg_put_hex(&text, hash, CONTROL_HASH_SIZE);
    pg_array_add(array, (struct str){text.bytes.at, text.bytes.count});
    vec_release(&text.bytes);
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
        add_hash(&columns.list[3], frame->facts[i].origin.hash);
        pg_array_add(&columns.list[4], frame->facts[i].origin.by);
        pg_array_add_number(&columns.list[5], frame->facts[i].origin.clock_us);
        columns.rows++;
    }
    return columns_insert(
        store->pg, &columns, 6,
        "INSERT INTO catalogs (partition, seq, ordinal, from_s, text, hash, set_by, set_us)"
        " SELECT $1::int, $2::bigint, o, nullif(f, -9223372036854775808), t, h, b, u"
        " FROM unnest($3::int[], $4::bigint[], $5::text[], $6::bytea[], $7::text[], $8::bigint[])"
        " n(o, f, t, h, b, u)",
        frame);
}
