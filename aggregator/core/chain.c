#include "aggregator/core/chain.h"

static uint64_t end_seq(const struct chain *chain)
{
    return chain->first_seq + chain->links.count;
}

static const uint8_t *hash_before(const struct chain *chain, uint64_t seq)
{
    return seq == chain->first_seq ? chain->before : chain->links.at[seq - chain->first_seq - 1].hash;
}

static bool same(const uint8_t a[FRAME_HASH_SIZE], const uint8_t b[FRAME_HASH_SIZE])
{
    return memcmp(a, b, FRAME_HASH_SIZE) == 0;
}

void chain_begin(struct chain *chain, uint64_t next_seq, const uint8_t last_hash[FRAME_HASH_SIZE])
{
    if (next_seq > chain->first_seq && next_seq <= end_seq(chain) &&
        same(hash_before(chain, next_seq), last_hash)) {
        vec_remove(&chain->links, 0, (uint32_t)(next_seq - chain->first_seq));
    } else if (next_seq != chain->first_seq || !same(chain->before, last_hash)) {
        vec_clear(&chain->links);
        vec_clear(&chain->early);
    }
    chain->first_seq = next_seq;
    memcpy(chain->before, last_hash, FRAME_HASH_SIZE);
}

void chain_release(struct chain *chain)
{
    vec_release(&chain->links);
    vec_release(&chain->early);
}

/* False: another frame of its number stands in its place. */
static bool place(struct chain *chain, const struct chain_link *link)
{
    if (!same(link->prev_hash, hash_before(chain, link->seq)))
        return true; /* follows nothing that holds: a zombie's of another log */
    if (link->seq < end_seq(chain))
        return same(link->hash, chain->links.at[link->seq - chain->first_seq].hash);
    vec_push(&chain->links, *link);
    return true;
}

bool chain_note(struct chain *chain, const struct frame *frame)
{
    struct chain_link link = {.seq = frame->seq};
    memcpy(link.prev_hash, frame->prev_hash, FRAME_HASH_SIZE);
    memcpy(link.hash, frame->hash, FRAME_HASH_SIZE);
    if (link.seq < chain->first_seq)
        return true;
    if (link.seq > end_seq(chain)) {
        vec_push(&chain->early, link);
        return true;
    }
    bool one = place(chain, &link);
    for (uint32_t i = 0; i < chain->early.count && one;) {
        if (chain->early.at[i].seq > end_seq(chain)) {
            i++;
            continue;
        }
        link = chain->early.at[i];
        vec_remove(&chain->early, i, 1);
        one = place(chain, &link);
        i = 0;
    }
    return one;
}

const uint8_t *chain_at(const struct chain *chain, uint64_t seq)
{
    if (seq < chain->first_seq || seq >= end_seq(chain))
        return NULL;
    return chain->links.at[seq - chain->first_seq].hash;
}
