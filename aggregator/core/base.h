/* What a fold holds, as records: who folds these and then the log from its next offset on has the same
 * levels, and the same counts, of every hour from its closed_s on. For who shows a log that no longer reaches
 * back, and begins at a snapshot of it.
 *
 * Changes inside the horizon are told as the events that they were. What they stand on is told by records
 * that are made: a launch (or a report of bytes) at the time since when it is so, a count for what the open
 * hours have summed up, a heartbeat for a sign of life. Orders and payments are no state of the fold (DESIGN
 * §4): they are not told. */
#pragma once

#include "aggregator/core/fold.h"

/* `made`: it stands for others; its id begins with "base-", and its source is "hourglass". The record is good
 * during the call. */
typedef void base_visit(void *context, const struct record *record, bool made);

/* Between epochs. In the order of the fold's memory. */
void fold_base(const struct fold *fold, base_visit *visit, void *context);
