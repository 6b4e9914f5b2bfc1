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
