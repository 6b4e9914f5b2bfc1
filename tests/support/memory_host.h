/* A host of simulated time: the clock of a log in memory. Random numbers are 0, so that pauses are the
 * shortest. */
#pragma once

#include "lib/port/host.h"
#include "lib/port/memory_log.h"

struct memory_host {
    struct host host;
    struct memory_log *log;
    bool stopping;
    int64_t paused_ms; /* all pauses so far */
};

void memory_host_init(struct memory_host *host, struct memory_log *log);
