/* Keeps refused events in usage.rejects, as far as there is room (DESIGN §3): for eyes, so nothing here ever
 * delays or fails a verdict. It has a handle of its own, opened with the first reject; one that fails takes
 * with it what was on its way, and is opened again after a pause.
 *
 * Bounded in messages and bytes a second, and in what is on its way; what is not kept is counted. */
#pragma once

#include "collectors/core/rejects.h"
#include "lib/io/metrics.h"
#include "lib/port/host.h"
#include "lib/port/log.h"

struct reject_log_config {
    struct log_opener opener;
    struct host *host;
    const char *topic; /* kept */
    struct metric *kept;
    struct metric *not_kept;
};

struct reject_log;

struct reject_log *reject_log_new(const struct reject_log_config *config);
/* What is on its way is not kept. */
void reject_log_free(struct reject_log *log);

/* By account where it is known, else in partition 0. */
void reject_log_keep(struct reject_log *log, const struct rejects *rejects, uint32_t partitions);
/* Hears what was acknowledged; waits for nothing. */
void reject_log_turn(struct reject_log *log);
/* What is on its way, messages. */
uint32_t reject_log_pending(const struct reject_log *log);
