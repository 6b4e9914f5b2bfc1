#include "lib/domain/kinds.h"

#include <stdio.h>

#define LEVEL_CHANGE .shape = SHAPE_LEVEL, .product = PRODUCT_NONE, .horizon = HORIZON_LIFECYCLE
#define STORAGE_CHANGE .shape = SHAPE_POOL, .product = PRODUCT_STORAGE, .horizon = HORIZON_REPORT
#define COUNT_OF(product_) .shape = SHAPE_COUNT, .product = (product_), .horizon = HORIZON_REPORT
#define ORDER_FACT .shape = SHAPE_ORDER, .product = PRODUCT_NONE, .horizon = HORIZON_NONE
#define PAYMENT_FACT .shape = SHAPE_PAYMENT, .product = PRODUCT_NONE, .horizon = HORIZON_NONE

/* Lists in rows; what they leave out is DATA_END, BODY_END. */
#define DATA(...) .data = {__VA_ARGS__}
#define BODY(...) .body = {__VA_ARGS__}
#define COUNTS(count_, ...) .meter_count = (count_), .meters = {__VA_ARGS__}

const struct kind_row kind_rows[RECORD_KIND_COUNT] = {
    [RECORD_LAUNCHED] = {.verb = "launched",
                         .branch = "Launched",
                         LEVEL_CHANGE,
                         .rank = 0,
                         .change = CHANGE_SETS,
                         .leaves = RUN_RUNNING,
                         DATA(DATA_SKU, DATA_QUANTITY | DATA_IF_THERE, DATA_ORDER | DATA_IF_THERE),
                         BODY(BODY_PRODUCT, BODY_SKU, BODY_QUANTITY, BODY_ORDER | BODY_IF_THERE)},
    [RECORD_RECONFIGURED] = {.verb = "reconfigured",
                             .branch = "Reconfigured",
                             LEVEL_CHANGE,
                             .rank = 1,
                             .change = CHANGE_ALTERS,
                             DATA(DATA_SKU | DATA_IF_THERE, DATA_QUANTITY | DATA_IF_THERE,
                                  DATA_ORDER | DATA_IF_THERE),
                             BODY(BODY_PRODUCT, BODY_SKU | BODY_IF_THERE, BODY_QUANTITY | BODY_IF_THERE,
                                  BODY_ORDER | BODY_IF_THERE)},
    [RECORD_HEARTBEAT] = {.verb = "heartbeat",
                          .branch = "Heartbeat",
                          .shape = SHAPE_LEVEL,
                          .product = PRODUCT_NONE,
                          .horizon = HORIZON_REPORT,
                          .rank = 2,
                          BODY(BODY_PRODUCT)},
    [RECORD_STOPPED] = {.verb = "stopped",
                        .branch = "Stopped",
                        LEVEL_CHANGE,
                        .rank = 3,
                        .change = CHANGE_ENDS,
                        .leaves = RUN_STOPPED,
                        BODY(BODY_PRODUCT)},
    [RECORD_FAILED] = {.verb = "failed",
                       .branch = "Failed",
                       LEVEL_CHANGE,
                       .rank = 4,
                       .change = CHANGE_ENDS,
                       .leaves = RUN_FAILED,
                       DATA(DATA_SINCE | DATA_IF_THERE),
                       BODY(BODY_PRODUCT, BODY_SINCE)},
    [RECORD_DELETED] = {.verb = "deleted",
                        .branch = "Deleted",
                        LEVEL_CHANGE,
                        .rank = 5,
                        .change = CHANGE_ENDS,
                        .leaves = RUN_DELETED,
                        BODY(BODY_PRODUCT)},
    [RECORD_STORAGE_USED] = {.verb = "used",
                             .branch = "StorageUsed",
                             STORAGE_CHANGE,
                             .rank = 0,
                             .change = CHANGE_SETS,
                             .leaves = RUN_RUNNING,
                             DATA(DATA_BYTES, DATA_SKU | DATA_IF_THERE),
                             BODY(BODY_SKU, BODY_BYTES)},
    [RECORD_STORAGE_DELETED] = {.verb = "deleted",
                                .branch = "StorageDeleted",
                                STORAGE_CHANGE,
                                .rank = 1,
                                .change = CHANGE_ENDS,
                                .leaves = RUN_DELETED,
                                DATA(DATA_SKU | DATA_IF_THERE),
                                BODY(BODY_SKU)},
    [RECORD_TOKENS] = {.verb = "tokens",
                       .branch = "Tokens",
                       COUNT_OF(PRODUCT_MAAS),
                       DATA(DATA_MODEL, DATA_INPUT_TOKENS, DATA_OUTPUT_TOKENS,
                            DATA_CACHED_INPUT_TOKENS | DATA_IF_THERE, DATA_CACHE_WRITE_TOKENS | DATA_IF_THERE,
                            DATA_USAGE | DATA_UNREAD),
                       BODY(BODY_SKU, BODY_INPUT_TOKENS, BODY_CACHED_INPUT_TOKENS, BODY_CACHE_WRITE_TOKENS,
                            BODY_OUTPUT_TOKENS),
                       COUNTS(4, METER_INPUT_TOKENS, METER_CACHED_INPUT_TOKENS, METER_CACHE_WRITE_TOKENS,
                              METER_OUTPUT_TOKENS)},
    [RECORD_IMAGES] = {.verb = "images",
                       .branch = "Images",
                       COUNT_OF(PRODUCT_MAAS),
                       .by_status = true,
                       DATA(DATA_MODEL, DATA_IMAGES, DATA_STATUS),
                       BODY(BODY_SKU, BODY_IMAGES, BODY_SUCCEEDED),
                       COUNTS(1, METER_IMAGES)},
    [RECORD_ORDER_PAID] = {.verb = "paid",
                           .branch = "OrderPaid",
                           .fact = "order_paid",
                           .fact_number = 0,
                           ORDER_FACT,
                           DATA(DATA_PRODUCT, DATA_SKU, DATA_QUANTITY, DATA_MONTHS),
                           BODY(BODY_PRODUCT, BODY_SKU, BODY_QUANTITY, BODY_MONTHS)},
    [RECORD_ORDER_FULFILLED] = {.verb = "fulfilled",
                                .branch = "OrderFulfilled",
                                .fact = "order_fulfilled",
                                .fact_number = 1,
                                ORDER_FACT},
    [RECORD_ORDER_FAILED] =
        {.verb = "failed", .branch = "OrderFailed", .fact = "order_failed", .fact_number = 2, ORDER_FACT},
    [RECORD_ORDER_REFUNDED] = {.verb = "refunded",
                               .branch = "OrderRefunded",
                               .fact = "order_refunded",
                               .fact_number = 3,
                               ORDER_FACT},
    [RECORD_CREDITED] = {.verb = "credited",
                         .branch = "Credited",
                         .fact = "credited",
                         .fact_number = 4,
                         PAYMENT_FACT,
                         DATA(DATA_AMOUNT, DATA_CURRENCY, DATA_FOR | DATA_IF_THERE),
                         BODY(BODY_AMOUNT, BODY_CURRENCY, BODY_FOR_BILL)},
    [RECORD_DEBITED] = {.verb = "debited",
                        .branch = "Debited",
                        .fact = "debited",
                        .fact_number = 5,
                        PAYMENT_FACT,
                        DATA(DATA_AMOUNT, DATA_CURRENCY),
                        BODY(BODY_AMOUNT, BODY_CURRENCY)},
};

const struct product_row product_rows[PRODUCT_COUNT] = {
    [PRODUCT_CONTAINER] = {.name = "container", .shape = SHAPE_LEVEL, .usage = METER_RUNTIME},
    [PRODUCT_MODEL] = {.name = "model", .shape = SHAPE_LEVEL, .usage = METER_RUNTIME},
    [PRODUCT_NODE] = {.name = "node", .shape = SHAPE_LEVEL, .usage = METER_RUNTIME},
    [PRODUCT_STORAGE] = {.name = "storage", .shape = SHAPE_POOL, .usage = METER_CAPACITY},
    [PRODUCT_MAAS] = {.name = "maas",
                      .shape = SHAPE_COUNT,
                      .count_number = 0,
                      COUNTS(5, METER_INPUT_TOKENS, METER_CACHED_INPUT_TOKENS, METER_CACHE_WRITE_TOKENS,
                             METER_OUTPUT_TOKENS, METER_IMAGES)},
};

#define COUNTED(number_, slot_) .units = UNITS_COUNT, .counted = true, .number = (number_), .slot = (slot_)

const struct meter_row meter_rows[METER_COUNT] = {
    [METER_RUNTIME] = {.name = "runtime", .units = UNITS_SECONDS, .priced_as = METER_RUNTIME},
    [METER_CAPACITY] = {.name = "capacity", .units = UNITS_BYTE_SECONDS, .priced_as = METER_CAPACITY},
    [METER_INPUT_TOKENS] = {.name = "input_tokens", COUNTED(0, 0), .priced_as = METER_INPUT_TOKENS},
    [METER_CACHED_INPUT_TOKENS] = {.name = "cached_input_tokens",
                                   COUNTED(1, 1),
                                   .priced_as = METER_INPUT_TOKENS},
    [METER_CACHE_WRITE_TOKENS] = {.name = "cache_write_tokens",
                                  COUNTED(2, 2),
                                  .priced_as = METER_INPUT_TOKENS},
    [METER_OUTPUT_TOKENS] = {.name = "output_tokens", COUNTED(3, 3), .priced_as = METER_OUTPUT_TOKENS},
    [METER_IMAGES] = {.name = "images", COUNTED(4, 4), .priced_as = METER_IMAGES},
    [METER_MONTHS] = {.name = "months", .units = UNITS_MONTHS, .priced_as = METER_MONTHS},
};

const char *product_name(enum product product)
{
    return product_row(product)->name;
}

enum product product_of(struct str name)
{
    for (enum product p = 0; p < PRODUCT_COUNT; p++)
        if (str_equal(name, str_of(product_rows[p].name)))
            return p;
    return PRODUCT_NONE;
}

const char *meter_name(enum meter meter)
{
    return meter_row(meter)->name;
}

enum meter meter_of_count(enum product product, int64_t number)
{
    const struct product_row *row = product_row(product);
    for (int m = 0; m < row->meter_count; m++)
        if (meter_rows[row->meters[m]].number == number)
            return row->meters[m];
    return (enum meter)METER_COUNT;
}

enum record_kind kind_of_fact(int64_t number)
{
    for (enum record_kind k = 0; k < RECORD_KIND_COUNT; k++)
        if (kind_rows[k].fact != NULL && kind_rows[k].fact_number == number)
            return k;
    return (enum record_kind)RECORD_KIND_COUNT;
}

/* The first word of its type. */
static const char *family_of(const struct kind_row *row, enum product product)
{
    if (product != PRODUCT_NONE)
        return product_name(product);
    return row->shape == SHAPE_ORDER ? "order" : "account";
}

static void add_type(struct event_type out[EVENT_TYPES_MAX], int *count, enum record_kind kind,
                     enum product product)
{
    CHECK(*count < EVENT_TYPES_MAX);
    struct event_type *type = &out[(*count)++];
    type->kind = kind;
    type->product = product;
    int size = snprintf(type->name, sizeof type->name, "%s.%s", family_of(&kind_rows[kind], product),
                        kind_rows[kind].verb);
    CHECK(size > 0 && size < EVENT_TYPE_SIZE);
}

int event_types(struct event_type out[EVENT_TYPES_MAX])
{
    int count = 0;
    for (enum record_kind k = 0; k < RECORD_KIND_COUNT; k++) {
        if (kind_rows[k].shape != SHAPE_LEVEL) {
            add_type(out, &count, k, kind_rows[k].product);
            continue;
        }
        for (enum product p = 0; p < PRODUCT_COUNT; p++)
            if (product_is(p, SHAPE_LEVEL))
                add_type(out, &count, k, p);
    }
    return count;
}
