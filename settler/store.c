#include "settler/store.h"

#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "settler/store_rows.h"

enum { CLAIM_COLUMNS = 7, WORK_MAX = 50000 };

static int64_t number_at(const PGresult *rows, int column, int64_t if_null)
{
    return PQgetisnull(rows, 0, column) ? if_null : strtoll(PQgetvalue(rows, 0, column), NULL, 10);
}

static void take_claim(const PGresult *rows, struct claim *claim)
{
    struct packer hash = {0};
    claim->fence = number_at(rows, 0, 0);
    claim->next_seq = (uint64_t)number_at(rows, 1, 0);
    claim->next_offset = number_at(rows, 2, 0);
    claim->watermark_us = number_at(rows, 3, INT64_MIN);
    claim->closed_s = number_at(rows, 4, INT64_MIN);
    claim->next_step = number_at(rows, 6, 0);
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
                 " ON CONFLICT (partition) DO UPDATE SET fence = claim.fence + 1"
                 " RETURNING fence, next_seq, next_offset, watermark_us, closed_s, last_hash, next_step",
                 1, values);
    if (rows == NULL)
        return STORE_RETRY;
    CHECK(PQntuples(rows) == 1 && PQnfields(rows) == CLAIM_COLUMNS);
    claim->partition = partition;
    claim->work_max = WORK_MAX;
    claim->ranges_day = -1;
    claim->ranges_missed = 0;
    take_claim(rows, claim);
    PQclear(rows);
    memory_begin(&claim->memory);
    return STORE_OK;
}

void store_claim_release(struct claim *claim)
{
    memory_free(claim->memory);
    claim->memory = NULL;
}

bool store_frame_is_plain(const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->fact_count; i++)
        if (frame->facts[i].control != CONTROL_NONE || !record_is_payment(frame->facts[i].record.kind))
            return false;
    return true;
}

/* The row is what `from` says, and will be what `to` says; if not, somebody else owns the partition. */
static enum store_outcome move_claim(struct pg *pg, const struct claim *from, const struct claim *to)
{
    char text[9][32];
    struct packer hash = {0};
    pg_put_hex(&hash, to->last_hash, FRAME_HASH_SIZE);
    pack_raw(&hash, "", 1);
    snprintf(text[0], 32, "%u", from->partition);
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
    uint64_t moved = 0;
    bool good = pg_do(
        pg,
        "UPDATE claim SET next_seq = $5::bigint, next_step = $6::int, next_offset = $7::bigint,"
        " watermark_us = nullif($8::bigint, -9223372036854775808),"
        " closed_s = nullif($9::bigint, -9223372036854775808), last_hash = $10::bytea"
        " WHERE partition = $1::int AND fence = $2::bigint AND next_seq = $3::bigint AND next_step = $4::int",
        10, values, &moved);
    vec_release(&hash.bytes);
    return !good ? STORE_RETRY : moved == 1 ? STORE_OK : STORE_LOST;
}

/* Log time moves with the last frame of an epoch. */
static struct claim claim_after(const struct claim *claim, const struct placed_frame *frames, uint32_t count)
{
    struct claim after = *claim;
    const struct placed_frame *last = &frames[count - 1];
    after.next_seq = last->frame.seq + 1;
    after.next_step = 0;
    after.next_offset = last->end_offset;
    memcpy(after.last_hash, last->frame.hash, FRAME_HASH_SIZE);
    for (uint32_t i = 0; i < count; i++) {
        if (frames[i].frame.more)
            continue;
        after.watermark_us = frames[i].frame.watermark_us;
        after.closed_s = frames[i].frame.closed_s;
    }
    return after;
}

/* One transaction's worth. */
struct batch {
    struct loaded loaded;
    const struct placed_frame *frames;
    uint32_t count;
    bool too_much; /* for one transaction, and there are frames to leave out */
    struct batch_rows rows;
};

/* The frame with the rows of the step's hours alone. Lists are the caller's to release. */
struct cut_frame {
    struct frame frame;
    VEC(struct level_row) levels;
    VEC(struct count_row) counts;
};

static void cut_frame(struct cut_frame *cut, const struct frame *frame, const struct loaded *loaded)
{
    *cut = (struct cut_frame){.frame = *frame};
    if (loaded->from_s == INT64_MIN && loaded->to_s == INT64_MAX)
        return;
    for (uint32_t i = 0; i < frame->level_count; i++)
        if (frame->levels[i].hour_s >= loaded->from_s && frame->levels[i].hour_s < loaded->to_s)
            vec_push(&cut->levels, frame->levels[i]);
    for (uint32_t i = 0; i < frame->count_count; i++)
        if (frame->counts[i].hour_s >= loaded->from_s && frame->counts[i].hour_s < loaded->to_s)
            vec_push(&cut->counts, frame->counts[i]);
    cut->frame.levels = cut->levels.at;
    cut->frame.level_count = cut->levels.count;
    cut->frame.counts = cut->counts.at;
    cut->frame.count_count = cut->counts.count;
}

static enum store_outcome settle_one(struct batch *batch, const struct frame *frame, bool last)
{
    struct loaded *loaded = &batch->loaded;
    struct cut_frame cut;
    cut_frame(&cut, frame, loaded);
    enum store_outcome outcome = STORE_OK;
    if (settle_frame(loaded->settlement, &cut.frame) != SETTLED)
        outcome = STORE_FRAMES;
    else if ((last && !rows_write_facts(loaded->pg, loaded->settlement, frame)) ||
             !rows_add_frame(&batch->rows, loaded, frame))
        outcome = STORE_RETRY;
    vec_release(&cut.levels);
    vec_release(&cut.counts);
    return outcome;
}

/* Between BEGIN and COMMIT: the fence first of all. *after is what the row will be when all is done. */
static enum store_outcome settle_inside(struct batch *batch, const struct claim *claim, struct claim *after)
{
    struct loaded *loaded = &batch->loaded;
    enum store_outcome outcome = move_claim(loaded->pg, claim, after);
    if (outcome != STORE_OK)
        return outcome;
    if (!load_catalogs(loaded) || !load_touched(loaded, batch->frames, batch->count))
        return STORE_RETRY;
    bool last = loaded->to_s == INT64_MAX;
    batch->too_much = !last && batch->count > 1;
    if (batch->too_much)
        return STORE_STEP;
    loaded->settlement->from_s = loaded->from_s;
    loaded->settlement->to_s = loaded->to_s;
    for (uint32_t i = 0; i < batch->count && outcome == STORE_OK; i++)
        outcome = settle_one(batch, &batch->frames[i].frame, last);
    if (outcome == STORE_OK && !rows_write(&batch->rows, loaded, last))
        outcome = STORE_RETRY;
    if (outcome != STORE_OK || last)
        return outcome;
    struct claim whole = *after;
    *after = *claim;
    after->next_step = loaded->to_s / HOUR_S;
    outcome = move_claim(loaded->pg, &whole, after);
    return outcome == STORE_OK ? STORE_STEP : outcome;
}

/* Whether the transaction is one to commit. */
static bool is_good(const struct batch *batch, enum store_outcome outcome)
{
    return outcome == STORE_OK || (outcome == STORE_STEP && !batch->too_much);
}

static enum store_outcome settle_batch(struct pg *pg, struct claim *claim, struct batch *batch)
{
    struct settlement settlement;
    struct claim after = claim_after(claim, batch->frames, batch->count);
    settlement_init(&settlement);
    settlement.book.watermark_us = claim->watermark_us;
    settlement.book.prices = claim->memory->prices;
    batch->loaded = (struct loaded){
        .pg = pg,
        .settlement = &settlement,
        .memory = claim->memory,
        .partition = claim->partition,
        .watermark_us = claim->watermark_us,
        .until_us = after.watermark_us,
        .closed_s = claim->closed_s,
        .work_max = claim->work_max,
        .keys_room = 2 * claim->work_max,
        .from_s = claim->next_step == 0 ? INT64_MIN : claim->next_step * HOUR_S,
        .to_s = INT64_MAX,
    };
    enum store_outcome outcome = settle_inside(batch, claim, &after);
    bool committed = is_good(batch, outcome) && pg_commit(pg);
    claim->memory->prices = settlement.book.prices;
    settlement.book.prices = (struct prices){0};
    if (committed)
        rows_remember(&batch->loaded);
    loaded_release(&batch->loaded);
    settlement_release(&settlement);
    rows_release(&batch->rows);
    if (!is_good(batch, outcome))
        return outcome;
    if (!committed)
        return STORE_RETRY;
    *claim = after;
    return outcome;
}

static enum store_outcome transact(struct pg *pg, struct claim *claim, struct batch *batch)
{
    if (!pg_script(pg, "BEGIN"))
        return STORE_RETRY;
    enum store_outcome outcome = settle_batch(pg, claim, batch);
    if (is_good(batch, outcome))
        return outcome;
    bool undone = pg_script(pg, "ROLLBACK");
    return undone ? outcome : STORE_RETRY;
}

/* Whether the frames change the claim and nothing else: they say nothing, and no order is due. */
static bool says_nothing(const struct claim *claim, const struct claim *after, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct frame *frame = &batch->frames[i].frame;
        if (frame->fact_count + frame->level_count + frame->count_count + frame->reject_count > 0)
            return false;
    }
    return claim->memory->prices.list.count > 0 && claim->memory->due_known &&
           claim->memory->next_due_us >= after->watermark_us;
}

/* The compare-and-set is a transaction of its own where there is nothing beside it. */
static enum store_outcome settle_quickly(struct pg *pg, struct claim *claim, struct batch *batch)
{
    struct claim after = claim_after(claim, batch->frames, batch->count);
    if (claim->next_step != 0 || !says_nothing(claim, &after, batch))
        return transact(pg, claim, batch);
    enum store_outcome outcome = move_claim(pg, claim, &after);
    if (outcome == STORE_OK)
        *claim = after;
    return outcome;
}

/* Once a day of log time, has the ranges of its month and the next made, before hours of theirs come. It is
 * asked for outside of transactions, where its locks would meet others'; if they cannot be made, a day later
 * will do, and meanwhile rows go to the DEFAULT range. */
static void make_ranges(struct pg *pg, struct claim *claim, int64_t watermark_us)
{
    char now[32];
    int64_t day = watermark_us == INT64_MIN ? -1 : time_second(watermark_us) / DAY_S;
    if (claim->ranges_day == day)
        return;
    claim->ranges_day = day;
    snprintf(now, sizeof now, "%lld", (long long)(day * DAY_S));
    const char *const values[] = {now};
    if (!pg_do(pg,
               "SELECT settled_range(to_timestamp($1::bigint)),"
               " settled_range(to_timestamp($1::bigint) + interval '1 month')",
               1, values, NULL))
        claim->ranges_missed++;
}

enum store_outcome store_settle(struct pg *pg, struct claim *claim, const struct placed_frame *frames,
                                uint32_t count, uint64_t *rows)
{
    *rows = 0;
    for (; count > 0 && frames[0].frame.seq < claim->next_seq; count--)
        frames++;
    CHECK(count > 0 && frames[0].frame.seq == claim->next_seq);
    uint64_t last = frames[count - 1].frame.seq;
    make_ranges(pg, claim, frames[count - 1].frame.watermark_us);
    /* A frame that is settled in steps is settled alone. */
    struct batch batch = {.frames = frames, .count = claim->next_step == 0 ? count : 1};
    enum store_outcome outcome = settle_quickly(pg, claim, &batch);
    while (outcome == STORE_STEP && batch.too_much) {
        batch.count = (batch.count + 1) / 2;
        outcome = transact(pg, claim, &batch);
    }
    *rows = batch.rows.settled_count;
    return outcome == STORE_OK && claim->next_seq <= last ? STORE_STEP : outcome;
}
