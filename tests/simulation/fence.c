#include "tests/simulation/fence.h"

#include "lib/base/check.h"
#include "settler/store/memory_own.h"

static struct fence *watching;
static const struct store_ops *own_ops;
static struct store_ops watched_ops;

const char *fence_branch_name(enum fence_branch branch)
{
    static const char *const names[FENCE_BRANCHES] = {
        [FENCE_MOVED] = "moved",
        [FENCE_OTHER_OWNER] = "not moved: other fence",
        [FENCE_OTHER_SEQ] = "not moved: other next_seq",
        [FENCE_OTHER_STEP] = "not moved: other next_step",
    };
    return names[branch];
}

/* As they stood before the call. */
static enum fence_branch branch_of(uint32_t partition, const struct claim_row *from)
{
    const struct memory_rows *rows = &watching->tables->rows;
    for (uint32_t i = 0; i < rows->claims.count; i++) {
        const struct claim_row *row = &rows->claims.at[i].row;
        if (rows->claims.at[i].partition != partition || row->fence != from->fence)
            continue;
        if (row->next_seq != from->next_seq)
            return FENCE_OTHER_SEQ;
        return row->next_step != from->next_step || row->step != from->step ? FENCE_OTHER_STEP : FENCE_MOVED;
    }
    return FENCE_OTHER_OWNER;
}

static enum error_class move_claim(struct store *store, uint32_t partition, const struct claim_row *from,
                                   const struct claim_row *to, bool *moved, struct error *error)
{
    enum fence_branch branch = branch_of(partition, from);
    enum error_class class = own_ops->move_claim(store, partition, from, to, moved, error);
    if (class != ERROR_NONE)
        return class;
    CHECK(*moved == (branch == FENCE_MOVED));
    watching->struck[branch]++;
    watching->steps += *moved && to->step != 0;
    watching->pages += *moved && to->accounts.begun;
    return class;
}

static enum error_class commit(struct store *store, struct error *error)
{
    uint64_t before = memory_tables_struck(watching->tables, MEMORY_FAULT_REPLY_LOST);
    enum error_class class = own_ops->commit(store, error);
    watching->replies_lost += memory_tables_struck(watching->tables, MEMORY_FAULT_REPLY_LOST) - before;
    return class;
}

static struct store *open_store(void *context, struct error *error)
{
    struct fence *fence = context;
    struct store *store = fence->opener.open(fence->opener.context, error);
    if (store == NULL)
        return NULL;
    own_ops = store->ops;
    watched_ops = *own_ops;
    watched_ops.move_claim = move_claim;
    watched_ops.commit = commit;
    store->ops = &watched_ops;
    store->work_max = fence->work_max;
    store->accounts_max = fence->accounts_max;
    return store;
}

void fence_init(struct fence *fence, struct memory_tables *tables)
{
    *fence = (struct fence){.tables = tables, .opener = memory_store_opener(tables)};
    watching = fence;
}

struct store_opener fence_opener(struct fence *fence)
{
    watching = fence;
    return (struct store_opener){open_store, fence};
}

void fence_take(struct fence *fence, uint32_t partition)
{
    struct memory_rows *rows = &fence->tables->rows;
    for (uint32_t i = 0; i < rows->claims.count; i++)
        if (rows->claims.at[i].partition == partition)
            rows->claims.at[i].row.fence++;
}

void fence_restore(struct fence *fence, const struct memory_tables *backup, bool stay)
{
    uint64_t restored = fence->tables->restored;
    memory_tables_restore(fence->tables, backup);
    if (stay)
        fence->tables->restored = restored;
}
