/* Limits, in one place, and what each must leave room for (STYLE 9). Sizes are bytes. */
#pragma once

#include <stdint.h>

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
    LIMIT_CATALOG_BYTES = 3 * 1024 * 1024,      /* that is parsed, */
    LIMIT_CATALOG_WIRE_BYTES = 8 * 1024 * 1024, /* and of one that a message can hold */
};
