/* What becomes of an order: CONTRACT §4, Subscription, Refund and Void. Pure: facts and prices in, coverage
 * and lines out, whatever the order in which the facts came. */
#pragma once

#include "lib/domain/frame.h"
#include "lib/domain/prices.h"
#include "settler/core/rating.h"

/* One event of the order's life, as accepted. */
struct order_fact {
    enum record_kind kind; /* RECORD_ORDER_* */
    int64_t time_us;
    struct str id;
    struct str source;
    /* order.paid only: */
    enum product product;
    struct str sku;
    int64_t quantity;
    int64_t months;
};

/* Whether it is an event of an order. */
bool order_takes(enum record_kind kind);
/* Strings are the record's. */
struct order_fact order_fact_of(const struct record *record);

enum charge_kind { CHARGE_USAGE, CHARGE_SUBSCRIPTION, CHARGE_REFUND, CHARGE_VOID };
/* "usage", ...; CONTRACT §4. */
const char *charge_kind_name(enum charge_kind kind);

struct order_line {
    enum charge_kind kind;
    int64_t hour_s;
    struct rated rated;
};

enum { ORDER_LINES_MAX = 2 };

struct order_state {
    bool paid; /* else all below is empty */
    enum product product;
    struct str sku;
    unsigned __int128 quantity;
    int64_t covers_from_s; /* half-open [from, to); empty where it covers nothing */
    int64_t covers_to_s;
    struct order_line lines[ORDER_LINES_MAX];
    uint32_t line_count;
    int64_t
        void_due_us; /* when void_after will void it unless something comes first; INT64_MAX: it will not */
};

/* void_after counts when its time is before now_us. */
struct order_state order_evaluate(const struct order_fact *facts, uint32_t count, const struct prices *prices,
                                  int64_t now_us);

/* The seconds in which two states cover differently: two half-open spans, either may be empty. */
struct order_change {
    int64_t from_s[2];
    int64_t to_s[2];
};
struct order_change order_changes(const struct order_state *before, const struct order_state *after);
