/* What becomes of the events of orders and payments: counted, repeated, or without effect on what is owed
 * (CONTRACT §2, §4). Pure; for counters. As the events of an order come, in whatever order, what is counted
 * comes to what is so of all of them. */
#pragma once

#include "lib/domain/record.h"

/* Events of one order that count as known, by kind. */
struct order_events {
    uint32_t paid;
    uint32_t ends; /* failed, refunded */
    uint32_t others;
};

struct fact_effects {
    uint64_t applied;  /* events of orders and payments; in whatever currency */
    uint64_t repeated; /* their identity was known */
    /* Of those applied, without effect: */
    uint64_t never_paid;
    uint64_t paid_later;   /* of those that were counted as such: their order was paid since */
    uint64_t paid_twice;   /* another order.paid of the order counts */
    uint64_t ended_before; /* an earlier void or refund of the order counts */
};

void order_events_add(struct order_events *events, enum record_kind kind);
/* Adds what a new event of an order comes to, and what it makes of those before it. */
void effects_add(struct fact_effects *effects, const struct order_events *before, enum record_kind kind);
