/* The admin port of a process: /healthz, /readyz, /metrics, on loopback unless told otherwise. */
#pragma once

#include <stdatomic.h>

#include "lib/io/metrics.h"

struct admin;

struct admin_config {
    const char *address;
    uint16_t port;         /* 0: any free one */
    const char *port_file; /* the port is written there; "" or NULL: nowhere */
    struct metric *metrics;
    size_t metric_count;
    const _Atomic bool *ready; /* what /readyz says */
};

/* NULL: the port cannot be had (errno). */
struct admin *admin_start(const struct admin_config *config);
uint16_t admin_port(const struct admin *admin);
void admin_stop(struct admin *admin);
