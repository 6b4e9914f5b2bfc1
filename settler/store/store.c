#include "settler/store/store.h"

#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "settler/store/loaded.h"

/* Of one transaction: resource-hours, and accounts whose bills are cut or whose deadlines have come. */
enum { WORK_MAX = 50000, ACCOUNTS_MAX = 256 };

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
                            .step = claim->step,
                            .accounts = claim->accounts,
                            .step_notices = claim->step_notices,
                            .next_notice = claim->next_notice,
                            .next_month_s = claim->next_month_s,
                            .epoch_open = claim->epoch_open,
                            .next_offset = claim->next_offset,
                            .next_reject = claim->next_reject,
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
    CHECK(row.fence > 0 && row.next_step >= 0 && row.step >= 0);
    claim->partition = partition;
    claim->fence = row.fence;
    claim->next_seq = row.next_seq;
    claim->next_step = row.next_step;
    claim->step = row.step;
    claim->accounts = row.accounts;
    claim->step_notices = row.step_notices;
    claim->next_notice = row.next_notice;
    claim->next_month_s = row.next_month_s;
    claim->epoch_open = row.epoch_open;
    claim->next_offset = row.next_offset;
    claim->next_reject = row.next_reject;
    claim->notices_sent = row.notices_sent;
    memcpy(claim->last_hash, row.last_hash, FRAME_HASH_SIZE);
    claim->watermark_us = row.watermark_us;
    claim->closed_s = row.closed_s;
    claim->work_max = store->work_max != 0 ? store->work_max : WORK_MAX;
    claim->accounts_max = store->accounts_max != 0 ? store->accounts_max : ACCOUNTS_MAX;
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

/* Log time moves with the last frame of an epoch, and with it the month whose bills are cut next. */
static void pass_frame(struct claim *claim, const struct frame *frame)
{
    claim->epoch_open = frame->more;
    if (frame->more)
        return;
    claim->watermark_us = frame->watermark_us;
    claim->closed_s = frame->closed_s;
    if (frame->watermark_us == INT64_MIN)
        return;
    int64_t month_s = bill_first_month_s(frame->watermark_us);
    if (claim->next_month_s < month_s)
        claim->next_month_s = month_s;
}

static struct claim claim_after(const struct claim *claim, const struct placed_frame *frames, uint32_t count)
{
    struct claim after = *claim;
    const struct placed_frame *last = &frames[count - 1];
    after.next_seq = last->frame.seq + 1;
    after.next_step = after.step = after.step_notices = 0;
    after.accounts = (struct account_mark){0};
    after.next_offset = last->end_offset;
    memcpy(after.last_hash, last->frame.hash, FRAME_HASH_SIZE);
    for (uint32_t i = 0; i < count; i++)
        pass_frame(&after, &frames[i].frame);
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
    VEC(struct post) posts; /* of each frame */
    bool bills;             /* are due with the frame, which then is alone */
    bool many_deadlines;    /* more of them have come than one transaction takes */
    bool too_much;          /* for one transaction, and there are frames to leave out */
    bool claim_changed;     /* what the row will be, since it was moved */
    struct store_written written;
};

/* The last of the hours that the frames' lines lie in are this step's. */
static bool ends_lines(const struct transaction *transaction)
{
    return transaction->loaded.to_s == INT64_MAX;
}

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

static bool has_payments(const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->fact_count; i++)
        if (frame->facts[i].control == CONTROL_NONE && record_is_payment(frame->facts[i].record.kind))
            return true;
    return false;
}

/* What was settled of the frame, by account, hour, product, sku, meter and kind. */
static bool charge(struct transaction *transaction, struct post *post)
{
    struct loaded *loaded = &transaction->loaded;
    bool facts = ends_lines(transaction);
    frame_money_take(loaded->settlement, post->frame, facts, post->next_month_s, &post->money);
    if (loaded->settlement->rows.count > 0 || (facts && has_payments(post->frame)))
        note_frame(loaded, post->frame);
    return put_charges(loaded, post);
}

static enum store_outcome settle_one(struct transaction *transaction, struct post *post)
{
    struct loaded *loaded = &transaction->loaded;
    struct cut_frame cut;
    cut_frame(&cut, post->frame, loaded);
    enum store_outcome outcome = STORE_OK;
    if (settle_frame(loaded->settlement, &cut.frame) != SETTLED)
        outcome = STORE_FRAMES;
    else if ((ends_lines(transaction) && !rows_write_facts(loaded, post->frame)) ||
             !rows_write_frame(loaded, post->frame) || !charge(transaction, post))
        outcome = STORE_FAILED;
    vec_release(&cut.levels);
    vec_release(&cut.counts);
    return outcome;
}

/* The frames' money into accounts; in_steps: these are judged when all of the frame's work is done. */
static bool post_frames(struct transaction *transaction, const struct claim *claim, struct claim *after,
                        bool in_steps)
{
    struct loaded *loaded = &transaction->loaded;
    struct posted posted = {0};
    struct numbers numbers = {.step = (uint32_t)claim->step, .next_notice = claim->next_notice};
    bool done = load_accounts(loaded, transaction->posts.at, transaction->count);
    for (uint32_t i = 0; i < transaction->count && done; i++) {
        const struct post *post = &transaction->posts.at[i];
        posted_clear(&posted);
        numbers.notices = 0;
        accounts_post(&loaded->accounts, &post->place, &post->money, &posted);
        accounts_meet(loaded, post);
        if (!in_steps)
            accounts_end_frame(&loaded->accounts, &loaded->settlement->book, &post->place, &posted);
        done = put_posted(loaded, post, &posted, &numbers);
    }
    transaction->claim_changed |= numbers.next_notice != after->next_notice;
    after->next_notice = numbers.next_notice;
    posted_release(&posted);
    return done && write_accounts(loaded, in_steps);
}

/* Deadlines that come with a frame of the batch; INT64_MIN: none can. */
static int64_t deadlines_until_us(const struct transaction *transaction)
{
    int64_t until_us = INT64_MIN;
    for (uint32_t i = 0; i < transaction->count; i++) {
        int64_t frame_us = place_deadlines_until_us(&transaction->posts.at[i].place);
        if (frame_us > until_us)
            until_us = frame_us;
    }
    return until_us;
}

static bool load_batch(struct transaction *transaction, const struct claim *claim)
{
    struct loaded *loaded = &transaction->loaded;
    if (!load_touched(loaded, transaction->frames, transaction->count))
        return false;
    return !ends_lines(transaction) || (load_payments(loaded, transaction->frames, transaction->count) &&
                                        load_deadlines(loaded, deadlines_until_us(transaction),
                                                       claim->accounts_max, &transaction->many_deadlines));
}

/* Lines, and where all fits into one transaction all that follows from them. */
static enum store_outcome settle_lines(struct transaction *transaction, const struct claim *claim,
                                       struct claim *after)
{
    struct loaded *loaded = &transaction->loaded;
    if (!load_batch(transaction, claim))
        return STORE_FAILED;
    bool last = ends_lines(transaction);
    transaction->too_much = transaction->count > 1 && (!last || transaction->many_deadlines);
    if (transaction->too_much)
        return STORE_STEP;
    bool in_steps = !last || transaction->bills || transaction->many_deadlines || claim->step > 0;
    loaded->settlement->from_s = loaded->from_s;
    loaded->settlement->to_s = loaded->to_s;
    enum store_outcome outcome = STORE_OK;
    for (uint32_t i = 0; i < transaction->count && outcome == STORE_OK; i++)
        outcome = settle_one(transaction, &transaction->posts.at[i]);
    if (outcome != STORE_OK)
        return outcome;
    if (!rows_write(loaded, last) ||
        (last && !write_states(loaded, transaction->frames, transaction->count)) ||
        !post_frames(transaction, claim, after, in_steps))
        return STORE_FAILED;
    if (last) /* the frame's facts are written with the step that ends its lines */
        transaction->written.facts = loaded->settlement->effects;
    if (!in_steps)
        return STORE_OK;
    *after = *claim;
    after->step++;
    after->accounts.begun = last;
    after->next_step = last ? claim->next_step : loaded->to_s / HOUR_S;
    transaction->claim_changed = true;
    return STORE_STEP;
}

static struct account_mark mark_of(struct str name)
{
    struct account_mark mark = {.begun = true, .size = name.size};
    CHECK(name.size <= sizeof mark.name);
    memcpy(mark.name, name.at, name.size);
    return mark;
}

/* A page of the frame's accounts, once its lines are done. */
static enum store_outcome settle_accounts(struct transaction *transaction, const struct claim *claim,
                                          struct claim *after)
{
    struct loaded *loaded = &transaction->loaded;
    const struct post *post = &transaction->posts.at[0];
    struct numbers numbers = {(uint32_t)claim->step, claim->step_notices, claim->next_notice};
    struct account_page page = {
        .partition = claim->partition,
        .after = {claim->accounts.name, claim->accounts.size},
        .limit = claim->accounts_max,
        .all = transaction->bills,
        .seq = post->frame->seq,
        .until_us = deadlines_until_us(transaction),
    };
    bool end;
    if (!settle_page(loaded, post, &page, transaction->bills, &numbers, &end))
        return STORE_FAILED;
    transaction->claim_changed = !end || numbers.next_notice != claim->next_notice;
    if (!end) {
        const struct account *last = &loaded->accounts.list.at[loaded->accounts.list.count - 1];
        *after = *claim;
        after->step++;
        after->step_notices = numbers.notices;
        after->accounts = mark_of(names_get(&loaded->settlement->book.names, last->name));
    }
    after->next_notice = numbers.next_notice;
    return end ? STORE_OK : STORE_STEP;
}

/* Whether the transaction is one to commit. */
static bool is_good(const struct transaction *transaction, enum store_outcome outcome)
{
    return outcome == STORE_OK || (outcome == STORE_STEP && !transaction->too_much);
}

/* Between begin and commit: the fence first of all. *after is what the row will be when all is done. */
static enum store_outcome settle_inside(struct transaction *transaction, const struct claim *claim,
                                        struct claim *after)
{
    struct loaded *loaded = &transaction->loaded;
    enum store_outcome outcome = move_claim(loaded->store, claim, after, loaded->error);
    if (outcome != STORE_OK)
        return outcome;
    struct claim moved = *after;
    if (!load_catalogs(loaded))
        return STORE_FAILED;
    outcome = claim->accounts.begun ? settle_accounts(transaction, claim, after)
                                    : settle_lines(transaction, claim, after);
    if (!is_good(transaction, outcome) || !transaction->claim_changed)
        return outcome;
    enum store_outcome again = move_claim(loaded->store, &moved, after, loaded->error);
    return again == STORE_OK ? outcome : again;
}

static enum store_outcome settle_batch(struct store *store, struct claim *claim,
                                       struct transaction *transaction, struct error *error)
{
    struct settlement settlement;
    struct claim after = claim_after(claim, transaction->frames, transaction->count);
    settlement_init(&settlement);
    settlement.book.watermark_us = claim->watermark_us;
    settlement.book.prices = claim->known->prices;
    transaction->written = (struct store_written){0};
    transaction->many_deadlines = transaction->too_much = transaction->claim_changed = false;
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
        .step = (uint32_t)claim->step,
        .from_s = claim->next_step == 0 ? INT64_MIN : claim->next_step * HOUR_S,
        .to_s = INT64_MAX,
        .written = &transaction->written,
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

/* Whether the frames change the claim and nothing else: they say nothing, and nothing is due with them:
 * order, deadline, bill. */
static bool says_nothing(const struct claim *claim, const struct claim *after,
                         const struct transaction *transaction)
{
    const struct known *known = claim->known;
    for (uint32_t i = 0; i < transaction->count; i++) {
        const struct frame *frame = &transaction->frames[i].frame;
        if (frame->fact_count + frame->level_count + frame->count_count + frame->state_count +
                frame->reject_count >
            0)
            return false;
    }
    return known->prices.list.count > 0 && known->due_known && known->next_due_us >= after->watermark_us &&
           known->deadline_known && known->next_deadline_us > deadlines_until_us(transaction) &&
           !transaction->bills;
}

/* The compare-and-set is a transaction of its own where there is nothing beside it. */
static enum store_outcome settle_quickly(struct store *store, struct claim *claim,
                                         struct transaction *transaction, struct error *error)
{
    struct claim after = claim_after(claim, transaction->frames, transaction->count);
    if (claim->step != 0 || !says_nothing(claim, &after, transaction))
        return transact(store, claim, transaction, error);
    enum store_outcome outcome = move_claim(store, claim, &after, error);
    if (outcome == STORE_OK)
        *claim = after;
    return outcome;
}

/* Once a day of log time, has the ranges of its month and the next made, before hours of theirs come. It is
 * asked for outside of transactions, where its locks would meet others'; if they cannot be made, a while
 * later will do, and meanwhile rows go to the DEFAULT range. */
static enum error_class make_ranges(struct store *store, struct claim *claim, int64_t watermark_us,
                                    struct error *error)
{
    int64_t day = watermark_us == INT64_MIN ? -1 : time_second(watermark_us) / DAY_S;
    if (claim->ranges_day == day)
        return ERROR_NONE;
    enum ranges ranges = RANGES_LATER;
    enum error_class class = store->ops->make_ranges(store, day * DAY_S, &ranges, error);
    if (ranges == RANGES_MISSED) {
        claim->ranges_missed++;
        snprintf(claim->ranges_why, sizeof claim->ranges_why, "%s", error->text);
    }
    if (class == ERROR_NONE && ranges == RANGES_ASKED)
        claim->ranges_day = day;
    return class;
}

/* Where each frame stands in log time; the batch ends before a frame that bills are due with, which is
 * settled alone. */
static void place_frames(struct transaction *transaction, const struct claim *claim)
{
    struct claim at = *claim;
    for (uint32_t i = 0; i < transaction->count; i++) {
        const struct frame *frame = &transaction->frames[i].frame;
        struct post post = {
            .frame = frame,
            .place = {frame->seq, frame->watermark_us, at.watermark_us, !at.epoch_open, !frame->more},
            .next_month_s = at.next_month_s,
        };
        bool bills = post.place.last && at.next_month_s != INT64_MIN &&
                     bill_is_due(at.next_month_s, frame->watermark_us);
        if (bills && i > 0) {
            transaction->count = i;
            return;
        }
        if (at.next_month_s == INT64_MIN && frame->watermark_us != INT64_MIN)
            post.next_month_s = bill_first_month_s(frame->watermark_us);
        vec_push(&transaction->posts, post);
        if (bills) {
            transaction->bills = true;
            transaction->count = 1;
            return;
        }
        pass_frame(&at, frame);
    }
}

enum store_outcome store_settle(struct store *store, struct claim *claim, const struct placed_frame *frames,
                                uint32_t count, struct store_written *written, struct error *error)
{
    *written = (struct store_written){0};
    for (; count > 0 && frames[0].frame.seq < claim->next_seq; count--)
        frames++;
    CHECK(count > 0 && frames[0].frame.seq == claim->next_seq);
    uint64_t last = frames[count - 1].frame.seq;
    if (make_ranges(store, claim, frames[count - 1].frame.watermark_us, error) != ERROR_NONE)
        return STORE_FAILED;
    /* A frame that is settled in steps is settled alone. */
    struct transaction transaction = {.frames = frames, .count = claim->step == 0 ? count : 1};
    place_frames(&transaction, claim);
    enum store_outcome outcome = settle_quickly(store, claim, &transaction, error);
    while (outcome == STORE_STEP && transaction.too_much) {
        transaction.count = (transaction.count + 1) / 2;
        outcome = transact(store, claim, &transaction, error);
    }
    *written = transaction.written;
    for (uint32_t i = 0; i < transaction.posts.count; i++)
        frame_money_release(&transaction.posts.at[i].money);
    vec_release(&transaction.posts);
    return outcome == STORE_OK && claim->next_seq <= last ? STORE_STEP : outcome;
}
