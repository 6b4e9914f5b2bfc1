/* A partition's messages of usage.rejects, on their way into table `rejected` (DESIGN §3): decoded, and kept
 * until they are enough for a transaction, or the first has waited for a second. For eyes: the partition
 * settles frames whatever befalls them. */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/vec.h"
#include "lib/port/log.h"
#include "lib/run/outage.h"
#include "settler/store/store.h"

/* What one transaction copies. */
enum { REJECT_COPY_ROWS = 500, REJECT_COPY_BYTES = 1 << 20, REJECT_COPY_LINGER_MS = 1000 };

struct reject_copy {
    bool reads;       /* the topic's partition is read, from `next` on */
    int64_t from;     /* the claim's next_reject */
    int64_t next;     /* offset behind what was taken */
    int64_t since_ms; /* when the first that waits was taken */
    VEC(struct store_reject) rows;
    struct arena memory; /* of the rows */
    size_t size_bytes;
    struct outage outage; /* of this partition's copying */
    int64_t resume_ms;    /* after a failure it goes on then */
};

/* Reads from the claim's position on; what waits is forgotten. */
void reject_copy_begin(struct reject_copy *copy, int64_t next_reject);
/* Not read until then; what waits is forgotten, and read again. */
void reject_copy_end(struct reject_copy *copy);
/* A message at or behind `next`. False: it is none that decodes, and is skipped. */
bool reject_copy_take(struct reject_copy *copy, const struct log_message *message, int64_t now_ms);
/* The records below that offset are no more. */
void reject_copy_skip(struct reject_copy *copy, int64_t to, int64_t now_ms);
/* Enough waits for a transaction. */
bool reject_copy_full(const struct reject_copy *copy);
/* What waits is to be copied now. */
bool reject_copy_due(const struct reject_copy *copy, int64_t now_ms);
/* All that waited was copied. */
void reject_copy_done(struct reject_copy *copy);
void reject_copy_release(struct reject_copy *copy);
