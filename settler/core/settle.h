/* Settling: a frame in, rows of money out (DESIGN §5). Pure; the tables are a function of the frames, not of
 * how they were batched.
 *
 * Order of work inside a frame: catalogs; facts; levels and counts; with an epoch's last frame, what its
 * watermark voids; then every line that was touched is rated once, and a row comes out where its usage or its
 * charge is not what it was. Until its last frame an epoch's facts are judged at the watermark of the epoch
 * before.
 *
 * Invariant, after every frame: of each line and hour, the rows so far add up to the charge of its usage as
 * the frames so far have it. */
#pragma once

#include "lib/domain/frame.h"
#include "lib/domain/line.h"
#include "settler/core/book.h"

/* One settled row: what the line and hour were rated from, and what that changed. */
struct settled_row {
    uint32_t hour;        /* index into book.hours: its usage, and the state after this row */
    struct amount change; /* total now minus total before */
};

struct settlement {
    struct book book;
    int64_t from_s; /* only lines of hours in [from, to) are settled; without bounds at first */
    int64_t to_s;
    VEC(struct settled_row) rows; /* of the frame settled last, sorted by line and hour */

    /* Scratch. */
    VEC(uint32_t) touched;
    VEC(struct replaced) replaced;
    VEC(struct order_hour) order_hours;
    struct table order_hour_index;
    VEC(struct covered) covered;
    VEC(uint32_t) changed_orders;
};

/* The usage of a line and hour before the frame's levels took its place. */
struct replaced {
    const struct use *uses;
    uint32_t count;
};

/* An order in an hour, whose users' coverage hangs together. */
struct order_hour {
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

enum settle_outcome {
    SETTLED,
    SETTLE_CATALOG_BAD, /* a catalog of the frame does not parse: the partition must stop */
    SETTLE_NO_CATALOG,  /* the first frame had none */
};

void settlement_init(struct settlement *settlement);
void settlement_release(struct settlement *settlement);
enum settle_outcome settle_frame(struct settlement *settlement, const struct frame *frame);

/* For a store that fills the book: notes when void_after will void the order, if its state says that it may.
 */
void settle_await_void(struct settlement *settlement, uint32_t order_at);

/* Prints every line that exists, sorted, behind the format's header. How many of them are unpriced. */
uint64_t settlement_print(const struct settlement *settlement, enum line_format format, struct packer *out,
                          void (*flush)(void *context, struct packer *out), void *context);
