#include "aggregator/core/kept.h"

void kept_note(struct kept *kept, struct kept_snapshot snapshot)
{
    uint32_t i = kept->list.count;
    while (i > 0 && kept->list.at[i - 1].seq > snapshot.seq)
        i--;
    if (i > 0 && kept->list.at[i - 1].seq == snapshot.seq) {
        struct kept_snapshot *known = &kept->list.at[i - 1];
        known->chunks = known->chunks > snapshot.chunks ? known->chunks : snapshot.chunks;
        known->stands = known->stands || snapshot.stands;
        return;
    }
    vec_insert(&kept->list, i, snapshot);
}

void kept_forget(struct kept *kept, uint64_t seq)
{
    for (uint32_t i = 0; i < kept->list.count; i++) {
        if (kept->list.at[i].seq != seq)
            continue;
        vec_remove(&kept->list, i, 1);
        return;
    }
}

bool kept_spare(const struct kept *kept, struct kept_snapshot *out)
{
    uint32_t standing = 0;
    for (uint32_t i = 1; i < kept->list.count; i++)
        standing += kept->list.at[i].stands;
    if (standing < KEPT_LEAST)
        return false;
    *out = kept->list.at[0];
    return true;
}

void kept_release(struct kept *kept)
{
    vec_release(&kept->list);
}
