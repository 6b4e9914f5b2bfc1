/* The settler's tables as rows and a few function pointers: what an adapter does. Rules, the fence's
 * arithmetic, steps and what is remembered stand above it (store.c), the same for all adapters.
 *
 * Between begin and commit all or nothing holds; outside, a call is a transaction of its own. A failure
 * inside is followed by rollback. Strings of rows that are read are good inside `take` alone; decimals travel
 * as text, with as many places as they are stored with. */
#pragma once

#include "lib/port/error.h"
#include "settler/core/account.h"
#include "settler/store/types.h"

enum { LINE_ID_SIZE = 16 };

/* Times, months and amounts that may be missing: INT64_MIN is null. */
struct claim_row {
    int64_t fence;
    uint64_t next_seq;
    int64_t next_step;
    int64_t step; /* with fence, next_seq and next_step what a compare-and-set compares */
    struct account_mark accounts;
    int64_t step_notices;
    int64_t next_notice;
    int64_t next_month_s;
    bool epoch_open;
    int64_t next_offset;
    int64_t next_reject;
    int64_t notices_sent;
    uint8_t last_hash[FRAME_HASH_SIZE];
    int64_t watermark_us;
    int64_t closed_s;
};

enum { CURRENCY_SIZE = 8 };

/* Positions of a claim beside that of the frames: each moves in a compare-and-set of its own. */
enum claim_position { POSITION_NEXT_REJECT, POSITION_NOTICES_SENT };

struct position_move {
    enum claim_position position;
    int64_t fence;
    int64_t from; /* where it stands, */
    int64_t to;   /* and will stand */
};

struct notice_span {
    uint32_t partition;
    int64_t fence;
    int64_t from; /* [from, to) */
    int64_t to;
};

enum ranges {
    RANGES_ASKED,  /* they are there, or will never be: the hours have rows */
    RANGES_MISSED, /* not now: somebody holds the table, or it takes too long */
    RANGES_LATER,  /* missed a while ago, so they were not asked for */
};

enum { BILL_SCALE_NULL = UINT8_MAX };

struct meta_row {
    char currency[CURRENCY_SIZE];
    uint32_t charge_scale;
    uint32_t bill_scale;                /* BILL_SCALE_NULL: null */
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

/* Who a payment is, for ever. */
struct payment_identity {
    struct str account;
    enum record_kind kind; /* credited, debited */
    struct str payment;
};

struct catalog_row {
    struct catalog_text catalog;
    struct str by;
    int64_t clock_us;
};

/* --- money --- */

struct charge_row {
    int64_t hour_s;
    int64_t billed_s; /* a month */
    struct str account;
    struct str sku;
    uint64_t seq;
    uint32_t partition;
    int32_t lines;
    int32_t unpriced;
    enum product product;
    enum meter meter;
    enum charge_kind kind;
    bool accrues;
    struct str units;
    struct str amount;
};

/* Sums of money are of 10^-12 from here on. */
struct ledger_row {
    struct str account;
    struct str name; /* size 0: null */
    uint64_t seq;
    uint32_t partition;
    uint32_t step;
    uint32_t ordinal;
    struct transfer transfer; /* its names are the two above */
};

/* Of a transaction that wrote money of it. */
struct frame_row {
    uint64_t seq;
    uint32_t partition;
    uint32_t step; /* of the frame's work, from 0 */
    int64_t watermark_us;
    int64_t closed_s;
    int64_t next_offset;
};

struct bill_cut_row {
    uint32_t partition;
    int64_t month_s;
    uint64_t seq;
    int64_t watermark_us;
};

struct bill_total_row {
    struct str account;
    uint64_t seq;
    uint32_t partition;
    struct bill_row bill; /* its account's name is the one above */
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

struct account_row {
    struct str name;
    uint32_t partition;
    struct account account; /* its name is the one above; `moved` of zero is null */
};

/* Accounts of a partition, in order of bytes. */
struct account_page {
    uint32_t partition;
    struct str after; /* size 0: from the first one on */
    uint32_t limit;
    bool all;         /* else those that frame `seq` changed, */
    uint64_t seq;     /* and those with a deadline up to and with until_us */
    int64_t until_us; /* INT64_MIN: none */
};

struct deadline_before {
    uint32_t partition;
    int64_t until_us; /* up to and with it */
    uint32_t limit;
};

/* What is asked of `charges`: what accounts' bills of some months come to. */
struct bill_question {
    const struct str *accounts;
    uint32_t account_count;
    const int64_t *months_s;
    uint32_t month_count;
};

struct price_row {
    enum product product;
    struct str sku;
    enum meter meter;
    int64_t since_s; /* INT64_MIN: since ever */
    int64_t until_s; /* INT64_MAX: it holds still */
    struct price price;
    unsigned __int128 free;
    bool by_cycle;
    struct str set_by;
    int64_t set_us;
};

/* Who a fact is, for ever. */
struct fact_identity {
    struct str account;
    enum record_kind kind;
    struct str source;
    struct str id;
};

typedef void take_catalog(void *context, const struct catalog_row *catalog);
/* names: of one line of keys[key]; NULL when lines were asked for. last: NULL where nothing was settled. */
typedef void take_settled(void *context, uint32_t key, const struct line_names *names,
                          const struct settled_table_row *last);
typedef void take_order(void *context, const struct order_name *order);
typedef void take_order_fact(void *context, const struct order_name *order, const struct order_fact *fact);
typedef void take_order_user(void *context, const struct order_name *order,
                             const struct order_user_row *user);

typedef void take_payment(void *context, const struct payment_identity *payment);
typedef void take_account(void *context, const struct account_row *account);
/* account: index into the question's. Of an account by month, then product's name. */
typedef void take_bill_sum(void *context, uint32_t account, const struct bill_sum *sum);

struct store_ops {
    /* --- meta, claim --- */
    enum error_class (*read_meta)(struct store *store, struct meta_row *row, bool *found,
                                  struct error *error);
    /* Keeps what is there; fills what is null in it. */
    enum error_class (*write_meta)(struct store *store, const struct meta_row *row, struct error *error);
    enum error_class (*claim)(struct store *store, uint32_t partition, struct claim_row *row,
                              struct error *error);
    /* The compare-and-set: by partition and from's fence, next_seq, next_step and step. */
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

    enum error_class (*read_payments)(struct store *store, const struct payment_identity *payments,
                                      uint32_t count, take_payment *take, void *context, struct error *error);
    enum error_class (*read_accounts)(struct store *store, const struct str *names, uint32_t count,
                                      take_account *take, void *context, struct error *error);
    /* INT64_MAX: there is none. */
    enum error_class (*read_next_deadline)(struct store *store, uint32_t partition, int64_t *deadline_us,
                                           struct error *error);
    enum error_class (*read_deadlines)(struct store *store, const struct deadline_before *before,
                                       take_account *take, void *context, struct error *error);
    enum error_class (*read_account_page)(struct store *store, const struct account_page *page,
                                          take_account *take, void *context, struct error *error);
    enum error_class (*read_bill_sums)(struct store *store, const struct bill_question *question,
                                       take_bill_sum *take, void *context, struct error *error);

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
    /* As put_settled. */
    enum error_class (*put_charge)(struct store *store, const struct charge_row *row, struct error *error);
    enum error_class (*put_transfer)(struct store *store, const struct ledger_row *row, struct error *error);
    enum error_class (*put_bill_total)(struct store *store, const struct bill_total_row *row,
                                       struct error *error);
    enum error_class (*put_notice)(struct store *store, const struct notice_row *row, struct error *error);
    /* Those that are not there yet. */
    enum error_class (*write_frames)(struct store *store, const struct frame_row *rows, uint32_t count,
                                     struct error *error);
    enum error_class (*write_bill_cuts)(struct store *store, const struct bill_cut_row *rows, uint32_t count,
                                        struct error *error);
    /* Each account once. */
    enum error_class (*write_accounts)(struct store *store, const struct account_row *rows, uint32_t count,
                                       struct error *error);
    /* Each resource once; what is gone leaves. */
    enum error_class (*write_states)(struct store *store, uint32_t partition, const struct state_row *rows,
                                     uint32_t count, struct error *error);
    /* All of them: what was there goes. */
    enum error_class (*write_prices)(struct store *store, const struct price_row *rows, uint32_t count,
                                     struct error *error);
    /* The compare-and-set of rejects or notices: by partition, fence and the position. */
    enum error_class (*move_position)(struct store *store, uint32_t partition,
                                      const struct position_move *move, bool *moved, struct error *error);
    enum error_class (*write_rejects)(struct store *store, uint32_t partition,
                                      const struct store_reject *rows, uint32_t count, struct error *error);
    /* In their order; none, and not *ours, where the claim has another fence. */
    enum error_class (*read_notices)(struct store *store, const struct notice_span *span, take_notice *take,
                                     void *context, bool *ours, struct error *error);
    /* Asks for the ranges of `settled` for that day's month and the next; outside of transactions. */
    enum error_class (*make_ranges)(struct store *store, int64_t day_s, enum ranges *ranges,
                                    struct error *error);

    uint64_t (*statements)(const struct store *store);
    void (*close)(struct store *store);
};

struct store {
    const struct store_ops *ops;
    struct store_generation generation; /* as store_generation was told */
    uint32_t work_max;                  /* of new claims; 0: as in production */
    uint32_t accounts_max;              /* the same */
};
