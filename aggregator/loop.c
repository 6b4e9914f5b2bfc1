#include "aggregator/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "aggregator/recover.h"
#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/codec/topics.h"
#include "lib/codec/usage.h"
#include "lib/io/assignment.h"
#include "lib/io/log.h"
#include "lib/io/process.h"

enum {
    POLL_MS = 100,
    PENDING_MAX = 10000,
    FRAMES_PENDING_MAX = 16,
    BATCH = 1000,
    FAILURES_MAX = 10,
    PAUSE_MS = 500
};

struct metric aggregator_metrics[AGGREGATOR_METRICS] = {
    [AGGREGATOR_MESSAGES] = {"hourglass_messages_total", METRIC_COUNTER, "Messages of usage.records folded.",
                             0},
    [AGGREGATOR_FRAMES] = {"hourglass_frames_total", METRIC_COUNTER, "Frames sent.", 0},
    [AGGREGATOR_FRAMES_REPLAYED] = {"hourglass_frames_replayed_total", METRIC_COUNTER,
                                    "Frames made again and found equal.", 0},
    [AGGREGATOR_RECORDS_APPLIED] = {"hourglass_records_total{outcome=\"applied\"}", METRIC_COUNTER,
                                    "Records by what became of them.", 0},
    [AGGREGATOR_RECORDS_REPEATED] = {"hourglass_records_total{outcome=\"repeated\"}", METRIC_COUNTER, "", 0},
    [AGGREGATOR_RECORDS_REJECTED] = {"hourglass_records_total{outcome=\"rejected\"}", METRIC_COUNTER, "", 0},
    [AGGREGATOR_SNAPSHOTS] = {"hourglass_snapshots_total", METRIC_COUNTER, "Snapshots written.", 0},
    [AGGREGATOR_RESTARTS] = {"hourglass_restarts_total", METRIC_COUNTER, "Beginnings again from the log.", 0},
    [AGGREGATOR_PARTITIONS] = {"hourglass_partitions", METRIC_GAUGE, "Partitions that are folded here.", 0},
    [AGGREGATOR_PARTITIONS_STOPPED] = {"hourglass_partitions_stopped", METRIC_GAUGE,
                                       "Partitions that stopped before they bill wrongly.", 0},
    [AGGREGATOR_WATERMARK_S] = {"hourglass_watermark_timestamp_seconds", METRIC_GAUGE,
                                "Watermark of the last frame, of any partition.", 0},
};
_Atomic bool aggregator_ready;

struct part {
    uint32_t number;
    struct fold *fold; /* NULL: stopped */
    struct chain chain;
    struct kept_snapshot kept[2]; /* the newest two in the topic, the older one first */
    int64_t frame_end;            /* offset after the last part of a frame that was acknowledged */
};

struct loop {
    const struct aggregator_options *options;
    struct topics topics;
    struct kafka_reader *reader;
    struct kafka_producer *producer;
    VEC(struct part) parts;
    struct assignment wanted; /* partitions that are ours, by option or by the group */
    bool reassigned;          /* `wanted` is new: recover, and read from there */
    struct usage_records records;
    struct packer bytes;
    struct packer message;
};

/* --- partitions --- */

static struct part *part_of(struct loop *loop, uint32_t number)
{
    for (uint32_t i = 0; i < loop->parts.count; i++)
        if (loop->parts.at[i].number == number)
            return &loop->parts.at[i];
    return NULL;
}

static void drop_parts(struct loop *loop)
{
    for (uint32_t i = 0; i < loop->parts.count; i++) {
        fold_free(loop->parts.at[i].fold);
        chain_release(&loop->parts.at[i].chain);
    }
    vec_clear(&loop->parts);
    metric_set(&aggregator_metrics[AGGREGATOR_PARTITIONS], 0);
    atomic_store(&aggregator_ready, false);
}

static void stop_part(struct part *part, const char *why)
{
    log_error("partition_stopped", LOG_INT("partition", part->number), LOG_STR("why", why),
              LOG_INT("offset", part->fold != NULL ? fold_next_offset(part->fold) : -1));
    fold_free(part->fold);
    part->fold = NULL;
    metric_add(&aggregator_metrics[AGGREGATOR_PARTITIONS_STOPPED], 1);
}

/* --- sending --- */

static void on_delivered(void *context, void *tag, const struct kafka_delivery *delivery)
{
    struct loop *loop = context;
    if (tag == NULL || delivery->failed)
        return;
    struct part *part = part_of(loop, delivery->partition);
    if (part != NULL && delivery->offset + 1 > part->frame_end)
        part->frame_end = delivery->offset + 1;
}

static enum kafka_class send(struct loop *loop, const struct kafka_record *record, struct kafka_error *error)
{
    enum kafka_class class;
    while ((class = kafka_send(loop->producer, record, error)) == KAFKA_RETRY && !process_stopping()) {
        class = kafka_producer_poll(loop->producer, POLL_MS, error);
        process_alive();
        if (class != KAFKA_OK)
            return class;
    }
    return class;
}

/* Until everything sent is acknowledged, or the process is to stop. */
static enum kafka_class drain(struct loop *loop, uint32_t most, struct kafka_error *error)
{
    enum kafka_class class = KAFKA_OK;
    while (class == KAFKA_OK && kafka_producer_pending(loop->producer) > most && !process_stopping()) {
        class = kafka_producer_poll(loop->producer, POLL_MS, error);
        process_alive();
    }
    return class;
}

static enum kafka_class send_frame(struct loop *loop, const struct frame *frame, struct str bytes,
                                   struct kafka_error *error)
{
    enum kafka_class class =
        send(loop,
             &(struct kafka_record){
                 .topic = loop->topics.frames, .partition = frame->partition, .value = bytes, .tag = loop},
             error);
    metric_add(&aggregator_metrics[AGGREGATOR_FRAMES], 1);
    return class;
}

static enum kafka_class send_snapshot_message(struct loop *loop, const struct part *part, const char *key,
                                              struct kafka_error *error)
{
    return send(
        loop,
        &(struct kafka_record){.topic = loop->topics.snapshots,
                               .partition = part->number,
                               .key = str_of(key),
                               .value = {loop->message.bytes.count == 0 ? NULL : loop->message.bytes.at,
                                         loop->message.bytes.count}},
        error);
}

/* Gives up the older of the two snapshots that stand: the newer one and the one just written remain. */
static enum kafka_class drop_oldest_snapshot(struct loop *loop, struct part *part,
                                             struct kept_snapshot written, struct kafka_error *error)
{
    struct kept_snapshot old = part->kept[0];
    enum kafka_class class = old.chunks == 0 ? KAFKA_OK : drain(loop, 0, error);
    char key[64];
    vec_clear(&loop->message.bytes);
    for (uint32_t i = 0; i <= old.chunks && old.chunks > 0 && class == KAFKA_OK; i++) {
        if (i == 0)
            snprintf(key, sizeof key, "%u/%llu/manifest", part->number, (unsigned long long)old.seq);
        else
            snprintf(key, sizeof key, "%u/%llu/%u", part->number, (unsigned long long)old.seq, i - 1);
        class = send_snapshot_message(loop, part, key, error);
    }
    part->kept[0] = part->kept[1];
    part->kept[1] = written;
    return class;
}

/* Chunks, then the manifest: with it the snapshot is whole, and the one before the last is given up. */
static enum kafka_class send_snapshot(struct loop *loop, struct part *part, struct str state,
                                      const uint8_t digest[DIGEST_SIZE], struct kafka_error *error)
{
    uint64_t seq = fold_next_seq(part->fold) - 1;
    uint32_t chunks = (state.size + SNAPSHOT_CHUNK_BYTES - 1) / SNAPSHOT_CHUNK_BYTES;
    enum kafka_class class = drain(loop, 0, error);
    char key[64];
    for (uint32_t i = 0; i < chunks && class == KAFKA_OK; i++) {
        uint32_t from = i * SNAPSHOT_CHUNK_BYTES;
        uint32_t size = state.size - from < SNAPSHOT_CHUNK_BYTES ? state.size - from : SNAPSHOT_CHUNK_BYTES;
        struct snapshot_chunk chunk = {part->number, seq, i, {state.at + from, size}};
        vec_clear(&loop->message.bytes);
        snapshot_chunk_encode(&chunk, &loop->message);
        snprintf(key, sizeof key, "%u/%llu/%u", part->number, (unsigned long long)seq, i);
        class = send_snapshot_message(loop, part, key, error);
    }
    if (class == KAFKA_OK)
        class = drain(loop, 0, error);
    if (class != KAFKA_OK || process_stopping())
        return class;
    struct snapshot_manifest manifest = {.partition = part->number,
                                         .seq = seq,
                                         .chunks = chunks,
                                         .size_bytes = state.size,
                                         .frame_offset = part->frame_end,
                                         .next_offset = fold_next_offset(part->fold)};
    memcpy(manifest.digest, digest, DIGEST_SIZE);
    vec_clear(&loop->message.bytes);
    snapshot_manifest_encode(&manifest, &loop->message);
    snprintf(key, sizeof key, "%u/%llu/manifest", part->number, (unsigned long long)seq);
    metric_add(&aggregator_metrics[AGGREGATOR_SNAPSHOTS], 1);
    class = send_snapshot_message(loop, part, key, error);
    if (class != KAFKA_OK)
        return class;
    return drop_oldest_snapshot(loop, part, (struct kept_snapshot){seq, chunks}, error);
}

/* A snapshot that is due is taken whether or not its frame is new: the next frame carries its digest. */
static enum kafka_class take_snapshot(struct loop *loop, struct part *part, bool frame_is_new,
                                      struct kafka_error *error)
{
    if (!fold_snapshot_due(part->fold))
        return KAFKA_OK;
    struct packer state = {0};
    uint8_t digest[DIGEST_SIZE];
    fold_snapshot(part->fold, &state);
    digest_of(state.bytes.at, state.bytes.count, digest);
    fold_snapshot_taken(part->fold, digest, state.bytes.count);
    enum kafka_class class = KAFKA_OK;
    if (frame_is_new)
        class = send_snapshot(loop, part, (struct str){state.bytes.at, state.bytes.count}, digest, error);
    vec_release(&state.bytes);
    return class;
}

/* --- folding --- */

static void count_frame(const struct frame *frame)
{
    metric_add(&aggregator_metrics[AGGREGATOR_RECORDS_APPLIED], (int64_t)frame->counters.records_applied);
    metric_add(&aggregator_metrics[AGGREGATOR_RECORDS_REPEATED], (int64_t)frame->counters.records_repeated);
    metric_add(&aggregator_metrics[AGGREGATOR_RECORDS_REJECTED], (int64_t)frame->counters.records_rejected);
    if (frame->watermark_us > 0)
        metric_set(&aggregator_metrics[AGGREGATOR_WATERMARK_S], frame->watermark_us / 1000000);
}

/* The frame is compared with the chain where that has it, and sent where it has not. */
static enum kafka_class take_frame(struct loop *loop, struct part *part, const struct frame *frame,
                                   struct kafka_error *error)
{
    uint8_t hash[FRAME_HASH_SIZE];
    vec_clear(&loop->bytes.bytes);
    frame_encode(frame, &loop->bytes, hash);
    fold_hashed(part->fold, hash);
    const uint8_t *known = chain_at(&part->chain, frame->seq);
    if (known != NULL && memcmp(known, hash, FRAME_HASH_SIZE) != 0) {
        stop_part(part, "a frame does not come out as it was sent");
        return KAFKA_OK;
    }
    count_frame(frame);
    enum kafka_class class = KAFKA_OK;
    if (known != NULL)
        metric_add(&aggregator_metrics[AGGREGATOR_FRAMES_REPLAYED], 1);
    else
        class = send_frame(loop, frame, (struct str){loop->bytes.bytes.at, loop->bytes.bytes.count}, error);
    if (class != KAFKA_OK || frame->more)
        return class;
    return take_snapshot(loop, part, known == NULL, error);
}

static enum kafka_class close_epoch(struct loop *loop, struct part *part, struct kafka_error *error)
{
    enum kafka_class class = KAFKA_OK;
    fold_close_epoch(part->fold);
    while (class == KAFKA_OK && part->fold != NULL && fold_saying(part->fold)) {
        class = take_frame(loop, part, fold_next_frame(part->fold), error);
        if (class == KAFKA_OK)
            class = drain(loop, FRAMES_PENDING_MAX, error);
    }
    return class;
}

static enum kafka_class fold_message(struct loop *loop, const struct kafka_message *from,
                                     struct kafka_error *error)
{
    struct part *part = part_of(loop, from->partition);
    if (part == NULL || part->fold == NULL || from->offset < fold_next_offset(part->fold))
        return KAFKA_OK;
    struct message message;
    enum fold_outcome outcome;
    enum decode_outcome decoded = usage_decode(from->value, &loop->records, &message);
    if (decoded == DECODE_OTHER_SCHEMA) {
        /* It may hold what a later release's collector accepted: not to be passed over. */
        stop_part(part, "a message of a schema that this release does not know");
        return KAFKA_OK;
    }
    if (decoded == DECODE_OK) {
        message.offset = from->offset;
        message.append_us = from->timestamp_ms * 1000;
        outcome = fold_apply(part->fold, &message);
    } else {
        outcome = fold_pass_over(part->fold, from->offset);
    }
    metric_add(&aggregator_metrics[AGGREGATOR_MESSAGES], 1);
    if (outcome == FOLD_EPOCH_DUE)
        return close_epoch(loop, part, error);
    if (outcome != FOLD_EPOCH_OPEN)
        stop_part(part, fold_outcome_text(outcome));
    return KAFKA_OK;
}

/* --- assignment and recovery --- */

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
    vec_clear(&loop->wanted.partitions);
    drop_parts(loop);
    loop->reassigned = false;
}

static enum kafka_class recover_part(struct loop *loop, struct kafka_reader *reader, uint32_t number,
                                     struct kafka_error *error)
{
    struct recovery recovery;
    struct part part = {.number = number};
    process_alive();
    switch (recover(reader, &loop->topics, number, &recovery, error)) {
    case RECOVER_FAILED:
        return error->class;
    case RECOVER_DIVERGED:
        vec_push(&loop->parts, part);
        stop_part(&loop->parts.at[loop->parts.count - 1], "two frames of one number in usage.frames");
        return KAFKA_OK;
    case RECOVER_OTHER_SCHEMA:
        vec_push(&loop->parts, part);
        stop_part(&loop->parts.at[loop->parts.count - 1],
                  "usage.frames holds a schema that this release does not know");
        return KAFKA_OK;
    case RECOVERED:
        break;
    }
    part.fold = recovery.fold;
    part.chain = recovery.chain;
    memcpy(part.kept, recovery.kept, sizeof part.kept);
    vec_push(&loop->parts, part);
    log_info("partition_recovered", LOG_INT("partition", number),
             LOG_INT("offset", fold_next_offset(part.fold)), LOG_INT("snapshot", recovery.from_snapshot),
             LOG_INT("seq", fold_next_seq(part.fold)), LOG_INT("chain", part.chain.links.count));
    return KAFKA_OK;
}

/* Recovers what is wanted and reads on from there. */
static enum kafka_class take_over(struct loop *loop, struct kafka_error *error)
{
    drop_parts(loop);
    struct kafka_reader *reader = kafka_reader_new(loop->options->kafka, "hourglass-recover", NULL, error);
    if (reader == NULL)
        return error->class;
    enum kafka_class class = KAFKA_OK;
    for (uint32_t i = 0; i < loop->wanted.partitions.count && class == KAFKA_OK; i++)
        class = recover_part(loop, reader, loop->wanted.partitions.at[i], error);
    kafka_reader_free(reader);
    if (class != KAFKA_OK)
        return class;
    VEC(struct kafka_position) positions = {0};
    for (uint32_t i = 0; i < loop->parts.count; i++)
        if (loop->parts.at[i].fold != NULL)
            vec_push(&positions, (struct kafka_position){loop->topics.records, loop->parts.at[i].number,
                                                         fold_next_offset(loop->parts.at[i].fold)});
    class = kafka_reader_assign(loop->reader, positions.at, positions.count, error);
    vec_release(&positions);
    metric_set(&aggregator_metrics[AGGREGATOR_PARTITIONS], loop->parts.count);
    loop->reassigned = false;
    atomic_store(&aggregator_ready, true);
    return class;
}

/* --- the loop --- */

static enum kafka_class turn(struct loop *loop, struct kafka_error *error)
{
    process_alive();
    enum kafka_class class = kafka_producer_poll(loop->producer, 0, error);
    for (int i = 0; i < BATCH && class == KAFKA_OK; i++) {
        struct kafka_message message;
        enum kafka_got got = kafka_reader_poll(loop->reader, i == 0 ? POLL_MS : 0, &message, error);
        if (loop->reassigned) {
            class = take_over(loop, error);
            if (got == KAFKA_GOT_MESSAGE)
                kafka_message_release(&message);
            return class;
        }
        if (got == KAFKA_GOT_ERROR && error->class != KAFKA_RETRY)
            return error->class;
        if (got == KAFKA_GOT_NOTHING)
            break;
        if (got != KAFKA_GOT_MESSAGE)
            continue;
        class = fold_message(loop, &message, error);
        kafka_message_release(&message);
    }
    return class == KAFKA_OK ? drain(loop, PENDING_MAX, error) : class;
}

static void close_handles(struct loop *loop)
{
    drop_parts(loop);
    kafka_reader_free(loop->reader);
    kafka_producer_free(loop->producer);
    loop->reader = NULL;
    loop->producer = NULL;
}

static enum kafka_class open_handles(struct loop *loop, struct kafka_error *error)
{
    const struct aggregator_options *o = loop->options;
    struct kafka_producer_config producer = {.brokers = o->kafka,
                                             .client_id = "hourglass-aggregator",
                                             .linger_ms = 5,
                                             .delivered = on_delivered,
                                             .context = loop};
    struct kafka_group group = {.name = o->group,
                                .instance = o->instance,
                                .topic = loop->topics.records,
                                .assigned = on_assigned,
                                .revoked = on_revoked,
                                .context = loop};
    bool grouped = assignment_is_group(o->partitions);
    uint32_t count;
    if (kafka_partition_count(o->kafka, loop->topics.records, &count, error) != KAFKA_OK)
        return error->class;
    if (!grouped && !assignment_parse(&loop->wanted, o->partitions, count)) {
        snprintf(error->text, sizeof error->text, "--partitions %s: the topic has %u", o->partitions, count);
        return error->class = KAFKA_FATAL;
    }
    loop->producer = kafka_producer_new(&producer, error);
    if (loop->producer != NULL)
        loop->reader = kafka_reader_new(o->kafka, "hourglass-aggregator", grouped ? &group : NULL, error);
    if (loop->reader == NULL)
        return error->class;
    return grouped ? KAFKA_OK : take_over(loop, error);
}

int aggregator_run(const struct aggregator_options *options)
{
    struct loop loop = {.options = options, .topics = topics_of(options->prefix)};
    struct kafka_error error = {KAFKA_OK, ""};
    int failures = 0;
    while (!process_stopping() && failures < FAILURES_MAX) {
        enum kafka_class class = open_handles(&loop, &error);
        int64_t before = atomic_load(&aggregator_metrics[AGGREGATOR_MESSAGES].value);
        while (class == KAFKA_OK && !process_stopping())
            class = turn(&loop, &error);
        if (class == KAFKA_OK)
            drain(&loop, 0, &error);
        close_handles(&loop);
        if (class == KAFKA_OK)
            break;
        /* One place decides: whatever it was, begin again from the log; give up after a while without
         * progress. */
        failures = atomic_load(&aggregator_metrics[AGGREGATOR_MESSAGES].value) > before ? 1 : failures + 1;
        if (class == KAFKA_FATAL)
            failures = FAILURES_MAX;
        log_warning("begin_again", LOG_STR("why", error.text), LOG_INT("failures", failures));
        metric_add(&aggregator_metrics[AGGREGATOR_RESTARTS], 1);
        process_pause(PAUSE_MS);
    }
    vec_release(&loop.parts);
    vec_release(&loop.wanted.partitions);
    usage_records_release(&loop.records);
    vec_release(&loop.bytes.bytes);
    vec_release(&loop.message.bytes);
    return failures < FAILURES_MAX ? EX_OK : EX_TEMPFAIL;
}
