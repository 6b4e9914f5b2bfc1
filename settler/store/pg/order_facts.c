/* Table order_facts: what happened to orders, each event once for ever. */
#include "lib/base/check.h"
#include "settler/store/pg/tables.h"

enum { TEXTS = 7, COLUMNS = 10 };

static const struct {
    enum record_kind kind;
    const char *name;
} kinds[] = {
    {RECORD_ORDER_PAID, "paid"},
    {RECORD_ORDER_FULFILLED, "fulfilled"},
    {RECORD_ORDER_FAILED, "failed"},
    {RECORD_ORDER_REFUNDED, "refunded"},
};

static struct str name_of(enum record_kind kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].kind == kind)
            return str_of(kinds[i].name);
    CHECK_NEVER("a kind of order fact");
    return STR("");
}

static enum record_kind kind_of(struct str name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_equal(name, str_of(kinds[i].name)))
            return kinds[i].kind;
    CHECK_NEVER("a kind of order fact");
    return RECORD_ORDER_PAID;
}

enum error_class order_facts_read(struct store *store, const struct order_name *orders, uint32_t count,
                                  take_order_fact *take, void *context, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    PGresult *rows = orders_query(
        of->pg, orders, count,
        "SELECT o.account, o.\"order\", o.source, o.id, o.kind, o.time_us, coalesce(o.product, ''),"
        " coalesce(o.sku, ''), coalesce(o.quantity, 0), coalesce(o.months, 0)"
        " FROM unnest($1::text[], $2::text[]) k(a, o) CROSS JOIN LATERAL (SELECT * FROM order_facts"
        " WHERE account = k.a AND \"order\" = k.o OFFSET 0) o");
    if (rows == NULL)
        return pg_store_failed(of, error);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct order_name order = {text_at(rows, i, 0), text_at(rows, i, 1)};
        struct order_fact fact = {
            .source = text_at(rows, i, 2),
            .id = text_at(rows, i, 3),
            .kind = kind_of(text_at(rows, i, 4)),
            .time_us = number_at(rows, i, 5),
            .product = product_of(text_at(rows, i, 6)),
            .sku = text_at(rows, i, 7),
            .quantity = number_at(rows, i, 8),
            .months = number_at(rows, i, 9),
        };
        take(context, &order, &fact);
    }
    PQclear(rows);
    return ERROR_NONE;
}

enum error_class order_facts_read_identities(struct store *store, const struct fact_identity *facts,
                                             uint32_t count, take_order *take, void *context,
                                             struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct pg_array columns[4] = {0};
    const char *values[4];
    for (uint32_t i = 0; i < count; i++) {
        pg_array_add(&columns[0], facts[i].account);
        pg_array_add(&columns[1], name_of(facts[i].kind));
        pg_array_add(&columns[2], facts[i].source);
        pg_array_add(&columns[3], facts[i].id);
    }
    for (int c = 0; c < 4; c++)
        values[c] = pg_array_end(&columns[c]);
    PGresult *rows =
        pg_query(of->pg,
                 "SELECT o.account, o.\"order\" FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])"
                 " k(a, k, s, i) CROSS JOIN LATERAL (SELECT account, \"order\" FROM order_facts"
                 " WHERE account = k.a AND kind = k.k AND source = k.s AND id = k.i OFFSET 0) o",
                 4, values);
    for (int c = 0; c < 4; c++)
        pg_array_release(&columns[c]);
    if (rows == NULL)
        return pg_store_failed(of, error);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct order_name order = {text_at(rows, i, 0), text_at(rows, i, 1)};
        take(context, &order);
    }
    PQclear(rows);
    return ERROR_NONE;
}

bool order_facts_write(struct pg_store *store, const struct frame *frame)
{
    struct columns columns = {0};
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *r = &frame->facts[i].record;
        if (frame->facts[i].control != CONTROL_NONE || !order_takes(r->kind))
            continue;
        bool paid = r->kind == RECORD_ORDER_PAID;
        const struct str texts[TEXTS] = {
            r->account, r->source,        r->id,
            r->subject, name_of(r->kind), paid ? str_of(product_name(r->product)) : STR(""),
            r->sku};
        for (int c = 0; c < TEXTS; c++)
            pg_array_add(&columns.list[c], texts[c]);
        pg_array_add_number(&columns.list[TEXTS], r->time_us);
        pg_array_add_number(&columns.list[TEXTS + 1], r->quantity);
        pg_array_add_number(&columns.list[TEXTS + 2], r->months);
        columns.rows++;
    }
    return columns_insert(
        store->pg, &columns, COLUMNS,
        "INSERT INTO order_facts (partition, seq, account, source, id, \"order\", kind, product, sku,"
        " time_us, quantity, months) SELECT $1::int, $2::bigint, a, s, i, o, k, nullif(p, ''),"
        " nullif(u, ''), t, nullif(q, 0), nullif(m, 0) FROM unnest($3::text[], $4::text[], $5::text[],"
        " $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::int[])"
        " n(a, s, i, o, k, p, u, t, q, m) ON CONFLICT (account, kind, source, id) DO NOTHING",
        frame);
}
