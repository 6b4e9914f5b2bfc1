/* libmicrohttpd's header, in one place, and the little that both servers share. */
#pragma once

#include <microhttpd.h>

#include "lib/base/str.h"

#if MHD_VERSION >= 0x00097002
typedef enum MHD_Result http_result;
#else
typedef int http_result;
#endif

struct http_header {
    const char *name;
    const char *value;
};

/* Queues an answer, which is copied. `content_type` NULL: it has none; `headers`: those beside it, up to one
 * without a name, or NULL. */
http_result http_answer(struct MHD_Connection *connection, unsigned status, const char *content_type,
                        struct str body, const struct http_header *headers);
/* Writes a port number to a file, whole or not at all. False: errno. */
__attribute__((warn_unused_result)) bool http_write_port(const char *path, uint16_t port);
/* The port that a daemon listens on. */
uint16_t http_port(struct MHD_Daemon *daemon);
/* An IPv4 address, or a name that has one, and port for MHD_OPTION_SOCK_ADDR. False: it has none. */
struct sockaddr_in;
__attribute__((warn_unused_result)) bool http_address(const char *address, uint16_t port,
                                                      struct sockaddr_in *out);
