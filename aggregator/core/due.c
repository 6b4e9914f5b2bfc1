#include "aggregator/core/due.h"

void due_add(struct due *due, struct due_entry entry)
{
    vec_push(&due->heap, entry);
    uint32_t at = due->heap.count - 1;
    while (at > 0 && due->heap.at[(at - 1) / 2].time_us > entry.time_us) {
        due->heap.at[at] = due->heap.at[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    due->heap.at[at] = entry;
}

/* Puts the entry where it belongs, from the root down. */
static void sink(struct due *due, struct due_entry entry)
{
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= due->heap.count)
            break;
        if (child + 1 < due->heap.count && due->heap.at[child + 1].time_us < due->heap.at[child].time_us)
            child++;
        if (due->heap.at[child].time_us >= entry.time_us)
            break;
        due->heap.at[at] = due->heap.at[child];
        at = child;
    }
    due->heap.at[at] = entry;
}

bool due_take(struct due *due, int64_t now_us, struct due_entry *entry)
{
    if (due->heap.count == 0 || due->heap.at[0].time_us > now_us)
        return false;
    *entry = due->heap.at[0];
    struct due_entry last = due->heap.at[--due->heap.count];
    if (due->heap.count > 0)
        sink(due, last);
    return true;
}

void due_release(struct due *due)
{
    vec_release(&due->heap);
}
