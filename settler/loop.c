#include "settler/loop.h"

#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/domain/topics.h"
#include "lib/run/assignment.h"
#include "lib/io/journal.h"
#include "lib/io/kafka.h"
#include "lib/io/migrate.h"
#include "lib/io/process.h"
#include "settler/core/intake.h"
#include "settler/counters.h"
#include "settler/store.h"

enum { POLL_MS = 100, TURN = 500, FAILURES_MAX = 20, READ_AHEAD_KIB = 1024 };
/* What one transaction takes, unless a single frame is more. */
enum { BATCH_FRAMES = 64, BATCH_ROWS = 50000, BATCH_BYTES = 1 << 20 };
/* A slot of more is not kept for the next frame: most are small. */
enum { SLOT_ROWS = 4096, SLOT_BYTES = 1 << 16 };
enum { PAUSE_MS = 500 };

struct readiness settler_readiness = READINESS_STARTING;

/* A frame that waits in a batch, with the memory that it lies in. */
struct slot {
    struct packer bytes;
    struct frame_rows rows;
};

struct part {
    struct claim claim;
    struct intake intake;
    bool gone; /* stopped, or another's */
    struct slot slots[BATCH_FRAMES + 1];
    struct placed_frame batch[BATCH_FRAMES + 1]; /* one more than is ever settled: the frame that came */
    uint32_t count;
    uint32_t row_count;
    size_t size_bytes;
    bool frame_alone; /* the batch's frame must be settled alone */
    bool in_steps;    /* the batch is settled in part; nothing of the partition is read meanwhile */
    bool one_waits;   /* the frame behind the batch is the next one's first */
    int64_t read_on;  /* offset behind the last message that was taken */
};

struct loop {
    const struct settler_options *options;
    struct topics topics;
    struct kafka_reader *reader;
    struct pg *pg;
    VEC(struct part *) parts;
    struct assignment wanted;
    bool reassigned;
    bool settled;     /* something, in this turn */
    bool other_parts; /* are to be read now */
    bool stepped;     /* in this turn: a step may take seconds */
    uint32_t first;   /* part whose turn it is to be settled first */
};

/* --- partitions --- */

static struct part *part_of(struct loop *loop, uint32_t number)
{
    for (uint32_t i = 0; i < loop->parts.count; i++)
        if (loop->parts.at[i]->claim.partition == number)
            return loop->parts.at[i];
    return NULL;
}

static void slot_release(struct slot *slot)
{
    vec_release(&slot->bytes.bytes);
    frame_rows_release(&slot->rows);
}

static void drop_parts(struct loop *loop)
{
    for (uint32_t i = 0; i < loop->parts.count; i++) {
        struct part *part = loop->parts.at[i];
        for (int s = 0; s <= BATCH_FRAMES; s++)
            slot_release(&part->slots[s]);
        store_claim_release(&part->claim);
        free(part);
    }
    vec_clear(&loop->parts);
    loop->other_parts = false;
    metric_set(&settler_metrics[SETTLER_PARTITIONS], 0);
    readiness_set_waiting(&settler_readiness, "beginning again from the claim");
}

static void let_go(struct part *part, enum settler_metric metric, const char *why)
{
    journal_error("partition_let_go", JOURNAL_INT("partition", part->claim.partition),
                  JOURNAL_INT("next_seq", part->claim.next_seq), JOURNAL_STR("why", why));
    part->gone = true;
    part->count = 0;
    part->in_steps = part->one_waits = false;
    metric_add(&settler_metrics[metric], 1);
}

/* --- settling --- */

static bool slot_is_large(const struct slot *slot)
{
    const struct frame_rows *rows = &slot->rows;
    return slot->bytes.bytes.capacity > SLOT_BYTES || rows->levels.capacity > SLOT_ROWS ||
           rows->segments.capacity > SLOT_ROWS || rows->counts.capacity > SLOT_ROWS ||
           rows->sums.capacity > SLOT_ROWS || rows->states.capacity > SLOT_ROWS;
}

static uint32_t rows_of(const struct frame *frame)
{
    return frame->level_count + frame->count_count + frame->state_count;
}

/* Moves the frame at `at` to the front. */
static void move_to_front(struct part *part, uint32_t at)
{
    struct slot slot = part->slots[0];
    part->slots[0] = part->slots[at];
    part->slots[at] = slot;
    part->batch[0] = part->batch[at];
}

/* The frame behind the batch belongs to it now. */
static void take_in(struct part *part)
{
    const struct frame *frame = &part->batch[part->count].frame;
    part->row_count += rows_of(frame);
    part->size_bytes += part->slots[part->count].bytes.bytes.count;
    part->frame_alone = !store_frame_is_plain(frame);
    part->count++;
}

/* The batch is settled: its slots wait for others, and the frame that waits is the next batch. */
static void empty_batch(struct part *part)
{
    uint32_t behind = part->count;
    for (uint32_t s = 0; s < part->count; s++)
        if (slot_is_large(&part->slots[s]))
            slot_release(&part->slots[s]);
    part->count = 0;
    part->row_count = 0;
    part->size_bytes = 0;
    part->frame_alone = false;
    if (!part->one_waits)
        return;
    part->one_waits = false;
    move_to_front(part, behind);
    take_in(part);
}

/* The batch, or a step of it: then its partition waits for the next turn. False: begin again with a new
 * connection. */
static bool settle_batch(struct loop *loop, struct part *part)
{
    uint64_t rows, before = loop->pg->statements, missed = part->claim.ranges_missed;
    if (part->count == 0)
        return true;
    process_alive();
    enum store_outcome outcome = store_settle(loop->pg, &part->claim, part->batch, part->count, &rows);
    metric_add(&settler_metrics[SETTLER_ROWS], (int64_t)rows);
    metric_add(&settler_metrics[SETTLER_TRANSACTIONS], outcome == STORE_OK || outcome == STORE_STEP);
    loop->other_parts |= part->in_steps != (outcome == STORE_STEP);
    part->in_steps = outcome == STORE_STEP;
    loop->stepped |= part->in_steps;
    metric_add(&settler_metrics[SETTLER_STATEMENTS], (int64_t)(loop->pg->statements - before));
    metric_add(&settler_metrics[SETTLER_RANGES_MISSED], (int64_t)(part->claim.ranges_missed - missed));
    switch (outcome) {
    case STORE_OK:
        metric_add(&settler_metrics[SETTLER_FRAMES], part->count);
        break;
    case STORE_STEP:
        return true;
    case STORE_LOST:
        let_go(part, SETTLER_PARTITIONS_LOST, "another settler claimed it");
        break;
    case STORE_FRAMES:
        let_go(part, SETTLER_PARTITIONS_STOPPED, "a frame that cannot be settled");
        break;
    case STORE_RETRY:
        journal_warning("settle_failed", JOURNAL_INT("partition", part->claim.partition),
                        JOURNAL_STR("why", loop->pg->error));
        return false;
    }
    empty_batch(part);
    loop->settled = true;
    return true;
}

/* --- frames --- */

static void note_gap(struct part *part)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (intake_missed(&part->intake, now.tv_sec))
        let_go(part, SETTLER_PARTITIONS_STOPPED, "the next frame does not come");
}

/* Decodes into the slot behind the batch, and judges. */
static bool is_next(struct part *part, struct str bytes)
{
    struct slot *slot = &part->slots[part->count];
    struct frame *frame = &part->batch[part->count].frame;
    vec_clear(&slot->bytes.bytes);
    pack_raw(&slot->bytes, bytes.at, bytes.size);
    enum decode_outcome decoded =
        frame_decode((struct str){slot->bytes.bytes.at, slot->bytes.bytes.count}, &slot->rows, frame);
    if (decoded != DECODE_OK) {
        journal_warning("frame_passed_over", JOURNAL_INT("partition", part->claim.partition),
                        JOURNAL_STR("why", decode_outcome_name(decoded)));
        return false;
    }
    switch (intake_take(&part->intake, frame)) {
    case INTAKE_TAKEN:
        return true;
    case INTAKE_REPEATED:
        metric_add(&settler_metrics[SETTLER_FRAMES_REPEATED], 1);
        return false;
    case INTAKE_AHEAD:
        note_gap(part);
        return false;
    case INTAKE_FORKED:
        let_go(part, SETTLER_PARTITIONS_STOPPED, "two frames of one number");
        return false;
    }
    CHECK_NEVER("a verdict");
    return false;
}

/* Puts the frame into the batch, which is settled before it where both are too much for one transaction, and
 * at once where it is full. False: begin again with a new connection. */
static bool add_frame(struct loop *loop, struct part *part, struct str bytes, int64_t end_offset)
{
    part->read_on = end_offset;
    if (!is_next(part, bytes))
        return true;
    uint32_t at = part->count;
    const struct frame *frame = &part->batch[at].frame;
    part->batch[at].end_offset = end_offset;
    bool fits = store_frame_is_plain(frame) && !part->frame_alone &&
                part->row_count + rows_of(frame) <= BATCH_ROWS &&
                part->size_bytes + bytes.size <= BATCH_BYTES;
    if (at > 0 && !fits) {
        part->one_waits = true;
        return settle_batch(loop, part);
    }
    take_in(part);
    bool full =
        part->count == BATCH_FRAMES || part->row_count >= BATCH_ROWS || part->size_bytes >= BATCH_BYTES;
    return !full || settle_batch(loop, part);
}

static bool take_message(struct loop *loop, const struct log_message *message)
{
    struct part *part = part_of(loop, message->partition);
    if (part == NULL || part->gone || part->in_steps)
        return true;
    return add_frame(loop, part, message->value, message->offset + 1);
}

/* What waits, each part in turn first; of those in steps one a turn. */
static bool settle_all(struct loop *loop)
{
    uint32_t count = loop->parts.count;
    loop->first++;
    for (uint32_t i = 0; i < count; i++) {
        struct part *part = loop->parts.at[(loop->first + i) % count];
        if ((!part->in_steps || !loop->stepped) && !settle_batch(loop, part))
            return false;
    }
    return true;
}

/* --- assignment --- */

static void on_assigned(void *context, const uint32_t *partitions, uint32_t count)
{
    struct loop *loop = context;
    vec_clear(&loop->wanted.partitions);
    for (uint32_t i = 0; i < count; i++)
        vec_push(&loop->wanted.partitions, partitions[i]);
    loop->reassigned = true;
}

static void on_revoked(void *context)
{
    struct loop *loop = context;
    settle_all(loop);
    vec_clear(&loop->wanted.partitions);
    drop_parts(loop);
    loop->reassigned = false;
}

static bool claim_part(struct loop *loop, uint32_t number)
{
    struct part *part = calloc(1, sizeof *part);
    CHECK(part != NULL);
    part->claim.partition = number;
    vec_push(&loop->parts, part);
    if (store_claim(loop->pg, number, &part->claim) != STORE_OK)
        return false;
    journal_info("partition_claimed", JOURNAL_INT("partition", number),
                 JOURNAL_INT("fence", part->claim.fence), JOURNAL_INT("next_seq", part->claim.next_seq),
                 JOURNAL_INT("next_offset", part->claim.next_offset));
    part->read_on = part->claim.next_offset;
    intake_begin(&part->intake, number, part->claim.next_seq, part->claim.last_hash);
    return true;
}

/* Reads what is not in steps, each part from where it is. */
static enum error_class read_parts(struct loop *loop, struct error *error)
{
    VEC(struct log_position) positions = {0};
    for (uint32_t i = 0; i < loop->parts.count; i++) {
        const struct part *part = loop->parts.at[i];
        if (!part->in_steps)
            vec_push(&positions,
                     (struct log_position){loop->topics.frames, part->claim.partition, part->read_on});
    }
    enum error_class class = kafka_reader_assign(loop->reader, positions.at, positions.count, error);
    vec_release(&positions);
    loop->other_parts = false;
    return class;
}

/* Claims what is wanted and reads on from the rows. */
static enum error_class take_over(struct loop *loop, struct error *error)
{
    drop_parts(loop);
    bool claimed = true;
    for (uint32_t i = 0; i < loop->wanted.partitions.count && claimed; i++)
        claimed = claim_part(loop, loop->wanted.partitions.at[i]);
    enum error_class class = ERROR_ABORT;
    if (claimed)
        class = read_parts(loop, error);
    else
        snprintf(error->text, sizeof error->text, "claim: %.200s", loop->pg->error);
    metric_set(&settler_metrics[SETTLER_PARTITIONS], loop->parts.count);
    loop->reassigned = false;
    if (class == ERROR_NONE)
        readiness_set_ready(&settler_readiness);
    else
        readiness_set_waiting(&settler_readiness, error->text);
    return class;
}

/* --- the loop --- */

static bool in_steps(const struct loop *loop)
{
    bool any = false;
    for (uint32_t i = 0; i < loop->parts.count; i++)
        any = any || loop->parts.at[i]->in_steps;
    return any;
}

static enum error_class database_failed(const struct loop *loop, struct error *error)
{
    snprintf(error->text, sizeof error->text, "%.200s", loop->pg->error);
    return ERROR_ABORT;
}

/* A partition that has much ends the turn with its first full batch, so that the others settle what they have
 * before its next. */
static enum error_class turn(struct loop *loop, struct error *error)
{
    process_alive();
    loop->stepped = loop->settled = false;
    int wait_ms = in_steps(loop) ? 0 : POLL_MS;
    for (int i = 0; i < TURN && !loop->other_parts && !loop->settled; i++) {
        struct log_message message;
        enum log_got got = kafka_reader_poll(loop->reader, i == 0 ? wait_ms : 0, &message, error);
        if (loop->reassigned) {
            if (got == LOG_GOT_MESSAGE)
                kafka_message_release(&message);
            return take_over(loop, error);
        }
        if (got == LOG_GOT_ERROR && error->class != ERROR_RETRY)
            return error->class;
        if (got == LOG_GOT_NOTHING)
            break;
        if (got != LOG_GOT_MESSAGE)
            continue;
        bool taken = take_message(loop, &message);
        kafka_message_release(&message);
        if (!taken)
            return database_failed(loop, error);
    }
    if (!settle_all(loop))
        return database_failed(loop, error);
    return loop->other_parts ? read_parts(loop, error) : ERROR_NONE;
}

static enum error_class open_database(struct loop *loop, struct error *error)
{
    char why[400];
    loop->pg = pg_connect(loop->options->database, loop->options->schema, why);
    if (loop->pg == NULL) {
        snprintf(error->text, sizeof error->text, "%.250s", why);
        return ERROR_ABORT;
    }
    switch (migrate_check(loop->pg)) {
    case MIGRATED:
        return ERROR_NONE;
    case MIGRATE_FAILED:
        snprintf(error->text, sizeof error->text, "%.250s", loop->pg->error);
        return ERROR_ABORT;
    case MIGRATE_NEWER:
    case MIGRATE_CHANGED:
        break;
    }
    snprintf(error->text, sizeof error->text, "the schema is not this binary's: hourglass db migrate");
    return ERROR_FATAL;
}

static enum error_class open_handles(struct loop *loop, struct error *error)
{
    const struct settler_options *o = loop->options;
    struct kafka_group group = {.name = o->group,
                                .instance = o->instance,
                                .topic = loop->topics.frames,
                                .read_ahead_kib = READ_AHEAD_KIB,
                                .assigned = on_assigned,
                                .revoked = on_revoked,
                                .context = loop};
    bool grouped = assignment_is_group(o->partitions);
    uint32_t count;
    enum error_class class = open_database(loop, error);
    if (class != ERROR_NONE)
        return class;
    if (kafka_partition_count(o->kafka, loop->topics.frames, &count, error) != ERROR_NONE)
        return error->class;
    if (!grouped && !assignment_parse(&loop->wanted, o->partitions, count)) {
        snprintf(error->text, sizeof error->text, "--partitions %s: the topic has %u", o->partitions, count);
        return ERROR_FATAL;
    }
    loop->reader = kafka_reader_new(o->kafka, "hourglass-settler", grouped ? &group : NULL, error);
    if (loop->reader == NULL)
        return error->class;
    return grouped ? ERROR_NONE : take_over(loop, error);
}

static void close_handles(struct loop *loop)
{
    drop_parts(loop);
    kafka_reader_free(loop->reader);
    pg_free(loop->pg);
    loop->reader = NULL;
    loop->pg = NULL;
}

int settler_run(const struct settler_options *options)
{
    struct loop loop = {.options = options, .topics = topics_of(options->prefix)};
    struct error error = {ERROR_NONE, ""};
    int failures = 0;
    while (!process_stopping() && failures < FAILURES_MAX) {
        int64_t before = atomic_load(&settler_metrics[SETTLER_FRAMES].value);
        enum error_class class = open_handles(&loop, &error);
        while (class == ERROR_NONE && !process_stopping())
            class = turn(&loop, &error);
        close_handles(&loop);
        if (class == ERROR_NONE)
            break;
        /* One place decides: whatever it was, claim again and go on from the row; give up after a while. */
        failures = atomic_load(&settler_metrics[SETTLER_FRAMES].value) > before ? 1 : failures + 1;
        if (class == ERROR_FATAL)
            failures = FAILURES_MAX;
        readiness_set_waiting(&settler_readiness, error.text);
        journal_warning("begin_again", JOURNAL_STR("why", error.text), JOURNAL_INT("failures", failures));
        metric_add(&settler_metrics[SETTLER_RESTARTS], 1);
        process_pause(PAUSE_MS);
    }
    vec_release(&loop.parts);
    vec_release(&loop.wanted.partitions);
    return failures < FAILURES_MAX ? EX_OK : EX_TEMPFAIL;
}
