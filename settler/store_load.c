/* Reading what a batch wants of the tables, one query a table and phase. */
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "settler/store_rows.h"

/* --- catalogs --- */

bool load_catalogs(struct loaded *loaded)
{
    char partition[16];
    if (loaded->settlement->book.prices.list.count > 0)
        return true;
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

/* Of load_usage's and load_counts' rows. */
enum { COLUMN_KEY, COLUMN_USAGE, COLUMN_UNITS, COLUMN_PRICED, COLUMN_EXISTS, COLUMN_TOTAL };
enum { COLUMN_METER = COLUMN_TOTAL + 1, COLUMN_SKU, COLUMN_KIND };
/* That say which usage is wanted. */
enum { USAGE_COLUMNS = 5 };
/* So many keys are asked for at once: an answer is bounded, however much a step wants. */
enum { KEYS_AT_ONCE = 8192 };

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
    CHECK_NEVER("a meter's name");
    return METER_RUNTIME;
}

static enum charge_kind kind_of(struct str name)
{
    for (enum charge_kind k = CHARGE_USAGE; k <= CHARGE_VOID; k++)
        if (str_equal(name, str_of(charge_kind_name(k))))
            return k;
    CHECK_NEVER("a kind's name");
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
    line_is_kept(loaded, line);
    if (!PQgetisnull(rows, row, COLUMN_USAGE))
        take_settled(book, rows, row, book_hour(book, line, wanted.hour_s));
}

static void add_resource(struct loaded *loaded, struct usage_key key, struct pg_array *columns)
{
    struct book *book = &loaded->settlement->book;
    const struct book_resource *r = &book->resources.at[key.resource];
    pg_array_add_number(&columns[0], key.hour_s);
    pg_array_add(&columns[1], names_get(&book->names, r->account));
    pg_array_add(&columns[2], str_of(product_name(r->product)));
    pg_array_add(&columns[3], names_get(&book->names, r->name));
    pg_array_add_number(&columns[4], account_number(loaded, r->account));
}

/* Lines that have a name and no row in that hour come too: their names need not be written again. OFFSET 0
 * keeps each key's look-up to itself: joined freely, the server may read the whole table for a few thousand
 * keys. */
static bool load_some_usage(struct loaded *loaded, uint32_t *next)
{
    struct pg_array columns[USAGE_COLUMNS] = {0};
    const char *values[USAGE_COLUMNS];
    VEC(uint32_t) asked = {0};
    for (; *next < loaded->usage_keys.count && asked.count < KEYS_AT_ONCE; ++*next) {
        if (loaded->usage_keys.at[*next].loaded)
            continue;
        loaded->usage_keys.at[*next].loaded = true;
        add_resource(loaded, loaded->usage_keys.at[*next], columns);
        vec_push(&asked, *next);
    }
    for (int c = 0; c < USAGE_COLUMNS; c++)
        values[c] = pg_array_end(&columns[c]);
    PGresult *rows = NULL;
    if (asked.count > 0)
        rows = pg_query(
            loaded->pg,
            "SELECT k.number, s.usage, s.units, s.priced, s.\"exists\", s.total, n.meter, n.sku, n.kind"
            " FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[])"
            " WITH ORDINALITY k(hour_s, account, product, resource, owner, number)"
            " CROSS JOIN LATERAL (SELECT line, meter, sku, kind FROM line_names WHERE account = k.account"
            " AND product = k.product AND resource = k.resource OFFSET 0) n"
            " LEFT JOIN LATERAL (SELECT usage, units, priced, \"exists\", total FROM settled"
            " WHERE account = k.owner AND hour = to_timestamp(k.hour_s) AND line = n.line"
            " ORDER BY seq DESC LIMIT 1) s ON true",
            USAGE_COLUMNS, values);
    for (int c = 0; c < USAGE_COLUMNS; c++)
        pg_array_release(&columns[c]);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++)
        take_line(loaded, rows, i, loaded->usage_keys.at[asked.at[number_at(rows, i, COLUMN_KEY) - 1]]);
    bool good = rows != NULL || asked.count == 0;
    PQclear(rows);
    vec_release(&asked);
    return good;
}

bool load_usage(struct loaded *loaded)
{
    bool good = true;
    for (uint32_t next = 0; good && next < loaded->usage_keys.count;)
        good = load_some_usage(loaded, &next);
    return good;
}

static bool load_some_counts(struct loaded *loaded, uint32_t *next)
{
    struct book *book = &loaded->settlement->book;
    struct pg_array lines = {0}, hours = {0}, owners = {0};
    VEC(struct line_at) asked = {0};
    for (; *next < loaded->counts.count && asked.count < KEYS_AT_ONCE; ++*next) {
        struct line_at at = loaded->counts.at[*next];
        char id[37];
        if (at.hour_s < loaded->from_s || at.hour_s >= loaded->to_s)
            continue;
        line_id_print(line_state(loaded, at.line)->id, id);
        pg_array_add(&lines, str_of(id));
        pg_array_add_number(&hours, at.hour_s);
        pg_array_add_number(&owners, account_number(loaded, book->lines.at[at.line].key.account));
        vec_push(&asked, at);
    }
    const char *const values[] = {pg_array_end(&lines), pg_array_end(&hours), pg_array_end(&owners)};
    PGresult *rows = NULL;
    if (asked.count > 0)
        rows = pg_query(loaded->pg,
                        "SELECT k.number, s.usage, s.units, s.priced, s.\"exists\", s.total"
                        " FROM unnest($1::uuid[], $2::bigint[], $3::bigint[])"
                        " WITH ORDINALITY k(line, hour_s, owner, number)"
                        " CROSS JOIN LATERAL (SELECT usage, units, priced, \"exists\", total FROM settled"
                        " WHERE account = k.owner AND hour = to_timestamp(k.hour_s) AND line = k.line"
                        " ORDER BY seq DESC LIMIT 1) s",
                        3, values);
    pg_array_release(&lines);
    pg_array_release(&hours);
    pg_array_release(&owners);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++) {
        struct line_at at = asked.at[number_at(rows, i, COLUMN_KEY) - 1];
        line_is_kept(loaded, at.line);
        take_settled(book, rows, i, book_hour(book, at.line, at.hour_s));
    }
    bool good = rows != NULL || asked.count == 0;
    PQclear(rows);
    vec_release(&asked);
    return good;
}

bool load_counts(struct loaded *loaded)
{
    bool good = true;
    for (uint32_t next = 0; good && next < loaded->counts.count;)
        good = load_some_counts(loaded, &next);
    return good;
}

/* --- orders --- */

static enum record_kind fact_kind_of(struct str name)
{
    static const enum record_kind kinds[] = {RECORD_ORDER_PAID, RECORD_ORDER_FULFILLED, RECORD_ORDER_FAILED,
                                             RECORD_ORDER_REFUNDED};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_equal(name, str_of(order_fact_name(kinds[i]))))
            return kinds[i];
    CHECK_NEVER("a kind of order fact");
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
            " coalesce(o.sku, ''), coalesce(o.quantity, 0), coalesce(o.months, 0)"
            " FROM unnest($1::text[], $2::text[]) k(a, o) CROSS JOIN LATERAL (SELECT * FROM order_facts"
            " WHERE account = k.a AND \"order\" = k.o OFFSET 0) o",
            take_fact) &&
        query_orders(
            loaded, first,
            "SELECT u.account, u.\"order\", u.product, u.resource, u.first_hour, u.last_hour"
            " FROM unnest($1::text[], $2::text[]) k(a, o) CROSS JOIN LATERAL (SELECT * FROM order_usage"
            " WHERE account = k.a AND \"order\" = k.o OFFSET 0) u",
            take_user);
    for (uint32_t i = first; i < loaded->order_list.count && good; i++) {
        struct book_order *order = &book->orders.at[loaded->order_list.at[i]];
        order->state =
            order_evaluate(order->facts.at, order->facts.count, &book->prices, loaded->watermark_us);
        settle_await_void(loaded->settlement, loaded->order_list.at[i]);
    }
    return good;
}

/* Orders of which the batch's facts have an identity: it counts once, whatever order it names. */
bool load_identities(struct loaded *loaded, const struct frame *frame)
{
    struct pg_array accounts = {0}, kinds = {0}, sources = {0}, ids = {0};
    bool any = false;
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *record = &frame->facts[i].record;
        if (frame->facts[i].control != CONTROL_NONE || !order_takes(record->kind))
            continue;
        pg_array_add(&accounts, record->account);
        pg_array_add(&kinds, str_of(order_fact_name(record->kind)));
        pg_array_add(&sources, record->source);
        pg_array_add(&ids, record->id);
        any = true;
    }
    const char *const values[] = {pg_array_end(&accounts), pg_array_end(&kinds), pg_array_end(&sources),
                                  pg_array_end(&ids)};
    PGresult *rows = NULL;
    if (any)
        rows = pg_query(
            loaded->pg,
            "SELECT o.account, o.\"order\" FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])"
            " k(a, k, s, i) CROSS JOIN LATERAL (SELECT account, \"order\" FROM order_facts"
            " WHERE account = k.a AND kind = k.k AND source = k.s AND id = k.i OFFSET 0) o",
            4, values);
    pg_array_release(&accounts);
    pg_array_release(&kinds);
    pg_array_release(&sources);
    pg_array_release(&ids);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++)
        want_order(loaded, text_at(rows, i, 0), text_at(rows, i, 1));
    PQclear(rows);
    return rows != NULL || !any;
}

/* When the next order is due, unless it is remembered. */
static bool load_next_due(struct loaded *loaded, const char *partition)
{
    const char *const values[] = {partition};
    if (loaded->memory->due_known)
        return true;
    PGresult *rows =
        pg_query(loaded->pg, "SELECT min(due_us) FROM order_due WHERE partition = $1::int", 1, values);
    if (rows == NULL)
        return false;
    loaded->memory->next_due_us = PQgetisnull(rows, 0, 0) ? INT64_MAX : number_at(rows, 0, 0);
    loaded->memory->due_known = true;
    PQclear(rows);
    return true;
}

bool load_due(struct loaded *loaded)
{
    char partition[16], due[32];
    snprintf(partition, sizeof partition, "%u", loaded->partition);
    snprintf(due, sizeof due, "%lld", (long long)loaded->until_us);
    const char *const values[] = {partition, due};
    if (!load_next_due(loaded, partition))
        return false;
    if (loaded->memory->next_due_us >= loaded->until_us)
        return true;
    PGresult *rows = pg_query(loaded->pg,
                              "SELECT account, \"order\" FROM order_due WHERE partition = $1::int AND"
                              " due_us < $2::bigint",
                              2, values);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++)
        want_order(loaded, text_at(rows, i, 0), text_at(rows, i, 1));
    PQclear(rows);
    loaded->memory->due_known = false; /* until these are written */
    return rows != NULL;
}
