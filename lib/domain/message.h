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

struct message {
    enum control_kind control;
    int64_t clock_us;      /* of the collector that made it; 0 in a control message */
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
