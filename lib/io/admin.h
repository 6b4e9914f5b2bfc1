/* The admin port of a process, on loopback unless told otherwise: /healthz (it lives), /readyz (it does its
 * work; else 503 with why not and since when), /metrics. */
#pragma once

#include "lib/io/metrics.h"
#include "lib/io/readiness.h"
#include "lib/port/error.h"

struct admin;

struct admin_config {
    const char *address;
    uint16_t port;         /* 0: any free one */
    const char *port_file; /* the port is written there; "" or NULL: nowhere */
    const struct metrics *metrics;
    struct readiness *readiness; /* what /readyz says; NULL: always ready */
};

/* NULL: `error` names the address and port, or the file, that cannot be had. */
struct admin *admin_start(const struct admin_config *config, struct error *error);
uint16_t admin_port(const struct admin *admin);
void admin_stop(struct admin *admin);
