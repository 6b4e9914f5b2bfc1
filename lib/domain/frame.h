/* A frame: what the aggregator says about one partition in one epoch (DESIGN §4). The settler's only input.
 *
 * Frames of a partition are numbered without gaps; each one names its predecessor's hash. Rows are sorted
 * by key, bytes of names first to last, so that the same log gives the same bytes. Slices belong to whoever
 * made the frame and live until its next one. */
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
    enum product product; /* container, model, node, storage */
    struct str account;
    struct str resource; /* "*" for storage */
    struct str sku;      /* storage: the pool's sku; else size 0 */
    int64_t hour_s;      /* the hour's first second */
    bool stopped;        /* said before the hour's close, because something stopped */
    const struct level_segment *segments;
    uint32_t segment_count;
};

enum meter {
    METER_RUNTIME,
    METER_CAPACITY,
    METER_INPUT_TOKENS, /* neither cached nor written to a cache */
    METER_CACHED_INPUT_TOKENS,
    METER_CACHE_WRITE_TOKENS,
    METER_OUTPUT_TOKENS,
    METER_IMAGES,
    METER_MONTHS
};
#define METER_COUNT 8
/* "runtime", ...; CONTRACT §4. */
const char *meter_name(enum meter meter);

/* Adds `sum` to the second: the epoch's events of one line and second, taken together. */
struct count_row {
    struct str account;
    struct str resource; /* the endpoint called */
    struct str sku;      /* the model */
    enum meter meter;    /* input_tokens, output_tokens, images */
    int64_t second_s;
    unsigned __int128 sum; /* > 0 */
};

/* Orders, credits, catalogs and rules, in log order, each as it came (repeats included: the settler keeps
 * the identities of facts for ever). */
struct fact {
    enum control_kind control;   /* not NONE: rules or catalog below; else record */
    struct rules rules;          /* CONTROL_INIT */
    struct catalog_text catalog; /* CONTROL_INIT, CONTROL_CATALOG */
    struct record record;        /* order.*, account.credited */
};

/* A record that came later than the rules allow. The first thousand of an hour keep their identity. */
struct frame_reject {
    struct str reason;
    struct str feed;
    struct str source;
    struct str id;
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
    int64_t next_offset; /* of usage.records: where the next frame's input begins */
    uint8_t prev_hash[FRAME_HASH_SIZE];
    uint8_t hash[FRAME_HASH_SIZE];            /* over the encoded frame without this field */
    uint8_t snapshot_digest[FRAME_HASH_SIZE]; /* of the snapshot written after the frame before; else zeros */
    int64_t watermark_us;                     /* INT64_MIN: log time has not begun */
    int64_t closed_s; /* everything of seconds below is settled; INT64_MIN: nothing yet */
    struct frame_counters counters;
    const struct level_row *levels;
    uint32_t level_count;
    const struct count_row *counts;
    uint32_t count_count;
    const struct fact *facts;
    uint32_t fact_count;
    const struct frame_reject *rejects;
    uint32_t reject_count;
};
