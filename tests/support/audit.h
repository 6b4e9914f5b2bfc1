/* What is owed, worked out second by second from all that was said: no index, no difference, no memory of how
 * it came. Shares the price of units and the evaluation of one order with the settler, and nothing else. */
#pragma once

#include "lib/base/pack.h"
#include "tests/support/frames.h"

/* Prints the lines that the first `said` things of the log make, sorted, as `settlement_print` does. */
void audit_print(const struct frame_log *log, uint32_t said, int64_t watermark_us, int64_t closed_s,
                 struct packer *out);
