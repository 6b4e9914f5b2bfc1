/* Writing what a batch changed: one statement a table. */
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "settler/store_copy.h"
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

/* A COPY, or an INSERT of names, is ended and another begun beyond it. */
enum { COPY_BYTES = 1 << 20, NAMES_AT_ONCE = 8192, SETTLED_COLUMNS = 11 };

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

struct line_state *line_state(struct loaded *loaded, uint32_t line)
{
    const struct book *book = &loaded->settlement->book;
    while (loaded->lines.count < book->lines.count)
        vec_push(&loaded->lines, (struct line_state){0});
    struct line_state *state = &loaded->lines.at[line];
    if (state->has_id)
        return state;
    struct str names[NAMES];
    struct packer text = {0};
    uint8_t digest[DIGEST_SIZE];
    names_of_line(book, line, names);
    for (int i = 0; i < NAMES; i++)
        pack_str(&text, names[i]);
    digest_of(text.bytes.at, text.bytes.count, digest);
    vec_release(&text.bytes);
    memcpy(state->id, digest, LINE_ID_SIZE);
    state->has_id = true;
    state->kept |= memory_knows_line(loaded->memory, state->id);
    return state;
}

int64_t account_number(struct loaded *loaded, uint32_t account)
{
    uint8_t digest[DIGEST_SIZE];
    uint64_t number = 0;
    if (loaded->owner == account) /* name 0 is the empty one: nobody's */
        return loaded->owner_number;
    struct str name = names_get(&loaded->settlement->book.names, account);
    digest_of(name.at, name.size, digest);
    for (int i = 0; i < 8; i++)
        number = number << 8 | digest[i];
    loaded->owner = account;
    loaded->owner_number = (int64_t)number;
    return loaded->owner_number;
}

void line_id_print(const uint8_t id[LINE_ID_SIZE], char out[37])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;
    for (int i = 0; i < LINE_ID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[id[i] >> 4];
        out[at++] = digits[id[i] & 15];
    }
    out[at] = 0;
}

void line_is_kept(struct loaded *loaded, uint32_t line)
{
    while (loaded->lines.count < loaded->settlement->book.lines.count)
        vec_push(&loaded->lines, (struct line_state){0});
    loaded->lines.at[line].kept = true;
}

void rows_remember(struct loaded *loaded)
{
    for (uint32_t i = 0; i < loaded->lines.count; i++)
        if (loaded->lines.at[i].has_id && loaded->lines.at[i].kept)
            memory_note_line(loaded->memory, loaded->lines.at[i].id);
}

void rows_release(struct batch_rows *rows)
{
    vec_release(&rows->settled.bytes);
    vec_release(&rows->usage.bytes);
    vec_release(&rows->named);
}

static void put_settled(struct batch_rows *rows, struct loaded *loaded, const struct settled_row *row,
                        const struct frame *frame)
{
    const struct book *book = &loaded->settlement->book;
    const struct line_hour *hour = &book->hours.at[row->hour];
    uint32_t scale = prices_charge_scale(&book->prices);
    struct packer *out = &rows->settled;
    char units[40], amount[AMOUNT_TEXT_SIZE];
    if (out->bytes.count == 0)
        copy_begin(out);
    copy_row(out, SETTLED_COLUMNS);
    copy_time(out, hour->hour_s);
    copy_bigint(out, account_number(loaded, book->lines.at[hour->line].key.account));
    struct line_state *line = line_state(loaded, hour->line);
    copy_bytes(out, line->id, LINE_ID_SIZE);
    copy_int(out, (int32_t)frame->partition);
    copy_bigint(out, (int64_t)frame->seq);
    vec_clear(&rows->usage.bytes);
    usage_pack(book, hour, &rows->usage);
    copy_bytes(out, rows->usage.bytes.at, rows->usage.bytes.count);
    u128_print(hour->settled.units, units);
    copy_numeric(out, units);
    copy_bool(out, hour->settled.priced);
    copy_bool(out, hour->settled.exists);
    amount_print(&hour->settled.total, scale, amount);
    copy_numeric(out, amount);
    amount_print(&row->change, scale, amount);
    copy_numeric(out, amount);
    if (!line->kept)
        vec_push(&rows->named, hour->line);
    line->kept = true;
}

static bool write_settled(struct batch_rows *rows, struct loaded *loaded)
{
    if (rows->settled.bytes.count == 0)
        return true;
    copy_end(&rows->settled);
    bool good = pg_copy(
        loaded->pg,
        "COPY settled (hour, account, line, partition, seq, usage, units, priced, \"exists\", total, amount)"
        " FROM STDIN (FORMAT binary)",
        (struct str){rows->settled.bytes.at, rows->settled.bytes.count});
    vec_clear(&rows->settled.bytes);
    return good;
}

static bool write_names(struct batch_rows *rows, struct loaded *loaded)
{
    const struct book *book = &loaded->settlement->book;
    struct pg_array columns[NAMES + 1] = {0};
    const char *values[NAMES + 2];
    char id[37], partition[16];
    if (rows->named.count == 0)
        return true;
    for (uint32_t i = 0; i < rows->named.count; i++) {
        struct str names[NAMES];
        names_of_line(book, rows->named.at[i], names);
        line_id_print(line_state(loaded, rows->named.at[i])->id, id);
        pg_array_add(&columns[NAMES], str_of(id));
        for (int c = 0; c < NAMES; c++)
            pg_array_add(&columns[c], names[c]);
    }
    snprintf(partition, sizeof partition, "%u", loaded->partition);
    for (int c = 0; c <= NAMES; c++)
        values[c] = pg_array_end(&columns[c]);
    values[NAMES + 1] = partition;
    bool good =
        pg_do(loaded->pg,
              "WITH named AS (INSERT INTO account_names (name) SELECT DISTINCT a FROM unnest($1::text[]) a"
              " ON CONFLICT DO NOTHING)"
              " INSERT INTO line_names (account, product, resource, meter, sku, kind, line, partition)"
              " SELECT a, p, r, m, s, k, l, $8::int FROM unnest($1::text[], $2::text[], $3::text[],"
              " $4::text[], $5::text[], $6::text[], $7::uuid[]) n(a, p, r, m, s, k, l)"
              " ON CONFLICT (line) DO NOTHING",
              NAMES + 2, values, NULL);
    for (int c = 0; c <= NAMES; c++)
        pg_array_release(&columns[c]);
    vec_clear(&rows->named);
    return good;
}

bool rows_add_frame(struct batch_rows *rows, struct loaded *loaded, const struct frame *frame)
{
    struct settlement *settlement = loaded->settlement;
    for (uint32_t i = 0; i < settlement->rows.count; i++) {
        put_settled(rows, loaded, &settlement->rows.at[i], frame);
        if (rows->settled.bytes.count >= COPY_BYTES && !write_settled(rows, loaded))
            return false;
        if (rows->named.count >= NAMES_AT_ONCE && !write_names(rows, loaded))
            return false;
    }
    rows->settled_count += settlement->rows.count;
    return true;
}

/* --- one statement a table --- */

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
        if (order->state.void_due_us < loaded->memory->next_due_us)
            loaded->memory->next_due_us = order->state.void_due_us;
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
    return write_settled(rows, loaded) && write_names(rows, loaded) && write_users(loaded) &&
           (!last || write_due(loaded));
}
