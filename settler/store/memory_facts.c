/* The tables in memory: facts, and what was refused. */
#include "settler/store/memory_own.h"

const struct memory_order_fact *memory_find_fact(const struct memory_rows *rows,
                                                 const struct fact_identity *identity)
{
    for (uint32_t i = 0; i < rows->order_facts.count; i++) {
        const struct memory_order_fact *row = &rows->order_facts.at[i];
        if (row->fact.kind == identity->kind && str_equal(row->order.account, identity->account) &&
            str_equal(row->fact.source, identity->source) && str_equal(row->fact.id, identity->id))
            return row;
    }
    return NULL;
}

/* --- facts --- */

enum error_class memory_read_catalogs(struct store *store, uint32_t partition, take_catalog *take,
                                      void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    const struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < rows->catalogs.count && class == ERROR_NONE; i++)
        if (rows->catalogs.at[i].partition == partition)
            take(context, &rows->catalogs.at[i].row);
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

static void add_catalog(struct memory_store *store, const struct frame *frame, uint32_t i)
{
    const struct fact *fact = &frame->facts[i];
    struct memory_catalog row = {
        .partition = frame->partition,
        .seq = frame->seq,
        .ordinal = i,
        .row = {{fact->catalog.from_s, memory_keep(store, fact->catalog.text)},
                memory_keep(store, fact->origin.by),
                fact->origin.clock_us},
    };
    memcpy(row.hash, fact->origin.hash, sizeof row.hash);
    vec_push(&store->tables->rows.catalogs, row);
}

static void add_order_fact(struct memory_store *store, const struct frame *frame, const struct record *record)
{
    struct fact_identity identity = {record->account, record->kind, record->source, record->id};
    if (memory_find_fact(&store->tables->rows, &identity) != NULL)
        return;
    struct memory_order_fact row = {
        .partition = frame->partition,
        .seq = frame->seq,
        .order = {memory_keep(store, record->account), memory_keep(store, record->subject)},
        .fact = order_fact_of(record),
    };
    row.fact.id = memory_keep(store, record->id);
    row.fact.source = memory_keep(store, record->source);
    row.fact.sku = memory_keep(store, record->sku);
    vec_push(&store->tables->rows.order_facts, row);
}

static void add_payment(struct memory_store *store, const struct frame *frame, const struct record *record)
{
    struct memory_rows *rows = &store->tables->rows;
    for (uint32_t i = 0; i < rows->payments.count; i++) {
        const struct record *known = &rows->payments.at[i].record;
        if (known->kind == record->kind && str_equal(known->account, record->account) &&
            str_equal(known->subject, record->subject))
            return;
    }
    struct memory_payment row = {frame->partition, frame->seq, *record};
    row.record.account = memory_keep(store, record->account);
    row.record.subject = memory_keep(store, record->subject);
    row.record.source = memory_keep(store, record->source);
    row.record.id = memory_keep(store, record->id);
    row.record.amount = memory_keep(store, record->amount);
    row.record.currency = memory_keep(store, record->currency);
    vec_push(&rows->payments, row);
}

static void add_reject(struct memory_store *store, const struct frame *frame, uint32_t i)
{
    const struct frame_reject *reject = &frame->rejects[i];
    struct memory_reject row = {frame->partition, frame->seq, i, *reject};
    row.reject.reason = memory_keep(store, reject->reason);
    row.reject.feed = memory_keep(store, reject->feed);
    row.reject.source = memory_keep(store, reject->source);
    row.reject.id = memory_keep(store, reject->id);
    vec_push(&store->tables->rows.rejected, row);
}

enum error_class memory_write_facts(struct store *store, const struct frame *frame, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < frame->fact_count && class == ERROR_NONE; i++) {
        const struct record *record = &frame->facts[i].record;
        if (frame->facts[i].control != CONTROL_NONE)
            add_catalog(memory, frame, i);
        else if (order_takes(record->kind))
            add_order_fact(memory, frame, record);
        else if (record_is_payment(record->kind))
            add_payment(memory, frame, record);
    }
    for (uint32_t i = 0; i < frame->reject_count && class == ERROR_NONE; i++)
        add_reject(memory, frame, i);
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

/* --- copied rejects --- */

static bool has_copied(const struct memory_rows *rows, uint32_t partition, int64_t offset)
{
    for (uint32_t i = 0; i < rows->copied.count; i++)
        if (rows->copied.at[i].partition == partition && rows->copied.at[i].reject.offset == offset)
            return true;
    return false;
}

enum error_class memory_write_rejects(struct store *store, uint32_t partition,
                                      const struct store_reject *added, uint32_t count, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++) {
        if (has_copied(rows, partition, added[i].offset))
            continue;
        struct memory_copied row = {partition, added[i]};
        memory_own_reject(memory->tables, &row.reject);
        vec_push(&rows->copied, row);
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}
