/* How an order's quantity is handed to its resources (CONTRACT §4, Subscription). Internal to settler/core.
 */
#pragma once

#include "settler/core/settle.h"

/* The order in that hour, noted once a frame. Index into order_hours. */
uint32_t cover_order_hour(struct settlement *settlement, uint32_t order, int64_t hour_s);
/* Touches every line that names the order in that hour. */
void cover_touch_users(struct settlement *settlement, uint32_t order, int64_t hour_s);
/* Adds to the rating what the uses of a line and hour leave to pay, each second at its own price. */
void cover_rate(struct settlement *settlement, uint32_t hour, const struct price_list *prices,
                struct rating *rating);
/* Touches a line and hour: it will be rated at the end of the frame. */
void settle_touch(struct settlement *settlement, uint32_t hour);
/* Adds units_per_second over [from_s, to_s) at the prices that hold there. */
void rate_span(struct rating *rating, const struct price_list *prices, int64_t from_s, int64_t to_s,
               unsigned __int128 units_per_second);
