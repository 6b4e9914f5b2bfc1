/* The work set of a frame: which lines and hours it touches, what its levels replaced, and the pools that are
 * rated together. Settling fills it, covering reads it; neither calls the other (DESIGN §5). Internal to
 * settler/core, but for the book that a store fills and the rows that come out.
 *
 * A pool is what is rated together in an hour. A resource without an order is one, and an account's storage
 * of a sku: each is a line, and needs no more than to be touched. An order is one with all the resources that
 * name it in that hour: it hands its quantity out among them, so that a change of one may change all.
 *
 * Invariants, checked by work_check after every frame:
 * W1. Nothing is touched, replaced or noted any more.
 * W2. Every hour and line of the book is in its index, once. */
#pragma once

#include "settler/core/book.h"

/* One settled row: what the line and hour were rated from, and what that changed. */
struct settled_row {
    uint32_t hour;         /* index into book.hours: its usage, and the state after this row */
    struct amount change;  /* total now minus total before */
    struct settled before; /* the state before it */
};

/* The usage of a line and hour before the frame's levels took its place. */
struct replaced {
    const struct use *uses;
    uint32_t count;
};

/* An order in an hour: the resources that name it there. */
struct order_pool {
    uint32_t order;
    int64_t hour_s;
    bool shared;    /* what it hands out was worked out: */
    uint32_t first; /* into covered */
    uint32_t count;
};

/* Of one use of a line: how much of its level the order leaves to pay, over a part of its span. */
struct covered {
    uint32_t hour; /* index into book.hours */
    uint16_t from_s;
    uint16_t len_s;
    unsigned __int128 paid; /* level above what is covered */
};

struct settlement {
    struct book book;
    int64_t from_s; /* only lines of hours in [from, to) are settled; without bounds at first */
    int64_t to_s;
    struct fact_effects effects;  /* of the facts of all frames so far */
    VEC(struct settled_row) rows; /* of the frame settled last, sorted by line and hour */

    /* The work set of the frame under way. */
    VEC(uint32_t) touched; /* indexes into book.hours */
    VEC(struct replaced) replaced;
    VEC(struct order_pool) pools;
    struct table pool_index;
    VEC(struct covered) covered;
    VEC(uint32_t) changed_orders;
};

void settlement_init(struct settlement *settlement);
void settlement_release(struct settlement *settlement);

/* Touches a line and hour, if its hour is one that is settled: it will be rated at the end of the frame. */
void work_touch(struct settlement *settlement, uint32_t hour);
/* The order's pool in that hour, noted once a frame. Index into pools. */
uint32_t work_pool(struct settlement *settlement, uint32_t order, int64_t hour_s);
/* The frame's work is done. */
void work_clear(struct settlement *settlement);
void work_check(const struct settlement *settlement);
