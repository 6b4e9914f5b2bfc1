/* How what stands in the tables came about, for who explains it (`hourglass explain`): reads, and writes
 * nothing. Rows are those of one snapshot of the database between history_begin and history_end. */
#pragma once

#include "lib/base/pack.h"
#include "settler/store/port.h"

enum error_class history_begin(struct store *store, struct error *error);
enum error_class history_end(struct store *store, struct error *error);

/* What a line is asked for by; sku size 0, product NONE, kind size 0: whichever there are. */
struct history_wanted {
    struct str account;
    struct str resource;
    struct str meter;
    enum product product;
    struct str sku;
    struct str kind;
    int64_t hour_s;
};

/* A line with a row in that hour. */
struct history_line {
    uint8_t id[LINE_ID_SIZE];
    uint32_t partition;
    struct line_names names;
};
typedef void take_history_line(void *context, const struct history_line *line);
/* Sorted by product, sku and kind. */
enum error_class history_read_lines(struct store *store, const struct history_wanted *wanted,
                                    take_history_line *take, void *context, struct error *error);

/* What a frame changed of a line and hour. */
struct history_row {
    struct settled_table_row row;
    bool framed;          /* the frame is in table frames: */
    int64_t watermark_us; /* INT64_MIN: log time had not begun */
    int64_t next_offset;
};
typedef void take_history_row(void *context, const struct history_row *row);
/* In the order of the frames. */
enum error_class history_read_rows(struct store *store, const struct history_line *line, int64_t hour_s,
                                   take_history_row *take, void *context, struct error *error);

/* How far the partition is settled. */
struct history_claim {
    int64_t watermark_us; /* of its last whole epoch; INT64_MIN: none */
    bool under_way;       /* of the next frame some steps are done, and some are not */
};
enum error_class history_read_claim(struct store *store, uint32_t partition, struct history_claim *claim,
                                    struct error *error);

/* Where in usage.records events lie that could be read since log time was since_us, and up to the end of the
 * epoch of frame `seq`: [from, to). 0, INT64_MAX: table frames does not say. */
struct history_offsets {
    int64_t since_us;
    int64_t seq;         /* INT64_MAX: of no frame, */
    int64_t next_offset; /* and what it says */
    int64_t from;
    int64_t to;
};
enum error_class history_read_offsets(struct store *store, uint32_t partition,
                                      struct history_offsets *offsets, struct error *error);
