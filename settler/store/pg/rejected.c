/* Table rejected: what was not taken, for eyes. */
#include "settler/store/pg/tables.h"

enum { TEXTS = 4 };

bool rejected_write(struct pg_store *store, const struct frame *frame)
{
    struct columns columns = {0};
    for (uint32_t i = 0; i < frame->reject_count; i++) {
        const struct frame_reject *r = &frame->rejects[i];
        const struct str texts[TEXTS] = {r->reason, r->feed, r->source, r->id};
        for (int c = 0; c < TEXTS; c++)
            pg_array_add(&columns.list[c], texts[c]);
        pg_array_add_number(&columns.list[TEXTS], r->offset);
        pg_array_add_number(&columns.list[TEXTS + 1], i);
        columns.rows++;
    }
    return columns_insert(
        store->pg, &columns, TEXTS + 2,
        "INSERT INTO rejected (partition, seq, reason, feed, source, id, \"offset\", ordinal)"
        " SELECT $1::int, $2::bigint, r, f, s, i, o, n FROM unnest($3::text[], $4::text[], $5::text[],"
        " $6::text[], $7::bigint[], $8::int[]) x(r, f, s, i, o, n)",
        frame);
}
