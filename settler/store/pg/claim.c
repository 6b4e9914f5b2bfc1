/* Table claim: who settles a partition, and which frame comes next. */
#include <stdio.h>

#include "lib/base/check.h"
#include "settler/store/pg/tables.h"

enum { COLUMNS = 10 };

static void take_row(const PGresult *rows, struct claim_row *row)
{
    struct packer hash = {0};
    row->fence = number_at(rows, 0, 0);
    row->next_seq = (uint64_t)number_at(rows, 0, 1);
    row->next_offset = number_at(rows, 0, 2);
    row->watermark_us = number_or(rows, 0, 3, INT64_MIN);
    row->closed_s = number_or(rows, 0, 4, INT64_MIN);
    row->next_step = number_at(rows, 0, 6);
    row->next_reject = number_at(rows, 0, 7);
    row->next_notice = number_at(rows, 0, 8);
    row->notices_sent = number_at(rows, 0, 9);
    CHECK(pg_take_hex(PQgetvalue(rows, 0, 5), &hash) && hash.bytes.count == FRAME_HASH_SIZE);
    memcpy(row->last_hash, hash.bytes.at, FRAME_HASH_SIZE);
    vec_release(&hash.bytes);
}

enum error_class claim_take(struct store *store, uint32_t partition, struct claim_row *row,
                            struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char number[16];
    snprintf(number, sizeof number, "%u", partition);
    const char *const values[] = {number};
    PGresult *rows = pg_query(
        of->pg,
        "INSERT INTO claim (partition, fence, next_seq, next_step, next_offset, last_hash)"
        " VALUES ($1::int, 1, 0, 0, 0, decode(repeat('00', 32), 'hex'))"
        " ON CONFLICT (partition) DO UPDATE SET fence = claim.fence + 1"
        " RETURNING fence, next_seq, next_offset, watermark_us, closed_s, last_hash, next_step, next_reject,"
        " next_notice, notices_sent",
        1, values);
    if (rows == NULL)
        return pg_store_failed(of, error);
    CHECK(PQntuples(rows) == 1 && PQnfields(rows) == COLUMNS);
    take_row(rows, row);
    PQclear(rows);
    return ERROR_NONE;
}

enum error_class claim_move(struct store *store, uint32_t partition, const struct claim_row *from,
                            const struct claim_row *to, bool *moved, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char text[9][32];
    struct packer hash = {0};
    pg_put_hex(&hash, to->last_hash, FRAME_HASH_SIZE);
    pack_raw(&hash, "", 1);
    snprintf(text[0], 32, "%u", partition);
    snprintf(text[1], 32, "%lld", (long long)from->fence);
    snprintf(text[2], 32, "%llu", (unsigned long long)from->next_seq);
    snprintf(text[3], 32, "%lld", (long long)from->next_step);
    snprintf(text[4], 32, "%llu", (unsigned long long)to->next_seq);
    snprintf(text[5], 32, "%lld", (long long)to->next_step);
    snprintf(text[6], 32, "%lld", (long long)to->next_offset);
    snprintf(text[7], 32, "%lld", (long long)to->watermark_us);
    snprintf(text[8], 32, "%lld", (long long)to->closed_s);
    const char *const values[] = {text[0], text[1], text[2], text[3], text[4],
                                  text[5], text[6], text[7], text[8], hash.bytes.at};
    uint64_t count = 0;
    bool good = pg_do(
        of->pg,
        "UPDATE claim SET next_seq = $5::bigint, next_step = $6::int, next_offset = $7::bigint,"
        " watermark_us = nullif($8::bigint, -9223372036854775808),"
        " closed_s = nullif($9::bigint, -9223372036854775808), last_hash = $10::bytea"
        " WHERE partition = $1::int AND fence = $2::bigint AND next_seq = $3::bigint AND next_step = $4::int",
        10, values, &count);
    vec_release(&hash.bytes);
    *moved = count == 1;
    return pg_store_done(of, good, error);
}

enum error_class claim_move_reject(struct store *store, uint32_t partition, const struct reject_move *move,
                                   bool *moved, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char text[4][32];
    snprintf(text[0], 32, "%u", partition);
    snprintf(text[1], 32, "%lld", (long long)move->fence);
    snprintf(text[2], 32, "%lld", (long long)move->from);
    snprintf(text[3], 32, "%lld", (long long)move->to);
    const char *const values[] = {text[0], text[1], text[2], text[3]};
    uint64_t count = 0;
    bool good = pg_do(of->pg,
                      "UPDATE claim SET next_reject = $4::bigint"
                      " WHERE partition = $1::int AND fence = $2::bigint AND next_reject = $3::bigint",
                      4, values, &count);
    *moved = count == 1;
    return pg_store_done(of, good, error);
}

enum error_class claim_move_notices(struct store *store, uint32_t partition, const struct notice_move *move,
                                    bool *moved, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char text[4][32];
    snprintf(text[0], 32, "%u", partition);
    snprintf(text[1], 32, "%lld", (long long)move->fence);
    snprintf(text[2], 32, "%lld", (long long)move->from);
    snprintf(text[3], 32, "%lld", (long long)move->to);
    const char *const values[] = {text[0], text[1], text[2], text[3]};
    uint64_t count = 0;
    bool good = pg_do(of->pg,
                      "UPDATE claim SET notices_sent = $4::bigint"
                      " WHERE partition = $1::int AND fence = $2::bigint AND notices_sent = $3::bigint",
                      4, values, &count);
    *moved = count == 1;
    return pg_store_done(of, good, error);
}
