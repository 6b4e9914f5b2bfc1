/* What became of accepted events (`hourglass events --with-state`): what the fold says of each, and what can
 * be known of facts from the log alone, whose repeats the settler tells (DESIGN §5). Keeps the identities and
 * the orders of all that it is told of. */
#pragma once

#include "aggregator/core/fold.h"
#include "cli/events_json.h"

struct events_state;

struct events_state *events_state_new(void);
void events_state_free(struct events_state *states);

/* First of each fact of the log, in its order. */
void events_state_learn(struct events_state *states, const struct record *record);
/* What is known of a record, beside what the states have learnt. */
struct events_known {
    enum fold_verdict verdict;
    bool whole; /* the log reaches back to its beginning: an order that was not learnt was never paid */
    bool idle;  /* it changes what runs, and nothing does */
};
/* Then of each record again: fills the marks' state and reason. */
void events_state_judge(struct events_state *states, const struct record *record,
                        const struct events_known *known, struct event_marks *marks);
