#include "aggregator/output.h"

#include "aggregator/core/pieces.h"
#include "aggregator/counters.h"
#include "lib/codec/topics.h"
#include "lib/io/process.h"

enum { POLL_MS = 100, ON_THE_WAY_BYTES = 16 << 20 };

bool output_is_frame(const struct output *output, const void *tag)
{
    return tag == &output->frame_tag;
}

static enum error_class send(struct output *output, const struct log_record *record, struct error *error)
{
    enum error_class class = ERROR_RETRY;
    while (class == ERROR_RETRY && !process_stopping()) {
        if (kafka_producer_pending_bytes(output->producer) < ON_THE_WAY_BYTES)
            class = kafka_send(output->producer, record, error);
        if (class != ERROR_RETRY)
            break;
        enum error_class polled = kafka_producer_poll(output->producer, POLL_MS, error);
        process_alive();
        if (polled != ERROR_NONE)
            return polled;
    }
    /* What is not sent at a stop is said again by the next process. */
    return class == ERROR_RETRY ? ERROR_NONE : class;
}

enum error_class output_drain(struct output *output, uint32_t most, struct error *error)
{
    enum error_class class = ERROR_NONE;
    while (class == ERROR_NONE && kafka_producer_pending(output->producer) > most && !process_stopping()) {
        class = kafka_producer_poll(output->producer, POLL_MS, error);
        process_alive();
    }
    return class;
}

/* --- frames --- */

enum error_class output_frame(struct output *output, uint32_t partition, struct str bytes,
                              struct error *error)
{
    enum error_class class = send(output,
                                  &(struct log_record){.topic = output->topics->frames,
                                                       .partition = partition,
                                                       .value = bytes,
                                                       .tag = &output->frame_tag},
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
    return send(output,
                &(struct log_record){
                    .topic = output->topics->snapshots,
                    .partition = partition,
                    .key = str_of(key),
                    .value = {message->bytes.count == 0 ? NULL : message->bytes.at, message->bytes.count}},
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
    enum error_class class = output_drain(output, 0, error);
    if (class == ERROR_NONE)
        class = send_chunks(output, snapshot, chunks, error);
    if (class == ERROR_NONE)
        class = output_drain(output, 0, error);
    if (class != ERROR_NONE || process_stopping())
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
    /* The new one first: until it is acknowledged the old ones stand. */
    if (class == ERROR_NONE && kept_spare(kept, &old))
        class = output_drain(output, 0, error);
    while (class == ERROR_NONE && !process_stopping() && kept_spare(kept, &old)) {
        class = give_up(output, snapshot->partition, old, error);
        kept_forget(kept, old.seq);
    }
    return class;
}

void output_release(struct output *output)
{
    vec_release(&output->message.bytes);
}
