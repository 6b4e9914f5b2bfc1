/* A usage record: what one accepted event says (CONTRACT §2), and nothing that it does not.
 *
 * Plain value; its strings are slices of somebody else's bytes (the JSON text, or a message of
 * usage.records). An optional string that is absent has size 0: CONTRACT allows no empty string. */
#pragma once

#include "lib/domain/kinds.h"

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
    return kind_row(kind)->shape == SHAPE_PAYMENT;
}

/* Whether it counts for anything: what did not succeed bills nothing and has no identity (CONTRACT §2). */
static inline bool record_bills(const struct record *record)
{
    return !kind_row(record->kind)->by_status || record->succeeded;
}

enum body_type { BODY_IS_WORD, BODY_IS_LONG, BODY_IS_TIME, BODY_IS_BOOL, BODY_IS_LEVEL_PRODUCT };

struct body_row {
    const char *name;      /* the schema's */
    const char *text_name; /* of a time: how it is named in JSON where it is text */
    enum body_type type;
    uint16_t at;         /* offset in struct record */
    int64_t least, most; /* of a number; of a word's bytes */
};

extern const struct body_row body_rows[BODY_LAST + 1];

/* Where a record has what it counts of a meter. */
struct counted_row {
    uint16_t at;       /* offset in struct record, */
    uint16_t parts[2]; /* less what other meters count of it; 0: none */
};
extern const struct counted_row counted_rows[METER_COUNT];

/* What it counts of a meter that its kind counts. */
static inline int64_t record_count(const struct record *record, enum meter meter)
{
    const struct counted_row *row = &counted_rows[meter];
    const char *at = (const char *)record;
    int64_t count = *(const int64_t *)(const void *)(at + row->at);
    for (int i = 0; i < 2 && row->parts[i] != 0; i++)
        count -= *(const int64_t *)(const void *)(at + row->parts[i]);
    CHECK(count >= 0);
    return count;
}

/* Whether a payment may say that amount: 1 to 12 digits, and a point with 1 to 12 more or not; above zero
 * (CONTRACT §2). */
bool record_amount_is_good(struct str text);
/* Whether what must hold of its fields does: `since` is not after the time, the parts of its input are not
 * more than it, what did not succeed counts nothing, a reconfiguration says something, and an amount is one.
 */
bool record_is_whole(const struct record *record);
