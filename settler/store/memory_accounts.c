/* The tables in memory that are derived: accounts, what runs, prices. */
#include "lib/base/check.h"
#include "settler/store/memory_own.h"

/* --- accounts --- */

/* Where the account is, or would be: accounts lie in order of bytes. */
static uint32_t place_of(const struct memory_rows *rows, struct str name)
{
    uint32_t begin = 0, end = rows->accounts.count;
    while (begin < end) {
        uint32_t middle = begin + (end - begin) / 2;
        if (str_compare(rows->accounts.at[middle].name, name) < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

static bool is_at(const struct memory_rows *rows, uint32_t at, struct str name)
{
    return at < rows->accounts.count && str_equal(rows->accounts.at[at].name, name);
}

enum error_class memory_read_accounts(struct store *store, const struct str *names, uint32_t count,
                                      take_account *take, void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    const struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++) {
        uint32_t at = place_of(rows, names[i]);
        if (is_at(rows, at, names[i]))
            take(context, &rows->accounts.at[at]);
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

static bool has_deadline(const struct account_row *row, uint32_t partition)
{
    return row->partition == partition && row->account.deadline_us != INT64_MIN;
}

enum error_class memory_read_next_deadline(struct store *store, uint32_t partition, int64_t *deadline_us,
                                           struct error *error)
{
    struct memory_store *memory = memory_of(store);
    const struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    *deadline_us = INT64_MAX;
    for (uint32_t i = 0; i < rows->accounts.count; i++)
        if (has_deadline(&rows->accounts.at[i], partition) &&
            rows->accounts.at[i].account.deadline_us < *deadline_us)
            *deadline_us = rows->accounts.at[i].account.deadline_us;
    return memory_leave(memory, error);
}

enum error_class memory_read_deadlines(struct store *store, const struct deadline_before *before,
                                       take_account *take, void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    const struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    uint32_t taken = 0;
    for (uint32_t i = 0; i < rows->accounts.count && class == ERROR_NONE && taken < before->limit; i++) {
        const struct account_row *row = &rows->accounts.at[i];
        if (!has_deadline(row, before->partition) || row->account.deadline_us > before->until_us)
            continue;
        take(context, row);
        taken++;
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

static bool is_of_page(const struct account_page *page, const struct account_row *row)
{
    if (row->partition != page->partition || str_compare(row->name, page->after) <= 0)
        return false;
    return page->all || row->account.seq == page->seq ||
           (has_deadline(row, page->partition) && row->account.deadline_us <= page->until_us);
}

enum error_class memory_read_account_page(struct store *store, const struct account_page *page,
                                          take_account *take, void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    const struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    uint32_t taken = 0;
    for (uint32_t i = 0; i < rows->accounts.count && class == ERROR_NONE && taken < page->limit; i++) {
        if (!is_of_page(page, &rows->accounts.at[i]))
            continue;
        take(context, &rows->accounts.at[i]);
        taken++;
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

enum error_class memory_write_accounts(struct store *store, const struct account_row *added, uint32_t count,
                                       struct error *error)
{
    struct memory_store *memory = memory_of(store);
    struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++) {
        struct account_row copy = added[i];
        uint32_t at = place_of(rows, copy.name);
        if (!is_at(rows, at, copy.name)) {
            copy.name = memory_keep(memory, copy.name);
            vec_insert(&rows->accounts, at, copy);
            continue;
        }
        CHECK(rows->accounts.at[at].partition == copy.partition);
        copy.name = rows->accounts.at[at].name;
        rows->accounts.at[at] = copy;
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

/* --- what runs --- */

static void write_state(struct memory_store *memory, uint32_t partition, const struct state_row *row)
{
    struct memory_rows *rows = &memory->tables->rows;
    uint32_t at = 0;
    for (; at < rows->states.count; at++) {
        const struct state_row *known = &rows->states.at[at].row;
        if (known->product == row->product && str_equal(known->account, row->account) &&
            str_equal(known->resource, row->resource))
            break;
    }
    if (at < rows->states.count)
        vec_remove(&rows->states, at, 1);
    if (row->state == RUN_GONE)
        return;
    struct memory_state copy = {partition, *row};
    copy.row.account = memory_keep(memory, row->account);
    copy.row.resource = memory_keep(memory, row->resource);
    copy.row.sku = memory_keep(memory, row->sku);
    copy.row.order = memory_keep(memory, row->order);
    vec_push(&rows->states, copy);
}

enum error_class memory_write_states(struct store *store, uint32_t partition, const struct state_row *rows,
                                     uint32_t count, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++)
        write_state(memory, partition, &rows[i]);
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

/* --- prices --- */

enum error_class memory_write_prices(struct store *store, const struct price_row *added, uint32_t count,
                                     struct error *error)
{
    struct memory_store *memory = memory_of(store);
    struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    vec_clear(&rows->prices);
    for (uint32_t i = 0; i < count; i++) {
        struct price_row copy = added[i];
        copy.sku = memory_keep(memory, copy.sku);
        copy.set_by = memory_keep(memory, copy.set_by);
        vec_push(&rows->prices, copy);
    }
    return memory_leave(memory, error);
}
