/* The generation's manifest, as a collector reads it at start: it sends nothing without one (DESIGN §2). */
#pragma once

#include "lib/codec/topics.h"
#include "lib/domain/topics.h"
#include "lib/port/host.h"
#include "lib/port/log.h"

/* Opens a handle that reads, for as long as it takes. FATAL: there is none, or it is of the other kind
 * (`simulated`: for files in their own time), or of rules that this program does not know. RETRY: the log
 * does not answer, or the process is to stop. */
enum error_class generation_read(const struct log_opener *reads, struct host *host,
                                 const struct topics *topics, bool simulated, struct generation *out,
                                 struct error *error);
