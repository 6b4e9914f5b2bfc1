#include "tests/property/life.h"

#include "lib/base/check.h"
#include "lib/base/digest.h"

bool life_epoch(struct life *life)
{
    uint32_t had = life->frames.ends.count;
    while (life->frames.ends.count == had) {
        if (life->next == life->log->messages[0].ends.count)
            return false;
        struct log head = *life->log;
        head.messages[0].ends.count = life->next + 1;
        log_fold(&head, 0, life->fold, life->next++, &life->frames);
    }
    struct packer snapshot = {0};
    uint8_t digest[DIGEST_SIZE];
    fold_snapshot(life->fold, &snapshot);
    digest_of(snapshot.bytes.at, snapshot.bytes.count, digest);
    fold_snapshot_taken(life->fold, digest, snapshot.bytes.count);
    byte_list_add(&life->snapshots, &snapshot);
    vec_push(&life->frames_at, life->frames.ends.count);
    vec_release(&snapshot.bytes);
    return true;
}

struct life life_from_snapshot(const struct log *log, struct str snapshot)
{
    uint8_t digest[DIGEST_SIZE];
    digest_of(snapshot.at, snapshot.size, digest);
    struct life life = {.log = log, .fold = fold_restore(snapshot, digest)};
    CHECK(life.fold != NULL);
    life.next = (uint32_t)fold_next_offset(life.fold);
    return life;
}

void life_release(struct life *life)
{
    fold_free(life->fold);
    byte_list_release(&life->frames);
    byte_list_release(&life->snapshots);
    vec_release(&life->frames_at);
}

bool byte_list_is_rest(const struct byte_list *a, uint32_t from, const struct byte_list *b)
{
    if (a->ends.count != from + b->ends.count)
        return false;
    for (uint32_t i = 0; i < b->ends.count; i++)
        if (!str_equal(byte_list_at(a, from + i), byte_list_at(b, i)))
            return false;
    return true;
}
