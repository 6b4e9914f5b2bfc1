/* What the owner of a partition remembers of its tables from one transaction to the next, since nobody else
 * writes them while the claim is his: the catalogs in force, when an order is due next, lines whose names
 * stand. Internal to the settler's store.
 *
 * Bounded, and only ever a copy: it is begun anew with every claim, and a transaction that is not committed
 * is followed by one. */
#pragma once

#include "lib/domain/prices.h"
#include "settler/store.h"

enum { LINE_ID_SIZE = 16 };

struct store_memory {
    struct prices prices; /* empty: to be read */
    bool due_known;
    int64_t next_due_us;            /* no order is due before it; INT64_MAX: none is waiting */
    uint8_t (*lines)[LINE_ID_SIZE]; /* by the first bits of their ids: one a place, the last that came */
};

/* Empty memory: made at first sight. */
void memory_begin(struct store_memory **memory);
void memory_free(struct store_memory *memory);

bool memory_knows_line(const struct store_memory *memory, const uint8_t id[LINE_ID_SIZE]);
void memory_note_line(struct store_memory *memory, const uint8_t id[LINE_ID_SIZE]);
