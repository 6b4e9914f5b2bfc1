/* The settler's process: usage.frames settled into PostgreSQL, each frame once (DESIGN §5). */
#pragma once

#include "lib/io/readiness.h"

struct settler_options {
    const char *kafka;
    const char *prefix;
    const char *database;
    const char *schema;
    const char *partitions; /* "group", "all", or numbers with commas */
    const char *group;
    const char *instance;
};

extern struct readiness settler_readiness;

/* Works until told to stop. Returns the exit status. */
int settler_run(const struct settler_options *options);
