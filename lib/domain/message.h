/* A message of usage.records: one partition's records, and the clock that vouches for them (DESIGN §2, §3).
 *
 * No records: a tick. `control` set: it carries rules or a catalog instead of records, and no clock. */
#pragma once

#include "lib/domain/limits.h"
#include "lib/domain/record.h"
#include "lib/domain/rules.h"

/* A partition refuses a catalog whose hour begins less than this ahead of its log time (DESIGN §2). */
enum { CATALOG_LEAD_S = 2 * 3600 };

/* A catalog as the log has it. Hour H is rated by the last one whose from_s <= H (DESIGN §2). */
struct catalog_text {
    int64_t from_s;  /* a whole hour; INT64_MIN: since ever (the first) */
    struct str text; /* YAML */
};

enum control_kind { CONTROL_NONE, CONTROL_INIT, CONTROL_CATALOG };

enum { CONTROL_HASH_SIZE = 32, CONTROL_BY_MAX = LIMIT_BY_BYTES };

/* The place of a control message in the register (DESIGN §2), and who wrote it. */
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
