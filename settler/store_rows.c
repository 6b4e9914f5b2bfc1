/* Writing what a batch changed: one statement a table. */
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "settler/store_rows.h"

void usage_pack(const struct book *book, const struct line_hour *hour, struct packer *out)
{
    for (uint32_t i = 0; i < hour->use_count; i++) {
        struct use use = hour->uses[i];
        pack_raw(out, &use.from_s, sizeof use.from_s);
        pack_raw(out, &use.len_s, sizeof use.len_s);
        pack_u128(out, use.quantity);
        pack_str(out, names_get(&book->names, use.order));
    }
}

bool usage_unpack(struct book *book, uint32_t hour, struct str bytes)
{
    struct unpacker in = {bytes.at, bytes.at + bytes.size, false};
    book->hours.at[hour].use_count = 0;
    while (!in.bad && in.at < in.end) {
        struct use use;
        unpack_raw(&in, &use.from_s, sizeof use.from_s);
        unpack_raw(&in, &use.len_s, sizeof use.len_s);
        use.quantity = unpack_u128(&in);
        use.order = names_intern(&book->names, unpack_str(&in));
        book_add_use(book, &book->hours.at[hour], use);
    }
    return !in.bad;
}

/* A COPY is ended and another begun beyond it. */
enum { COPY_BYTES = 32 << 20 };

/* The six names of a line, in the order of its id. */
enum { NAMES = 6 };

static void names_of_line(const struct book *book, uint32_t line, struct str out[NAMES])
{
    const struct line_key *key = &book->lines.at[line].key;
    out[0] = names_get(&book->names, key->account);
    out[1] = str_of(product_name(key->product));
    out[2] = names_get(&book->names, key->resource);
    out[3] = str_of(meter_name(key->meter));
    out[4] = names_get(&book->names, key->sku);
    out[5] = str_of(charge_kind_name(key->kind));
}

void line_uuid(const struct book *book, uint32_t line, char out[37])
{
    struct str names[NAMES];
    struct packer text = {0};
    uint8_t digest[DIGEST_SIZE];
    names_of_line(book, line, names);
    for (int i = 0; i < NAMES; i++)
        pack_str(&text, names[i]);
    digest_of(text.bytes.at, text.bytes.count, digest);
    vec_release(&text.bytes);
    size_t at = 0;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        snprintf(out + at, 37 - at, "%02x", digest[i]);
        at += 2;
    }
    out[at] = 0;
}

int64_t account_key(struct str name)
{
    uint8_t digest[DIGEST_SIZE];
    uint64_t key = 0;
    digest_of(name.at, name.size, digest);
    for (int i = 0; i < 8; i++)
        key = key << 8 | digest[i];
    return (int64_t)key;
}

void rows_release(struct batch_rows *rows)
{
    vec_release(&rows->settled.bytes);
    vec_release(&rows->named);
}

static void note_name(struct batch_rows *rows, struct book *book, uint32_t line)
{
    if (!book->lines.at[line].kept)
        vec_push(&rows->named, line);
    book->lines.at[line].kept = true;
}

static void put(struct packer *out, const char *text)
{
    pack_raw(out, text, strlen(text));
}

static void put_settled(struct packer *out, const struct settlement *settlement,
                        const struct settled_row *row, const struct frame *frame)
{
    const struct book *book = &settlement->book;
    const struct line_hour *hour = &book->hours.at[row->hour];
    uint32_t scale = prices_charge_scale(&book->prices);
    struct packer usage = {0};
    char uuid[37], units[40], amount[AMOUNT_TEXT_SIZE], text[160], when[TIME_TEXT_SIZE];
    struct str account = names_get(&book->names, book->lines.at[hour->line].key.account);
    line_uuid(book, hour->line, uuid);
    time_print(hour->hour_s, when);
    snprintf(text, sizeof text, "%s\t%lld\t%s\t%u\t%llu\t\\", when, (long long)account_key(account), uuid,
             frame->partition, (unsigned long long)frame->seq);
    put(out, text);
    usage_pack(book, hour, &usage);
    pg_put_hex(out, usage.bytes.at, usage.bytes.count);
    vec_release(&usage.bytes);
    u128_print(hour->settled.units, units);
    snprintf(text, sizeof text, "\t%s\t%s\t%s\t", units, hour->settled.priced ? "t" : "f",
             hour->settled.exists ? "t" : "f");
    put(out, text);
    amount_print(&hour->settled.total, scale, amount);
    put(out, amount);
    put(out, "\t");
    amount_print(&row->change, scale, amount);
    put(out, amount);
    put(out, "\n");
}

static bool write_settled(struct batch_rows *rows, struct loaded *loaded)
{
    bool good =
        pg_copy(loaded->pg,
                "COPY settled (hour, account, line, partition, seq, usage, units, priced, \"exists\", total,"
                " amount) FROM STDIN",
                (struct str){rows->settled.bytes.at, rows->settled.bytes.count});
    vec_clear(&rows->settled.bytes);
    return good;
}

bool rows_add_frame(struct batch_rows *rows, struct loaded *loaded, const struct frame *frame)
{
    struct settlement *settlement = loaded->settlement;
    for (uint32_t i = 0; i < settlement->rows.count; i++) {
        put_settled(&rows->settled, settlement, &settlement->rows.at[i], frame);
        note_name(rows, &settlement->book, settlement->book.hours.at[settlement->rows.at[i].hour].line);
        if (rows->settled.bytes.count >= COPY_BYTES && !write_settled(rows, loaded))
            return false;
    }
    rows->settled_count += settlement->rows.count;
    return true;
}

/* --- one statement a table --- */

static bool write_names(struct batch_rows *rows, struct loaded *loaded)
{
    const struct book *book = &loaded->settlement->book;
    struct pg_array columns[NAMES + 1] = {0};
    const char *values[NAMES + 2];
    char uuid[37], partition[16];
    if (rows->named.count == 0)
        return true;
    for (uint32_t i = 0; i < rows->named.count; i++) {
        struct str names[NAMES];
        names_of_line(book, rows->named.at[i], names);
        line_uuid(book, rows->named.at[i], uuid);
        pg_array_add(&columns[NAMES], str_of(uuid));
        for (int c = 0; c < NAMES; c++)
            pg_array_add(&columns[c], names[c]);
    }
    snprintf(partition, sizeof partition, "%u", loaded->partition);
    for (int c = 0; c <= NAMES; c++)
        values[c] = pg_array_end(&columns[c]);
    values[NAMES + 1] = partition;
    bool good =
        pg_do(loaded->pg,
              "WITH a AS (INSERT INTO account_names (name) SELECT DISTINCT a FROM unnest($1::text[]) a"
              " ON CONFLICT DO NOTHING)"
              " INSERT INTO line_names (account, product, resource, meter, sku, kind, line, partition)"
              " SELECT a, p, r, m, s, k, l, $8::int FROM unnest($1::text[], $2::text[], $3::text[],"
              " $4::text[], $5::text[], $6::text[], $7::uuid[]) n(a, p, r, m, s, k, l)"
              " ON CONFLICT (line) DO NOTHING",
              NAMES + 2, values, NULL);
    for (int c = 0; c <= NAMES; c++)
        pg_array_release(&columns[c]);
    return good;
}

static void add_open(struct pg_array *lines, struct pg_array *hours, struct pg_array *usages,
                     const struct book *book, const struct line_hour *hour)
{
    char uuid[37];
    line_uuid(book, hour->line, uuid);
    pg_array_add(lines, str_of(uuid));
    pg_array_add_number(hours, hour->hour_s);
    if (usages == NULL)
        return;
    struct packer usage = {0}, hex = {0};
    usage_pack(book, hour, &usage);
    pg_put_hex(&hex, usage.bytes.at, usage.bytes.count);
    pg_array_add(usages, (struct str){hex.bytes.at, hex.bytes.count});
    vec_release(&usage.bytes);
    vec_release(&hex.bytes);
}

static bool write_open_counts(struct batch_rows *rows, struct loaded *loaded)
{
    struct book *book = &loaded->settlement->book;
    struct pg_array lines = {0}, hours = {0}, usages = {0}, gone_lines = {0}, gone_hours = {0};
    uint32_t open = 0, gone = 0;
    for (uint32_t i = 0; i < book->hours.count; i++) {
        const struct line_hour *hour = &book->hours.at[i];
        if (hour->open && hour->changed) {
            add_open(&lines, &hours, &usages, book, hour);
            note_name(rows, book, hour->line);
            open++;
        } else if (!hour->open && hour->was_open) {
            add_open(&gone_lines, &gone_hours, NULL, book, hour);
            gone++;
        }
    }
    char partition[16];
    snprintf(partition, sizeof partition, "%u", loaded->partition);
    const char *const put[] = {pg_array_end(&lines), pg_array_end(&hours), pg_array_end(&usages), partition};
    const char *const drop[] = {pg_array_end(&gone_lines), pg_array_end(&gone_hours)};
    bool good =
        open == 0 || pg_do(loaded->pg,
                           "INSERT INTO open_counts (line, hour, usage, partition)"
                           " SELECT l, to_timestamp(h), u, $4::int FROM unnest($1::uuid[], $2::bigint[],"
                           " $3::bytea[]) n(l, h, u)"
                           " ON CONFLICT (line, hour) DO UPDATE SET usage = excluded.usage",
                           4, put, NULL);
    good =
        good && (gone == 0 || pg_do(loaded->pg,
                                    "DELETE FROM open_counts o USING unnest($1::uuid[], $2::bigint[]) n(l, h)"
                                    " WHERE o.line = n.l AND o.hour = to_timestamp(n.h)",
                                    2, drop, NULL));
    pg_array_release(&lines);
    pg_array_release(&hours);
    pg_array_release(&usages);
    pg_array_release(&gone_lines);
    pg_array_release(&gone_hours);
    return good;
}

static bool write_users(struct loaded *loaded)
{
    const struct book *book = &loaded->settlement->book;
    struct pg_array columns[6] = {0};
    uint32_t count = 0;
    for (uint32_t o = 0; o < book->orders.count; o++) {
        const struct book_order *order = &book->orders.at[o];
        for (uint32_t u = 0; u < order->users.count; u++) {
            const struct order_user *user = &order->users.at[u];
            if (!user->changed)
                continue;
            pg_array_add(&columns[0], names_get(&book->names, order->account));
            pg_array_add(&columns[1], names_get(&book->names, order->name));
            pg_array_add(&columns[2], str_of(product_name(book->resources.at[user->resource].product)));
            pg_array_add(&columns[3], names_get(&book->names, book->resources.at[user->resource].name));
            pg_array_add_number(&columns[4], user->first_hour_s);
            pg_array_add_number(&columns[5], user->last_hour_s);
            count++;
        }
    }
    const char *values[6];
    for (int c = 0; c < 6; c++)
        values[c] = pg_array_end(&columns[c]);
    bool good =
        count == 0 ||
        pg_do(loaded->pg,
              "INSERT INTO order_usage SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],"
              " $5::bigint[], $6::bigint[]) ON CONFLICT (account, \"order\", product, resource) DO UPDATE SET"
              " first_hour = least(order_usage.first_hour, excluded.first_hour),"
              " last_hour = greatest(order_usage.last_hour, excluded.last_hour)",
              6, values, NULL);
    for (int c = 0; c < 6; c++)
        pg_array_release(&columns[c]);
    return good;
}

static bool write_due(struct loaded *loaded)
{
    const struct book *book = &loaded->settlement->book;
    struct pg_array accounts = {0}, orders = {0}, dues = {0};
    uint32_t count = 0;
    for (uint32_t o = 0; o < book->orders.count; o++) {
        const struct book_order *order = &book->orders.at[o];
        if (!order->judged)
            continue;
        pg_array_add(&accounts, names_get(&book->names, order->account));
        pg_array_add(&orders, names_get(&book->names, order->name));
        pg_array_add_number(&dues, order->state.void_due_us);
        count++;
    }
    char partition[16];
    snprintf(partition, sizeof partition, "%u", loaded->partition);
    const char *const values[] = {pg_array_end(&accounts), pg_array_end(&orders), pg_array_end(&dues),
                                  partition};
    bool good = count == 0 ||
                (pg_do(loaded->pg,
                       "DELETE FROM order_due d USING unnest($1::text[], $2::text[]) n(a, o)"
                       " WHERE d.account = n.a AND d.\"order\" = n.o",
                       2, values, NULL) &&
                 pg_do(loaded->pg,
                       "INSERT INTO order_due (account, \"order\", due_us, partition) SELECT a, o, d, $4::int"
                       " FROM unnest($1::text[], $2::text[], $3::bigint[]) n(a, o, d)"
                       " WHERE d < 9223372036854775807",
                       4, values, NULL));
    pg_array_release(&accounts);
    pg_array_release(&orders);
    pg_array_release(&dues);
    return good;
}

bool rows_write(struct batch_rows *rows, struct loaded *loaded, bool last)
{
    return write_settled(rows, loaded) && write_open_counts(rows, loaded) && write_names(rows, loaded) &&
           write_users(loaded) && (!last || write_due(loaded));
}
