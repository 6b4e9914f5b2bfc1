/* The tables in memory as a whole: transactions, copies, text. */
#include "settler/store/memory_own.h"

#include <stdio.h>

#include "lib/base/check.h"

struct memory_tables *memory_tables_new(void)
{
    struct memory_tables *tables = calloc(1, sizeof *tables);
    CHECK(tables != NULL);
    return tables;
}

/* Every table but meta, by what happens to its rows: */
/* clang-format off */
#define TABLES_ADDED_TO(X) \
    X(catalogs) X(settled) X(names) X(order_facts) X(payments) X(rejected) X(copied) \
    X(charges) X(ledger) X(frames) X(frame_steps) X(bill_cuts) X(bill_totals) X(notices)
/* clang-format on */
#define TABLES_UPDATED(X) X(claims) X(order_usage) X(order_due) X(accounts) X(states) X(prices)

static void release_rows(struct memory_rows *rows)
{
#define RELEASE(table) vec_release(&rows->table);
    TABLES_ADDED_TO(RELEASE)
    TABLES_UPDATED(RELEASE)
#undef RELEASE
}

void memory_tables_free(struct memory_tables *tables)
{
    if (tables == NULL)
        return;
    release_rows(&tables->rows);
    release_rows(&tables->before);
    arena_release(&tables->memory);
    table_release(&tables->settled_index);
    table_release(&tables->name_index);
    table_release(&tables->resource_index);
    free(tables);
}

/* --- indexes --- */

uint64_t memory_line_hash(const uint8_t line[LINE_ID_SIZE])
{
    return hash_bytes(line, LINE_ID_SIZE);
}

uint64_t memory_settled_hash(const uint8_t line[LINE_ID_SIZE], int64_t hour_s)
{
    return hash_mix(memory_line_hash(line), (uint64_t)hour_s);
}

uint64_t memory_resource_hash(struct str account, enum product product, struct str resource)
{
    return hash_mix(hash_str(account), hash_str(resource) + product);
}

static void index_rows(struct memory_tables *tables)
{
    table_clear(&tables->settled_index);
    table_clear(&tables->name_index);
    table_clear(&tables->resource_index);
    for (uint32_t i = 0; i < tables->rows.settled.count; i++) {
        const struct settled_table_row *row = &tables->rows.settled.at[i];
        table_insert(&tables->settled_index, memory_settled_hash(row->line, row->hour_s), i);
    }
    for (uint32_t i = 0; i < tables->rows.names.count; i++) {
        const struct line_name_row *row = &tables->rows.names.at[i];
        table_insert(&tables->name_index, memory_line_hash(row->line), i);
        table_insert(&tables->resource_index,
                     memory_resource_hash(row->names.account, row->names.product, row->names.resource), i);
    }
}

/* --- transactions --- */

#define COPY_LIST(to, from)                                                                                  \
    do {                                                                                                     \
        vec_clear(to);                                                                                       \
        for (uint32_t copied = 0; copied < (from)->count; copied++)                                          \
            vec_push((to), (from)->at[copied]);                                                              \
    } while (0)

static void copy_updated(struct memory_rows *to, const struct memory_rows *from)
{
    to->has_meta = from->has_meta;
    to->meta = from->meta;
#define COPY(table) COPY_LIST(&to->table, &from->table);
    TABLES_UPDATED(COPY)
}

/* What is updated in place is copied; of what is only added to, the count is remembered. */
void memory_tables_begin(struct memory_tables *tables)
{
    struct memory_rows *rows = &tables->rows, *before = &tables->before;
    CHECK(!tables->in_transaction);
    tables->in_transaction = true;
    copy_updated(before, rows);
#define REMEMBER(table) before->table.count = rows->table.count;
    TABLES_ADDED_TO(REMEMBER)
#undef REMEMBER
}

void memory_tables_commit(struct memory_tables *tables)
{
    CHECK(tables->in_transaction);
    tables->in_transaction = false;
}

void memory_tables_rollback(struct memory_tables *tables)
{
    struct memory_rows *rows = &tables->rows;
    const struct memory_rows *before = &tables->before;
    CHECK(tables->in_transaction);
    tables->in_transaction = false;
    bool indexed = rows->settled.count > before->settled.count || rows->names.count > before->names.count;
    copy_updated(rows, before);
#define FORGET(table) rows->table.count = before->table.count;
    TABLES_ADDED_TO(FORGET)
#undef FORGET
    if (indexed)
        index_rows(tables);
}

/* --- copies --- */

static void own(struct arena *memory, struct str *text)
{
    *text = arena_copy(memory, *text);
}

/* Copies strings into the tables' own memory. */
static void own_rows(struct memory_tables *tables)
{
    struct memory_rows *rows = &tables->rows;
    struct arena *memory = &tables->memory;
    for (uint32_t i = 0; i < rows->catalogs.count; i++) {
        own(memory, &rows->catalogs.at[i].row.catalog.text);
        own(memory, &rows->catalogs.at[i].row.by);
    }
    for (uint32_t i = 0; i < rows->settled.count; i++) {
        struct settled_table_row *row = &rows->settled.at[i];
        struct str *const texts[] = {&row->account, &row->usage, &row->units, &row->total, &row->amount};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            own(memory, texts[t]);
    }
    for (uint32_t i = 0; i < rows->names.count; i++) {
        struct line_names *names = &rows->names.at[i].names;
        own(memory, &names->account);
        own(memory, &names->resource);
        own(memory, &names->sku);
    }
    for (uint32_t i = 0; i < rows->order_facts.count; i++) {
        struct memory_order_fact *row = &rows->order_facts.at[i];
        struct str *const texts[] = {&row->order.account, &row->order.name, &row->fact.id, &row->fact.source,
                                     &row->fact.sku};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            own(memory, texts[t]);
    }
    for (uint32_t i = 0; i < rows->order_usage.count; i++) {
        own(memory, &rows->order_usage.at[i].order.account);
        own(memory, &rows->order_usage.at[i].order.name);
        own(memory, &rows->order_usage.at[i].user.resource);
    }
    for (uint32_t i = 0; i < rows->order_due.count; i++) {
        own(memory, &rows->order_due.at[i].row.order.account);
        own(memory, &rows->order_due.at[i].row.order.name);
    }
    for (uint32_t i = 0; i < rows->payments.count; i++) {
        struct record *record = &rows->payments.at[i].record;
        struct str *const texts[] = {&record->account, &record->subject, &record->source,
                                     &record->id,      &record->amount,  &record->currency};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            own(memory, texts[t]);
    }
}

void memory_own_reject(struct memory_tables *tables, struct store_reject *reject)
{
    struct str *const texts[] = {&reject->reason, &reject->feed,    &reject->sender,
                                 &reject->origin, &reject->account, &reject->type,
                                 &reject->source, &reject->id,      &reject->event};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        own(&tables->memory, texts[t]);
}

static void own_rejects(struct memory_tables *tables)
{
    for (uint32_t i = 0; i < tables->rows.rejected.count; i++) {
        struct frame_reject *reject = &tables->rows.rejected.at[i].reject;
        struct str *const texts[] = {&reject->reason, &reject->feed, &reject->source, &reject->id};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            own(&tables->memory, texts[t]);
    }
    for (uint32_t i = 0; i < tables->rows.copied.count; i++)
        memory_own_reject(tables, &tables->rows.copied.at[i].reject);
}

static void own_money(struct memory_tables *tables)
{
    struct memory_rows *rows = &tables->rows;
    struct arena *memory = &tables->memory;
    for (uint32_t i = 0; i < rows->charges.count; i++) {
        struct charge_row *row = &rows->charges.at[i];
        struct str *const texts[] = {&row->account, &row->sku, &row->units, &row->amount};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            own(memory, texts[t]);
    }
    for (uint32_t i = 0; i < rows->ledger.count; i++) {
        own(memory, &rows->ledger.at[i].account);
        own(memory, &rows->ledger.at[i].name);
    }
    for (uint32_t i = 0; i < rows->bill_totals.count; i++)
        own(memory, &rows->bill_totals.at[i].account);
    for (uint32_t i = 0; i < rows->notices.count; i++)
        own(memory, &rows->notices.at[i].account);
    for (uint32_t i = 0; i < rows->accounts.count; i++)
        own(memory, &rows->accounts.at[i].name);
    for (uint32_t i = 0; i < rows->states.count; i++) {
        struct state_row *row = &rows->states.at[i].row;
        struct str *const texts[] = {&row->account, &row->resource, &row->sku, &row->order};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            own(memory, texts[t]);
    }
    for (uint32_t i = 0; i < rows->prices.count; i++) {
        own(memory, &rows->prices.at[i].sku);
        own(memory, &rows->prices.at[i].set_by);
    }
}

static void take_rows(struct memory_tables *tables, const struct memory_rows *from)
{
    struct memory_rows *to = &tables->rows;
    copy_updated(to, from);
    TABLES_ADDED_TO(COPY)
    own_rows(tables);
    own_money(tables);
    own_rejects(tables);
    index_rows(tables);
}

struct memory_tables *memory_tables_copy(const struct memory_tables *tables)
{
    CHECK(!tables->in_transaction);
    struct memory_tables *copy = memory_tables_new();
    take_rows(copy, &tables->rows);
    return copy;
}

void memory_tables_restore(struct memory_tables *tables, const struct memory_tables *backup)
{
    CHECK(tables != backup && !tables->in_transaction && !backup->in_transaction);
    arena_reset(&tables->memory);
    take_rows(tables, &backup->rows);
    tables->restored++;
}

/* --- faults --- */

void memory_tables_fail(struct memory_tables *tables, uint64_t n, enum memory_fault fault)
{
    CHECK(n > 0);
    tables->fail_at = fault == MEMORY_FAULT_NONE ? 0 : tables->calls + n;
    tables->fault = fault;
}

uint64_t memory_tables_calls(const struct memory_tables *tables)
{
    return tables->calls;
}

uint64_t memory_tables_struck(const struct memory_tables *tables, enum memory_fault fault)
{
    return tables->struck[fault];
}
