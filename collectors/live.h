/* The live collector: HTTP in, Kafka out. */
#pragma once

#include "collectors/http_source.h"

struct live_options {
    const char *kafka;
    struct sender_options sender;
    struct http_source_options http;
};

/* Works until told to stop. Returns the exit status. */
int live_run(const struct live_options *options);
