/* Table claim: who settles a partition, and which frame comes next. */
#include <stdio.h>

#include "lib/base/check.h"
#include "settler/store/pg/tables.h"

enum { COLUMNS = 15 };

static struct account_mark mark_at(const PGresult *rows, int column)
{
    struct account_mark mark = {.begun = !PQgetisnull(rows, 0, column)};
    struct str name = text_at(rows, 0, column);
    CHECK(name.size <= sizeof mark.name);
    memcpy(mark.name, name.at, name.size);
    mark.size = name.size;
    return mark;
}

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
    row->step = number_at(rows, 0, 8);
    row->accounts = mark_at(rows, 9);
    row->step_notices = number_at(rows, 0, 10);
    row->next_notice = number_at(rows, 0, 11);
    row->next_month_s = number_or(rows, 0, 12, INT64_MIN);
    row->epoch_open = number_at(rows, 0, 13) != 0;
    row->notices_sent = number_at(rows, 0, 14);
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
        " step, step_account, step_notices, next_notice, extract(epoch FROM next_month)::bigint,"
        " epoch_open::int, notices_sent",
        1, values);
    if (rows == NULL)
        return pg_store_failed(of, error);
    CHECK(PQntuples(rows) == 1 && PQnfields(rows) == COLUMNS);
    take_row(rows, row);
    PQclear(rows);
    return ERROR_NONE;
}

/* Parameters of the compare-and-set, as text. */
enum { MOVE_NUMBERS = 14, MOVE_PARAMETERS = MOVE_NUMBERS + 3 };
struct move {
    char numbers[MOVE_NUMBERS][32];
    char name[LIMIT_ID_BYTES + 1];
    char month[DATE_SIZE];
    struct packer hash;
    const char *values[MOVE_PARAMETERS];
};

static void fill_move(struct move *move, uint32_t partition, const struct claim_row *from,
                      const struct claim_row *to)
{
    const int64_t numbers[MOVE_NUMBERS] = {
        partition,        from->fence,    (int64_t)from->next_seq,
        from->next_step,  from->step,     (int64_t)to->next_seq,
        to->next_step,    to->step,       to->next_offset,
        to->watermark_us, to->closed_s,   to->step_notices,
        to->next_notice,  to->epoch_open,
    };
    for (int i = 0; i < MOVE_NUMBERS; i++) {
        snprintf(move->numbers[i], sizeof move->numbers[i], "%lld", (long long)numbers[i]);
        move->values[i] = move->numbers[i];
    }
    pg_put_hex(&move->hash, to->last_hash, FRAME_HASH_SIZE);
    pack_raw(&move->hash, "", 1);
    memcpy(move->name, to->accounts.name, to->accounts.size);
    move->name[to->accounts.size] = 0;
    if (to->next_month_s != INT64_MIN)
        print_date(to->next_month_s, move->month);
    move->values[MOVE_NUMBERS] = move->hash.bytes.at;
    move->values[MOVE_NUMBERS + 1] = to->accounts.begun ? move->name : NULL;
    move->values[MOVE_NUMBERS + 2] = to->next_month_s != INT64_MIN ? move->month : NULL;
}

enum error_class claim_move(struct store *store, uint32_t partition, const struct claim_row *from,
                            const struct claim_row *to, bool *moved, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct move move = {0};
    uint64_t count = 0;
    fill_move(&move, partition, from, to);
    bool good = pg_do(of->pg,
                      "UPDATE claim SET next_seq = $6::bigint, next_step = $7::int, step = $8::int,"
                      " next_offset = $9::bigint, watermark_us = nullif($10::bigint, -9223372036854775808),"
                      " closed_s = nullif($11::bigint, -9223372036854775808), step_notices = $12::int,"
                      " next_notice = $13::bigint, epoch_open = $14::int <> 0, last_hash = $15::bytea,"
                      " step_account = $16, next_month = $17::date"
                      " WHERE partition = $1::int AND fence = $2::bigint AND next_seq = $3::bigint"
                      " AND next_step = $4::int AND step = $5::int",
                      MOVE_PARAMETERS, move.values, &count);
    vec_release(&move.hash.bytes);
    *moved = count == 1;
    return pg_store_done(of, good, error);
}

enum error_class claim_move_position(struct store *store, uint32_t partition,
                                     const struct position_move *move, bool *moved, struct error *error)
{
    static const char *const updates[] = {
        [POSITION_NEXT_REJECT] =
            "UPDATE claim SET next_reject = $4::bigint"
            " WHERE partition = $1::int AND fence = $2::bigint AND next_reject = $3::bigint",
        [POSITION_NOTICES_SENT] =
            "UPDATE claim SET notices_sent = $4::bigint"
            " WHERE partition = $1::int AND fence = $2::bigint AND notices_sent = $3::bigint",
    };
    struct pg_store *of = pg_store_of(store);
    char text[4][32];
    snprintf(text[0], 32, "%u", partition);
    snprintf(text[1], 32, "%lld", (long long)move->fence);
    snprintf(text[2], 32, "%lld", (long long)move->from);
    snprintf(text[3], 32, "%lld", (long long)move->to);
    const char *const values[] = {text[0], text[1], text[2], text[3]};
    uint64_t count = 0;
    bool good = pg_do(of->pg, updates[move->position], 4, values, &count);
    *moved = count == 1;
    return pg_store_done(of, good, error);
}
