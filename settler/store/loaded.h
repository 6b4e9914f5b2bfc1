/* What a batch of frames touches of the tables: finding it, reading it, writing what became of it. Internal
 * to the settler's store. */
#pragma once

#include "settler/core/settle.h"
#include "settler/store/known.h"
#include "settler/store/store.h"

struct usage_key {
    uint32_t resource; /* index into book.resources */
    bool loaded;
    int64_t hour_s;
};

/* What the tables know of a line of the book. */
struct line_state {
    uint8_t id[LINE_ID_SIZE]; /* worked out at first need */
    bool has_id;
    bool kept; /* its names are there */
};

struct line_at {
    uint32_t line; /* index into book.lines */
    int64_t hour_s;
};

struct named_order {
    uint32_t order; /* index into book.orders */
    int64_t hour_s;
};

/* What a batch touches, as far as it is in the book: so that nothing is read twice. */
struct loaded {
    struct store *store;
    struct error *error; /* filled where a function here says false */
    struct settlement *settlement;
    struct known *known;
    uint32_t partition;
    int64_t watermark_us; /* of the last whole epoch before the batch: orders were judged at it, */
    int64_t until_us;     /* and of the last one in it */
    int64_t closed_s;     /* of the last whole epoch before the frame that is looked at */
    uint32_t work_max;    /* resource-hours of a transaction, unless one hour has more */
    uint32_t keys_room;   /* so many usage_keys are noted before the step is made shorter */
    int64_t from_s;       /* the hours that this step takes: [from, to) */
    int64_t to_s;
    VEC(struct line_state) lines; /* of the book's lines */
    struct table usage;
    VEC(struct usage_key) usage_keys;
    VEC(struct line_at) counts; /* usage that counts are added to, where some may be */
    struct table orders;
    VEC(uint32_t) order_list; /* indexes into book.orders */
    struct table named;
    VEC(struct named_order) named_list; /* orders that usage in the book names, by hour */
};

static inline bool good(enum error_class class)
{
    return class == ERROR_NONE;
}

/* All that the frames touch and all that hangs on it; to_s falls where it is too much for one transaction. */
__attribute__((warn_unused_result)) bool load_touched(struct loaded *loaded,
                                                      const struct placed_frame *frames, uint32_t count);
void want_order(struct loaded *loaded, struct str account, struct str name);
void loaded_release(struct loaded *loaded);

/* The catalogs that the partition's frames had, unless they are known. */
__attribute__((warn_unused_result)) bool load_catalogs(struct loaded *loaded);
/* Usage that is wanted and not loaded yet, with what was settled of it last. */
__attribute__((warn_unused_result)) bool load_usage(struct loaded *loaded);
/* The same of `counts`. */
__attribute__((warn_unused_result)) bool load_counts(struct loaded *loaded);
/* Facts and users of the orders that became wanted since `first`; their state is what it was before the
 * batch. */
__attribute__((warn_unused_result)) bool load_orders(struct loaded *loaded, uint32_t first);
/* Wants the orders that have an identity of the frame's facts already: it counts once, whatever order it
 * names. */
__attribute__((warn_unused_result)) bool load_identities(struct loaded *loaded, const struct frame *frame);
/* Wants the orders that void_after voids by the batch's last whole epoch. */
__attribute__((warn_unused_result)) bool load_due(struct loaded *loaded);

/* Takes the rows of the frame that was just settled. *count: how many they are. */
__attribute__((warn_unused_result)) bool rows_write_frame(struct loaded *loaded, const struct frame *frame,
                                                          uint64_t *count);
/* What else changed; `last`: the frames' work ends with this step. */
__attribute__((warn_unused_result)) bool rows_write(struct loaded *loaded, bool last);
/* The frame's facts, and what its catalog fixes for the generation. */
__attribute__((warn_unused_result)) bool rows_write_facts(struct loaded *loaded, const struct frame *frame);
/* What is known of the tables now that the rows are committed. */
void rows_remember(struct loaded *loaded);

/* Of a line of the book; its id is the first 16 bytes of SHA-256 over its names. Good until the next call. */
struct line_state *line_state(struct loaded *loaded, uint32_t line);
/* The line's names are in the table. */
void line_is_kept(struct loaded *loaded, uint32_t line);

/* --- of the store (store.c) --- */

/* Whether the tables are this log's: FATAL if not. Hashes of zeros are not known. */
enum error_class generation_check(const struct store_generation *log, const struct store_generation *tables,
                                  struct error *error);
/* Rolls back what came to that outcome. A store that cannot is of no more use: STORE_FAILED, and not RETRY.
 */
enum store_outcome store_undo(struct store *store, enum store_outcome outcome, struct error *error);
