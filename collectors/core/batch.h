/* The records that wait for one partition's next message. Copies what it keeps. */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/vec.h"
#include "lib/domain/limits.h"
#include "lib/domain/record.h"

struct batch {
    VEC(struct record) records;
    struct arena strings;
    uint32_t size_bytes; /* of the message that it will be, roughly */
};

void batch_add(struct batch *batch, const struct record *record);
static inline bool batch_is_full(const struct batch *batch)
{
    return batch->size_bytes >= LIMIT_BATCH_BYTES;
}
/* Empties it, keeping the memory. */
void batch_clear(struct batch *batch);
void batch_release(struct batch *batch);
