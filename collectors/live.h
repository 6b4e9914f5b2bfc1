/* The live collector: HTTP in, Kafka out. */
#pragma once

#include "collectors/http_source.h"

struct live_options {
    const char *kafka;
    struct sender_options sender;
    struct http_source_options http;
    const char *admin_address;
    int64_t admin_port;
    const char *admin_port_file;
};

/* Works until told to stop. Returns the exit status. */
int live_run(const struct live_options *options);
