/* A frame: one bounded piece of what the aggregator says about one partition in one epoch (DESIGN §4). The
 * settler's only input.
 *
 * Frames of a partition are numbered without gaps; each one names its predecessor's hash. An epoch makes one
 * or more: all but the last say `more`. Facts stand before all rows; rows are sorted by key, account first,
 * bytes of names first to last, within a frame and from frame to frame of an epoch, so that the same log
 * gives the same bytes. Slices belong to whoever made the frame and live until its next one. */
#pragma once

#include "lib/domain/message.h"
#include "lib/domain/record.h"

enum { FRAME_HASH_SIZE = 32 };

/* Half-open span of seconds inside an hour at one level. */
struct level_segment {
    uint16_t from_s; /* 0..3599, from the hour's start */
    uint16_t len_s;  /* 1..3600 */
    struct str sku;
    struct str order;           /* size 0: none. Always none for storage. */
    unsigned __int128 quantity; /* units of the sku; storage: bytes of the account's file systems, > 0 */
};

/* Replaces what was known of this resource and hour. No segments: nothing is left of it. Segments are in
 * order of time, do not overlap, and two that touch differ. */
struct level_row {
    enum product product; /* of SHAPE_LEVEL or SHAPE_POOL */
    struct str account;
    struct str resource; /* "*" for storage */
    struct str sku;      /* storage: the pool's sku; else size 0 */
    int64_t hour_s;      /* the hour's first second */
    bool stopped;        /* emitted before the hour's close, because something stopped */
    const struct level_segment *segments;
    uint32_t segment_count;
};

/* What was counted in the seconds of an hour that one price covers. */
struct count_sum {
    enum meter meter;      /* one of the product's */
    uint16_t from_s;       /* the first of these seconds, 0..3599 from the hour's start */
    unsigned __int128 sum; /* > 0 */
};

/* Adds to the sums of this endpoint, model and hour: in the epoch that closes the hour, and for what came
 * after its close in an epoch of its own. */
struct count_row {
    enum product product; /* of SHAPE_COUNT */
    struct str account;
    struct str resource; /* maas: the endpoint called */
    struct str sku;      /* maas: the model */
    int64_t hour_s;
    bool replaces;                /* replaces what was emitted before, instead of adding to it */
    const struct count_sum *sums; /* by meter and second, at least one */
    uint32_t sum_count;
};

/* "gone", "running", ...; CONTRACT §7. */
const char *run_state_name(enum run_state state);

/* What a resource is at log time, where that differs from what was emitted last. For display; no money. */
struct state_row {
    enum product product; /* of SHAPE_LEVEL */
    struct str account;
    struct str resource;
    enum run_state state;
    struct str sku;   /* what it runs with, or last ran with; gone: size 0 */
    struct str order; /* the same; size 0: none */
    int64_t quantity; /* the same; gone: 0 */
    int64_t since_s;  /* when that became so; silent: the last sign; gone: 0 */
    int64_t sign_s;   /* the last sign of life; INT64_MIN: not watched for any */
};

/* Rules, catalogs, orders and payments, in log order, each as it came (repeats included: the settler keeps
 * the identities of facts for ever). */
struct fact {
    enum control_kind control;    /* not NONE: rules or catalog below; else record */
    struct control_origin origin; /* of a control fact; prev_hash is left out */
    struct rules rules;           /* CONTROL_INIT */
    struct catalog_text catalog;  /* CONTROL_INIT, CONTROL_CATALOG */
    struct record record;         /* order.*, account.* */
};

/* Something of the log that was not taken. The first of an hour keep their identity (DESIGN §4). */
struct frame_reject {
    struct str reason;
    struct str feed;
    struct str source;
    struct str id; /* of a control message: its hash, as hexadecimal digits */
    int64_t offset;
};

struct frame_counters {
    uint64_t messages;
    uint64_t ticks;
    uint64_t records_in;
    uint64_t records_applied; /* facts and control included */
    uint64_t records_repeated;
    uint64_t records_rejected;
};

struct frame {
    uint32_t partition;
    uint32_t rules_number;
    uint64_t seq;        /* from 0 */
    int64_t next_offset; /* of usage.records: where the next epoch's input begins; with `more`: this one's */
    uint8_t prev_hash[FRAME_HASH_SIZE];
    uint8_t hash[FRAME_HASH_SIZE];            /* over the encoded frame without this field */
    uint8_t snapshot_digest[FRAME_HASH_SIZE]; /* of the snapshot written after the frame before; else zeros */
    int64_t watermark_us;                     /* the epoch's; INT64_MIN: log time has not begun */
    int64_t closed_s; /* everything of seconds below is settled; with `more`: as before this epoch;
                         INT64_MIN: nothing yet */
    bool more;        /* the epoch goes on in the next frame */
    struct frame_counters counters; /* of the epoch, in its last frame; else zeros */
    const struct fact *facts;
    uint32_t fact_count;
    const struct level_row *levels;
    uint32_t level_count;
    const struct count_row *counts;
    uint32_t count_count;
    const struct state_row *states;
    uint32_t state_count;
    const struct frame_reject *rejects; /* in the epoch's last frame */
    uint32_t reject_count;
};
