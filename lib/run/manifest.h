/* The generation's manifest, as `hourglass init` wrote it into aggregator.snapshots[0] (DESIGN §2): how many
 * partitions there are, the rules, the hash of the first message. */
#pragma once

#include "lib/codec/topics.h"
#include "lib/domain/topics.h"
#include "lib/run/read_through.h"

/* *out with partitions 0: there is none. ERROR_RETRY: nothing came for the source's limit, or the process is
 * to stop. */
enum error_class manifest_read(const struct read_source *source, const struct topics *topics,
                               struct generation *out, struct error *error);
