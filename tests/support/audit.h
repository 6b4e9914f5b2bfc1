/* What is owed, worked out second by second from all that was said: no index, no difference, no memory of how
 * it came. Shares the price of units and the evaluation of one order with the settler, and nothing else. */
#pragma once

#include "lib/base/pack.h"
#include "tests/support/frames.h"

/* Prints the lines that what the first `frames` frames say makes, sorted, as `settlement_print` does. */
void audit_print(const struct frame_log *log, uint32_t frames, int64_t watermark_us, struct packer *out);
