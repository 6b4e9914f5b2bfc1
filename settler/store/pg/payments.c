/* Table payments: payments to and from accounts, each once for ever. */
#include "settler/store/pg/tables.h"

enum { TEXTS = 8 };

/* A repeat under whatever id, and in whatever currency, posts nothing. */
bool payments_write(struct pg_store *store, const struct frame *frame)
{
    struct columns columns = {0};
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *r = &frame->facts[i].record;
        if (frame->facts[i].control != CONTROL_NONE || !record_is_payment(r->kind))
            continue;
        const struct str texts[TEXTS] = {
            r->account,  r->kind == RECORD_CREDITED ? STR("credited") : STR("debited"),
            r->subject,  r->source,
            r->id,       r->amount,
            r->currency, r->for_bill ? STR("bill") : STR("balance"),
        };
        for (int c = 0; c < TEXTS; c++)
            pg_array_add(&columns.list[c], texts[c]);
        pg_array_add_number(&columns.list[TEXTS], r->time_us);
        columns.rows++;
    }
    return columns_insert(
        store->pg, &columns, TEXTS + 1,
        "INSERT INTO payments (partition, seq, account, kind, payment, source, id, amount, currency, purpose,"
        " time_us) SELECT $1::int, $2::bigint, a, k, p, s, i, m::numeric, c, f, t FROM unnest($3::text[],"
        " $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[])"
        " n(a, k, p, s, i, m, c, f, t) ON CONFLICT (account, kind, payment) DO NOTHING",
        frame);
}
