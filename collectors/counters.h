/* What the live collector counts, in one table: the sender's rows, then those of HTTP. */
#pragma once

#include "collectors/http_source.h"
#include "collectors/sender.h"

enum { COLLECTOR_METRICS = (int)SENDER_METRICS + (int)HTTP_METRICS };
extern struct metric collector_metrics[COLLECTOR_METRICS];
extern struct latency collector_latencies[HTTP_LATENCIES];
extern const struct metrics collector_all_metrics;
