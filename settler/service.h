/* The settler as a process: its partitions, handed out
 * by Kafka until it is told to stop. */
#pragma once

#include "lib/io/readiness.h"
#include "settler/store/pg/pg_store.h"

struct settler_options {
    const char *kafka;
    const char *prefix;
    const char *partitions; /* "group", "all", or numbers with commas */
    const char *group;      /* "": by the prefix */
    const char *instance;
    struct pg_store_options database;
};

extern struct readiness settler_readiness;

/* Works until told to stop, by a struct settler_options. Returns the exit status. */
int settler_serve(void *context);
