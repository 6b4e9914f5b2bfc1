/* What the owner of a partition knows of its tables from one transaction to the next, since nobody else
 * writes them while the claim is his: the catalogs in force, when an order is due next and an account's grace
 * ends, lines whose names are there. Internal to the settler's store.
 *
 * Bounded, and only ever a copy: it is begun anew with every claim, and a transaction that is not committed
 * is followed by one. */
#pragma once

#include "lib/domain/prices.h"
#include "settler/store/port.h"

struct known {
    struct prices prices; /* empty: to be read */
    bool due_known;
    int64_t next_due_us; /* no order is due before it; INT64_MAX: none is waiting */
    bool deadline_known;
    int64_t next_deadline_us;       /* no account's deadline is before it; INT64_MAX: none has one */
    uint8_t (*lines)[LINE_ID_SIZE]; /* by the first bits of their ids: one a place, the last that came */
};

/* Knows nothing; made at first sight. */
void known_begin(struct known **known);
void known_free(struct known *known);

bool known_has_line(const struct known *known, const uint8_t id[LINE_ID_SIZE]);
void known_add_line(struct known *known, const uint8_t id[LINE_ID_SIZE]);
