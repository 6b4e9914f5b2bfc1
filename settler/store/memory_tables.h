/* The rows of the tables in memory. Internal to memory_store.c and memory_tables.c. */
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
    struct catalog_text catalog;
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

void memory_tables_begin(struct memory_tables *tables);
void memory_tables_commit(struct memory_tables *tables);
void memory_tables_rollback(struct memory_tables *tables);
