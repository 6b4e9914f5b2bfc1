#include "settler/loop.h"

#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/domain/topics.h"
#include "lib/io/assignment.h"
#include "lib/io/kafka.h"
#include "lib/io/log.h"
#include "lib/io/migrate.h"
#include "lib/io/process.h"
#include "settler/store.h"

enum { POLL_MS = 100, TURN = 500, BATCH_FRAMES = 64, BATCH_BYTES = 8 << 20, GAP_S = 60, FAILURES_MAX = 20 };
enum { PAUSE_MS = 500 };

struct metric settler_metrics[SETTLER_METRICS] = {
    [SETTLER_FRAMES] = {"hourglass_frames_total", METRIC_COUNTER, "Frames settled.", 0},
    [SETTLER_FRAMES_REPEATED] = {"hourglass_frames_repeated_total", METRIC_COUNTER,
                                 "Frames that were settled before, passed over.", 0},
    [SETTLER_ROWS] = {"hourglass_settled_rows_total", METRIC_COUNTER, "Rows of charges written.", 0},
    [SETTLER_TRANSACTIONS] = {"hourglass_transactions_total", METRIC_COUNTER, "Transactions committed.", 0},
    [SETTLER_STATEMENTS] = {"hourglass_statements_total", METRIC_COUNTER, "SQL statements.", 0},
    [SETTLER_RANGES_MISSED] = {"hourglass_ranges_missed_total", METRIC_COUNTER,
                               "Times that a month's range of the table could not be made ahead.", 0},
    [SETTLER_RESTARTS] = {"hourglass_restarts_total", METRIC_COUNTER, "Beginnings again from the claim.", 0},
    [SETTLER_PARTITIONS] = {"hourglass_partitions", METRIC_GAUGE, "Partitions that are settled here.", 0},
    [SETTLER_PARTITIONS_STOPPED] = {"hourglass_partitions_stopped", METRIC_GAUGE,
                                    "Partitions that stopped before they bill wrongly.", 0},
    [SETTLER_PARTITIONS_LOST] = {"hourglass_partitions_lost_total", METRIC_COUNTER,
                                 "Partitions that another settler claimed.", 0},
};
_Atomic bool settler_ready;

/* A frame that waits in a batch, with the memory that it lies in. */
struct slot {
    struct packer bytes;
    struct frame_rows rows;
};

struct part {
    struct claim claim;
    bool gone; /* stopped, or another's */
    struct slot slots[BATCH_FRAMES];
    struct placed_frame batch[BATCH_FRAMES];
    uint32_t count;
    size_t size_bytes;
    bool frame_alone; /* the batch's frame must be settled alone */
    time_t gap_since; /* 0: the next frame has not been missed */
};

struct loop {
    const struct settler_options *options;
    struct topics topics;
    struct kafka_reader *reader;
    struct pg *pg;
    VEC(struct part *) parts;
    struct assignment wanted;
    bool reassigned;
};

/* --- partitions --- */

static struct part *part_of(struct loop *loop, uint32_t number)
{
    for (uint32_t i = 0; i < loop->parts.count; i++)
        if (loop->parts.at[i]->claim.partition == number)
            return loop->parts.at[i];
    return NULL;
}

static void drop_parts(struct loop *loop)
{
    for (uint32_t i = 0; i < loop->parts.count; i++) {
        struct part *part = loop->parts.at[i];
        for (int s = 0; s < BATCH_FRAMES; s++) {
            vec_release(&part->slots[s].bytes.bytes);
            frame_rows_release(&part->slots[s].rows);
        }
        free(part);
    }
    vec_clear(&loop->parts);
    metric_set(&settler_metrics[SETTLER_PARTITIONS], 0);
    atomic_store(&settler_ready, false);
}

static void let_go(struct part *part, enum settler_metric metric, const char *why)
{
    log_error("partition_let_go", LOG_INT("partition", part->claim.partition),
              LOG_INT("next_seq", part->claim.next_seq), LOG_STR("why", why));
    part->gone = true;
    part->count = 0;
    metric_add(&settler_metrics[metric], 1);
}

/* --- settling --- */

/* False: begin again with a new connection. */
static bool settle_batch(struct loop *loop, struct part *part)
{
    uint64_t rows, before = loop->pg->statements, missed = part->claim.ranges_missed;
    if (part->count == 0)
        return true;
    enum store_outcome outcome;
    do {
        process_alive();
        outcome = store_settle(loop->pg, &part->claim, part->batch, part->count, &rows);
        metric_add(&settler_metrics[SETTLER_ROWS], (int64_t)rows);
        metric_add(&settler_metrics[SETTLER_TRANSACTIONS], outcome == STORE_OK || outcome == STORE_STEP);
    } while (outcome == STORE_STEP);
    metric_add(&settler_metrics[SETTLER_STATEMENTS], (int64_t)(loop->pg->statements - before));
    metric_add(&settler_metrics[SETTLER_RANGES_MISSED], (int64_t)(part->claim.ranges_missed - missed));
    switch (outcome) {
    case STORE_OK:
        metric_add(&settler_metrics[SETTLER_FRAMES], part->count);
        break;
    case STORE_STEP:
        CHECK(!"an outcome of a finished batch");
        break;
    case STORE_LOST:
        let_go(part, SETTLER_PARTITIONS_LOST, "another settler claimed it");
        break;
    case STORE_FRAMES:
        let_go(part, SETTLER_PARTITIONS_STOPPED, "a frame that cannot be settled");
        break;
    case STORE_RETRY:
        log_warning("settle_failed", LOG_INT("partition", part->claim.partition),
                    LOG_STR("why", loop->pg->error));
        return false;
    }
    part->count = 0;
    part->size_bytes = 0;
    part->frame_alone = false;
    return true;
}

/* --- frames --- */

static uint64_t expected_seq(const struct part *part)
{
    return part->claim.next_seq + part->count;
}

static const uint8_t *expected_hash(const struct part *part)
{
    return part->count > 0 ? part->batch[part->count - 1].frame.hash : part->claim.last_hash;
}

/* Of a frame that was settled, or waits; NULL: not kept. */
static const uint8_t *known_hash(const struct part *part, uint64_t seq)
{
    if (seq >= part->claim.next_seq)
        return part->batch[seq - part->claim.next_seq].frame.hash;
    return seq + 1 == part->claim.next_seq ? part->claim.last_hash : NULL;
}

static void note_gap(struct part *part)
{
    time_t now = time(NULL);
    if (part->gap_since == 0)
        part->gap_since = now;
    if (now - part->gap_since > GAP_S)
        let_go(part, SETTLER_PARTITIONS_STOPPED, "the next frame does not come");
}

/* Puts the decoded frame into the batch; batches are settled around frames that must be alone. */
static bool add_frame(struct loop *loop, struct part *part, struct str bytes, int64_t end_offset)
{
    if (part->frame_alone && !settle_batch(loop, part))
        return false;
    struct slot *slot = &part->slots[part->count];
    struct placed_frame *placed = &part->batch[part->count];
    vec_clear(&slot->bytes.bytes);
    pack_raw(&slot->bytes, bytes.at, bytes.size);
    enum decode_outcome decoded = frame_decode((struct str){slot->bytes.bytes.at, slot->bytes.bytes.count},
                                               &slot->rows, &placed->frame);
    if (decoded != DECODE_OK) {
        log_warning("frame_passed_over", LOG_INT("partition", part->claim.partition),
                    LOG_STR("why", decode_outcome_name(decoded)));
        return true;
    }
    if (placed->frame.seq < expected_seq(part)) {
        const uint8_t *known = known_hash(part, placed->frame.seq);
        metric_add(&settler_metrics[SETTLER_FRAMES_REPEATED], 1);
        if (known != NULL && memcmp(known, placed->frame.hash, FRAME_HASH_SIZE) != 0)
            let_go(part, SETTLER_PARTITIONS_STOPPED, "two frames of one number");
        return true;
    }
    bool follows = placed->frame.seq == expected_seq(part) &&
                   placed->frame.partition == part->claim.partition &&
                   memcmp(placed->frame.prev_hash, expected_hash(part), FRAME_HASH_SIZE) == 0;
    if (!follows) {
        note_gap(part);
        return true;
    }
    part->gap_since = 0;
    placed->end_offset = end_offset;
    bool plain = store_frame_is_plain(&placed->frame);
    if (!plain && part->count > 0) {
        /* What came before is settled first; the frame moves to the front. */
        if (!settle_batch(loop, part))
            return false;
        return part->gone || add_frame(loop, part, bytes, end_offset);
    }
    part->count++;
    part->size_bytes += bytes.size;
    part->frame_alone = !plain;
    return (part->count < BATCH_FRAMES && part->size_bytes < BATCH_BYTES) || settle_batch(loop, part);
}

static bool take_message(struct loop *loop, const struct kafka_message *message)
{
    struct part *part = part_of(loop, message->partition);
    if (part == NULL || part->gone)
        return true;
    return add_frame(loop, part, message->value, message->offset + 1);
}

static bool settle_all(struct loop *loop)
{
    for (uint32_t i = 0; i < loop->parts.count; i++)
        if (!settle_batch(loop, loop->parts.at[i]))
            return false;
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
    log_info("partition_claimed", LOG_INT("partition", number), LOG_INT("fence", part->claim.fence),
             LOG_INT("next_seq", part->claim.next_seq), LOG_INT("next_offset", part->claim.next_offset));
    return true;
}

/* Claims what is wanted and reads on from the rows. */
static enum kafka_class take_over(struct loop *loop, struct kafka_error *error)
{
    drop_parts(loop);
    VEC(struct kafka_position) positions = {0};
    bool claimed = true;
    for (uint32_t i = 0; i < loop->wanted.partitions.count && claimed; i++) {
        uint32_t number = loop->wanted.partitions.at[i];
        claimed = claim_part(loop, number);
        vec_push(&positions,
                 (struct kafka_position){loop->topics.frames, number, loop->parts.at[i]->claim.next_offset});
    }
    enum kafka_class class = KAFKA_ABORT;
    if (claimed)
        class = kafka_reader_assign(loop->reader, positions.at, positions.count, error);
    else
        snprintf(error->text, sizeof error->text, "claim: %.200s", loop->pg->error);
    vec_release(&positions);
    metric_set(&settler_metrics[SETTLER_PARTITIONS], loop->parts.count);
    loop->reassigned = false;
    atomic_store(&settler_ready, class == KAFKA_OK);
    return class;
}

/* --- the loop --- */

static enum kafka_class turn(struct loop *loop, struct kafka_error *error)
{
    process_alive();
    for (int i = 0; i < TURN; i++) {
        struct kafka_message message;
        enum kafka_got got = kafka_reader_poll(loop->reader, i == 0 ? POLL_MS : 0, &message, error);
        if (loop->reassigned) {
            if (got == KAFKA_GOT_MESSAGE)
                kafka_message_release(&message);
            return take_over(loop, error);
        }
        if (got == KAFKA_GOT_ERROR && error->class != KAFKA_RETRY)
            return error->class;
        if (got == KAFKA_GOT_NOTHING)
            break;
        if (got != KAFKA_GOT_MESSAGE)
            continue;
        bool taken = take_message(loop, &message);
        kafka_message_release(&message);
        if (!taken) {
            snprintf(error->text, sizeof error->text, "%.200s", loop->pg->error);
            return KAFKA_ABORT;
        }
    }
    if (settle_all(loop))
        return KAFKA_OK;
    snprintf(error->text, sizeof error->text, "%.200s", loop->pg->error);
    return KAFKA_ABORT;
}

static enum kafka_class open_database(struct loop *loop, struct kafka_error *error)
{
    char why[400];
    loop->pg = pg_connect(loop->options->database, loop->options->schema, why);
    if (loop->pg == NULL) {
        snprintf(error->text, sizeof error->text, "%.250s", why);
        return KAFKA_ABORT;
    }
    switch (migrate_check(loop->pg)) {
    case MIGRATED:
        return KAFKA_OK;
    case MIGRATE_FAILED:
        snprintf(error->text, sizeof error->text, "%.250s", loop->pg->error);
        return KAFKA_ABORT;
    case MIGRATE_NEWER:
    case MIGRATE_CHANGED:
        break;
    }
    snprintf(error->text, sizeof error->text, "the schema is not this binary's: hourglass db migrate");
    return KAFKA_FATAL;
}

static enum kafka_class open_handles(struct loop *loop, struct kafka_error *error)
{
    const struct settler_options *o = loop->options;
    struct kafka_group group = {.name = o->group,
                                .instance = o->instance,
                                .topic = loop->topics.frames,
                                .assigned = on_assigned,
                                .revoked = on_revoked,
                                .context = loop};
    bool grouped = assignment_is_group(o->partitions);
    uint32_t count;
    enum kafka_class class = open_database(loop, error);
    if (class != KAFKA_OK)
        return class;
    if (kafka_partition_count(o->kafka, loop->topics.frames, &count, error) != KAFKA_OK)
        return error->class;
    if (!grouped && !assignment_parse(&loop->wanted, o->partitions, count)) {
        snprintf(error->text, sizeof error->text, "--partitions %s: the topic has %u", o->partitions, count);
        return KAFKA_FATAL;
    }
    loop->reader = kafka_reader_new(o->kafka, "hourglass-settler", grouped ? &group : NULL, error);
    if (loop->reader == NULL)
        return error->class;
    return grouped ? KAFKA_OK : take_over(loop, error);
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
    struct kafka_error error = {KAFKA_OK, ""};
    int failures = 0;
    while (!process_stopping() && failures < FAILURES_MAX) {
        int64_t before = atomic_load(&settler_metrics[SETTLER_FRAMES].value);
        enum kafka_class class = open_handles(&loop, &error);
        while (class == KAFKA_OK && !process_stopping())
            class = turn(&loop, &error);
        close_handles(&loop);
        if (class == KAFKA_OK)
            break;
        /* One place decides: whatever it was, claim again and go on from the row; give up after a while. */
        failures = atomic_load(&settler_metrics[SETTLER_FRAMES].value) > before ? 1 : failures + 1;
        if (class == KAFKA_FATAL)
            failures = FAILURES_MAX;
        log_warning("begin_again", LOG_STR("why", error.text), LOG_INT("failures", failures));
        metric_add(&settler_metrics[SETTLER_RESTARTS], 1);
        process_pause(PAUSE_MS);
    }
    vec_release(&loop.parts);
    vec_release(&loop.wanted.partitions);
    return failures < FAILURES_MAX ? EX_OK : EX_TEMPFAIL;
}
