/* Appends to a log until it has room, and waits until all is acknowledged: what is on its way is bounded.
 *
 * A log that is away is waited for, for as long as the sender says; the wait is told to whoever answers for
 * readiness. Both end with ERROR_NONE when the process is to stop: what was not sent is said again by the
 * next one, or by a caller that looks at host->stopping. */
#pragma once

#include "lib/port/host.h"
#include "lib/port/log.h"

struct send {
    struct log *log;
    struct host *host;
    uint64_t bytes_max; /* of values on their way; 0: the log's own bound alone */
    int64_t limit_ms;   /* so long nothing may be acknowledged, then ERROR_RETRY; 0: waits for ever */
    void (*waited)(void *context, int64_t waited_ms); /* nothing was acknowledged for so long; may be NULL */
    void *context;
};

/* Appends; while there is no room it serves deliveries. */
enum error_class send_record(const struct send *send, const struct log_record *record, struct error *error);
/* Until no more than `most` records are on their way. */
enum error_class send_drain(const struct send *send, uint32_t most, struct error *error);
