#include "settler/core/preview.h"

static bool same_identity(const struct record *a, const struct record *b)
{
    return a->kind == b->kind && str_equal(a->account, b->account) && str_equal(a->source, b->source) &&
           str_equal(a->id, b->id);
}

static uint64_t hash_identity(const struct record *record)
{
    return hash_mix(hash_str(record->account),
                    hash_mix(hash_str(record->source), hash_str(record->id) + record->kind));
}

void preview_facts(const struct settlement *settlement, const struct frame *frame, struct fresh_facts *out)
{
    struct table seen = {0};
    vec_clear(&out->list);
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *record = &frame->facts[i].record;
        if (frame->facts[i].control != CONTROL_NONE || !order_takes(record->kind))
            continue;
        struct order_fact fact = order_fact_of(record);
        bool fresh = !book_has_fact(&settlement->book, record->account, &fact);
        uint64_t hash = hash_identity(record);
        for (struct table_probe p = table_probe(&seen, hash); fresh && table_next(&seen, &p);)
            fresh = !same_identity(record, &frame->facts[p.index].record);
        if (!fresh)
            continue;
        table_insert(&seen, hash, i);
        vec_push(&out->list, i);
    }
    table_release(&seen);
}

struct order_state preview_order(const struct settlement *settlement, uint32_t order_at,
                                 const struct frame *frame, const struct fresh_facts *fresh, int64_t now_us)
{
    const struct book *book = &settlement->book;
    const struct book_order *order = &book->orders.at[order_at];
    if (book->prices.list.count == 0)
        return order->state;
    VEC(struct order_fact) facts = {0};
    for (uint32_t i = 0; i < order->facts.count; i++)
        vec_push(&facts, order->facts.at[i]);
    for (uint32_t i = 0; i < fresh->list.count; i++) {
        const struct record *record = &frame->facts[fresh->list.at[i]].record;
        if (str_equal(record->account, names_get(&book->names, order->account)) &&
            str_equal(record->subject, names_get(&book->names, order->name)))
            vec_push(&facts, order_fact_of(record));
    }
    struct order_state state = order_evaluate(facts.at, facts.count, &book->prices, now_us);
    vec_release(&facts);
    return state;
}
