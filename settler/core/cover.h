/* How an order's quantity is handed to its resources (CONTRACT §4, Subscription). Internal to settler/core.
 *
 * Invariants, checked of each use that is handed its part:
 * C1. Its parts cover its span, in order and without gaps.
 * C2. What is left to pay of it is at most its level.
 * C3. In no second is more handed out than the order's quantity. */
#pragma once

#include "settler/core/rating.h"
#include "settler/core/work.h"

/* Touches every line that names the order in that hour. */
void cover_touch_users(struct settlement *settlement, uint32_t order, int64_t hour_s);
/* Adds to the rating what the uses of a line and hour leave to pay, each second at its own price. */
void cover_rate(struct settlement *settlement, uint32_t hour, const struct price_list *prices,
                struct rating *rating);
