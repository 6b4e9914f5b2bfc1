/* A step function of time: which level holds in each second; nothing where no step lies.
 *
 * A resource has two: what its events say now, and what was emitted of it so far. The hours in
 * which they differ are the hours to emit again (DESIGN §4), so a row that says nothing new cannot arise. */
#pragma once

#include <stdbool.h>

#include "lib/base/vec.h"

struct level {
    uint32_t sku;   /* number of a name; storage: 0, its pool has one */
    uint32_t order; /* number of a name; 0: none */
    unsigned __int128 quantity;
};

struct step {
    int64_t from_s; /* half-open [from_s, to_s) */
    int64_t to_s;
    struct level level; /* quantity > 0 */
};

/* Steps in order of time, not overlapping; two that touch differ in level. */
struct timeline {
    VEC(struct step) steps;
};

bool level_equal(struct level a, struct level b);
/* Adds a step behind all others, joining it to the last one if that touches and is equal. Empty: ignored. */
void timeline_append(struct timeline *timeline, struct step step);
/* Makes [from_s, to_s) of the timeline what it is in `piece`, which has steps only inside of that. */
void timeline_replace(struct timeline *timeline, int64_t from_s, int64_t to_s, const struct timeline *piece);
/* Index of the first step that ends after second_s. */
uint32_t timeline_at(const struct timeline *timeline, int64_t second_s);
/* Whether both are the same in [from_s, to_s). */
bool timeline_same(const struct timeline *a, const struct timeline *b, int64_t from_s, int64_t to_s);
/* Forgets what lies before second_s. */
void timeline_forget(struct timeline *timeline, int64_t second_s);
