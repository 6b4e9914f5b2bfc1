/* Log time of one partition (DESIGN §2): what "now" is comes from the log alone.
 *
 * now = the running maximum, over messages, of min(broker's append time, collector's clock in that message).
 * Two clocks must agree in one message, so no single bad clock ever closes anything. */
#pragma once

#include <stdbool.h>

#include "lib/domain/message.h"

struct clock {
    int64_t now_us;   /* INT64_MIN: none yet */
    int64_t closed_s; /* end of the last closed hour, C; INT64_MIN: none yet */
};

/* Takes in one message's two clocks. True: this ends an epoch. */
bool clock_advance(struct clock *clock, const struct rules *rules, int64_t append_us, int64_t message_us);
/* now - delay; INT64_MIN while there is no now. */
int64_t clock_watermark_us(const struct clock *clock, const struct rules *rules);
/* The end of the last hour that the watermark has passed; INT64_MIN while there is none. */
int64_t clock_due_s(const struct clock *clock, const struct rules *rules);
