/* Files of CloudEvents in simulated time: the file's own times are the clock (DESIGN §2, Simulated time). */
#pragma once

#include <stdbool.h>

#include "lib/io/metrics.h"

struct file_source_options {
    const char *kafka;
    const char *prefix;
    const char *until;      /* RFC 3339; "": the end of the hour of the latest event */
    const char *until_file; /* where the TIME that was used is written, in seconds; "": nowhere */
    const char *const *files;
    int file_count;
    bool whole_hours; /* a TIME that is no whole hour is refused */
};

enum file_source_metric {
    FILE_ACCEPTED,
    FILE_REJECTED,
    FILE_MESSAGES,
    FILE_METRICS,
};
extern struct metric file_source_metrics[FILE_METRICS];

/* Sends the files' events and the ticks up to TIME. Returns the exit status: 0, 3 (some were rejected), 2. */
int file_source_run(const struct file_source_options *options);
