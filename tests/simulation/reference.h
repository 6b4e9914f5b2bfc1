/* What a house comes to that is left in peace: its frames, each once, and its tables. */
#pragma once

#include "tests/simulation/chains.h"
#include "tests/simulation/dump.h"
#include "tests/simulation/house.h"

struct reference {
    struct chains chains[INPUT_PARTITIONS_MAX];
    struct dump dump;
};

/* Of the configuration's input and limits, with one aggregator and one settler. False: it does not come to
 * rest, or something stopped. */
bool reference_make(struct reference *reference, const struct house_config *config);
void reference_release(struct reference *reference);

/* Turns of each process until nothing moves any more, in the log and in the tables. False: it does not end.
 */
bool house_rest(struct house *house);
