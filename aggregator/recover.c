#include "aggregator/recover.h"

#include <stdio.h>

#include "lib/base/arena.h"
#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/codec/topics.h"

enum { POLL_MS = 100, STALL_POLLS = 300 };

void chain_release(struct chain *chain)
{
    vec_release(&chain->links);
}

const uint8_t *chain_at(const struct chain *chain, uint64_t seq)
{
    if (seq < chain->first_seq || seq - chain->first_seq >= chain->links.count)
        return NULL;
    return chain->links.at[seq - chain->first_seq].hash;
}

/* Calls take for each message of [from, high watermark). */
typedef void take_message(void *context, const struct kafka_message *message);

static enum kafka_class read_through(struct kafka_reader *reader, const char *topic, uint32_t partition,
                                     int64_t from, take_message *take, void *context,
                                     struct kafka_error *error)
{
    int64_t low, high;
    enum kafka_class class = kafka_offsets(reader, topic, partition, &low, &high, error);
    if (class != KAFKA_OK)
        return class;
    int64_t next = from > low ? from : low;
    if (next >= high)
        return KAFKA_OK;
    struct kafka_position position = {topic, partition, next};
    class = kafka_reader_assign(reader, &position, 1, error);
    int stalled = 0;
    while (class == KAFKA_OK && next < high) {
        struct kafka_message message;
        enum kafka_got got = kafka_reader_poll(reader, POLL_MS, &message, error);
        if (got == KAFKA_GOT_ERROR && error->class != KAFKA_RETRY)
            return error->class;
        if (got == KAFKA_GOT_END && message.offset >= high)
            break; /* what was left of the topic was compacted away */
        if (got != KAFKA_GOT_MESSAGE) {
            if (++stalled > STALL_POLLS) {
                error->class = KAFKA_ABORT;
                snprintf(error->text, sizeof error->text, "%s: stalled while recovering", topic);
                return KAFKA_ABORT;
            }
            continue;
        }
        stalled = 0;
        next = message.offset + 1;
        take(context, &message);
        kafka_message_release(&message);
    }
    return class;
}

/* --- snapshots --- */

struct chunk {
    uint64_t seq;
    uint32_t index;
    struct str bytes;
};

struct snapshots {
    VEC(struct chunk) chunks;
    VEC(struct snapshot_manifest) manifests;
    struct arena bytes;
};

static void take_snapshot_message(void *context, const struct kafka_message *message)
{
    struct snapshots *snapshots = context;
    struct snapshot_chunk chunk;
    struct snapshot_manifest manifest;
    if (snapshot_manifest_decode(message->value, &manifest) == DECODE_OK)
        vec_push(&snapshots->manifests, manifest);
    else if (snapshot_chunk_decode(message->value, &chunk) == DECODE_OK)
        vec_push(&snapshots->chunks,
                 (struct chunk){chunk.seq, chunk.index, arena_copy(&snapshots->bytes, chunk.bytes)});
}

/* Appends the snapshot's bytes; false: a chunk is missing, or they are not what the manifest says. */
static bool put_together(const struct snapshots *snapshots, const struct snapshot_manifest *manifest,
                         struct packer *out)
{
    uint8_t digest[DIGEST_SIZE];
    vec_clear(&out->bytes);
    for (uint32_t index = 0; index < manifest->chunks; index++) {
        uint32_t before = out->bytes.count;
        for (uint32_t i = snapshots->chunks.count; i > 0 && out->bytes.count == before; i--) {
            const struct chunk *chunk = &snapshots->chunks.at[i - 1];
            if (chunk->seq == manifest->seq && chunk->index == index)
                pack_raw(out, chunk->bytes.at, chunk->bytes.size);
        }
        if (out->bytes.count == before)
            return false;
    }
    digest_of(out->bytes.at, out->bytes.count, digest);
    return out->bytes.count == manifest->size_bytes && memcmp(digest, manifest->digest, sizeof digest) == 0;
}

/* The newest snapshot that is whole; a new fold where there is none. */
static struct fold *restore(const struct snapshots *snapshots, uint32_t partition, int64_t *frame_offset)
{
    struct packer bytes = {0};
    struct fold *fold = NULL;
    uint64_t below = UINT64_MAX;
    while (fold == NULL) {
        const struct snapshot_manifest *newest = NULL;
        for (uint32_t i = 0; i < snapshots->manifests.count; i++) {
            const struct snapshot_manifest *m = &snapshots->manifests.at[i];
            if (m->partition == partition && m->seq < below && (newest == NULL || m->seq >= newest->seq))
                newest = m;
        }
        if (newest == NULL)
            break;
        below = newest->seq;
        if (!put_together(snapshots, newest, &bytes))
            continue;
        fold = fold_restore((struct str){bytes.bytes.at, bytes.bytes.count}, newest->digest);
        *frame_offset = newest->frame_offset;
    }
    vec_release(&bytes.bytes);
    return fold;
}

/* The newest two, so that those before them can be given up when the next is written. */
static void note_kept(const struct snapshots *snapshots, uint32_t partition, struct kept_snapshot kept[2])
{
    for (uint32_t i = 0; i < snapshots->manifests.count; i++) {
        const struct snapshot_manifest *m = &snapshots->manifests.at[i];
        bool newer = kept[1].chunks == 0 || m->seq > kept[1].seq;
        if (m->partition != partition || !newer)
            continue;
        kept[0] = kept[1];
        kept[1] = (struct kept_snapshot){m->seq, m->chunks};
    }
}

/* --- frames --- */

struct frame_head {
    uint64_t seq;
    uint8_t prev_hash[FRAME_HASH_SIZE];
    uint8_t hash[FRAME_HASH_SIZE];
};

struct frames {
    struct frame_rows rows;
    VEC(struct frame_head) heads;
    bool other_schema; /* some message was not ours to read */
};

static void take_frame_message(void *context, const struct kafka_message *message)
{
    struct frames *frames = context;
    struct frame frame;
    enum decode_outcome outcome = frame_decode(message->value, &frames->rows, &frame);
    if (outcome == DECODE_OTHER_SCHEMA)
        frames->other_schema = true;
    if (outcome != DECODE_OK)
        return;
    struct frame_head head = {.seq = frame.seq};
    memcpy(head.prev_hash, frame.prev_hash, FRAME_HASH_SIZE);
    memcpy(head.hash, frame.hash, FRAME_HASH_SIZE);
    vec_push(&frames->heads, head);
}

static int compare_heads(const void *a, const void *b)
{
    const struct frame_head *x = a, *y = b;
    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return memcmp(x->hash, y->hash, FRAME_HASH_SIZE);
}

/* Follows hashes from the fold's last frame on. False: two ways to go on. */
static bool follow(struct frames *frames, const struct fold *fold, struct chain *chain)
{
    uint8_t last[FRAME_HASH_SIZE];
    memcpy(last, fold_last_hash(fold), FRAME_HASH_SIZE);
    uint64_t seq = chain->first_seq = fold_next_seq(fold);
    if (frames->heads.count > 0)
        qsort(frames->heads.at, frames->heads.count, sizeof *frames->heads.at, compare_heads);
    uint32_t i = 0;
    while (i < frames->heads.count) {
        const struct frame_head *head = &frames->heads.at[i];
        bool follows = head->seq == seq && memcmp(head->prev_hash, last, FRAME_HASH_SIZE) == 0;
        if (!follows) {
            i++;
            continue;
        }
        for (uint32_t j = i + 1; j < frames->heads.count && frames->heads.at[j].seq == seq; j++)
            if (memcmp(frames->heads.at[j].prev_hash, last, FRAME_HASH_SIZE) == 0 &&
                memcmp(frames->heads.at[j].hash, head->hash, FRAME_HASH_SIZE) != 0)
                return false;
        struct chain_link link;
        memcpy(link.hash, head->hash, FRAME_HASH_SIZE);
        memcpy(last, head->hash, FRAME_HASH_SIZE);
        vec_push(&chain->links, link);
        seq++;
        i++;
    }
    return true;
}

enum recover_outcome recover(struct kafka_reader *reader, const struct topics *topics, uint32_t partition,
                             struct recovery *out, struct kafka_error *error)
{
    struct snapshots snapshots = {0};
    struct frames frames = {0};
    int64_t frame_offset = 0;
    *out = (struct recovery){0};
    enum recover_outcome outcome = RECOVER_FAILED;
    if (read_through(reader, topics->snapshots, partition, 0, take_snapshot_message, &snapshots, error) !=
        KAFKA_OK)
        goto done;
    out->fold = restore(&snapshots, partition, &frame_offset);
    out->from_snapshot = out->fold != NULL;
    note_kept(&snapshots, partition, out->kept);
    if (out->fold == NULL)
        out->fold = fold_new(partition);
    if (read_through(reader, topics->frames, partition, frame_offset, take_frame_message, &frames, error) !=
        KAFKA_OK)
        goto done;
    outcome = follow(&frames, out->fold, &out->chain) ? RECOVERED : RECOVER_DIVERGED;
    if (frames.other_schema)
        outcome = RECOVER_OTHER_SCHEMA;
done:
    if (outcome != RECOVERED) {
        fold_free(out->fold);
        chain_release(&out->chain);
        out->fold = NULL;
    }
    vec_release(&snapshots.chunks);
    vec_release(&snapshots.manifests);
    arena_release(&snapshots.bytes);
    frame_rows_release(&frames.rows);
    vec_release(&frames.heads);
    return outcome;
}
