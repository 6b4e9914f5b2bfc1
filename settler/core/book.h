/* The settler's working set: usage and settled state by line and hour, orders with their facts and users.
 *
 * `hourglass rate` keeps one whole; the settler's process fills one with what a batch of frames touches and
 * empties it after the transaction. It knows no rules: settle.h does.
 *
 * Invariants:
 * B1. A line is in its resource's list, once; an hour is a whole one (checked where each is made).
 * B2. Of one identity (account, kind, source, id) there is one fact, whatever order it names (checked where
 *     one is added). Of a payment's (account, kind, name) there is one too. */
#pragma once

#include "lib/base/names.h"
#include "lib/domain/prices.h"
#include "settler/core/effects.h"
#include "settler/core/order.h"
#include "settler/core/rating.h"

/* One level over a span of an hour. Counts: the sum over one price's seconds, from_s its first one, len_s 0.
 */
struct use {
    uint16_t from_s;
    uint16_t len_s;
    uint32_t order; /* number of a name; 0: none */
    unsigned __int128 quantity;
};

struct line_key {
    enum product product;
    enum meter meter;
    enum charge_kind kind;
    uint32_t account; /* numbers of names */
    uint32_t resource;
    uint32_t sku;
};

struct book_line {
    struct line_key key;
    uint32_t resource; /* index into resources */
    uint32_t next;     /* the next line of that resource; UINT32_MAX: none */
};

/* What was settled last of a line and hour. */
struct settled {
    bool ever;   /* a row was settled */
    bool exists; /* the line exists */
    bool priced;
    unsigned __int128 units;
    struct amount total; /* zero when unpriced */
};

struct line_hour {
    uint32_t line;
    int64_t hour_s;
    struct use *uses; /* in the book's arena */
    uint32_t use_count;
    uint32_t use_capacity;
    uint32_t replaced; /* index + 1 into what the frame's levels replaced; 0: they did not */
    bool touched;      /* in this frame */
    bool changed;      /* its usage, since it was settled last */
    struct settled settled;
};

/* A resource: the lines that it has, by product, account and name. */
struct book_resource {
    enum product product;
    uint32_t account;
    uint32_t name;
    uint32_t first_line; /* UINT32_MAX: none */
};

/* A resource that named the order, and from which hour to which. */
struct order_user {
    uint32_t resource; /* index */
    int64_t first_hour_s;
    int64_t last_hour_s;
    bool changed; /* since it came from the store */
};

struct book_order {
    uint32_t account; /* numbers of names */
    uint32_t name;
    VEC(struct order_fact) facts; /* strings in the book's arena */
    struct order_events events;   /* how many of each kind */
    VEC(struct order_user) users;
    struct order_state state; /* as of the last evaluation */
    bool changed;             /* by a fact of this frame */
    bool pending;             /* it is in the book's list of those that void_after may void */
    bool judged;              /* its state was worked out anew since it came from the store */
};

/* Where a fact is: of one identity (account, kind, source, id) there is one. */
struct fact_place {
    uint32_t order;
    uint32_t fact;
};

struct user_place {
    uint32_t order;
    uint32_t user;
};

/* A payment that counted: (account, kind, name) does so once, for ever. */
struct book_payment {
    uint32_t account; /* numbers of names */
    uint32_t name;
    enum record_kind kind; /* RECORD_CREDITED, RECORD_DEBITED */
};

struct book {
    struct prices prices;
    int64_t watermark_us; /* of the last whole epoch; INT64_MIN: none yet */
    struct names names;
    struct arena memory;
    VEC(struct book_line) lines;
    struct table line_index;
    VEC(struct line_hour) hours;
    struct table hour_index;
    VEC(struct book_resource) resources;
    struct table resource_index;
    VEC(struct book_order) orders;
    struct table order_index;
    VEC(struct fact_place) facts;
    struct table fact_index;
    VEC(struct user_place) users;
    struct table user_index;
    VEC(struct book_payment) payments;
    struct table payment_index;
    VEC(uint32_t) pending; /* orders that void_after may void */
    int64_t next_due_us;   /* the earliest of them */
};

void book_init(struct book *book);
void book_release(struct book *book);

/* Each finds, or makes at first sight; the index stays good for the life of the book. */
uint32_t book_resource(struct book *book, enum product product, struct str account, struct str name);
uint32_t book_line(struct book *book, const struct line_key *key);
uint32_t book_hour(struct book *book, uint32_t line, int64_t hour_s);
uint32_t book_order(struct book *book, uint32_t account, uint32_t name);
/* Finds only; UINT32_MAX: not in it. */
uint32_t book_find_hour(const struct book *book, uint32_t line, int64_t hour_s);
uint32_t book_find_order(const struct book *book, uint32_t account, uint32_t name);

/* Makes the usage of a line and hour one longer. */
void book_add_use(struct book *book, struct line_hour *hour, struct use use);
/* The resource as a user of the order; made, of no hour, at first sight. Good until the next one is made. */
struct order_user *book_user(struct book *book, uint32_t order, uint32_t resource);
/* The resource named the order in this hour. */
void book_add_user(struct book *book, uint32_t order, uint32_t resource, int64_t hour_s);
/* Keeps a fact, unless the account has one of its kind with its (source, id) already, of whatever order; then
 * false. Copies its strings. */
bool book_add_fact(struct book *book, uint32_t order, const struct order_fact *fact);
bool book_has_fact(const struct book *book, struct str account, const struct order_fact *fact);
/* Notes a payment's identity (CONTRACT §2), unless it is there already; then false. */
bool book_add_payment(struct book *book, struct str account, enum record_kind kind, struct str name);
