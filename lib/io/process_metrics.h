/* What Linux knows of this process, under the names that Prometheus' client libraries give it: CPU, memory,
 * descriptors, when it started. */
#pragma once

#include "lib/base/pack.h"

/* Lines of Prometheus' text format. What /proc does not tell is left out. */
void process_metrics_print(struct packer *out);
