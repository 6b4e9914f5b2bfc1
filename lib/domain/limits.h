/* Limits, in one place, and what each must leave room for (STYLE 9). Sizes are bytes.
 *
 * Those of what an event or a catalog may say are CONTRACT's; those of a rules number are for ever (DESIGN
 * §2); the rest may change with the programs. What only one file knows of stands in that file. */
#pragma once

#include <stdint.h>

#include "lib/base/slab.h"
#include "lib/base/time.h"

/* --- what an event can say (CONTRACT §2) --- */

enum {
    LIMIT_NAME_BYTES = 256, /* source, subject, and every string of `data` */
    LIMIT_ID_BYTES = 128,   /* id, account */
    LIMIT_MONTHS = 120,     /* of an order */
    LIMIT_DECIMALS = 12,    /* digits on each side of the point: of amounts, prices, scales */
    LIMIT_AMOUNT_BYTES = 2 * LIMIT_DECIMALS + 1,
    LIMIT_CURRENCY_BYTES = 3, /* ISO 4217 */
    LIMIT_EVENT_DEPTH = 64,   /* of an event's JSON */
};
#define LIMIT_COUNT INT64_C(1000000000000000)           /* integers of events */
#define LIMIT_INPUT (3 * LIMIT_COUNT)                   /* all input of a call: a sum of three */
#define LIMIT_STORED_BYTES INT64_C(1000000000000000000) /* `bytes` of storage.used */

/* --- catalogs (CONTRACT §3) --- */

enum {
    LIMIT_CATALOG_BYTES = 3 * 1024 * 1024,
    LIMIT_CATALOG_DEPTH = 16,
    LIMIT_CATALOG_NODES = 1000000,
};

/* --- messages --- */

enum {
    LIMIT_MESSAGE_BYTES = 8000000, /* that the client sends; the topics' max.message.bytes is 8 MiB */
    LIMIT_BATCH_BYTES = 64 * 1024, /* of records: a message ends with the one that reaches it (DESIGN §3) */
    LIMIT_SNAPSHOT_CHUNK_BYTES = 900000,
    LIMIT_REJECT_BYTES = 64 * 1024, /* of a refused event that are kept */
    LIMIT_REASON_BYTES = 1024,
    LIMIT_ORIGIN_BYTES = 8192,
    LIMIT_BY_BYTES = 256,    /* who wrote a control message */
    LIMIT_TOPIC_BYTES = 200, /* of a topic's name, with its prefix */
    LIMIT_PREFIX_BYTES = 160,
};

/* --- rules number 1 (DESIGN §2, §4): constants of the number, never changed --- */

enum {
    RULES_1_EPOCH_S = 5,
    RULES_1_DELAY_S = 10,
    RULES_1_EPOCH_RECORDS = 100000,
    RULES_1_FRAME_ROWS = 50000,
    RULES_1_FRAME_BYTES = 512 * 1024,
    RULES_1_SNAPSHOT_BYTES = 64 * 1024 * 1024,
    RULES_1_REJECTS_AN_HOUR = 1000, /* that frames keep with their identity */
    RULES_1_STOP_S = MINUTE_S, /* least log time between two stops of a resource that are emitted at once */
};

/* --- what must fit into what --- */

enum {
    /* The most that one record takes encoded: its names, and numbers of at most 10 bytes each. */
    LIMIT_RECORD_BYTES = 2 * (LIMIT_ID_BYTES + 2) + 4 * (LIMIT_NAME_BYTES + 2) + 8 * 10,
    /* The most of one row of a frame: an hour of which each second is at another sku and order. */
    LIMIT_ROW_BYTES = HOUR_S * (2 * (LIMIT_NAME_BYTES + 2) + 24) + 4 * (LIMIT_NAME_BYTES + 2),
    LIMIT_FRAME_REJECT_BYTES = 2 * (LIMIT_NAME_BYTES + 2) + LIMIT_ID_BYTES + 2 + 160 + 10,
};

_Static_assert((int)LIMIT_BATCH_BYTES + (int)LIMIT_RECORD_BYTES < (int)LIMIT_MESSAGE_BYTES,
               "a message that the last record filled can be sent");
_Static_assert((int)RULES_1_FRAME_BYTES + (int)LIMIT_ROW_BYTES + LIMIT_CATALOG_BYTES +
                       RULES_1_REJECTS_AN_HOUR * LIMIT_FRAME_REJECT_BYTES <
                   (int)LIMIT_MESSAGE_BYTES,
               "a frame that the last row and a catalog filled can be sent");
_Static_assert((int)LIMIT_SNAPSHOT_CHUNK_BYTES < (int)LIMIT_MESSAGE_BYTES, "a chunk can be sent");
_Static_assert(LIMIT_REJECT_BYTES + LIMIT_REASON_BYTES + LIMIT_ORIGIN_BYTES + (int)LIMIT_NAME_BYTES <
                   (int)LIMIT_MESSAGE_BYTES,
               "a refused event can be kept");
_Static_assert((int)LIMIT_NAME_BYTES <= (int)SLAB_SIZE_MAX, "the id of a change fits the slabs of ids");
_Static_assert(RULES_1_DELAY_S > RULES_1_EPOCH_S, "an hour closes later than the epoch in which it ends");
_Static_assert((int)RULES_1_DELAY_S < (int)HOUR_S && (int)HOUR_S % (int)RULES_1_EPOCH_S == 0,
               "an hour is whole epochs");
_Static_assert((int)LIMIT_BATCH_BYTES < (int)RULES_1_SNAPSHOT_BYTES, "a snapshot is of many messages");
_Static_assert(LIMIT_PREFIX_BYTES < LIMIT_TOPIC_BYTES, "a prefix leaves room for a topic's own name");
