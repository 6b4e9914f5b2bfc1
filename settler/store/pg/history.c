/* Tables settled, line_names, frames and claim, read by who explains a line. */
#include "settler/store/pg/history.h"

#include <stdio.h>

#include "lib/base/check.h"
#include "settler/store/pg/pg_store.h"
#include "settler/store/pg/tables.h"

enum error_class history_begin(struct store *store, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    return pg_store_done(of, pg_script(of->pg, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"), error);
}

enum error_class history_end(struct store *store, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    return pg_store_done(of, pg_script(of->pg, "ROLLBACK"), error);
}

/* A parameter of libpq's: text with an end. */
static const char *ended(struct packer *out, struct str text)
{
    vec_clear(&out->bytes);
    pack_raw(out, text.at, text.size);
    pack_raw(out, "", 1);
    return out->bytes.at;
}

static void print_number(int64_t number, char out[32])
{
    snprintf(out, 32, "%lld", (long long)number);
}

/* --- lines --- */

static void take_id(const char *text, uint8_t id[LINE_ID_SIZE])
{
    struct packer bytes = {0};
    CHECK(pg_take_hex(text, &bytes) && bytes.bytes.count == LINE_ID_SIZE);
    memcpy(id, bytes.bytes.at, LINE_ID_SIZE);
    vec_release(&bytes.bytes);
}

enum error_class history_read_lines(struct store *store, const struct history_wanted *wanted,
                                    take_history_line *take, void *context, struct error *error)
{
    enum { TEXTS = 6 };
    struct pg_store *of = pg_store_of(store);
    struct str product = wanted->product == PRODUCT_NONE ? STR("") : str_of(product_name(wanted->product));
    const struct str texts[TEXTS] = {wanted->account, wanted->resource, wanted->meter,
                                     product,         wanted->sku,      wanted->kind};
    struct packer rooms[TEXTS] = {0};
    const char *values[TEXTS + 1];
    char hour[32];
    for (int i = 0; i < TEXTS; i++)
        values[i] = ended(&rooms[i], texts[i]);
    print_number(wanted->hour_s, hour);
    values[TEXTS] = hour;
    PGresult *rows = pg_query(
        of->pg,
        "SELECT '\\x' || replace(n.line::text, '-', ''), n.partition, n.product, " LINE_NAMES_FIELDS
        " FROM line_names n WHERE n.account = $1 AND n.resource = $2 AND n.meter = $3 AND $4 IN ('', "
        "n.product)"
        " AND $5 IN ('', n.sku) AND $6 IN ('', n.kind) AND EXISTS (SELECT FROM settled s WHERE s.account ="
        " account_key($1) AND s.hour = to_timestamp($7::bigint) AND uuid_hash(s.line) = uuid_hash(n.line) "
        "AND s.line = n.line)"
        " ORDER BY n.product COLLATE \"C\", n.sku COLLATE \"C\", n.kind COLLATE \"C\"",
        TEXTS + 1, values);
    for (int i = 0; i < TEXTS; i++)
        vec_release(&rooms[i].bytes);
    if (rows == NULL)
        return pg_store_failed(of, error);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct history_line line = {.partition = (uint32_t)number_at(rows, i, 1)};
        take_id(PQgetvalue(rows, i, 0), line.id);
        line_names_take(rows, i, 3, &line.names);
        line.names.account = wanted->account;
        line.names.product = product_of(text_at(rows, i, 2));
        line.names.resource = wanted->resource;
        take(context, &line);
    }
    PQclear(rows);
    return ERROR_NONE;
}

/* --- rows --- */

enum {
    AT_SEQ,
    AT_USAGE,
    AT_UNITS,
    AT_PRICED,
    AT_EXISTS,
    AT_TOTAL,
    AT_AMOUNT,
    AT_FRAMED,
    AT_WATERMARK,
    AT_NEXT
};

static struct history_row row_at(const PGresult *rows, int i, struct packer *usage)
{
    vec_clear(&usage->bytes);
    CHECK(pg_take_hex(PQgetvalue(rows, i, AT_USAGE), usage));
    return (struct history_row){
        .row = {.seq = (uint64_t)number_at(rows, i, AT_SEQ),
                .usage = {usage->bytes.at, usage->bytes.count},
                .units = text_at(rows, i, AT_UNITS),
                .priced = PQgetvalue(rows, i, AT_PRICED)[0] == 't',
                .exists = PQgetvalue(rows, i, AT_EXISTS)[0] == 't',
                .total = text_at(rows, i, AT_TOTAL),
                .amount = text_at(rows, i, AT_AMOUNT)},
        .framed = !PQgetisnull(rows, i, AT_FRAMED),
        .watermark_us = number_or(rows, i, AT_WATERMARK, INT64_MIN),
        .next_offset = number_or(rows, i, AT_NEXT, INT64_MAX),
    };
}

enum error_class history_read_rows(struct store *store, const struct history_line *line, int64_t hour_s,
                                   take_history_row *take, void *context, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct packer account = {0}, usage = {0};
    char id[PG_UUID_SIZE], hour[32];
    pg_print_uuid(line->id, id);
    print_number(hour_s, hour);
    const char *const values[] = {ended(&account, line->names.account), hour, id};
    PGresult *rows = pg_query(
        of->pg,
        "SELECT s.seq, s.usage, s.units, s.priced, s.\"exists\", s.total, s.amount, f.seq, f.watermark_us,"
        " f.next_offset FROM settled s LEFT JOIN frames f ON f.partition = s.partition AND f.seq = s.seq"
        " WHERE s.account = account_key($1) AND s.hour = to_timestamp($2::bigint) AND uuid_hash(s.line) = "
        "uuid_hash($3::uuid) AND s.line = $3::uuid"
        " ORDER BY s.seq",
        3, values);
    vec_release(&account.bytes);
    if (rows == NULL)
        return pg_store_failed(of, error);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct history_row row = row_at(rows, i, &usage);
        row.row.hour_s = hour_s;
        row.row.partition = line->partition;
        take(context, &row);
    }
    PQclear(rows);
    vec_release(&usage.bytes);
    return ERROR_NONE;
}

/* --- the log --- */

enum error_class history_read_claim(struct store *store, uint32_t partition, struct history_claim *claim,
                                    struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char number[32];
    print_number(partition, number);
    const char *const values[] = {number};
    PGresult *rows = pg_query(
        of->pg, "SELECT watermark_us, next_step > 0 OR step > 0 FROM claim WHERE partition = $1::int", 1,
        values);
    if (rows == NULL)
        return pg_store_failed(of, error);
    bool found = PQntuples(rows) > 0;
    claim->watermark_us = found ? number_or(rows, 0, 0, INT64_MIN) : INT64_MIN;
    claim->under_way = found && PQgetvalue(rows, 0, 1)[0] == 't';
    PQclear(rows);
    return ERROR_NONE;
}

/* A frame that says `more` has the offset of where its epoch began: the next greater one is past it. */
enum error_class history_read_offsets(struct store *store, uint32_t partition,
                                      struct history_offsets *offsets, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char number[32], since[32], next[32], seq[32];
    print_number(partition, number);
    print_number(offsets->since_us, since);
    print_number(offsets->next_offset, next);
    print_number(offsets->seq, seq);
    const char *const values[] = {number, since, next, seq};
    PGresult *rows = pg_query(of->pg,
                              "SELECT (SELECT next_offset FROM frames WHERE partition = $1::int AND"
                              " seq <= $4::bigint AND watermark_us < $2::bigint ORDER BY seq DESC LIMIT 1),"
                              " (SELECT next_offset FROM frames WHERE partition = $1::int AND"
                              " seq > $4::bigint AND next_offset > $3::bigint ORDER BY seq LIMIT 1)",
                              4, values);
    if (rows == NULL)
        return pg_store_failed(of, error);
    offsets->from = number_or(rows, 0, 0, 0);
    offsets->to = number_or(rows, 0, 1, INT64_MAX);
    PQclear(rows);
    return ERROR_NONE;
}
