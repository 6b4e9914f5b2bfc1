/* What time it is for the broker, whose append times are log time (DESIGN §2). */
#pragma once

#include <stdint.h>

#include "lib/port/error.h"

/* Asked by a message to a topic of its own, PREFIXhourglass.clock.PID, made for that and deleted again: no
 * topic of the generation is written to. */
enum error_class broker_clock(const char *brokers, const char *prefix, int64_t *now_us, struct error *error);
