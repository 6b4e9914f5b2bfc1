#include "settler/store/store.h"

#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "settler/store/loaded.h"

enum { WORK_MAX = 50000 };

void store_close(struct store *store)
{
    if (store != NULL)
        store->ops->close(store);
}

uint64_t store_statements(const struct store *store)
{
    return store->ops->statements(store);
}

/* --- the generation --- */

static bool is_known(const uint8_t hash[CONTROL_HASH_SIZE])
{
    static const uint8_t none[CONTROL_HASH_SIZE];
    return memcmp(hash, none, CONTROL_HASH_SIZE) != 0;
}

static void print_hash(const uint8_t hash[CONTROL_HASH_SIZE], char out[17])
{
    for (int i = 0; i < 8; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", hash[i]);
}

enum error_class generation_check(const struct store_generation *log, const struct store_generation *tables,
                                  struct error *error)
{
    char why[250], ours[17], theirs[17];
    if (log->partitions > 0 && tables->partitions > 0 && log->partitions != tables->partitions) {
        snprintf(
            why, sizeof why,
            "the log has %u partitions and the schema settled one of %u: give this log a schema of its own"
            " (--schema), or the settler that log's --prefix",
            log->partitions, tables->partitions);
        return error_set(error, ERROR_FATAL, "the schema is another generation's", why);
    }
    if (!is_known(log->init_hash) || !is_known(tables->init_hash) ||
        memcmp(log->init_hash, tables->init_hash, CONTROL_HASH_SIZE) == 0)
        return ERROR_NONE;
    print_hash(log->init_hash, ours);
    print_hash(tables->init_hash, theirs);
    snprintf(
        why, sizeof why,
        "the log begins with %s and the schema settled one that begins with %s: the log was made anew, or"
        " the schema is another generation's; give this log a schema of its own (--schema)",
        ours, theirs);
    return error_set(error, ERROR_FATAL, "not the log that was settled here", why);
}

enum error_class store_generation(struct store *store, const struct store_generation *generation,
                                  struct error *error)
{
    struct meta_row row;
    bool found;
    CHECK(generation->partitions > 0);
    if (!good(store->ops->read_meta(store, &row, &found, error)) ||
        (found && !good(generation_check(generation, &row.generation, error))))
        return error->class;
    if (found && is_known(row.generation.init_hash) && !is_known(generation->init_hash))
        return error_set(error, ERROR_ABORT, "the log does not say yet which it is",
                         "hourglass init has not come to its end");
    store->generation = *generation;
    if (!found || (row.generation.partitions > 0 &&
                   (is_known(row.generation.init_hash) || !is_known(generation->init_hash))))
        return ERROR_NONE;
    row.generation = *generation;
    return store->ops->write_meta(store, &row, error);
}

enum error_class store_ping(struct store *store, struct error *error)
{
    struct meta_row row;
    bool found;
    return store->ops->read_meta(store, &row, &found, error);
}

/* --- the claim --- */

static struct claim_row row_of(const struct claim *claim)
{
    struct claim_row row = {.fence = claim->fence,
                            .next_seq = claim->next_seq,
                            .next_step = claim->next_step,
                            .next_offset = claim->next_offset,
                            .next_reject = claim->next_reject,
                            .next_notice = claim->next_notice,
                            .notices_sent = claim->notices_sent,
                            .watermark_us = claim->watermark_us,
                            .closed_s = claim->closed_s};
    memcpy(row.last_hash, claim->last_hash, FRAME_HASH_SIZE);
    return row;
}

enum store_outcome store_claim(struct store *store, uint32_t partition, struct claim *claim,
                               struct error *error)
{
    struct claim_row row;
    if (store->ops->claim(store, partition, &row, error) != ERROR_NONE)
        return STORE_FAILED;
    CHECK(row.fence > 0 && row.next_step >= 0);
    claim->partition = partition;
    claim->fence = row.fence;
    claim->next_seq = row.next_seq;
    claim->next_step = row.next_step;
    claim->next_offset = row.next_offset;
    claim->next_reject = row.next_reject;
    claim->next_notice = row.next_notice;
    claim->notices_sent = row.notices_sent;
    memcpy(claim->last_hash, row.last_hash, FRAME_HASH_SIZE);
    claim->watermark_us = row.watermark_us;
    claim->closed_s = row.closed_s;
    claim->work_max = store->work_max != 0 ? store->work_max : WORK_MAX;
    claim->ranges_day = -1;
    claim->ranges_missed = 0;
    known_begin(&claim->known);
    return STORE_OK;
}

void store_claim_release(struct claim *claim)
{
    known_free(claim->known);
    claim->known = NULL;
}

/* The row is what `from` says, and will be what `to` says; if not, somebody else owns the partition. */
static enum store_outcome move_claim(struct store *store, const struct claim *from, const struct claim *to,
                                     struct error *error)
{
    struct claim_row before = row_of(from), after = row_of(to);
    bool moved;
    if (store->ops->move_claim(store, from->partition, &before, &after, &moved, error) != ERROR_NONE)
        return STORE_FAILED;
    return moved ? STORE_OK : STORE_LOST;
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

/* --- a batch --- */

bool store_frame_is_plain(const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->fact_count; i++)
        if (frame->facts[i].control != CONTROL_NONE || !record_is_payment(frame->facts[i].record.kind))
            return false;
    return true;
}

/* The frames of one, and what they touch. */
struct transaction {
    struct loaded loaded;
    const struct placed_frame *frames;
    uint32_t count;
    bool too_much; /* for one transaction, and there are frames to leave out */
    uint64_t rows; /* of `settled` */
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

static enum store_outcome settle_one(struct transaction *transaction, const struct frame *frame, bool last)
{
    struct loaded *loaded = &transaction->loaded;
    struct cut_frame cut;
    cut_frame(&cut, frame, loaded);
    enum store_outcome outcome = STORE_OK;
    if (settle_frame(loaded->settlement, &cut.frame) != SETTLED)
        outcome = STORE_FRAMES;
    else if ((last && !rows_write_facts(loaded, frame)) ||
             !rows_write_frame(loaded, frame, &transaction->rows))
        outcome = STORE_FAILED;
    vec_release(&cut.levels);
    vec_release(&cut.counts);
    return outcome;
}

/* Between begin and commit: the fence first of all. *after is what the row will be when all is done. */
static enum store_outcome settle_inside(struct transaction *transaction, const struct claim *claim,
                                        struct claim *after)
{
    struct loaded *loaded = &transaction->loaded;
    enum store_outcome outcome = move_claim(loaded->store, claim, after, loaded->error);
    if (outcome != STORE_OK)
        return outcome;
    if (!load_catalogs(loaded) || !load_touched(loaded, transaction->frames, transaction->count))
        return STORE_FAILED;
    bool last = loaded->to_s == INT64_MAX;
    transaction->too_much = !last && transaction->count > 1;
    if (transaction->too_much)
        return STORE_STEP;
    loaded->settlement->from_s = loaded->from_s;
    loaded->settlement->to_s = loaded->to_s;
    for (uint32_t i = 0; i < transaction->count && outcome == STORE_OK; i++)
        outcome = settle_one(transaction, &transaction->frames[i].frame, last);
    if (outcome == STORE_OK && !rows_write(loaded, last))
        outcome = STORE_FAILED;
    if (outcome != STORE_OK || last)
        return outcome;
    struct claim whole = *after;
    *after = *claim;
    after->next_step = loaded->to_s / HOUR_S;
    outcome = move_claim(loaded->store, &whole, after, loaded->error);
    return outcome == STORE_OK ? STORE_STEP : outcome;
}

/* Whether the transaction is one to commit. */
static bool is_good(const struct transaction *transaction, enum store_outcome outcome)
{
    return outcome == STORE_OK || (outcome == STORE_STEP && !transaction->too_much);
}

static enum store_outcome settle_batch(struct store *store, struct claim *claim,
                                       struct transaction *transaction, struct error *error)
{
    struct settlement settlement;
    struct claim after = claim_after(claim, transaction->frames, transaction->count);
    settlement_init(&settlement);
    settlement.book.watermark_us = claim->watermark_us;
    settlement.book.prices = claim->known->prices;
    transaction->rows = 0;
    transaction->loaded = (struct loaded){
        .store = store,
        .error = error,
        .settlement = &settlement,
        .known = claim->known,
        .partition = claim->partition,
        .watermark_us = claim->watermark_us,
        .until_us = after.watermark_us,
        .closed_s = claim->closed_s,
        .work_max = claim->work_max,
        .keys_room = 2 * claim->work_max,
        .from_s = claim->next_step == 0 ? INT64_MIN : claim->next_step * HOUR_S,
        .to_s = INT64_MAX,
    };
    enum store_outcome outcome = settle_inside(transaction, claim, &after);
    bool committed = is_good(transaction, outcome) && store->ops->commit(store, error) == ERROR_NONE;
    claim->known->prices = settlement.book.prices;
    settlement.book.prices = (struct prices){0};
    if (committed)
        rows_remember(&transaction->loaded);
    loaded_release(&transaction->loaded);
    settlement_release(&settlement);
    if (!is_good(transaction, outcome))
        return outcome;
    if (!committed)
        return STORE_FAILED;
    *claim = after;
    return outcome;
}

enum store_outcome store_undo(struct store *store, enum store_outcome outcome, struct error *error)
{
    struct error undoing;
    CHECK(outcome != STORE_OK);
    if (store->ops->rollback(store, &undoing) == ERROR_NONE)
        return outcome;
    if (outcome != STORE_FAILED)
        *error = undoing;
    if (error->class == ERROR_RETRY)
        error->class = ERROR_ABORT;
    return STORE_FAILED;
}

static enum store_outcome transact(struct store *store, struct claim *claim, struct transaction *transaction,
                                   struct error *error)
{
    if (store->ops->begin(store, error) != ERROR_NONE)
        return STORE_FAILED;
    enum store_outcome outcome = settle_batch(store, claim, transaction, error);
    return is_good(transaction, outcome) ? outcome : store_undo(store, outcome, error);
}

/* Whether the frames change the claim and nothing else: they say nothing, and no order is due. */
static bool says_nothing(const struct claim *claim, const struct claim *after,
                         const struct transaction *transaction)
{
    for (uint32_t i = 0; i < transaction->count; i++) {
        const struct frame *frame = &transaction->frames[i].frame;
        if (frame->fact_count + frame->level_count + frame->count_count + frame->reject_count > 0)
            return false;
    }
    return claim->known->prices.list.count > 0 && claim->known->due_known &&
           claim->known->next_due_us >= after->watermark_us;
}

/* The compare-and-set is a transaction of its own where there is nothing beside it. */
static enum store_outcome settle_quickly(struct store *store, struct claim *claim,
                                         struct transaction *transaction, struct error *error)
{
    struct claim after = claim_after(claim, transaction->frames, transaction->count);
    if (claim->next_step != 0 || !says_nothing(claim, &after, transaction))
        return transact(store, claim, transaction, error);
    enum store_outcome outcome = move_claim(store, claim, &after, error);
    if (outcome == STORE_OK)
        *claim = after;
    return outcome;
}

/* Once a day of log time, has the ranges of its month and the next made, before hours of theirs come. It is
 * asked for outside of transactions, where its locks would meet others'; if they cannot be made, a day later
 * will do, and meanwhile rows go to the DEFAULT range. */
static enum error_class make_ranges(struct store *store, struct claim *claim, int64_t watermark_us,
                                    struct error *error)
{
    int64_t day = watermark_us == INT64_MIN ? -1 : time_second(watermark_us) / DAY_S;
    if (claim->ranges_day == day)
        return ERROR_NONE;
    claim->ranges_day = day;
    enum error_class class = store->ops->make_ranges(store, day * DAY_S, error);
    claim->ranges_missed += class == ERROR_RETRY;
    return class == ERROR_RETRY ? ERROR_NONE : class;
}

enum store_outcome store_settle(struct store *store, struct claim *claim, const struct placed_frame *frames,
                                uint32_t count, uint64_t *rows, struct error *error)
{
    *rows = 0;
    for (; count > 0 && frames[0].frame.seq < claim->next_seq; count--)
        frames++;
    CHECK(count > 0 && frames[0].frame.seq == claim->next_seq);
    uint64_t last = frames[count - 1].frame.seq;
    if (make_ranges(store, claim, frames[count - 1].frame.watermark_us, error) != ERROR_NONE)
        return STORE_FAILED;
    /* A frame that is settled in steps is settled alone. */
    struct transaction transaction = {.frames = frames, .count = claim->next_step == 0 ? count : 1};
    enum store_outcome outcome = settle_quickly(store, claim, &transaction, error);
    while (outcome == STORE_STEP && transaction.too_much) {
        transaction.count = (transaction.count + 1) / 2;
        outcome = transact(store, claim, &transaction, error);
    }
    *rows = transaction.rows;
    return outcome == STORE_OK && claim->next_seq <= last ? STORE_STEP : outcome;
}
