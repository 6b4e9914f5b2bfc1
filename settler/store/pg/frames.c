/* Tables frames and frame_steps: frames that wrote money, and in which transactions. */
#include "settler/store/pg/tables.h"

enum error_class frames_write(struct store *store, const struct frame_row *rows, uint32_t count,
                              struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct columns columns = {.rows = count};
    for (uint32_t i = 0; i < count; i++) {
        pg_array_add_number(&columns.list[0], rows[i].partition);
        pg_array_add_number(&columns.list[1], (int64_t)rows[i].seq);
        pg_array_add_number(&columns.list[2], rows[i].watermark_us);
        pg_array_add_number(&columns.list[3], rows[i].closed_s);
        pg_array_add_number(&columns.list[4], rows[i].next_offset);
        pg_array_add_number(&columns.list[5], rows[i].step);
    }
    /* A frame in steps is there from its first one on; a step that is there already is an error. */
    return pg_store_done(
        of,
        columns_do(of->pg, &columns, 6,
                   "WITH n AS (SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[],"
                   " $5::bigint[], $6::int[]) n(p, s, w, c, o, step)),"
                   " steps AS (INSERT INTO frame_steps (partition, seq, step) SELECT p, s, step FROM n)"
                   " INSERT INTO frames (partition, seq, watermark_us, closed_s, next_offset)"
                   " SELECT p, s, nullif(w, -9223372036854775808), nullif(c, -9223372036854775808), o"
                   " FROM n ON CONFLICT DO NOTHING"),
        error);
}
