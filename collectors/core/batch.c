#include "collectors/core/batch.h"

enum { RECORD_OVERHEAD_BYTES = 32 }; /* of a record beside its strings, roughly */

void batch_add(struct batch *batch, const struct record *record)
{
    struct record copy = *record;
    struct str *const strings[] = {&copy.account, &copy.subject, &copy.source, &copy.id,
                                   &copy.sku,     &copy.order,   &copy.amount, &copy.currency};
    uint32_t size = 0;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        size += strings[i]->size;
    /* One piece a record: they lie behind each other. */
    char *at = size == 0 ? NULL : arena_take(&batch->strings, size);
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        if (strings[i]->size == 0)
            continue;
        memcpy(at, strings[i]->at, strings[i]->size);
        strings[i]->at = at;
        at += strings[i]->size;
    }
    vec_push(&batch->records, copy);
    batch->size_bytes += size + RECORD_OVERHEAD_BYTES;
}

void batch_clear(struct batch *batch)
{
    vec_clear(&batch->records);
    arena_reset(&batch->strings);
    batch->size_bytes = 0;
}

void batch_release(struct batch *batch)
{
    vec_release(&batch->records);
    arena_release(&batch->strings);
}
