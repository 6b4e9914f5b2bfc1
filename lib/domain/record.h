/* A usage record: what one accepted event says (CONTRACT §2), and nothing that it does not.
 *
 * Plain value; its strings are slices of somebody else's bytes (the JSON text, or a message of
 * usage.records). An optional string that is absent has size 0: CONTRACT allows no empty string. */
#pragma once

#include <stdbool.h>

#include "lib/base/str.h"

/* In the order of CONTRACT §3's list; the numbers stand in schemas/ and are for ever. */
enum product {
    PRODUCT_CONTAINER,
    PRODUCT_MODEL,
    PRODUCT_NODE,
    PRODUCT_STORAGE,
    PRODUCT_MAAS,
    PRODUCT_NONE, /* orders' later events, payments */
};
#define PRODUCT_COUNT 5 /* those that can be billed */

/* Of one microsecond, a resource's events sort by kind in this order (CONTRACT §2.1). */
enum record_kind {
    RECORD_LAUNCHED,
    RECORD_RECONFIGURED,
    RECORD_HEARTBEAT,
    RECORD_STOPPED,
    RECORD_FAILED,
    RECORD_DELETED,
    RECORD_STORAGE_USED,
    RECORD_STORAGE_DELETED,
    RECORD_TOKENS,
    RECORD_IMAGES,
    RECORD_ORDER_PAID,
    RECORD_ORDER_FULFILLED,
    RECORD_ORDER_FAILED,
    RECORD_ORDER_REFUNDED,
    RECORD_CREDITED,
    RECORD_DEBITED,
};
#define RECORD_KIND_COUNT 16

struct record {
    enum record_kind kind;
    enum product product; /* of the resource; of what is ordered for RECORD_ORDER_PAID; else NONE */
    struct str account;
    struct str subject; /* resource, file system, endpoint, order or payment */
    struct str source;
    struct str id;
    int64_t time_us;             /* since 1970-01-01T00:00:00Z */
    int64_t since_us;            /* effective time: `since` of a failed event, else equal to time_us */
    struct str sku;              /* or model, or absent (reconfigured) */
    struct str order;            /* launched, reconfigured; or absent */
    int64_t quantity;            /* launched, reconfigured (0: absent), order.paid */
    int64_t bytes;               /* storage.used */
    int64_t input_tokens;        /* all of them, up to 3 x 10^15; of these: */
    int64_t cached_input_tokens; /* read from a cache, */
    int64_t cache_write_tokens;  /* written to one; together not more than input_tokens */
    int64_t output_tokens;
    int64_t images;    /* 0 unless `succeeded` */
    bool succeeded;    /* images: its status is "succeeded"; else it has no identity (CONTRACT §2) */
    int64_t months;    /* order.paid */
    struct str amount; /* credited, debited: as it was written */
    struct str currency;
    bool for_bill; /* credited: pays a bill, and makes no account prepaid (CONTRACT §6) */
};

static inline int64_t record_effective_us(const struct record *record)
{
    return record->since_us;
}

/* account.credited, account.debited. */
static inline bool record_is_payment(enum record_kind kind)
{
    return kind == RECORD_CREDITED || kind == RECORD_DEBITED;
}

/* "container", ...; CONTRACT §4. PRODUCT_NONE has no name. */
const char *product_name(enum product product);
/* PRODUCT_NONE where no product has that name. */
enum product product_of(struct str name);
