/* Kinds of events, products and meters: one row each, and code that depends on the kind reads its row
 * (CONTRACT §2-§4, DESIGN §7).
 *
 * The numbers are explicit and for ever: they stand in schemas/ (a kind's is its branch in UsageMessage, a
 * product's its symbol in Product) and in snapshots. A new one takes the next number; nothing follows from
 * the order of two numbers. docs/adding-a-product.md says what else a product needs. */
#pragma once

#include <stdbool.h>

#include "lib/base/check.h"
#include "lib/base/str.h"

enum product {
    PRODUCT_CONTAINER = 0,
    PRODUCT_MODEL = 1,
    PRODUCT_NODE = 2,
    PRODUCT_STORAGE = 3,
    PRODUCT_MAAS = 4,
    PRODUCT_NONE = 255, /* orders' later events, payments */
};
#define PRODUCT_COUNT 5 /* those that can be billed */

enum record_kind {
    RECORD_LAUNCHED = 0,
    RECORD_RECONFIGURED = 1,
    RECORD_HEARTBEAT = 2,
    RECORD_STOPPED = 3,
    RECORD_FAILED = 4,
    RECORD_DELETED = 5,
    RECORD_STORAGE_USED = 6,
    RECORD_STORAGE_DELETED = 7,
    RECORD_TOKENS = 8,
    RECORD_IMAGES = 9,
    RECORD_ORDER_PAID = 10,
    RECORD_ORDER_FULFILLED = 11,
    RECORD_ORDER_FAILED = 12,
    RECORD_ORDER_REFUNDED = 13,
    RECORD_CREDITED = 14,
    RECORD_DEBITED = 15,
};
#define RECORD_KIND_COUNT 16

enum meter {
    METER_RUNTIME = 0,
    METER_CAPACITY = 1,
    METER_INPUT_TOKENS = 2, /* neither cached nor written to a cache */
    METER_CACHED_INPUT_TOKENS = 3,
    METER_CACHE_WRITE_TOKENS = 4,
    METER_OUTPUT_TOKENS = 5,
    METER_IMAGES = 6,
    METER_MONTHS = 7,
};
#define METER_COUNT 8

/* How something is folded and settled. A product is a level, a pool or a count; its events are of its shape.
 */
enum shape {
    SHAPE_LEVEL,   /* a resource runs at a sku and quantity from one change to the next */
    SHAPE_POOL,    /* an account's bytes: the sum of its file systems' levels */
    SHAPE_COUNT,   /* each event adds, once */
    SHAPE_ORDER,   /* a fact about a subscription */
    SHAPE_PAYMENT, /* a fact about an account's balance */
};

/* How late an event may come (CONTRACT §2.3). */
enum horizon { HORIZON_NONE, HORIZON_LIFECYCLE, HORIZON_REPORT };

/* What an event does to a level. */
enum change { CHANGE_NONE, CHANGE_SETS, CHANGE_ALTERS, CHANGE_ENDS };

/* What a resource is (CONTRACT §7). GONE: it left the levels; forget it. */
enum run_state { RUN_GONE, RUN_RUNNING, RUN_SILENT, RUN_STOPPED, RUN_FAILED, RUN_DELETED };
#define RUN_STATE_COUNT 6

/* What a price can be per (CONTRACT §3). */
enum units { UNITS_SECONDS, UNITS_BYTE_SECONDS, UNITS_COUNT, UNITS_MONTHS };

/* The fields of an event's `data` beside `account` (CONTRACT §2's table, third column). */
enum data_field {
    DATA_END = 0,
    DATA_SKU = 1,
    DATA_QUANTITY,
    DATA_ORDER,
    DATA_SINCE,
    DATA_BYTES,
    DATA_MODEL,
    DATA_INPUT_TOKENS,
    DATA_OUTPUT_TOKENS,
    DATA_CACHED_INPUT_TOKENS,
    DATA_CACHE_WRITE_TOKENS,
    DATA_USAGE,
    DATA_IMAGES,
    DATA_STATUS,
    DATA_PRODUCT,
    DATA_MONTHS,
    DATA_AMOUNT,
    DATA_CURRENCY,
    DATA_FOR,
    DATA_LAST = DATA_FOR,
};
enum { DATA_IF_THERE = 0x40 /* may be missing */, DATA_UNREAD = 0x80 /* anything, but not twice */ };

/* What a record says beside who, what and when, as it lies on the wire. */
enum body_field {
    BODY_END = 0,
    BODY_PRODUCT,
    BODY_SKU,
    BODY_QUANTITY,
    BODY_ORDER,
    BODY_SINCE,
    BODY_BYTES,
    BODY_INPUT_TOKENS,
    BODY_CACHED_INPUT_TOKENS,
    BODY_CACHE_WRITE_TOKENS,
    BODY_OUTPUT_TOKENS,
    BODY_IMAGES,
    BODY_SUCCEEDED,
    BODY_MONTHS,
    BODY_AMOUNT,
    BODY_CURRENCY,
    BODY_FOR_BILL,
    BODY_LAST = BODY_FOR_BILL,
};
enum { BODY_IF_THERE = 0x80 /* may be 0 or empty */ };

enum { KIND_DATA_MAX = 8, KIND_BODY_MAX = 6, COUNT_METERS_MAX = 5 };

struct kind_row {
    const char *verb;   /* the end of its type: "launched" */
    const char *branch; /* of UsageMessage's body: "Launched" */
    const char *fact;   /* its symbol in a frame's FactKind; NULL: it is no fact, */
    uint8_t fact_number;
    enum shape shape;
    enum product product; /* whose events these are; NONE: of every product of the shape, or of none */
    enum horizon horizon;
    enum change change;
    enum run_state leaves;       /* what the resource is then: SETS, ENDS */
    uint8_t rank;                /* of one microsecond and resource the lower comes first (CONTRACT §2.1) */
    bool by_status;              /* counts where it succeeded; else it bills nothing and has no identity */
    uint8_t data[KIND_DATA_MAX]; /* enum data_field and its flags, in the order in which they are judged */
    uint8_t body[KIND_BODY_MAX]; /* enum body_field and its flag, in the schema's order */
    uint8_t meters[COUNT_METERS_MAX]; /* SHAPE_COUNT: what it counts, */
    uint8_t meter_count;
};

struct product_row {
    const char *name;
    enum shape shape;
    enum meter usage;                    /* LEVEL, POOL: what is metered */
    uint8_t count_number;                /* COUNT: in snapshots, from 0 */
    uint8_t meter_count;                 /* COUNT: what its events count, */
    enum meter meters[COUNT_METERS_MAX]; /* by their numbers in frames */
};

struct meter_row {
    const char *name;
    enum units units;
    bool counted;
    uint8_t number; /* of a counted one: in a frame's CountMeter, */
    uint8_t slot;   /* and its place among its product's meters */
    /* The meter whose prices are used where a sku has none for this one; itself: none. */
    enum meter priced_as;
};

extern const struct kind_row kind_rows[RECORD_KIND_COUNT];
extern const struct product_row product_rows[PRODUCT_COUNT];
extern const struct meter_row meter_rows[METER_COUNT];

static inline const struct kind_row *kind_row(enum record_kind kind)
{
    CHECK(kind < RECORD_KIND_COUNT);
    return &kind_rows[kind];
}

static inline const struct product_row *product_row(enum product product)
{
    CHECK(product < PRODUCT_COUNT);
    return &product_rows[product];
}

static inline const struct meter_row *meter_row(enum meter meter)
{
    CHECK(meter < METER_COUNT);
    return &meter_rows[meter];
}

/* Of `row`, INT64_MAX: never too late. */
static inline int64_t kind_horizon_us(const struct kind_row *row, int64_t lifecycle_us, int64_t report_us)
{
    return row->horizon == HORIZON_NONE     ? INT64_MAX
           : row->horizon == HORIZON_REPORT ? report_us
                                            : lifecycle_us;
}

/* Whether the product has the shape; PRODUCT_NONE has none. */
static inline bool product_is(enum product product, enum shape shape)
{
    return product < PRODUCT_COUNT && product_rows[product].shape == shape;
}

/* "container", ...; CONTRACT §4. PRODUCT_NONE has no name. */
const char *product_name(enum product product);
/* PRODUCT_NONE where no product has that name. */
enum product product_of(struct str name);
/* "runtime", ...; CONTRACT §4. */
const char *meter_name(enum meter meter);
/* The counted meter of that number in frames, of this product; METER_COUNT where it has none. */
enum meter meter_of_count(enum product product, int64_t number);
/* The fact of that number in frames; RECORD_KIND_COUNT where there is none. */
enum record_kind kind_of_fact(int64_t number);

/* A type of event: a kind, and whose. */
enum { EVENT_TYPE_SIZE = 32, EVENT_TYPES_MAX = 64 };
struct event_type {
    char name[EVENT_TYPE_SIZE]; /* "container.launched" */
    enum record_kind kind;
    enum product product;
};
/* All of them, by kind and product; how many. */
int event_types(struct event_type out[EVENT_TYPES_MAX]);
