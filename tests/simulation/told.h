/* Whether billing.notices says what the tables have of a partition: to a reader that takes of an account what
 * is above its last notice, each row, but for old ones that a later one stands for. */
#pragma once

#include "tests/simulation/house.h"

/* All that is there was counted as sent. */
bool told_all(const struct house *house, uint32_t partition);
struct told_figures {
    uint64_t rows;
    uint64_t again;   /* messages beyond the first of a row */
    uint64_t skipped; /* rows without a message */
};
/* Adds to *figures. False: *why says what is wrong. */
bool told_right(const struct house *house, uint32_t partition, struct told_figures *figures, char why[200]);
