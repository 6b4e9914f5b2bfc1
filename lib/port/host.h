/* What a worker asks of the process that it runs in: time that never steps, whether to stop, and a pause.
 *
 * Adapters: lib/io/process.h; simulated time in tests. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct host {
    int64_t (*now_ms)(struct host *host);               /* monotonic */
    bool (*stopping)(struct host *host);                /* the worker is to end soon */
    void (*alive)(struct host *host);                   /* called at least every few seconds */
    void (*pause)(struct host *host, int64_t pause_ms); /* ends early when the process is to stop */
    uint64_t (*random)(struct host *host);              /* for jitter alone */
    int64_t (*clock_s)(struct host *host);              /* seconds since 1970, for eyes alone; NULL: none */
};
