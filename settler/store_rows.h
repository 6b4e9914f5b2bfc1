/* Reading and writing what a batch of frames touches. Internal to the settler's store. */
#pragma once

#include "settler/store.h"

/* What is in the book already, so that nothing is read twice. */
struct loaded {
    struct pg *pg;
    struct settlement *settlement;
    uint32_t partition;
    int64_t watermark_us; /* of the frame before the batch: orders were judged at it */
    struct table usage;   /* (resource, hour) */
    VEC(struct usage_key) usage_keys;
    struct table orders; /* index into book.orders */
    VEC(uint32_t) order_list;
};

struct usage_key {
    uint32_t resource; /* index into book.resources */
    int64_t hour_s;
};

/* The catalogs that the partition's frames had. */
__attribute__((warn_unused_result)) bool load_catalogs(struct loaded *loaded);
/* Usage, open counts, orders with facts and users: all that the frames touch and all that hangs on it. */
__attribute__((warn_unused_result)) bool load_touched(struct loaded *loaded,
                                                      const struct placed_frame *frames, uint32_t count);
void loaded_release(struct loaded *loaded);

/* Rows under way of one batch. */
struct batch_rows {
    struct packer settled; /* COPY text */
    uint64_t settled_count;
    struct table named; /* lines whose names are to be written: index into book.lines */
    VEC(uint32_t) named_list;
};

/* Takes the rows of the frame that was just settled. */
void rows_add_frame(struct batch_rows *rows, const struct settlement *settlement, const struct frame *frame);
__attribute__((warn_unused_result)) bool rows_write(struct batch_rows *rows, struct loaded *loaded);
__attribute__((warn_unused_result)) bool rows_write_facts(struct pg *pg, const struct settlement *settlement,
                                                          const struct frame *frame);
void rows_release(struct batch_rows *rows);

/* The usage of a line and hour as bytes (schemas/README.md), and back into the book. */
void usage_pack(const struct book *book, const struct line_hour *hour, struct packer *out);
__attribute__((warn_unused_result)) bool usage_unpack(struct book *book, uint32_t hour, struct str bytes);
/* The line's id: the first 16 bytes of SHA-256 over its names, as UUID text. */
void line_uuid(const struct book *book, uint32_t line, char out[37]);
