/* The settler's tables as rows and a few function pointers: what an adapter does. Rules, the fence's
 * arithmetic, steps and what is remembered stand above it (store.c), the same for all adapters.
 *
 * Between begin and commit all or nothing holds; outside, a call is a transaction of its own. A failure
 * inside is followed by rollback. Strings of rows that are read are good inside `take` alone; decimals travel
 * as text, with as many places as they are stored with. */
#pragma once

#include "lib/port/error.h"
#include "settler/core/account.h"
#include "settler/core/order.h"
#include "settler/store/types.h"

enum { LINE_ID_SIZE = 16 };

struct claim_row {
    int64_t fence;
    uint64_t next_seq;
    int64_t next_step;
    int64_t next_offset;
    int64_t next_reject;
    int64_t next_notice;
    int64_t notices_sent;
    uint8_t last_hash[FRAME_HASH_SIZE];
    int64_t watermark_us; /* INT64_MIN: null */
    int64_t closed_s;     /* INT64_MIN: null */
};

enum { CURRENCY_SIZE = 8 };

struct reject_move {
    int64_t fence;
    int64_t from; /* next_reject, */
    int64_t to;   /* and what it will be */
};

struct notice_row {
    uint32_t partition;
    int64_t number;
    uint64_t seq;
    uint32_t ordinal;
    struct str account;
    struct notice notice; /* its account's name is the one above */
    int64_t watermark_us;
};

struct notice_span {
    uint32_t partition;
    int64_t fence;
    int64_t from; /* [from, to) */
    int64_t to;
};

struct notice_move {
    int64_t fence;
    int64_t from; /* notices_sent, */
    int64_t to;   /* and what it will be */
};

struct meta_row {
    char currency[CURRENCY_SIZE];
    uint32_t charge_scale;
    struct store_generation generation; /* partitions 0, a hash of zeros: null */
};

/* The six names of a line, in the order of its id. */
struct line_names {
    struct str account;
    enum product product;
    struct str resource;
    enum meter meter;
    struct str sku;
    enum charge_kind kind;
};

struct line_name_row {
    uint8_t line[LINE_ID_SIZE];
    uint32_t partition;
    struct line_names names;
};

struct settled_table_row {
    int64_t hour_s;
    struct str account;
    uint8_t line[LINE_ID_SIZE];
    uint32_t partition;
    uint64_t seq;
    struct str usage; /* settler/core/usage.h */
    bool priced;
    bool exists;
    struct str units;
    struct str total;
    struct str amount;
};

/* What is asked of `settled`: the last rows of a resource's lines in an hour, */
struct resource_hour {
    enum product product;
    struct str account;
    struct str resource;
    int64_t hour_s;
};

/* or of one line. */
struct one_line_hour {
    struct str account;
    uint8_t line[LINE_ID_SIZE];
    int64_t hour_s;
};

struct order_name {
    struct str account;
    struct str name;
};

struct order_user_row {
    enum product product;
    struct str resource;
    int64_t first_hour_s;
    int64_t last_hour_s;
};

struct order_usage_row {
    struct order_name order;
    struct order_user_row user;
};

/* INT64_MAX: nothing is due. */
struct order_due_row {
    struct order_name order;
    int64_t due_us;
};

struct due_before {
    uint32_t partition;
    int64_t until_us;
};

/* Who a fact is, for ever. */
struct fact_identity {
    struct str account;
    enum record_kind kind;
    struct str source;
    struct str id;
};

typedef void take_catalog(void *context, const struct catalog_text *catalog);
/* names: of one line of keys[key]; NULL when lines were asked for. last: NULL where nothing was settled. */
typedef void take_settled(void *context, uint32_t key, const struct line_names *names,
                          const struct settled_table_row *last);
typedef void take_order(void *context, const struct order_name *order);
typedef void take_order_fact(void *context, const struct order_name *order, const struct order_fact *fact);
typedef void take_order_user(void *context, const struct order_name *order,
                             const struct order_user_row *user);

struct store_ops {
    /* --- meta, claim --- */
    enum error_class (*read_meta)(struct store *store, struct meta_row *row, bool *found,
                                  struct error *error);
    /* Keeps what is there; fills what is null in it. */
    enum error_class (*write_meta)(struct store *store, const struct meta_row *row, struct error *error);
    enum error_class (*claim)(struct store *store, uint32_t partition, struct claim_row *row,
                              struct error *error);
    /* The compare-and-set: by partition and from's fence, next_seq and next_step. */
    enum error_class (*move_claim)(struct store *store, uint32_t partition, const struct claim_row *from,
                                   const struct claim_row *to, bool *moved, struct error *error);

    enum error_class (*begin)(struct store *store, struct error *error);
    /* ERROR_NONE: it is durable. Else it may be or not: claim again, and see. */
    enum error_class (*commit)(struct store *store, struct error *error);
    enum error_class (*rollback)(struct store *store, struct error *error);

    /* --- reading --- */
    enum error_class (*read_catalogs)(struct store *store, uint32_t partition, take_catalog *take,
                                      void *context, struct error *error); /* in the log's order */
    enum error_class (*read_usage)(struct store *store, const struct resource_hour *keys, uint32_t count,
                                   take_settled *take, void *context, struct error *error);
    enum error_class (*read_lines)(struct store *store, const struct one_line_hour *keys, uint32_t count,
                                   take_settled *take, void *context, struct error *error);
    enum error_class (*read_order_facts)(struct store *store, const struct order_name *orders, uint32_t count,
                                         take_order_fact *take, void *context, struct error *error);
    enum error_class (*read_order_users)(struct store *store, const struct order_name *orders, uint32_t count,
                                         take_order_user *take, void *context, struct error *error);
    /* The orders that have these identities. */
    enum error_class (*read_identities)(struct store *store, const struct fact_identity *facts,
                                        uint32_t count, take_order *take, void *context, struct error *error);
    /* INT64_MAX: none is due. */
    enum error_class (*read_next_due)(struct store *store, uint32_t partition, int64_t *due_us,
                                      struct error *error);
    enum error_class (*read_due)(struct store *store, const struct due_before *before, take_order *take,
                                 void *context, struct error *error);

    /* --- writing --- */
    /* May wait for more rows, until the commit. */
    enum error_class (*put_settled)(struct store *store, const struct settled_table_row *row,
                                    struct error *error);
    enum error_class (*put_line_name)(struct store *store, const struct line_name_row *row,
                                      struct error *error);
    enum error_class (*write_order_users)(struct store *store, const struct order_usage_row *rows,
                                          uint32_t count, struct error *error);
    enum error_class (*write_order_due)(struct store *store, uint32_t partition,
                                        const struct order_due_row *rows, uint32_t count,
                                        struct error *error);
    /* The frame's catalogs, orders' facts, payments and rejects. */
    enum error_class (*write_facts)(struct store *store, const struct frame *frame, struct error *error);
    /* The compare-and-set of rejects: by partition, fence and next_reject. */
    enum error_class (*move_reject)(struct store *store, uint32_t partition, const struct reject_move *move,
                                    bool *moved, struct error *error);
    enum error_class (*write_rejects)(struct store *store, uint32_t partition,
                                      const struct store_reject *rows, uint32_t count, struct error *error);
    /* In their order; none, and not *ours, where the claim has another fence. */
    enum error_class (*read_notices)(struct store *store, const struct notice_span *span, take_notice *take,
                                     void *context, bool *ours, struct error *error);
    /* The compare-and-set of notices: by partition, fence and notices_sent. */
    enum error_class (*move_notices)(struct store *store, uint32_t partition, const struct notice_move *move,
                                     bool *moved, struct error *error);
    /* Asks for the ranges of `settled` for that day's month and the next; outside of transactions. */
    enum error_class (*make_ranges)(struct store *store, int64_t day_s, struct error *error);

    uint64_t (*statements)(const struct store *store);
    void (*close)(struct store *store);
};

struct store {
    const struct store_ops *ops;
    struct store_generation generation; /* as store_generation was told */
    uint32_t work_max;                  /* of new claims; 0: as in production */
};
