/* What a frame's facts will make of orders, before they are settled: a store that fills the book with what a
 * batch touches has to know in which hours the coverage will change. */
#pragma once

#include "settler/core/work.h"

/* The frame's facts of orders whose identity neither the book nor an earlier fact of the frame has, as
 * indexes. */
struct fresh_facts {
    VEC(uint32_t) list;
};
void preview_facts(const struct settlement *settlement, const struct frame *frame, struct fresh_facts *out);
/* What the order's state will be with them. Strings are slices of the book's and the frame's. */
struct order_state preview_order(const struct settlement *settlement, uint32_t order_at,
                                 const struct frame *frame, const struct fresh_facts *fresh, int64_t now_us);
