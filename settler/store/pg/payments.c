/* Table payments: payments to and from accounts, each once for ever. */
#include "settler/store/pg/tables.h"

enum { TEXTS = 8 };

static struct str name_of(enum record_kind kind)
{
    return kind == RECORD_CREDITED ? STR("credited") : STR("debited");
}

enum error_class payments_read(struct store *store, const struct payment_identity *payments, uint32_t count,
                               take_payment *take, void *context, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct columns columns = {.rows = count};
    for (uint32_t i = 0; i < count; i++) {
        pg_array_add(&columns.list[0], payments[i].account);
        pg_array_add(&columns.list[1], name_of(payments[i].kind));
        pg_array_add(&columns.list[2], payments[i].payment);
    }
    PGresult *rows =
        columns_query(of->pg, &columns, 3,
                      "SELECT p.account, p.kind, p.payment FROM unnest($1::text[], $2::text[], $3::text[])"
                      " k(a, k, p) CROSS JOIN LATERAL (SELECT account, kind, payment FROM payments"
                      " WHERE account = k.a AND kind = k.k AND payment = k.p OFFSET 0) p");
    if (rows == NULL)
        return pg_store_failed(of, error);
    for (int i = 0; i < PQntuples(rows); i++) {
        bool credited = str_equal(text_at(rows, i, 1), STR("credited"));
        struct payment_identity payment = {text_at(rows, i, 0), credited ? RECORD_CREDITED : RECORD_DEBITED,
                                           text_at(rows, i, 2)};
        take(context, &payment);
    }
    PQclear(rows);
    return ERROR_NONE;
}

/* A repeat under whatever id, and in whatever currency, posts nothing. */
bool payments_write(struct pg_store *store, const struct frame *frame)
{
    struct columns columns = {0};
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *r = &frame->facts[i].record;
        if (frame->facts[i].control != CONTROL_NONE || !record_is_payment(r->kind))
            continue;
        const struct str texts[TEXTS] = {
            r->account, name_of(r->kind), r->subject,  r->source,
            r->id,      r->amount,        r->currency, r->for_bill ? STR("bill") : STR("balance"),
        };
        for (int c = 0; c < TEXTS; c++)
            pg_array_add(&columns.list[c], texts[c]);
        pg_array_add_number(&columns.list[TEXTS], r->time_us);
        columns.rows++;
    }
    return columns_insert(
        store->pg, &columns, TEXTS + 1,
        "WITH named AS (INSERT INTO account_names (name) SELECT DISTINCT a FROM unnest($3::text[]) a"
        " ON CONFLICT DO NOTHING)"
        " INSERT INTO payments (partition, seq, account, kind, payment, source, id, amount, currency, "
        "purpose,"
        " time_us) SELECT $1::int, $2::bigint, a, k, p, s, i, m::numeric, c, f, t FROM unnest($3::text[],"
        " $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[])"
        " n(a, k, p, s, i, m, c, f, t) ON CONFLICT (account, kind, payment) DO NOTHING",
        frame);
}
