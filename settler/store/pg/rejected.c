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
        pg_array_add_number(&columns.list[TEXTS + 2], frame->watermark_us);
        columns.rows++;
    }
    return columns_insert(
        store->pg, &columns, TEXTS + 3,
        "INSERT INTO rejected (partition, seq, reason, feed, source, id, \"offset\", ordinal, at_us)"
        " SELECT $1::int, $2::bigint, r, f, s, i, o, n, nullif(t, -9223372036854775808)"
        " FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::int[], $9::bigint[])"
        " x(r, f, s, i, o, n, t)",
        frame);
}

/* Of usage.rejects, whose message is one event. */
enum { COPIED_TEXTS = 8, COPIED_COLUMNS = COPIED_TEXTS + 3 };

enum error_class rejected_write_copied(struct store *store, uint32_t partition,
                                       const struct store_reject *rows, uint32_t count, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct frame place = {.partition = partition};
    struct columns columns = {.rows = count};
    struct packer hex = {0};
    for (uint32_t i = 0; i < count; i++) {
        const struct store_reject *r = &rows[i];
        const struct str texts[COPIED_TEXTS] = {r->reason,  r->feed, r->sender, r->origin,
                                                r->account, r->type, r->source, r->id};
        for (int c = 0; c < COPIED_TEXTS; c++)
            pg_array_add(&columns.list[c], texts[c]);
        vec_clear(&hex.bytes);
        pg_put_hex(&hex, r->event.at, r->event.size);
        pg_array_add(&columns.list[COPIED_TEXTS], (struct str){hex.bytes.at, hex.bytes.count});
        pg_array_add_number(&columns.list[COPIED_TEXTS + 1], r->offset);
        pg_array_add_number(&columns.list[COPIED_TEXTS + 2], r->clock_us);
    }
    bool good = columns_insert(
        of->pg, &columns, COPIED_COLUMNS,
        "INSERT INTO rejected (topic, partition, seq, ordinal, reason, feed, sender, origin, account, type,"
        " source, id, event, \"offset\", at_us) SELECT 'usage.rejects', $1::int, $2::bigint, 0, r, f, n, g, "
        "a,"
        " t, s, i, e, o, c FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[],"
        " $8::text[], $9::text[], $10::text[], $11::bytea[], $12::bigint[], $13::bigint[])"
        " x(r, f, n, g, a, t, s, i, e, o, c) ON CONFLICT DO NOTHING",
        &place);
    vec_release(&hex.bytes);
    return pg_store_done(of, good, error);
}
