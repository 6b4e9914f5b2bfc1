#include "settler/store.h"

#include <stdio.h>

#include "lib/base/check.h"
#include "settler/store_rows.h"

enum { CLAIM_COLUMNS = 6 };

static int64_t number_at(const PGresult *rows, int column, int64_t if_null)
{
    return PQgetisnull(rows, 0, column) ? if_null : strtoll(PQgetvalue(rows, 0, column), NULL, 10);
}

static void take_claim(const PGresult *rows, struct claim *claim)
{
    struct packer hash = {0};
    claim->epoch = number_at(rows, 0, 0);
    claim->next_seq = (uint64_t)number_at(rows, 1, 0);
    claim->next_offset = number_at(rows, 2, 0);
    claim->watermark_us = number_at(rows, 3, INT64_MIN);
    claim->closed_s = number_at(rows, 4, INT64_MIN);
    CHECK(pg_take_hex(PQgetvalue(rows, 0, 5), &hash) && hash.bytes.count == FRAME_HASH_SIZE);
    memcpy(claim->last_hash, hash.bytes.at, FRAME_HASH_SIZE);
    vec_release(&hash.bytes);
}

enum store_outcome store_claim(struct pg *pg, uint32_t partition, struct claim *claim)
{
    char number[16];
    snprintf(number, sizeof number, "%u", partition);
    const char *const values[] = {number};
    PGresult *rows =
        pg_query(pg,
                 "INSERT INTO claim VALUES ($1::int, 1, 0, 0, 0, decode(repeat('00', 32), 'hex'))"
                 " ON CONFLICT (partition) DO UPDATE SET epoch = claim.epoch + 1"
                 " RETURNING epoch, next_seq, next_offset, watermark_us, closed_s, last_hash",
                 1, values);
    if (rows == NULL)
        return STORE_RETRY;
    CHECK(PQntuples(rows) == 1 && PQnfields(rows) == CLAIM_COLUMNS);
    claim->partition = partition;
    take_claim(rows, claim);
    PQclear(rows);
    return STORE_OK;
}

bool store_frame_is_plain(const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->fact_count; i++)
        if (frame->facts[i].control != CONTROL_NONE || frame->facts[i].record.kind != RECORD_CREDITED)
            return false;
    return true;
}

/* The fence, first of all: no row means that somebody else owns the partition. */
static enum store_outcome move_claim(struct pg *pg, const struct claim *claim,
                                     const struct placed_frame *last)
{
    char text[7][32];
    struct packer hash = {0};
    pg_put_hex(&hash, last->frame.hash, FRAME_HASH_SIZE);
    pack_raw(&hash, "", 1);
    snprintf(text[0], 32, "%u", claim->partition);
    snprintf(text[1], 32, "%lld", (long long)claim->epoch);
    snprintf(text[2], 32, "%llu", (unsigned long long)claim->next_seq);
    snprintf(text[3], 32, "%llu", (unsigned long long)last->frame.seq + 1);
    snprintf(text[4], 32, "%lld", (long long)last->end_offset);
    snprintf(text[5], 32, "%lld", (long long)last->frame.watermark_us);
    snprintf(text[6], 32, "%lld", (long long)last->frame.closed_s);
    const char *const values[] = {text[0], text[1], text[2], text[3],
                                  text[4], text[5], text[6], hash.bytes.at};
    uint64_t moved = 0;
    bool good =
        pg_do(pg,
              "UPDATE claim SET next_seq = $4::bigint, next_step = 0, next_offset = $5::bigint,"
              " watermark_us = nullif($6::bigint, -9223372036854775808),"
              " closed_s = nullif($7::bigint, -9223372036854775808), last_hash = $8::bytea"
              " WHERE partition = $1::int AND epoch = $2::bigint AND next_seq = $3::bigint AND next_step = 0",
              8, values, &moved);
    vec_release(&hash.bytes);
    return !good ? STORE_RETRY : moved == 1 ? STORE_OK : STORE_LOST;
}

static enum store_outcome settle_frames(struct loaded *loaded, const struct placed_frame *frames,
                                        uint32_t count, uint64_t *rows)
{
    struct batch_rows batch = {0};
    enum store_outcome outcome = STORE_OK;
    for (uint32_t i = 0; i < count && outcome == STORE_OK; i++) {
        if (settle_frame(loaded->settlement, &frames[i].frame) != SETTLED)
            outcome = STORE_FRAMES;
        else if (!rows_write_facts(loaded->pg, loaded->settlement, &frames[i].frame))
            outcome = STORE_RETRY;
        else
            rows_add_frame(&batch, loaded->settlement, &frames[i].frame);
    }
    if (outcome == STORE_OK && !rows_write(&batch, loaded))
        outcome = STORE_RETRY;
    *rows = batch.settled_count;
    rows_release(&batch);
    return outcome;
}

/* Between BEGIN and COMMIT. */
static enum store_outcome settle_inside(struct pg *pg, const struct claim *claim,
                                        const struct placed_frame *frames, uint32_t count, uint64_t *rows)
{
    enum store_outcome outcome = move_claim(pg, claim, &frames[count - 1]);
    if (outcome != STORE_OK)
        return outcome;
    struct settlement settlement;
    settlement_init(&settlement);
    settlement.book.closed_s = claim->closed_s;
    struct loaded loaded = {.pg = pg,
                            .settlement = &settlement,
                            .partition = claim->partition,
                            .watermark_us = claim->watermark_us};
    if (!load_catalogs(&loaded) || !load_touched(&loaded, frames, count))
        outcome = STORE_RETRY;
    else
        outcome = settle_frames(&loaded, frames, count, rows);
    loaded_release(&loaded);
    settlement_release(&settlement);
    return outcome;
}

enum store_outcome store_settle(struct pg *pg, struct claim *claim, const struct placed_frame *frames,
                                uint32_t count, uint64_t *rows)
{
    CHECK(count > 0 && frames[0].frame.seq == claim->next_seq);
    *rows = 0;
    if (!pg_script(pg, "BEGIN"))
        return STORE_RETRY;
    enum store_outcome outcome = settle_inside(pg, claim, frames, count, rows);
    if (outcome == STORE_OK && !pg_commit(pg))
        outcome = STORE_RETRY;
    if (outcome != STORE_OK) {
        bool undone = pg_script(pg, "ROLLBACK");
        return undone || outcome != STORE_LOST ? outcome : STORE_RETRY;
    }
    const struct placed_frame *last = &frames[count - 1];
    claim->next_seq = last->frame.seq + 1;
    claim->next_offset = last->end_offset;
    claim->watermark_us = last->frame.watermark_us;
    claim->closed_s = last->frame.closed_s;
    memcpy(claim->last_hash, last->frame.hash, FRAME_HASH_SIZE);
    return STORE_OK;
}
