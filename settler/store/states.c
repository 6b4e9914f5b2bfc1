/* What runs (CONTRACT §7): of each resource what the batch says of it last. */
#include "settler/store/loaded.h"

struct states {
    VEC(struct state_row) rows;
    struct table index;
};

static void put_state(struct states *states, const struct state_row *row)
{
    uint64_t hash = hash_mix(hash_str(row->account), hash_str(row->resource) + row->product);
    for (struct table_probe p = table_probe(&states->index, hash); table_next(&states->index, &p);) {
        struct state_row *known = &states->rows.at[p.index];
        if (known->product != row->product || !str_equal(known->account, row->account) ||
            !str_equal(known->resource, row->resource))
            continue;
        *known = *row;
        return;
    }
    table_insert(&states->index, hash, states->rows.count);
    vec_push(&states->rows, *row);
}

bool write_states(struct loaded *loaded, const struct placed_frame *frames, uint32_t count)
{
    struct states states = {0};
    struct store *store = loaded->store;
    for (uint32_t f = 0; f < count; f++)
        for (uint32_t i = 0; i < frames[f].frame.state_count; i++)
            put_state(&states, &frames[f].frame.states[i]);
    bool written =
        states.rows.count == 0 || good(store->ops->write_states(store, loaded->partition, states.rows.at,
                                                                states.rows.count, loaded->error));
    vec_release(&states.rows);
    table_release(&states.index);
    return written;
}
