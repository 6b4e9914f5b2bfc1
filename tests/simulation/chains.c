#include "tests/simulation/chains.h"

static int compare(const void *a, const void *b)
{
    const struct chain_frame *x = a, *y = b;
    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return memcmp(x->hash, y->hash, FRAME_HASH_SIZE);
}

static bool same(const uint8_t a[FRAME_HASH_SIZE], const uint8_t b[FRAME_HASH_SIZE])
{
    return memcmp(a, b, FRAME_HASH_SIZE) == 0;
}

static void drop_copies(struct chains *chains)
{
    uint32_t kept = 0;
    if (chains->list.count > 0)
        qsort(chains->list.at, chains->list.count, sizeof *chains->list.at, compare);
    for (uint32_t i = 0; i < chains->list.count; i++)
        if (kept == 0 || compare(&chains->list.at[kept - 1], &chains->list.at[i]) != 0)
            chains->list.at[kept++] = chains->list.at[i];
    chains->list.count = kept;
}

void chains_read(struct chains *chains, const struct memory_log *log, const char *topic, uint32_t partition)
{
    static struct frame_rows rows;
    struct log_position at = {topic, partition, 0};
    struct log_message message;
    *chains = (struct chains){0};
    for (; memory_log_look(log, &at, &message); at.offset = message.offset + 1) {
        struct frame frame;
        if (frame_decode(message.value, &rows, &frame) != DECODE_OK || frame.partition != partition)
            continue;
        struct chain_frame found = {.seq = frame.seq,
                                    .closed_s = frame.closed_s,
                                    .from = chains->bytes.bytes.count,
                                    .size_bytes = message.value.size};
        memcpy(found.prev_hash, frame.prev_hash, FRAME_HASH_SIZE);
        memcpy(found.hash, frame.hash, FRAME_HASH_SIZE);
        pack_raw(&chains->bytes, message.value.at, message.value.size);
        vec_push(&chains->list, found);
    }
    frame_rows_release(&rows);
    drop_copies(chains);
}

void chains_release(struct chains *chains)
{
    vec_release(&chains->bytes.bytes);
    vec_release(&chains->list);
}

/* Whether the frame follows one of those with the number before it that are on a chain from number 0. */
static bool follows(const struct chains *chains, const bool *on_chain, uint32_t i)
{
    static const uint8_t none[FRAME_HASH_SIZE];
    const struct chain_frame *frame = &chains->list.at[i];
    if (frame->seq == 0)
        return same(frame->prev_hash, none);
    for (uint32_t before = i; before-- > 0 && chains->list.at[before].seq + 1 >= frame->seq;)
        if (chains->list.at[before].seq + 1 == frame->seq && on_chain[before] &&
            same(chains->list.at[before].hash, frame->prev_hash))
            return true;
    return false;
}

uint64_t chains_longest(const struct chains *chains)
{
    uint64_t longest = 0;
    bool *on_chain = calloc(chains->list.count + 1, sizeof *on_chain);
    for (uint32_t i = 0; i < chains->list.count; i++) {
        on_chain[i] = follows(chains, on_chain, i);
        if (on_chain[i])
            longest = chains->list.at[i].seq + 1;
    }
    free(on_chain);
    return longest;
}

static bool equal(const struct chains *a, uint32_t i, const struct chains *b, uint32_t j)
{
    const struct chain_frame *x = &a->list.at[i], *y = &b->list.at[j];
    return x->size_bytes == y->size_bytes &&
           memcmp(a->bytes.bytes.at + x->from, b->bytes.bytes.at + y->from, x->size_bytes) == 0;
}

uint64_t chains_shared(const struct chains *chains, const struct chains *whole)
{
    uint32_t at = 0, shared = 0;
    for (; shared < whole->list.count; shared++) {
        while (at < chains->list.count && !equal(chains, at, whole, shared) &&
               chains->list.at[at].seq <= shared)
            at++;
        if (at == chains->list.count || !equal(chains, at, whole, shared))
            break;
    }
    return shared;
}
