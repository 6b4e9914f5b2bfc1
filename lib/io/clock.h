/* The machine's two clocks, in microseconds. */
#pragma once

#include <stdint.h>

/* Since 1970. It may step, either way. */
int64_t clock_real_us(void);
/* Never steps back; since when it counts means nothing. A signal's handler may call it. */
int64_t clock_steady_us(void);
