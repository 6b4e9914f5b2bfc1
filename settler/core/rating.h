/* The price of usage: exact whatever its size, rounded once, half to even (CONTRACT §4).
 *
 * units x price / per is added up over a common denominator of the meter's units; the division comes at the
 * end. So an amount depends on the final usage alone, never on the order in which its parts came. */
#pragma once

#include "lib/base/wide.h"
#include "lib/domain/catalog.h"

struct rating {
    struct wide numerator; /* of 10^-12 / common */
    unsigned __int128 common;
    unsigned __int128 units;
    bool unpriced; /* some units lay on a second without price */
};

struct rated {
    unsigned __int128 units;
    bool priced;
    struct amount amount; /* zero when unpriced */
};

struct rating rating_begin(enum meter meter);
/* Adds units at one price; NULL: they have none. No units: nothing happens. */
void rating_add(struct rating *rating, unsigned __int128 units, const struct price *price);
/* Adds units_per_second over the seconds [from_s, to_s), at the prices that hold there. */
void rating_add_span(struct rating *rating, const struct price_list *prices, int64_t from_s, int64_t to_s,
                     unsigned __int128 units_per_second);
struct rated rating_end(const struct rating *rating, uint32_t charge_scale);

/* -(paid x part / whole), rounded half to even (CONTRACT §4, Refund). 0 <= part <= whole, whole > 0. */
struct amount rating_refund(const struct amount *paid, int64_t part, int64_t whole);
