/* The state that a partition's log goes on from, where its first records are gone: of the snapshots in
 * aggregator.snapshots the oldest that the log still reaches back to. */
#pragma once

#include "aggregator/core/fold.h"
#include "lib/domain/topics.h"
#include "lib/run/read_through.h"

/* For a log whose first offset is low. *fold is the caller's, its fold_next_offset at or above low; NULL: no
 * snapshot is whole and reaches so far back. */
enum error_class events_base_find(const struct read_source *source, const struct topics *topics,
                                  uint32_t partition, int64_t low, struct fold **fold, struct error *error);
