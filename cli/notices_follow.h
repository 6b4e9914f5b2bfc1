/* `hourglass notices --follow`: billing.notices, as it comes. Each notice is printed as often as it is there:
 * at least once (CONTRACT §6). */
#pragma once

#include <stdbool.h>

struct notices_follow {
    const char *kafka;
    const char *prefix;
    const char *account; /* "": all */
    const char *format;
    bool from_beginning; /* else what comes from now on */
};

/* Until it is told to stop, or its output is closed. Returns the exit status; what went wrong is said. */
int notices_follow(const struct notices_follow *follow);
