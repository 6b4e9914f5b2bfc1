/* The rows of the tables in memory. Internal to settler/store/memory_*.c. */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/table.h"
#include "lib/base/vec.h"
#include "settler/store/memory_store.h"
#include "settler/store/port.h"

struct memory_claim {
    uint32_t partition;
    struct claim_row row;
};

struct memory_catalog {
    uint32_t partition;
    uint64_t seq;
    uint32_t ordinal;
    struct catalog_row row;
    uint8_t hash[CONTROL_HASH_SIZE];
};

struct memory_state {
    uint32_t partition;
    struct state_row row;
};

struct memory_order_fact {
    uint32_t partition;
    uint64_t seq;
    struct order_name order;
    struct order_fact fact;
};

struct memory_due {
    uint32_t partition;
    struct order_due_row row;
};

struct memory_payment {
    uint32_t partition;
    uint64_t seq;
    struct record record;
};

struct memory_reject {
    uint32_t partition;
    uint64_t seq;
    uint32_t ordinal;
    struct frame_reject reject;
};

struct memory_copied {
    uint32_t partition;
    struct store_reject reject;
};

/* Strings lie in the arena. */
struct memory_rows {
    bool has_meta;
    struct meta_row meta;
    VEC(struct memory_claim) claims;
    VEC(struct memory_catalog) catalogs;
    VEC(struct settled_table_row) settled;
    VEC(struct line_name_row) names;
    VEC(struct memory_order_fact) order_facts;
    VEC(struct order_usage_row) order_usage;
    VEC(struct memory_due) order_due;
    VEC(struct memory_payment) payments;
    VEC(struct memory_reject) rejected;
    VEC(struct memory_copied) copied; /* rejects of usage.rejects */
    VEC(struct charge_row) charges;
    VEC(struct ledger_row) ledger;
    VEC(struct frame_row) frames;
    VEC(struct frame_row) frame_steps;
    VEC(struct bill_cut_row) bill_cuts;
    VEC(struct bill_total_row) bill_totals;
    VEC(struct notice_row) notices;
    VEC(struct account_row) accounts; /* by bytes of their names */
    VEC(struct memory_state) states;
    VEC(struct price_row) prices;
};

struct memory_tables {
    struct memory_rows rows;
    struct memory_rows before; /* of the transaction that goes on: of insert-only tables the counts alone */
    bool in_transaction;
    struct arena memory;
    struct table settled_index;  /* by line and hour */
    struct table name_index;     /* by line */
    struct table resource_index; /* by account, product, resource: of names */
    uint64_t calls;
    uint64_t fail_at; /* 0: no fault waits */
    enum memory_fault fault;
    uint64_t struck[MEMORY_FAULT_COUNT];
    uint64_t restored; /* how often: stores from before are dead */
};

uint64_t memory_settled_hash(const uint8_t line[LINE_ID_SIZE], int64_t hour_s);
uint64_t memory_line_hash(const uint8_t line[LINE_ID_SIZE]);
uint64_t memory_resource_hash(struct str account, enum product product, struct str resource);

/* Copies its strings into the tables' memory. */
void memory_own_reject(struct memory_tables *tables, struct store_reject *reject);

void memory_tables_begin(struct memory_tables *tables);
void memory_tables_commit(struct memory_tables *tables);
void memory_tables_rollback(struct memory_tables *tables);

struct memory_store {
    struct store store;
    struct memory_tables *tables;
    uint64_t restored; /* when it was opened */
    uint64_t calls;
    bool dead;
    bool working;    /* between begin and commit */
    bool refused;    /* in this transaction: nothing but rollback is taken */
    bool lose_reply; /* of this call */
};

static inline struct memory_store *memory_of(struct store *store)
{
    return (struct memory_store *)store;
}

/* A call begins; if a fault befalls it, it says so. */
enum error_class memory_enter(struct memory_store *store, struct error *error);
/* A call is done, if its reply is not lost. */
enum error_class memory_leave(struct memory_store *store, struct error *error);
struct str memory_keep(struct memory_store *store, struct str text);
/* NULL: there is none. */
struct memory_claim *memory_find_claim(struct memory_store *store, uint32_t partition);
const struct memory_order_fact *memory_find_fact(const struct memory_rows *rows,
                                                 const struct fact_identity *identity);

/* Each as store_ops has it. */
enum error_class memory_read_catalogs(struct store *store, uint32_t partition, take_catalog *take,
                                      void *context, struct error *error);
enum error_class memory_write_facts(struct store *store, const struct frame *frame, struct error *error);
enum error_class memory_write_rejects(struct store *store, uint32_t partition,
                                      const struct store_reject *added, uint32_t count, struct error *error);
/* The row as it is read to be sent. */
struct store_notice memory_notice_of(const struct memory_rows *rows, const struct notice_row *row);
enum error_class memory_read_notices(struct store *store, const struct notice_span *span, take_notice *take,
                                     void *context, bool *ours, struct error *error);

/* --- money: memory_money.c --- */

enum error_class memory_put_charge(struct store *store, const struct charge_row *row, struct error *error);
enum error_class memory_put_transfer(struct store *store, const struct ledger_row *row, struct error *error);
enum error_class memory_put_bill_total(struct store *store, const struct bill_total_row *row,
                                       struct error *error);
enum error_class memory_put_notice(struct store *store, const struct notice_row *row, struct error *error);
enum error_class memory_write_frames(struct store *store, const struct frame_row *rows, uint32_t count,
                                     struct error *error);
enum error_class memory_write_bill_cuts(struct store *store, const struct bill_cut_row *rows, uint32_t count,
                                        struct error *error);
enum error_class memory_read_bill_sums(struct store *store, const struct bill_question *question,
                                       take_bill_sum *take, void *context, struct error *error);
enum error_class memory_read_payments(struct store *store, const struct payment_identity *payments,
                                      uint32_t count, take_payment *take, void *context, struct error *error);

/* --- what is derived: memory_accounts.c --- */

enum error_class memory_read_accounts(struct store *store, const struct str *names, uint32_t count,
                                      take_account *take, void *context, struct error *error);
enum error_class memory_read_next_deadline(struct store *store, uint32_t partition, int64_t *deadline_us,
                                           struct error *error);
enum error_class memory_read_deadlines(struct store *store, const struct deadline_before *before,
                                       take_account *take, void *context, struct error *error);
enum error_class memory_read_account_page(struct store *store, const struct account_page *page,
                                          take_account *take, void *context, struct error *error);
enum error_class memory_write_accounts(struct store *store, const struct account_row *rows, uint32_t count,
                                       struct error *error);
enum error_class memory_write_states(struct store *store, uint32_t partition, const struct state_row *rows,
                                     uint32_t count, struct error *error);
enum error_class memory_write_prices(struct store *store, const struct price_row *rows, uint32_t count,
                                     struct error *error);
