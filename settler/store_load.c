/* Reading what a batch wants of the tables, one query a table and phase. */
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "settler/store_rows.h"

/* --- catalogs --- */

bool load_catalogs(struct loaded *loaded)
{
    char partition[16];
    snprintf(partition, sizeof partition, "%u", loaded->partition);
    const char *const values[] = {partition};
    PGresult *rows = pg_query(
        loaded->pg, "SELECT from_s, text FROM catalogs WHERE partition = $1::int ORDER BY seq, ordinal", 1,
        values);
    if (rows == NULL)
        return false;
    for (int i = 0; i < PQntuples(rows); i++) {
        int64_t from_s = PQgetisnull(rows, i, 0) ? INT64_MIN : strtoll(PQgetvalue(rows, i, 0), NULL, 10);
        CHECK(prices_add(&loaded->settlement->book.prices, from_s, str_of(PQgetvalue(rows, i, 1))));
    }
    PQclear(rows);
    return true;
}

/* --- usage --- */

/* Of load_usage's rows. */
enum { COLUMN_KEY, COLUMN_METER, COLUMN_SKU, COLUMN_KIND, COLUMN_USAGE };
enum { COLUMN_UNITS = COLUMN_USAGE + 1, COLUMN_PRICED, COLUMN_EXISTS, COLUMN_TOTAL };
/* No hour is before it (CONTRACT §1), and PostgreSQL's time reaches there. */
#define EPOCH_BEFORE_S INT64_C(-3600)

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t number_at(const PGresult *rows, int row, int column)
{
    return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

static struct str text_at(const PGresult *rows, int row, int column)
{
    return (struct str){PQgetvalue(rows, row, column), (uint32_t)PQgetlength(rows, row, column)};
}

static enum meter meter_of(struct str name)
{
    for (enum meter m = METER_RUNTIME; m < METER_COUNT; m++)
        if (str_equal(name, str_of(meter_name(m))))
            return m;
    CHECK(!"a meter's name");
    return METER_RUNTIME;
}

static enum charge_kind kind_of(struct str name)
{
    for (enum charge_kind k = CHARGE_USAGE; k <= CHARGE_VOID; k++)
        if (str_equal(name, str_of(charge_kind_name(k))))
            return k;
    CHECK(!"a kind's name");
    return CHARGE_USAGE;
}

static void take_usage(struct book *book, const PGresult *rows, int row, int column, uint32_t hour)
{
    struct packer bytes = {0};
    bool good = pg_take_hex(PQgetvalue(rows, row, column), &bytes) &&
                usage_unpack(book, hour, (struct str){bytes.bytes.at, bytes.bytes.count});
    vec_release(&bytes.bytes);
    CHECK(good);
}

static void take_settled(struct book *book, const PGresult *rows, int row, uint32_t hour)
{
    struct settled *settled = &book->hours.at[hour].settled;
    struct str units = text_at(rows, row, COLUMN_UNITS), total = text_at(rows, row, COLUMN_TOTAL);
    take_usage(book, rows, row, COLUMN_USAGE, hour);
    settled->ever = true;
    settled->priced = PQgetvalue(rows, row, COLUMN_PRICED)[0] == 't';
    settled->exists = PQgetvalue(rows, row, COLUMN_EXISTS)[0] == 't';
    CHECK(u128_parse(units.at, units.size, &settled->units));
    CHECK(amount_parse(total.at, total.size, prices_charge_scale(&book->prices), &settled->total));
}

/* A line of a wanted resource, and what was settled of it last in that hour, if anything was. */
static void take_line(struct loaded *loaded, const PGresult *rows, int row, struct usage_key wanted)
{
    struct book *book = &loaded->settlement->book;
    const struct book_resource *resource = &book->resources.at[wanted.resource];
    struct line_key key = {
        .product = resource->product,
        .meter = meter_of(text_at(rows, row, COLUMN_METER)),
        .kind = kind_of(text_at(rows, row, COLUMN_KIND)),
        .account = resource->account,
        .resource = resource->name,
        .sku = names_intern(&book->names, text_at(rows, row, COLUMN_SKU)),
    };
    uint32_t line = book_line(book, &key);
    book->lines.at[line].kept = true;
    if (!PQgetisnull(rows, row, COLUMN_USAGE))
        take_settled(book, rows, row, book_hour(book, line, wanted.hour_s));
}

static void take_open(struct loaded *loaded, const PGresult *rows, int row)
{
    struct book *book = &loaded->settlement->book;
    struct line_key key = {
        .product = PRODUCT_MAAS,
        .meter = meter_of(text_at(rows, row, 3)),
        .kind = CHARGE_USAGE,
        .account = names_intern(&book->names, text_at(rows, row, 1)),
        .resource = names_intern(&book->names, text_at(rows, row, 2)),
        .sku = names_intern(&book->names, text_at(rows, row, 4)),
    };
    uint32_t line = book_line(book, &key);
    uint32_t hour = book_hour(book, line, number_at(rows, row, 0));
    take_usage(book, rows, row, 5, hour);
    book->lines.at[line].kept = true;
    book->hours.at[hour].open = book->hours.at[hour].was_open = true;
    vec_push(&book->open, hour);
}

static void add_resource(struct loaded *loaded, struct usage_key key, struct pg_array *columns)
{
    const struct book *book = &loaded->settlement->book;
    const struct book_resource *r = &book->resources.at[key.resource];
    pg_array_add_number(&columns[0], key.hour_s);
    pg_array_add(&columns[1], names_get(&book->names, r->account));
    pg_array_add(&columns[2], str_of(product_name(r->product)));
    pg_array_add(&columns[3], names_get(&book->names, r->name));
}

/* Lines that have a name and no row in that hour come too: their names need not be written again. What was
 * settled is read by account and hour, as the table's index has it. */
bool load_usage(struct loaded *loaded, uint32_t first)
{
    const struct book *book = &loaded->settlement->book;
    if (first == loaded->usage_keys.count)
        return true;
    struct pg_array columns[5] = {0};
    const char *values[5];
    for (uint32_t i = first; i < loaded->usage_keys.count; i++) {
        struct usage_key key = loaded->usage_keys.at[i];
        add_resource(loaded, key, columns);
        pg_array_add_number(&columns[4],
                            account_key(names_get(&book->names, book->resources.at[key.resource].account)));
    }
    for (int c = 0; c < 5; c++)
        values[c] = pg_array_end(&columns[c]);
    PGresult *rows = pg_query(
        loaded->pg,
        "SELECT k.number, n.meter, n.sku, n.kind, s.usage, s.units, s.priced, s.\"exists\", s.total"
        " FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[])"
        " WITH ORDINALITY k(hour_s, account, product, resource, key, number)"
        " JOIN line_names n ON n.account = k.account AND n.product = k.product AND n.resource = k.resource"
        " LEFT JOIN (SELECT DISTINCT ON (s.account, s.hour, s.line) s.*"
        " FROM (SELECT DISTINCT key, to_timestamp(hour_s) AS hour FROM unnest($5::bigint[], $1::bigint[])"
        " u(key, hour_s)) d JOIN settled s ON s.account = d.key AND s.hour = d.hour"
        " ORDER BY s.account, s.hour, s.line, s.seq DESC) s"
        " ON s.account = k.key AND s.hour = to_timestamp(k.hour_s) AND s.line = n.line",
        5, values);
    for (int c = 0; c < 5; c++)
        pg_array_release(&columns[c]);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++)
        take_line(loaded, rows, i,
                  loaded->usage_keys.at[first + (uint32_t)number_at(rows, i, COLUMN_KEY) - 1]);
    PQclear(rows);
    return rows != NULL;
}

bool load_open_counts(struct loaded *loaded, int64_t closed_s)
{
    struct book *book = &loaded->settlement->book;
    struct pg_array columns[4] = {0};
    char number[4][32];
    for (uint32_t i = 0; i < loaded->usage_keys.count; i++)
        if (book->resources.at[loaded->usage_keys.at[i].resource].product == PRODUCT_MAAS)
            add_resource(loaded, loaded->usage_keys.at[i], columns);
    snprintf(number[0], 32, "%u", loaded->partition);
    snprintf(number[1], 32, "%lld", (long long)most(loaded->from_s, EPOCH_BEFORE_S));
    snprintf(number[2], 32, "%lld", (long long)most(least(loaded->to_s, closed_s), EPOCH_BEFORE_S));
    const char *const values[] = {number[0],
                                  number[1],
                                  number[2],
                                  pg_array_end(&columns[0]),
                                  pg_array_end(&columns[1]),
                                  pg_array_end(&columns[2]),
                                  pg_array_end(&columns[3])};
    PGresult *rows = pg_query(
        loaded->pg,
        "SELECT extract(epoch FROM o.hour)::bigint, n.account, n.resource, n.meter, n.sku, o.usage"
        " FROM open_counts o JOIN line_names n USING (line)"
        " WHERE o.partition = $1::int AND o.hour >= to_timestamp($2::bigint) AND o.hour < "
        "to_timestamp($3::bigint)"
        " UNION ALL"
        " SELECT k.hour_s, n.account, n.resource, n.meter, n.sku, o.usage"
        " FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[]) k(hour_s, account, product, resource)"
        " JOIN line_names n ON n.account = k.account AND n.product = k.product AND n.resource = k.resource"
        " JOIN open_counts o ON o.line = n.line AND o.hour = to_timestamp(k.hour_s)"
        " WHERE k.hour_s >= $3::bigint",
        7, values);
    for (int c = 0; c < 4; c++)
        pg_array_release(&columns[c]);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++)
        take_open(loaded, rows, i);
    PQclear(rows);
    return rows != NULL;
}

/* --- orders --- */

static enum record_kind fact_kind_of(struct str name)
{
    static const char *const names[] = {"paid", "fulfilled", "failed", "refunded"};
    for (int i = 0; i < 4; i++)
        if (str_equal(name, str_of(names[i])))
            return (enum record_kind)(RECORD_ORDER_PAID + i);
    CHECK(!"a kind of order fact");
    return RECORD_ORDER_PAID;
}

static uint32_t order_of_row(struct book *book, const PGresult *rows, int row)
{
    return book_order(book, names_intern(&book->names, text_at(rows, row, 0)),
                      names_intern(&book->names, text_at(rows, row, 1)));
}

static void take_fact(struct book *book, const PGresult *rows, int row)
{
    struct order_fact fact = {
        .source = text_at(rows, row, 2),
        .id = text_at(rows, row, 3),
        .kind = fact_kind_of(text_at(rows, row, 4)),
        .time_us = number_at(rows, row, 5),
        .product = product_of(text_at(rows, row, 6)),
        .sku = text_at(rows, row, 7),
        .quantity = number_at(rows, row, 8),
        .months = number_at(rows, row, 9),
    };
    book_add_fact(book, order_of_row(book, rows, row), &fact);
}

static void take_user(struct book *book, const PGresult *rows, int row)
{
    uint32_t resource =
        book_resource(book, product_of(text_at(rows, row, 2)), text_at(rows, row, 0), text_at(rows, row, 3));
    struct order_user *user = book_user(book, order_of_row(book, rows, row), resource);
    user->first_hour_s = number_at(rows, row, 4);
    user->last_hour_s = number_at(rows, row, 5);
}

static bool query_orders(struct loaded *loaded, uint32_t first, const char *sql,
                         void (*take)(struct book *, const PGresult *, int))
{
    struct book *book = &loaded->settlement->book;
    struct pg_array accounts = {0}, orders = {0};
    for (uint32_t i = first; i < loaded->order_list.count; i++) {
        const struct book_order *order = &book->orders.at[loaded->order_list.at[i]];
        pg_array_add(&accounts, names_get(&book->names, order->account));
        pg_array_add(&orders, names_get(&book->names, order->name));
    }
    const char *const values[] = {pg_array_end(&accounts), pg_array_end(&orders)};
    PGresult *rows = pg_query(loaded->pg, sql, 2, values);
    pg_array_release(&accounts);
    pg_array_release(&orders);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++)
        take(book, rows, i);
    PQclear(rows);
    return rows != NULL;
}

/* Facts and users of the orders that became wanted since `first`; their state is what it was before the
 * batch. */
bool load_orders(struct loaded *loaded, uint32_t first)
{
    struct book *book = &loaded->settlement->book;
    if (first == loaded->order_list.count)
        return true;
    bool good =
        query_orders(
            loaded, first,
            "SELECT o.account, o.\"order\", o.source, o.id, o.kind, o.time_us, coalesce(o.product, ''),"
            " coalesce(o.sku, ''), coalesce(o.quantity, 0), coalesce(o.months, 0) FROM order_facts o"
            " JOIN unnest($1::text[], $2::text[]) k(a, o) ON o.account = k.a AND o.\"order\" = k.o",
            take_fact) &&
        query_orders(loaded, first,
                     "SELECT u.account, u.\"order\", u.product, u.resource, u.first_hour, u.last_hour"
                     " FROM order_usage u JOIN unnest($1::text[], $2::text[]) k(a, o)"
                     " ON u.account = k.a AND u.\"order\" = k.o",
                     take_user);
    for (uint32_t i = first; i < loaded->order_list.count && good; i++) {
        struct book_order *order = &book->orders.at[loaded->order_list.at[i]];
        order->facts_kept = order->facts.count;
        order->state =
            order_evaluate(order->facts.at, order->facts.count, &book->prices, loaded->watermark_us);
        settle_await_void(loaded->settlement, loaded->order_list.at[i]);
    }
    return good;
}

/* Orders of which the batch's facts have an identity: it counts once, whatever order it names. */
bool load_identities(struct loaded *loaded, const struct frame *frame)
{
    struct pg_array accounts = {0}, sources = {0}, ids = {0};
    bool any = false;
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *record = &frame->facts[i].record;
        if (frame->facts[i].control != CONTROL_NONE || !order_takes(record->kind))
            continue;
        pg_array_add(&accounts, record->account);
        pg_array_add(&sources, record->source);
        pg_array_add(&ids, record->id);
        any = true;
    }
    const char *const values[] = {pg_array_end(&accounts), pg_array_end(&sources), pg_array_end(&ids)};
    PGresult *rows = NULL;
    if (any)
        rows = pg_query(loaded->pg,
                        "SELECT o.account, o.\"order\" FROM order_facts o JOIN unnest($1::text[], $2::text[],"
                        " $3::text[]) k(a, s, i) ON o.account = k.a AND o.source = k.s AND o.id = k.i",
                        3, values);
    pg_array_release(&accounts);
    pg_array_release(&sources);
    pg_array_release(&ids);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++)
        want_order(loaded, text_at(rows, i, 0), text_at(rows, i, 1));
    PQclear(rows);
    return rows != NULL || !any;
}

/* Orders that void_after voids by the batch's last watermark. */
bool load_due(struct loaded *loaded, int64_t watermark_us)
{
    char partition[16], due[32];
    snprintf(partition, sizeof partition, "%u", loaded->partition);
    snprintf(due, sizeof due, "%lld", (long long)watermark_us);
    const char *const values[] = {partition, due};
    PGresult *rows = pg_query(loaded->pg,
                              "SELECT account, \"order\" FROM order_due WHERE partition = $1::int AND"
                              " due_us < $2::bigint",
                              2, values);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++)
        want_order(loaded, text_at(rows, i, 0), text_at(rows, i, 1));
    PQclear(rows);
    return rows != NULL;
}
