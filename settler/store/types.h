/* What both faces of the settler's store speak of: store.h, for the settler, and port.h, for adapters. */
#pragma once

#include "lib/domain/frame.h"
#include "lib/domain/limits.h"

struct store;

/* Which log is settled in the tables: what `init` wrote, as the manifest in aggregator.snapshots[0] has it.
 */
struct store_generation {
    uint32_t partitions;
    uint8_t init_hash[CONTROL_HASH_SIZE]; /* zeros: not known */
};

/* How far a frame's accounts are done: up to and with this one. */
struct account_mark {
    bool begun; /* else its lines are not done yet */
    uint32_t size;
    char name[LIMIT_ID_BYTES];
};

/* A message of usage.rejects. Texts may be any bytes: what is no UTF-8 is stored as question marks. */
struct store_reject {
    int64_t offset;
    int64_t clock_us;
    struct str reason;
    struct str feed;
    struct str sender;
    struct str origin;
    struct str account;
    struct str type;
    struct str source;
    struct str id;
    struct str event; /* the first 4 KiB are stored */
};
