/* A socket that listens: by address and port, or one that says by name what cannot be had. */
#pragma once

#include <stdint.h>

#include "lib/port/error.h"

struct listener_place {
    const char *address;   /* an address of this machine, or a name that resolves to one */
    uint16_t port;         /* 0: any free one */
    const char *port_file; /* the port is written there, whole or not at all; "" or NULL: nowhere */
};

/* A TCP socket that listens, does not block and is closed on exec; the caller closes it. -1: `error` says
 * which address, port or file, and why. */
__attribute__((warn_unused_result)) int listener_open(const struct listener_place *place,
                                                      struct error *error);
/* The port that it listens on. */
uint16_t listener_port(int socket);
