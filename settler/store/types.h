/* What both faces of the settler's store speak of: store.h, for the settler, and port.h, for adapters. */
#pragma once

#include "lib/base/wide.h"
#include "lib/domain/frame.h"
#include "lib/domain/limits.h"

struct store;

/* Which log is settled in the tables: what `init` wrote, as the manifest in aggregator.snapshots[0] has it.
 */
struct store_generation {
    uint32_t partitions;
    uint8_t init_hash[CONTROL_HASH_SIZE]; /* zeros: not known */
};

/* A row of `notices`: an account whose state or deadline is another (CONTRACT §6). */
struct store_notice {
    int64_t number; /* in its partition, from 0 */
    uint64_t seq;
    uint32_t ordinal; /* among its frame's, from 1 */
    struct str account;
    struct str state;        /* good, grace, suspended */
    struct amount balance;   /* both of 10^-12 */
    struct amount available; /* balance less what accrued */
    int64_t deadline_s;      /* INT64_MIN but in grace */
    int64_t watermark_us;
    bool last; /* the account has no later one */
    /* of the generation: */
    struct str currency;
    uint32_t charge_scale;
};
/* Its strings are good inside the call alone. */
typedef void take_notice(void *context, const struct store_notice *notice);
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
