/* Reading what a batch touches, in phases: usage and open counts; orders; their users' usage; the orders that
 * those name, and their users. One step and no further: a line is the sum over all orders that it names. */
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "settler/core/preview.h"
#include "settler/store_rows.h"

void loaded_release(struct loaded *loaded)
{
    table_release(&loaded->usage);
    vec_release(&loaded->usage_keys);
    table_release(&loaded->orders);
    vec_release(&loaded->order_list);
}

/* --- what to read --- */

/* Notes that the resource's usage in that hour is wanted. */
static void want_usage(struct loaded *loaded, uint32_t resource, int64_t hour_s)
{
    uint64_t hash = hash_mix(resource, (uint64_t)hour_s);
    for (struct table_probe p = table_probe(&loaded->usage, hash); table_next(&loaded->usage, &p);) {
        struct usage_key known = loaded->usage_keys.at[p.index];
        if (known.resource == resource && known.hour_s == hour_s)
            return;
    }
    table_insert(&loaded->usage, hash, loaded->usage_keys.count);
    vec_push(&loaded->usage_keys, (struct usage_key){resource, hour_s});
}

static void want_order(struct loaded *loaded, uint32_t order)
{
    uint64_t hash = hash_mix(order, 1);
    for (struct table_probe p = table_probe(&loaded->orders, hash); table_next(&loaded->orders, &p);)
        if (p.index == order)
            return;
    table_insert(&loaded->orders, hash, order);
    vec_push(&loaded->order_list, order);
}

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

enum { COLUMN_HOUR, COLUMN_ACCOUNT, COLUMN_PRODUCT, COLUMN_RESOURCE, COLUMN_METER, COLUMN_SKU, COLUMN_KIND };
enum { COLUMN_USAGE = 7, COLUMN_UNITS, COLUMN_PRICED, COLUMN_EXISTS, COLUMN_TOTAL };

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

static uint32_t hour_of_row(struct book *book, const PGresult *rows, int row)
{
    struct line_key key = {
        .product = product_of(text_at(rows, row, COLUMN_PRODUCT)),
        .meter = meter_of(text_at(rows, row, COLUMN_METER)),
        .kind = kind_of(text_at(rows, row, COLUMN_KIND)),
        .account = names_intern(&book->names, text_at(rows, row, COLUMN_ACCOUNT)),
        .resource = names_intern(&book->names, text_at(rows, row, COLUMN_RESOURCE)),
        .sku = names_intern(&book->names, text_at(rows, row, COLUMN_SKU)),
    };
    return book_hour(book, book_line(book, &key), strtoll(PQgetvalue(rows, row, COLUMN_HOUR), NULL, 10));
}

static bool take_usage(struct loaded *loaded, const PGresult *rows, int row, uint32_t hour)
{
    struct packer bytes = {0};
    bool good =
        pg_take_hex(PQgetvalue(rows, row, COLUMN_USAGE), &bytes) &&
        usage_unpack(&loaded->settlement->book, hour, (struct str){bytes.bytes.at, bytes.bytes.count});
    vec_release(&bytes.bytes);
    CHECK(good);
    return good;
}

static void take_settled(struct loaded *loaded, const PGresult *rows, int row)
{
    struct book *book = &loaded->settlement->book;
    uint32_t at = hour_of_row(book, rows, row);
    take_usage(loaded, rows, row, at);
    struct settled *settled = &book->hours.at[at].settled;
    struct str units = text_at(rows, row, COLUMN_UNITS), total = text_at(rows, row, COLUMN_TOTAL);
    settled->ever = true;
    settled->priced = PQgetvalue(rows, row, COLUMN_PRICED)[0] == 't';
    settled->exists = PQgetvalue(rows, row, COLUMN_EXISTS)[0] == 't';
    CHECK(u128_parse(units.at, units.size, &settled->units));
    CHECK(amount_parse(total.at, total.size, prices_charge_scale(&book->prices), &settled->total));
}

/* Usage that became wanted since `first`, with what was settled of it last: one query. */
static bool load_usage(struct loaded *loaded, uint32_t first)
{
    struct book *book = &loaded->settlement->book;
    if (first == loaded->usage_keys.count)
        return true;
    struct pg_array hours = {0}, accounts = {0}, products = {0}, resources = {0};
    for (uint32_t i = first; i < loaded->usage_keys.count; i++) {
        const struct book_resource *r = &book->resources.at[loaded->usage_keys.at[i].resource];
        pg_array_add_number(&hours, loaded->usage_keys.at[i].hour_s);
        pg_array_add(&accounts, names_get(&book->names, r->account));
        pg_array_add(&products, str_of(product_name(r->product)));
        pg_array_add(&resources, names_get(&book->names, r->name));
    }
    const char *const values[] = {pg_array_end(&hours), pg_array_end(&accounts), pg_array_end(&products),
                                  pg_array_end(&resources)};
    PGresult *rows = pg_query(
        loaded->pg,
        "SELECT k.hour_s, n.account, n.product, n.resource, n.meter, n.sku, n.kind, s.usage, s.units, "
        "s.priced,"
        " s.\"exists\", s.total"
        " FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) k(hour_s, account, product, resource)"
        " JOIN line_names n ON n.account = k.account AND n.product = k.product AND n.resource = k.resource"
        " JOIN LATERAL (SELECT * FROM settled WHERE hour = to_timestamp(k.hour_s) AND line = n.line"
        " ORDER BY seq DESC LIMIT 1) s ON true",
        4, values);
    pg_array_release(&hours);
    pg_array_release(&accounts);
    pg_array_release(&products);
    pg_array_release(&resources);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++)
        take_settled(loaded, rows, i);
    PQclear(rows);
    return rows != NULL;
}

/* Counts that wait: those of hours that the batch closes and those that it adds to, in one query. */
static bool load_open_counts(struct loaded *loaded, const struct placed_frame *frames, uint32_t count)
{
    struct book *book = &loaded->settlement->book;
    int64_t closed_s = frames[count - 1].frame.closed_s;
    struct pg_array hours = {0}, accounts = {0}, resources = {0};
    for (uint32_t i = 0; i < loaded->usage_keys.count; i++) {
        const struct book_resource *r = &book->resources.at[loaded->usage_keys.at[i].resource];
        if (r->product != PRODUCT_MAAS)
            continue;
        pg_array_add_number(&hours, loaded->usage_keys.at[i].hour_s);
        pg_array_add(&accounts, names_get(&book->names, r->account));
        pg_array_add(&resources, names_get(&book->names, r->name));
    }
    char partition[16], closed[32];
    snprintf(partition, sizeof partition, "%u", loaded->partition);
    snprintf(closed, sizeof closed, "%lld", (long long)(closed_s == INT64_MIN ? -62135596800 : closed_s));
    const char *const values[] = {partition, closed, pg_array_end(&hours), pg_array_end(&accounts),
                                  pg_array_end(&resources)};
    PGresult *rows = pg_query(
        loaded->pg,
        "SELECT extract(epoch FROM o.hour)::bigint, n.account, n.product, n.resource, n.meter, n.sku, n.kind,"
        " o.usage FROM open_counts o JOIN line_names n USING (line)"
        " WHERE o.partition = $1::int AND (o.hour < to_timestamp($2::bigint) OR"
        " (extract(epoch FROM o.hour)::bigint, n.account, n.resource) IN"
        " (SELECT * FROM unnest($3::bigint[], $4::text[], $5::text[])))",
        5, values);
    pg_array_release(&hours);
    pg_array_release(&accounts);
    pg_array_release(&resources);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++) {
        uint32_t at = hour_of_row(book, rows, i);
        take_usage(loaded, rows, i, at);
        book->hours.at[at].open = book->hours.at[at].was_open = true;
        vec_push(&book->open, at);
    }
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
        .time_us = strtoll(PQgetvalue(rows, row, 5), NULL, 10),
        .product = product_of(text_at(rows, row, 6)),
        .sku = text_at(rows, row, 7),
        .quantity = strtoll(PQgetvalue(rows, row, 8), NULL, 10),
        .months = strtoll(PQgetvalue(rows, row, 9), NULL, 10),
    };
    book_add_fact(book, order_of_row(book, rows, row), &fact);
}

static void take_user(struct book *book, const PGresult *rows, int row)
{
    uint32_t resource =
        book_resource(book, product_of(text_at(rows, row, 2)), text_at(rows, row, 0), text_at(rows, row, 3));
    struct book_order *order = &book->orders.at[order_of_row(book, rows, row)];
    vec_push(&order->users, (struct order_user){resource, strtoll(PQgetvalue(rows, row, 4), NULL, 10),
                                                strtoll(PQgetvalue(rows, row, 5), NULL, 10), false});
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
static bool load_orders(struct loaded *loaded, uint32_t first)
{
    struct book *book = &loaded->settlement->book;
    if (first == loaded->order_list.count)
        return true;
    bool good =
        query_orders(
            loaded, first,
            "SELECT o.account, o.\"order\", o.source, o.id, o.kind, o.time_us, coalesce(o.product, ''),"
            " coalesce(o.sku, ''), coalesce(o.quantity, 0), coalesce(o.months, 0) FROM orders o"
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

/* --- phases --- */

static void want_order_named(struct loaded *loaded, struct str account, struct str name)
{
    struct book *book = &loaded->settlement->book;
    if (name.size > 0)
        want_order(loaded,
                   book_order(book, names_intern(&book->names, account), names_intern(&book->names, name)));
}

static void want_frame(struct loaded *loaded, const struct frame *frame)
{
    struct book *book = &loaded->settlement->book;
    for (uint32_t i = 0; i < frame->level_count; i++) {
        const struct level_row *row = &frame->levels[i];
        want_usage(loaded, book_resource(book, row->product, row->account, row->resource), row->hour_s);
        for (uint32_t s = 0; s < row->segment_count; s++)
            want_order_named(loaded, row->account, row->segments[s].order);
    }
    for (uint32_t i = 0; i < frame->count_count; i++)
        want_usage(loaded,
                   book_resource(book, PRODUCT_MAAS, frame->counts[i].account, frame->counts[i].resource),
                   time_hour(frame->counts[i].second_s));
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *record = &frame->facts[i].record;
        if (frame->facts[i].control == CONTROL_NONE && record->kind != RECORD_CREDITED)
            want_order_named(loaded, record->account, record->subject);
    }
}

/* Orders of which the batch's facts have an identity: it counts once, whatever order it names. */
static bool want_identities(struct loaded *loaded, const struct frame *frame)
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
                        "SELECT o.account, o.\"order\" FROM orders o JOIN unnest($1::text[], $2::text[],"
                        " $3::text[]) k(a, s, i) ON o.account = k.a AND o.source = k.s AND o.id = k.i",
                        3, values);
    pg_array_release(&accounts);
    pg_array_release(&sources);
    pg_array_release(&ids);
    for (int i = 0; rows != NULL && i < PQntuples(rows); i++)
        want_order_named(loaded, text_at(rows, i, 0), text_at(rows, i, 1));
    PQclear(rows);
    return rows != NULL || !any;
}

/* Orders that void_after voids by the batch's last watermark. */
static bool want_due(struct loaded *loaded, int64_t watermark_us)
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
        want_order_named(loaded, text_at(rows, i, 0), text_at(rows, i, 1));
    PQclear(rows);
    return rows != NULL;
}

/* The orders that loaded usage names. */
static void want_orders_of_usage(struct loaded *loaded)
{
    struct book *book = &loaded->settlement->book;
    for (uint32_t i = 0; i < book->hours.count; i++) {
        const struct line_hour *hour = &book->hours.at[i];
        for (uint32_t u = 0; u < hour->use_count; u++)
            if (hour->uses[u].order != 0)
                want_order(loaded,
                           book_order(book, book->lines.at[hour->line].key.account, hour->uses[u].order));
    }
}

/* What the order's users used, in the hours that are in the book for any of its orders. */
static void want_users(struct loaded *loaded, uint32_t first_order, uint32_t keys)
{
    struct book *book = &loaded->settlement->book;
    for (uint32_t o = first_order; o < loaded->order_list.count; o++) {
        const struct book_order *order = &book->orders.at[loaded->order_list.at[o]];
        for (uint32_t u = 0; u < order->users.count; u++)
            for (uint32_t k = 0; k < keys; k++) {
                int64_t hour_s = loaded->usage_keys.at[k].hour_s;
                uint32_t account = book->resources.at[loaded->usage_keys.at[k].resource].account;
                if (account == order->account && hour_s >= order->users.at[u].first_hour_s &&
                    hour_s <= order->users.at[u].last_hour_s)
                    want_usage(loaded, order->users.at[u].resource, hour_s);
            }
    }
}

static void want_span(struct loaded *loaded, uint32_t order_at, int64_t from_s, int64_t to_s)
{
    const struct book_order *order = &loaded->settlement->book.orders.at[order_at];
    for (uint32_t u = 0; u < order->users.count && from_s < to_s; u++) {
        const struct order_user *user = &order->users.at[u];
        int64_t hour_s = time_hour(from_s) > user->first_hour_s ? time_hour(from_s) : user->first_hour_s;
        for (; hour_s < to_s && hour_s <= user->last_hour_s; hour_s += HOUR_S)
            want_usage(loaded, user->resource, hour_s);
    }
}

/* The order's own lines: subscription, refund, void. */
static void want_order_lines(struct loaded *loaded, uint32_t order_at, const struct order_state *state)
{
    struct book *book = &loaded->settlement->book;
    for (uint32_t i = 0; i < state->line_count; i++) {
        struct str account = names_get(&book->names, book->orders.at[order_at].account);
        struct str name = names_get(&book->names, book->orders.at[order_at].name);
        want_usage(loaded, book_resource(book, state->product, account, name), state->lines[i].hour_s);
    }
}

/* The hours in which a fact of the batch, or its watermark, changes what an order covers. */
static void want_changes(struct loaded *loaded, const struct placed_frame *frames, uint32_t count)
{
    struct book *book = &loaded->settlement->book;
    int64_t now_us = frames[count - 1].frame.watermark_us;
    struct fresh_facts fresh = {0};
    preview_facts(loaded->settlement, &frames[0].frame, &fresh);
    for (uint32_t i = 0; i < loaded->order_list.count; i++) {
        uint32_t at = loaded->order_list.at[i];
        struct order_state after = preview_order(loaded->settlement, at, &frames[0].frame, &fresh, now_us);
        struct order_change change = order_changes(&book->orders.at[at].state, &after);
        for (int s = 0; s < 2; s++)
            want_span(loaded, at, change.from_s[s], change.to_s[s]);
        want_order_lines(loaded, at, &book->orders.at[at].state);
        want_order_lines(loaded, at, &after);
    }
    vec_release(&fresh.list);
}

bool load_touched(struct loaded *loaded, const struct placed_frame *frames, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        want_frame(loaded, &frames[i].frame);
    if (!want_identities(loaded, &frames[0].frame) ||
        !want_due(loaded, frames[count - 1].frame.watermark_us) || !load_usage(loaded, 0) ||
        !load_open_counts(loaded, frames, count))
        return false;
    want_orders_of_usage(loaded);
    if (!load_orders(loaded, 0))
        return false;
    uint32_t touched = loaded->usage_keys.count, orders = loaded->order_list.count;
    want_changes(loaded, frames, count);
    want_users(loaded, 0, loaded->usage_keys.count);
    if (!load_usage(loaded, touched))
        return false;
    want_orders_of_usage(loaded);
    if (!load_orders(loaded, orders))
        return false;
    uint32_t users = loaded->usage_keys.count;
    want_users(loaded, orders, users);
    return load_usage(loaded, users);
}
