/* What a batch of frames touches of the tables: finding it, reading it, writing what became of it. Internal
 * to the settler's store. */
#pragma once

#include "settler/core/account.h"
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
    uint32_t step;        /* of the first frame's work */
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
    struct accounts accounts;           /* whose money the batch moves, or whose deadline it reaches */
    VEC(struct frame_row) frame_rows;   /* of frames that wrote money */
    struct store_written *written;
};

/* A frame's money, and where it stands. */
struct post {
    const struct frame *frame;
    struct frame_place place;
    int64_t next_month_s; /* whose bills are cut next; INT64_MIN: no watermark came yet */
    struct frame_money money;
};

/* What rows of a frame's money are numbered by. */
struct numbers {
    uint32_t step;
    int64_t notices;     /* that its steps before wrote */
    int64_t next_notice; /* of the partition */
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

/* --- money --- */

/* Payments of the frames that are known already. */
__attribute__((warn_unused_result)) bool load_payments(struct loaded *loaded,
                                                       const struct placed_frame *frames, uint32_t count);
/* The accounts with a deadline up to until_us, which may be INT64_MIN; *many: more than `limit`, and not all
 * are there. */
__attribute__((warn_unused_result)) bool load_deadlines(struct loaded *loaded, int64_t until_us,
                                                        uint32_t limit, bool *many);
/* The accounts that the frames' money is of. */
__attribute__((warn_unused_result)) bool load_accounts(struct loaded *loaded, const struct post *posts,
                                                       uint32_t count);
/* Once it is posted: accounts that are new in this frame are there from it on, though nothing was posted to
 * them. */
void accounts_meet(struct loaded *loaded, const struct post *post);
/* The frame wrote money. */
void note_frame(struct loaded *loaded, const struct frame *frame);
/* Takes rows of what came of the frame; moves the numbers. */
__attribute__((warn_unused_result)) bool put_charges(struct loaded *loaded, const struct post *post);
__attribute__((warn_unused_result)) bool put_posted(struct loaded *loaded, const struct post *post,
                                                    const struct posted *posted, struct numbers *numbers);
/* Accounts that changed, and frames that wrote money. in_steps: what they moved by is kept for the frame's
 * end. */
__attribute__((warn_unused_result)) bool write_accounts(struct loaded *loaded, bool in_steps);
/* A page of accounts, in order of bytes: bills are cut if they are due, then states are judged. *end: it was
 * the last. */
__attribute__((warn_unused_result)) bool settle_page(struct loaded *loaded, const struct post *post,
                                                     const struct account_page *page, bool bills,
                                                     struct numbers *numbers, bool *end);
/* What runs, as the frames say it last. */
__attribute__((warn_unused_result)) bool write_states(struct loaded *loaded,
                                                      const struct placed_frame *frames, uint32_t count);
/* What was charged when, as the table of catalogs has it now. */
__attribute__((warn_unused_result)) bool write_price_list(struct loaded *loaded);

/* --- rows --- */

/* Takes the rows of the frame that was just settled. */
__attribute__((warn_unused_result)) bool rows_write_frame(struct loaded *loaded, const struct frame *frame);
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
