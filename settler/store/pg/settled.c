/* Table settled: what each frame changed of each line and hour. */
#include <stdio.h>

#include "lib/base/check.h"
#include "settler/store/pg/copy.h"
#include "settler/store/pg/tables.h"

enum { COLUMNS = 11 };
/* Of the rows that are read; line_names' lie behind them. */
enum { AT_KEY, AT_USAGE, AT_UNITS, AT_PRICED, AT_EXISTS, AT_TOTAL, AT_NAMES };

/* --- writing --- */

enum error_class settled_put(struct store *store, const struct settled_table_row *row, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct packer *out = copies_row(
        of, COPIED_SETTLED,
        "COPY settled (hour, account, line, partition, seq, usage, units, priced, \"exists\", total, amount)"
        " FROM STDIN (FORMAT binary)",
        COLUMNS);
    copy_time(out, row->hour_s);
    copy_bigint(out, account_number(of, row->account));
    copy_bytes(out, row->line, LINE_ID_SIZE);
    copy_int(out, (int32_t)row->partition);
    copy_bigint(out, (int64_t)row->seq);
    copy_bytes(out, row->usage.at, row->usage.size);
    copy_numeric(out, row->units);
    copy_bool(out, row->priced);
    copy_bool(out, row->exists);
    copy_numeric(out, row->total);
    copy_numeric(out, row->amount);
    return copies_end_row(of, COPIED_SETTLED, error);
}

enum error_class settled_make_ranges(struct store *store, int64_t day_s, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char now[32];
    snprintf(now, sizeof now, "%lld", (long long)day_s);
    const char *const values[] = {now};
    bool good = pg_do(of->pg,
                      "SELECT settled_range(to_timestamp($1::bigint)),"
                      " settled_range(to_timestamp($1::bigint) + interval '1 month')",
                      1, values, NULL);
    return pg_store_done(of, good, error);
}

/* --- reading --- */

/* usage is where the row's usage is unpacked to. */
static struct settled_table_row take_row(const PGresult *rows, int row, struct packer *usage)
{
    vec_clear(&usage->bytes);
    CHECK(pg_take_hex(PQgetvalue(rows, row, AT_USAGE), usage));
    return (struct settled_table_row){
        .usage = {usage->bytes.at, usage->bytes.count},
        .units = text_at(rows, row, AT_UNITS),
        .priced = PQgetvalue(rows, row, AT_PRICED)[0] == 't',
        .exists = PQgetvalue(rows, row, AT_EXISTS)[0] == 't',
        .total = text_at(rows, row, AT_TOTAL),
    };
}

static enum error_class take_rows(struct pg_store *store, PGresult *rows, take_settled *take, void *context,
                                  struct error *error)
{
    struct packer usage = {0};
    if (rows == NULL)
        return pg_store_failed(store, error);
    bool named = PQnfields(rows) > AT_NAMES;
    for (int i = 0; i < PQntuples(rows); i++) {
        struct line_names names;
        struct settled_table_row last;
        bool ever = !PQgetisnull(rows, i, AT_USAGE);
        if (named)
            line_names_take(rows, i, AT_NAMES, &names);
        if (ever)
            last = take_row(rows, i, &usage);
        take(context, (uint32_t)number_at(rows, i, AT_KEY) - 1, named ? &names : NULL, ever ? &last : NULL);
    }
    PQclear(rows);
    vec_release(&usage.bytes);
    return ERROR_NONE;
}

/* OFFSET 0 keeps each key's look-up to itself: joined freely, the server may read the whole table for a few
 * thousand keys. */
enum error_class settled_read_usage(struct store *store, const struct resource_hour *keys, uint32_t count,
                                    take_settled *take, void *context, struct error *error)
{
    enum { PARAMETERS = 5 };
    struct pg_store *of = pg_store_of(store);
    struct pg_array columns[PARAMETERS] = {0};
    const char *values[PARAMETERS];
    for (uint32_t i = 0; i < count; i++) {
        pg_array_add_number(&columns[0], keys[i].hour_s);
        pg_array_add(&columns[1], keys[i].account);
        pg_array_add(&columns[2], str_of(product_name(keys[i].product)));
        pg_array_add(&columns[3], keys[i].resource);
        pg_array_add_number(&columns[4], account_number(of, keys[i].account));
    }
    for (int c = 0; c < PARAMETERS; c++)
        values[c] = pg_array_end(&columns[c]);
    PGresult *rows =
        pg_query(of->pg,
                 "SELECT k.number, s.usage, s.units, s.priced, s.\"exists\", s.total, " LINE_NAMES_FIELDS
                 " FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[])"
                 " WITH ORDINALITY k(hour_s, account, product, resource, owner, number)"
                 " CROSS JOIN LATERAL (" LINE_NAMES_OF_RESOURCE " OFFSET 0) n"
                 " LEFT JOIN LATERAL (SELECT usage, units, priced, \"exists\", total FROM settled"
                 " WHERE account = k.owner AND hour = to_timestamp(k.hour_s) AND uuid_hash(line) = "
                 "uuid_hash(n.line) AND line = n.line"
                 " ORDER BY seq DESC LIMIT 1) s ON true",
                 PARAMETERS, values);
    for (int c = 0; c < PARAMETERS; c++)
        pg_array_release(&columns[c]);
    return take_rows(of, rows, take, context, error);
}

enum error_class settled_read_lines(struct store *store, const struct one_line_hour *keys, uint32_t count,
                                    take_settled *take, void *context, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct pg_array lines = {0}, hours = {0}, owners = {0};
    for (uint32_t i = 0; i < count; i++) {
        char id[PG_UUID_SIZE];
        pg_print_uuid(keys[i].line, id);
        pg_array_add(&lines, str_of(id));
        pg_array_add_number(&hours, keys[i].hour_s);
        pg_array_add_number(&owners, account_number(of, keys[i].account));
    }
    const char *const values[] = {pg_array_end(&lines), pg_array_end(&hours), pg_array_end(&owners)};
    PGresult *rows =
        pg_query(of->pg,
                 "SELECT k.number, s.usage, s.units, s.priced, s.\"exists\", s.total"
                 " FROM unnest($1::uuid[], $2::bigint[], $3::bigint[])"
                 " WITH ORDINALITY k(line, hour_s, owner, number)"
                 " CROSS JOIN LATERAL (SELECT usage, units, priced, \"exists\", total FROM settled"
                 " WHERE account = k.owner AND hour = to_timestamp(k.hour_s) AND uuid_hash(line) = "
                 "uuid_hash(k.line) AND line = k.line"
                 " ORDER BY seq DESC LIMIT 1) s",
                 3, values);
    pg_array_release(&lines);
    pg_array_release(&hours);
    pg_array_release(&owners);
    return take_rows(of, rows, take, context, error);
}
