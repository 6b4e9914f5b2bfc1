#include "aggregator/output.h"

#include "aggregator/core/pieces.h"
#include "aggregator/counters.h"
#include "lib/base/check.h"
#include "lib/codec/topics.h"

int64_t output_frame_sent_ms(const struct output *output, const void *tag)
{
    const int64_t *at = tag;
    if (at < output->sent_ms || at >= output->sent_ms + FRAMES_TIMED)
        return INT64_MIN;
    return *at;
}

static bool stopping(const struct output *output)
{
    return output->send.host->stopping(output->send.host);
}

/* --- frames --- */

enum error_class output_frame(struct output *output, uint32_t partition, struct str bytes,
                              struct error *error)
{
    int64_t *sent_ms = &output->sent_ms[output->sent++ % FRAMES_TIMED];
    *sent_ms = output->send.host->now_ms(output->send.host);
    enum error_class class = send_record(
        &output->send,
        &(struct log_record){
            .topic = output->topics->frames, .partition = partition, .value = bytes, .tag = sent_ms},
        error);
    count_one(AGGREGATOR_FRAMES);
    return class;
}

/* --- snapshots --- */

/* output->message under the key; empty: what stands there is given up. */
static enum error_class send_keyed(struct output *output, uint32_t partition, const char *key,
                                   struct error *error)
{
    const struct packer *message = &output->message;
    return send_record(&output->send,
                       &(struct log_record){.topic = output->topics->snapshots,
                                            .partition = partition,
                                            .key = str_of(key),
                                            .value = {message->bytes.count == 0 ? NULL : message->bytes.at,
                                                      message->bytes.count}},
                       error);
}

static enum error_class give_up(struct output *output, uint32_t partition, struct kept_snapshot old,
                                struct error *error)
{
    char key[SNAPSHOT_KEY_SIZE];
    vec_clear(&output->message.bytes);
    snapshot_manifest_key(key, partition, old.seq);
    enum error_class class = send_keyed(output, partition, key, error);
    for (uint32_t i = 0; i < old.chunks && class == ERROR_NONE; i++) {
        snapshot_chunk_key(key, partition, old.seq, i);
        class = send_keyed(output, partition, key, error);
    }
    return class;
}

static enum error_class send_chunks(struct output *output, const struct state_snapshot *snapshot,
                                    uint32_t chunks, struct error *error)
{
    enum error_class class = ERROR_NONE;
    for (uint32_t i = 0; i < chunks && class == ERROR_NONE; i++) {
        char key[SNAPSHOT_KEY_SIZE];
        uint32_t from = i * SNAPSHOT_CHUNK_BYTES, left = snapshot->bytes.size - from;
        struct str bytes = {snapshot->bytes.at + from,
                            left < SNAPSHOT_CHUNK_BYTES ? left : SNAPSHOT_CHUNK_BYTES};
        vec_clear(&output->message.bytes);
        snapshot_chunk_encode(&(struct snapshot_chunk){snapshot->partition, snapshot->seq, i, bytes},
                              &output->message);
        snapshot_chunk_key(key, snapshot->partition, snapshot->seq, i);
        class = send_keyed(output, snapshot->partition, key, error);
    }
    return class;
}

enum error_class output_snapshot(struct output *output, const struct state_snapshot *snapshot,
                                 const int64_t *frames_from, struct kept *kept, struct error *error)
{
    uint32_t chunks = snapshot_chunk_count(snapshot->bytes.size);
    CHECK(chunks > 0 && output->send.log != NULL);
    enum error_class class = send_chunks(output, snapshot, chunks, error);
    /* With the manifest the snapshot is whole: its frame, which goes to another broker, stands before. */
    if (class == ERROR_NONE)
        class = send_drain(&output->send, 0, error);
    if (class != ERROR_NONE || stopping(output))
        return class;
    struct snapshot_manifest manifest = {.partition = snapshot->partition,
                                         .seq = snapshot->seq,
                                         .chunks = chunks,
                                         .size_bytes = snapshot->bytes.size,
                                         .frame_offset = *frames_from,
                                         .next_offset = snapshot->next_offset};
    memcpy(manifest.digest, snapshot->digest, DIGEST_SIZE);
    vec_clear(&output->message.bytes);
    snapshot_manifest_encode(&manifest, &output->message);
    char key[SNAPSHOT_KEY_SIZE];
    snapshot_manifest_key(key, snapshot->partition, snapshot->seq);
    class = send_keyed(output, snapshot->partition, key, error);
    count_one(AGGREGATOR_SNAPSHOTS);
    kept_note(kept, (struct kept_snapshot){snapshot->seq, chunks, true});
    struct kept_snapshot old;
    /* Behind the new one in the same partition: who does not find the old ones finds it. */
    while (class == ERROR_NONE && !stopping(output) && kept_spare(kept, &old)) {
        class = give_up(output, snapshot->partition, old, error);
        kept_forget(kept, old.seq);
    }
    return class;
}

void output_release(struct output *output)
{
    vec_release(&output->message.bytes);
}
