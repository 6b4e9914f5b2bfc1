/* A frame's facts as rows: catalogs, orders, payments, rejects. */
#include <stdio.h>

#include "settler/store_rows.h"

const char *order_fact_name(enum record_kind kind)
{
    switch ((int)kind) {
    case RECORD_ORDER_PAID:
        return "paid";
    case RECORD_ORDER_FULFILLED:
        return "fulfilled";
    case RECORD_ORDER_FAILED:
        return "failed";
    default:
        return "refunded";
    }
}

/* Columns of one INSERT, filled side by side. */
enum { COLUMNS_MAX = 10, PAYMENT_TEXTS = 8 };
struct columns {
    struct pg_array list[COLUMNS_MAX];
    uint32_t rows;
};

static bool insert(struct pg *pg, struct columns *columns, int count, const char *sql,
                   const struct frame *frame)
{
    const char *values[COLUMNS_MAX + 2];
    char partition[16], seq[32];
    snprintf(partition, sizeof partition, "%u", frame->partition);
    snprintf(seq, sizeof seq, "%llu", (unsigned long long)frame->seq);
    values[0] = partition;
    values[1] = seq;
    for (int c = 0; c < count; c++)
        values[c + 2] = pg_array_end(&columns->list[c]);
    bool good = columns->rows == 0 || pg_do(pg, sql, count + 2, values, NULL);
    for (int c = 0; c < COLUMNS_MAX; c++)
        pg_array_release(&columns->list[c]);
    return good;
}

static bool write_catalogs(struct pg *pg, const struct frame *frame)
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
    return insert(
        pg, &columns, 3,
        "INSERT INTO catalogs (partition, seq, ordinal, from_s, text) SELECT $1::int, $2::bigint, o,"
        " nullif(f, -9223372036854775808), t FROM unnest($3::int[], $4::bigint[], $5::text[]) n(o, f, t)",
        frame);
}

static bool write_meta(struct pg *pg, const struct settlement *settlement)
{
    char scale[8];
    snprintf(scale, sizeof scale, "%u", prices_charge_scale(&settlement->book.prices));
    const char *const values[] = {prices_currency(&settlement->book.prices), scale};
    return pg_do(pg, "INSERT INTO meta (currency, charge_scale) VALUES ($1, $2::int) ON CONFLICT DO NOTHING",
                 2, values, NULL);
}

static bool write_orders(struct pg *pg, const struct frame *frame)
{
    struct columns columns = {0};
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *r = &frame->facts[i].record;
        if (frame->facts[i].control != CONTROL_NONE || !order_takes(r->kind))
            continue;
        bool paid = r->kind == RECORD_ORDER_PAID;
        const struct str texts[] = {r->account,
                                    r->source,
                                    r->id,
                                    r->subject,
                                    str_of(order_fact_name(r->kind)),
                                    paid ? str_of(product_name(r->product)) : STR(""),
                                    r->sku};
        for (int c = 0; c < 7; c++)
            pg_array_add(&columns.list[c], texts[c]);
        pg_array_add_number(&columns.list[7], r->time_us);
        pg_array_add_number(&columns.list[8], r->quantity);
        pg_array_add_number(&columns.list[9], r->months);
        columns.rows++;
    }
    return insert(
        pg, &columns, 10,
        "INSERT INTO order_facts (partition, seq, account, source, id, \"order\", kind, product, sku, "
        "time_us,"
        " quantity, months) SELECT $1::int, $2::bigint, a, s, i, o, k, nullif(p, ''), nullif(u, ''), t,"
        " nullif(q, 0), nullif(m, 0) FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[],"
        " $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::int[]) n(a, s, i, o, k, p, u, t, q, m)"
        " ON CONFLICT (account, kind, source, id) DO NOTHING",
        frame);
}

/* A repeat under whatever id, and in whatever currency, posts nothing. */
static bool write_payments(struct pg *pg, const struct frame *frame)
{
    struct columns columns = {0};
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *r = &frame->facts[i].record;
        if (frame->facts[i].control != CONTROL_NONE || !record_is_payment(r->kind))
            continue;
        const struct str texts[PAYMENT_TEXTS] = {
            r->account,  r->kind == RECORD_CREDITED ? STR("credited") : STR("debited"),
            r->subject,  r->source,
            r->id,       r->amount,
            r->currency, r->for_bill ? STR("bill") : STR("balance"),
        };
        for (int c = 0; c < PAYMENT_TEXTS; c++)
            pg_array_add(&columns.list[c], texts[c]);
        pg_array_add_number(&columns.list[PAYMENT_TEXTS], r->time_us);
        columns.rows++;
    }
    return insert(
        pg, &columns, PAYMENT_TEXTS + 1,
        "INSERT INTO payments (partition, seq, account, kind, payment, source, id, amount, currency, purpose,"
        " time_us) SELECT $1::int, $2::bigint, a, k, p, s, i, m::numeric, c, f, t FROM unnest($3::text[],"
        " $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[])"
        " n(a, k, p, s, i, m, c, f, t) ON CONFLICT (account, kind, payment) DO NOTHING",
        frame);
}

static bool write_rejects(struct pg *pg, const struct frame *frame)
{
    struct columns columns = {0};
    for (uint32_t i = 0; i < frame->reject_count; i++) {
        const struct frame_reject *r = &frame->rejects[i];
        const struct str texts[] = {r->reason, r->feed, r->source, r->id};
        for (int c = 0; c < 4; c++)
            pg_array_add(&columns.list[c], texts[c]);
        pg_array_add_number(&columns.list[4], r->offset);
        pg_array_add_number(&columns.list[5], i);
        columns.rows++;
    }
    return insert(
        pg, &columns, 6,
        "INSERT INTO rejected (partition, seq, reason, feed, source, id, \"offset\", ordinal)"
        " SELECT $1::int, $2::bigint, r, f, s, i, o, n FROM unnest($3::text[], $4::text[], $5::text[],"
        " $6::text[], $7::bigint[], $8::int[]) x(r, f, s, i, o, n)",
        frame);
}

bool rows_write_facts(struct pg *pg, const struct settlement *settlement, const struct frame *frame)
{
    bool catalogs = false;
    for (uint32_t i = 0; i < frame->fact_count; i++)
        catalogs |= frame->facts[i].control != CONTROL_NONE;
    if (catalogs && (!write_catalogs(pg, frame) || !write_meta(pg, settlement)))
        return false;
    return write_orders(pg, frame) && write_payments(pg, frame) && write_rejects(pg, frame);
}
