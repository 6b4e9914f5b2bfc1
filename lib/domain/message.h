/* A message of usage.records: one partition's records, and the clock that vouches for them (DESIGN §2, §3).
 *
 * No records: a tick. `control` set: it carries rules or a catalog instead of records, and no clock. */
#pragma once

#include "lib/domain/record.h"

/* The rules that a generation is folded under (DESIGN §2): in the log, never in a process's configuration. */
struct rules {
    uint32_t number;              /* of the fold; 1 */
    int64_t epoch_us;             /* log time between frames: 5 s */
    int64_t delay_us;             /* watermark = log time - delay: 10 s */
    int64_t lifecycle_horizon_us; /* how late a launch, stop, failure may come (CONTRACT §2.3) */
    int64_t report_horizon_us;    /* how late a heartbeat, storage report or count may come */
    int64_t epoch_records;        /* an epoch ends with the message that holds the N-th record */
    int64_t frame_rows;           /* a frame ends at the next edge after so many rows, */
    int64_t frame_bytes;          /* or so many bytes (DESIGN §4) */
    int64_t snapshot_bytes;       /* input bytes after which a snapshot may fall due */
};

/* A partition refuses a catalog whose hour begins less than this ahead of its log time (DESIGN §2). */
enum { CATALOG_LEAD_S = 2 * 3600 };

/* A catalog as the log has it. Hour H is rated by the last one whose from_s <= H (DESIGN §2). */
struct catalog_text {
    int64_t from_s;  /* a whole hour; INT64_MIN: since ever (the first) */
    struct str text; /* YAML */
};

enum control_kind { CONTROL_NONE, CONTROL_INIT, CONTROL_CATALOG };

enum { CONTROL_HASH_SIZE = 32, CONTROL_BY_MAX = 256 };

/* Where a control message stands in the register (DESIGN §2), and who wrote it. */
struct control_origin {
    uint8_t prev_hash[CONTROL_HASH_SIZE]; /* of the control message before it; zeros: it is the first */
    uint8_t hash[CONTROL_HASH_SIZE];      /* SHA-256 of this message's bytes; not in them */
    struct str by;                        /* user@host, or a name; nothing hangs on it, */
    int64_t clock_us;                     /* nor on its writer's clock */
};

struct message {
    enum control_kind control;
    struct control_origin origin; /* of a control message */
    int64_t clock_us;      /* of the collector that made it; 0 in a control message: it moves no clock */
    int64_t append_us;     /* the broker's; not in the bytes, comes with the message */
    int64_t offset;        /* in the partition; not in the bytes */
    struct str feed;       /* the entrance: "http", a topic, a file */
    uint64_t incarnation;  /* of the collector process */
    uint64_t acknowledged; /* messages of it that this partition had acknowledged when this one was made */
    struct rules rules;    /* CONTROL_INIT */
    struct catalog_text catalog; /* CONTROL_INIT, CONTROL_CATALOG */
    const struct record *records;
    uint32_t record_count;
};
