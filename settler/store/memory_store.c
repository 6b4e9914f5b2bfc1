#include "settler/store/memory_store.h"

#include <stdio.h>

#include "lib/base/check.h"
#include "settler/store/memory_own.h"

/* --- faults --- */

static enum error_class die(struct memory_store *store, struct error *error)
{
    if (store->working)
        memory_tables_rollback(store->tables);
    store->working = false;
    store->dead = true;
    return error_set(error, ERROR_ABORT, "memory", "the connection broke");
}

static enum error_class refuse(struct memory_store *store, struct error *error, const char *why)
{
    store->refused = store->working;
    return error_set(error, ERROR_RETRY, "memory", why);
}

/* A call begins; if a fault befalls it, it says so. */
enum error_class memory_enter(struct memory_store *store, struct error *error)
{
    struct memory_tables *tables = store->tables;
    store->calls++;
    store->lose_reply = false;
    if (store->dead || store->restored != tables->restored)
        return die(store, error);
    bool struck = ++tables->calls == tables->fail_at;
    if (struck) {
        tables->fail_at = 0;
        tables->struck[tables->fault]++;
        if (tables->fault == MEMORY_FAULT_DEAD)
            return die(store, error);
        if (tables->fault == MEMORY_FAULT_REFUSED)
            return refuse(store, error, "the rows are refused");
        store->lose_reply = true;
    }
    return store->refused ? refuse(store, error, "the transaction was refused") : ERROR_NONE;
}

/* A call is done, if its reply is not lost. */
enum error_class memory_leave(struct memory_store *store, struct error *error)
{
    return store->lose_reply ? die(store, error) : ERROR_NONE;
}

struct str memory_keep(struct memory_store *store, struct str text)
{
    return arena_copy(&store->tables->memory, text);
}

static struct order_name keep_order(struct memory_store *store, struct order_name order)
{
    return (struct order_name){memory_keep(store, order.account), memory_keep(store, order.name)};
}

static bool same_order(const struct order_name *a, const struct order_name *b)
{
    return str_equal(a->account, b->account) && str_equal(a->name, b->name);
}

/* --- transactions --- */

static enum error_class begin(struct store *store, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    CHECK(!memory->working);
    memory_tables_begin(memory->tables);
    memory->working = true;
    return memory_leave(memory, error);
}

static enum error_class commit(struct store *store, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    CHECK(memory->working);
    memory_tables_commit(memory->tables);
    memory->working = false;
    return memory_leave(memory, error);
}

static enum error_class rollback(struct store *store, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    memory->refused = false;
    enum error_class class = memory_enter(memory, error);
    if (memory->working)
        memory_tables_rollback(memory->tables);
    memory->working = memory->refused = false;
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

/* --- meta, claim --- */

static enum error_class read_meta(struct store *store, struct meta_row *row, bool *found, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    *found = memory->tables->rows.has_meta;
    *row = memory->tables->rows.meta;
    return memory_leave(memory, error);
}

static enum error_class write_meta(struct store *store, const struct meta_row *row, struct error *error)
{
    static const uint8_t none[CONTROL_HASH_SIZE];
    struct memory_store *memory = memory_of(store);
    struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    if (!rows->has_meta)
        rows->meta = *row;
    rows->has_meta = true;
    if (rows->meta.bill_scale == BILL_SCALE_NULL)
        rows->meta.bill_scale = row->bill_scale;
    if (rows->meta.generation.partitions == 0)
        rows->meta.generation.partitions = row->generation.partitions;
    if (memcmp(rows->meta.generation.init_hash, none, sizeof none) == 0)
        memcpy(rows->meta.generation.init_hash, row->generation.init_hash, sizeof none);
    return memory_leave(memory, error);
}

struct memory_claim *memory_find_claim(struct memory_store *store, uint32_t partition)
{
    struct memory_rows *rows = &store->tables->rows;
    for (uint32_t i = 0; i < rows->claims.count; i++)
        if (rows->claims.at[i].partition == partition)
            return &rows->claims.at[i];
    return NULL;
}

static enum error_class claim(struct store *store, uint32_t partition, struct claim_row *row,
                              struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    struct memory_claim *there = memory_find_claim(memory, partition);
    if (there == NULL) {
        struct memory_claim fresh = {
            partition, {.watermark_us = INT64_MIN, .closed_s = INT64_MIN, .next_month_s = INT64_MIN}};
        vec_push(&memory->tables->rows.claims, fresh);
        there = memory_find_claim(memory, partition);
    }
    there->row.fence++;
    *row = there->row;
    return memory_leave(memory, error);
}

static enum error_class move_claim(struct store *store, uint32_t partition, const struct claim_row *from,
                                   const struct claim_row *to, bool *moved, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    struct memory_claim *there = memory_find_claim(memory, partition);
    *moved = there != NULL && there->row.fence == from->fence && there->row.next_seq == from->next_seq &&
             there->row.next_step == from->next_step && there->row.step == from->step;
    if (*moved) {
        struct claim_row before = there->row;
        there->row = *to;
        there->row.fence = before.fence;
        there->row.next_reject = before.next_reject;
        there->row.notices_sent = before.notices_sent;
    }
    return memory_leave(memory, error);
}

static enum error_class move_position(struct store *store, uint32_t partition,
                                      const struct position_move *move, bool *moved, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    struct memory_claim *there = memory_find_claim(memory, partition);
    *moved = false;
    if (there != NULL && there->row.fence == move->fence) {
        int64_t *at =
            move->position == POSITION_NEXT_REJECT ? &there->row.next_reject : &there->row.notices_sent;
        *moved = *at == move->from;
        *at = *moved ? move->to : *at;
    }
    return memory_leave(memory, error);
}

/* --- settled, line_names --- */

/* The last row of a line and hour; NULL: none. */
static const struct settled_table_row *last_settled(const struct memory_tables *tables,
                                                    const uint8_t line[LINE_ID_SIZE], int64_t hour_s)
{
    const struct settled_table_row *last = NULL;
    struct table_probe p = table_probe(&tables->settled_index, memory_settled_hash(line, hour_s));
    while (table_next(&tables->settled_index, &p)) {
        const struct settled_table_row *row = &tables->rows.settled.at[p.index];
        bool same = row->hour_s == hour_s && memcmp(row->line, line, LINE_ID_SIZE) == 0;
        if (same && (last == NULL || row->seq > last->seq))
            last = row;
    }
    return last;
}

static enum error_class put_settled(struct store *store, const struct settled_table_row *row,
                                    struct error *error)
{
    struct memory_store *memory = memory_of(store);
    struct memory_tables *tables = memory->tables;
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    uint64_t hash = memory_settled_hash(row->line, row->hour_s);
    for (struct table_probe p = table_probe(&tables->settled_index, hash);
         table_next(&tables->settled_index, &p);) {
        const struct settled_table_row *known = &tables->rows.settled.at[p.index];
        if (known->hour_s == row->hour_s && known->seq == row->seq &&
            memcmp(known->line, row->line, LINE_ID_SIZE) == 0)
            return refuse(memory, error, "settled: the row is there already");
    }
    struct settled_table_row copy = *row;
    copy.account = memory_keep(memory, row->account);
    copy.usage = memory_keep(memory, row->usage);
    copy.units = memory_keep(memory, row->units);
    copy.total = memory_keep(memory, row->total);
    copy.amount = memory_keep(memory, row->amount);
    table_insert(&tables->settled_index, hash, tables->rows.settled.count);
    vec_push(&tables->rows.settled, copy);
    return memory_leave(memory, error);
}

static bool has_name(const struct memory_tables *tables, const uint8_t line[LINE_ID_SIZE])
{
    struct table_probe p = table_probe(&tables->name_index, memory_line_hash(line));
    while (table_next(&tables->name_index, &p))
        if (memcmp(tables->rows.names.at[p.index].line, line, LINE_ID_SIZE) == 0)
            return true;
    return false;
}

static enum error_class put_line_name(struct store *store, const struct line_name_row *row,
                                      struct error *error)
{
    struct memory_store *memory = memory_of(store);
    struct memory_tables *tables = memory->tables;
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    if (!has_name(tables, row->line)) {
        struct line_name_row copy = *row;
        copy.names.account = memory_keep(memory, row->names.account);
        copy.names.resource = memory_keep(memory, row->names.resource);
        copy.names.sku = memory_keep(memory, row->names.sku);
        table_insert(&tables->name_index, memory_line_hash(row->line), tables->rows.names.count);
        table_insert(&tables->resource_index,
                     memory_resource_hash(row->names.account, row->names.product, row->names.resource),
                     tables->rows.names.count);
        vec_push(&tables->rows.names, copy);
    }
    return memory_leave(memory, error);
}

static enum error_class read_usage(struct store *store, const struct resource_hour *keys, uint32_t count,
                                   take_settled *take, void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    const struct memory_tables *tables = memory->tables;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++) {
        uint64_t hash = memory_resource_hash(keys[i].account, keys[i].product, keys[i].resource);
        for (struct table_probe p = table_probe(&tables->resource_index, hash);
             table_next(&tables->resource_index, &p);) {
            const struct line_name_row *row = &tables->rows.names.at[p.index];
            if (row->names.product == keys[i].product && str_equal(row->names.account, keys[i].account) &&
                str_equal(row->names.resource, keys[i].resource))
                take(context, i, &row->names, last_settled(tables, row->line, keys[i].hour_s));
        }
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

static enum error_class read_lines(struct store *store, const struct one_line_hour *keys, uint32_t count,
                                   take_settled *take, void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++) {
        const struct settled_table_row *last = last_settled(memory->tables, keys[i].line, keys[i].hour_s);
        if (last != NULL)
            take(context, i, NULL, last);
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

static enum error_class make_ranges(struct store *store, int64_t day_s, enum ranges *ranges,
                                    struct error *error)
{
    (void)day_s;
    *ranges = RANGES_ASKED;
    enum error_class class = memory_enter(memory_of(store), error);
    return class == ERROR_NONE ? memory_leave(memory_of(store), error) : class;
}

/* --- orders --- */

static enum error_class read_order_facts(struct store *store, const struct order_name *orders, uint32_t count,
                                         take_order_fact *take, void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    const struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++)
        for (uint32_t f = 0; f < rows->order_facts.count; f++)
            if (same_order(&rows->order_facts.at[f].order, &orders[i]))
                take(context, &orders[i], &rows->order_facts.at[f].fact);
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

static enum error_class read_order_users(struct store *store, const struct order_name *orders, uint32_t count,
                                         take_order_user *take, void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    const struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++)
        for (uint32_t u = 0; u < rows->order_usage.count; u++)
            if (same_order(&rows->order_usage.at[u].order, &orders[i]))
                take(context, &orders[i], &rows->order_usage.at[u].user);
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

static enum error_class read_identities(struct store *store, const struct fact_identity *facts,
                                        uint32_t count, take_order *take, void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++) {
        const struct memory_order_fact *row = memory_find_fact(&memory->tables->rows, &facts[i]);
        if (row != NULL)
            take(context, &row->order);
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

static enum error_class write_order_users(struct store *store, const struct order_usage_row *added,
                                          uint32_t count, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++) {
        const struct order_user_row *user = &added[i].user;
        struct order_user_row *there = NULL;
        for (uint32_t u = 0; u < rows->order_usage.count && there == NULL; u++) {
            struct order_usage_row *row = &rows->order_usage.at[u];
            if (same_order(&row->order, &added[i].order) && row->user.product == user->product &&
                str_equal(row->user.resource, user->resource))
                there = &row->user;
        }
        if (there == NULL) {
            struct order_usage_row copy = {keep_order(memory, added[i].order), *user};
            copy.user.resource = memory_keep(memory, user->resource);
            vec_push(&rows->order_usage, copy);
            continue;
        }
        if (user->first_hour_s < there->first_hour_s)
            there->first_hour_s = user->first_hour_s;
        if (user->last_hour_s > there->last_hour_s)
            there->last_hour_s = user->last_hour_s;
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

static enum error_class read_next_due(struct store *store, uint32_t partition, int64_t *due_us,
                                      struct error *error)
{
    struct memory_store *memory = memory_of(store);
    const struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    *due_us = INT64_MAX;
    for (uint32_t i = 0; i < rows->order_due.count; i++)
        if (rows->order_due.at[i].partition == partition && rows->order_due.at[i].row.due_us < *due_us)
            *due_us = rows->order_due.at[i].row.due_us;
    return memory_leave(memory, error);
}

static enum error_class read_due(struct store *store, const struct due_before *before, take_order *take,
                                 void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    const struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < rows->order_due.count && class == ERROR_NONE; i++) {
        const struct memory_due *due = &rows->order_due.at[i];
        if (due->partition == before->partition && due->row.due_us < before->until_us)
            take(context, &due->row.order);
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

static enum error_class write_order_due(struct store *store, uint32_t partition,
                                        const struct order_due_row *added, uint32_t count,
                                        struct error *error)
{
    struct memory_store *memory = memory_of(store);
    struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++) {
        uint32_t at = 0;
        while (at < rows->order_due.count && !same_order(&rows->order_due.at[at].row.order, &added[i].order))
            at++;
        if (at < rows->order_due.count)
            vec_remove(&rows->order_due, at, 1);
        struct memory_due due = {partition, {keep_order(memory, added[i].order), added[i].due_us}};
        if (due.row.due_us < INT64_MAX)
            vec_push(&rows->order_due, due);
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

/* --- the store --- */

static uint64_t statements(const struct store *store)
{
    return ((const struct memory_store *)store)->calls;
}

static void close_store(struct store *store)
{
    struct memory_store *memory = memory_of(store);
    if (memory->working)
        memory_tables_rollback(memory->tables);
    free(memory);
}

static const struct store_ops ops = {
    .read_meta = read_meta,
    .write_meta = write_meta,
    .claim = claim,
    .move_claim = move_claim,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .read_catalogs = memory_read_catalogs,
    .read_usage = read_usage,
    .read_lines = read_lines,
    .read_order_facts = read_order_facts,
    .read_order_users = read_order_users,
    .read_identities = read_identities,
    .read_next_due = read_next_due,
    .read_due = read_due,
    .read_payments = memory_read_payments,
    .read_accounts = memory_read_accounts,
    .read_next_deadline = memory_read_next_deadline,
    .read_deadlines = memory_read_deadlines,
    .read_account_page = memory_read_account_page,
    .read_bill_sums = memory_read_bill_sums,
    .put_settled = put_settled,
    .put_line_name = put_line_name,
    .write_order_users = write_order_users,
    .write_order_due = write_order_due,
    .write_facts = memory_write_facts,
    .put_charge = memory_put_charge,
    .put_transfer = memory_put_transfer,
    .put_bill_total = memory_put_bill_total,
    .put_notice = memory_put_notice,
    .write_frames = memory_write_frames,
    .write_bill_cuts = memory_write_bill_cuts,
    .write_accounts = memory_write_accounts,
    .write_states = memory_write_states,
    .write_prices = memory_write_prices,
    .move_position = move_position,
    .write_rejects = memory_write_rejects,
    .read_notices = memory_read_notices,
    .make_ranges = make_ranges,
    .statements = statements,
    .close = close_store,
};

static struct store *open_store(void *context, struct error *error)
{
    struct memory_tables *tables = context;
    struct memory_store *store = calloc(1, sizeof *store);
    CHECK(store != NULL);
    store->store.ops = &ops;
    store->tables = tables;
    store->restored = tables->restored;
    /* Connecting is a call too. */
    if (memory_enter(store, error) == ERROR_NONE && memory_leave(store, error) == ERROR_NONE)
        return &store->store;
    if (error->class == ERROR_RETRY)
        error->class = ERROR_ABORT;
    free(store);
    return NULL;
}

struct store_opener memory_store_opener(struct memory_tables *tables)
{
    return (struct store_opener){open_store, tables};
}
