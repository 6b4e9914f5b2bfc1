/* An HTTP/1.1 answer as it is sent: its head, and the body behind it. Pure. */
#pragma once

#include "lib/base/pack.h"

struct response_header {
    const char *name;
    const char *value;
};

struct response {
    unsigned status;
    const char *content_type; /* NULL: none */
    struct str body;
    const struct response_header *headers; /* those beside; up to one without a name, or NULL */
    bool is_last;                          /* of its connection, which is said */
    bool is_head_alone;                    /* to HEAD: the body's size alone is told */
    int64_t now_s;                         /* since 1970, for Date */
};

/* "Not Found"; of a status that is not among ours: "Unknown". */
const char *response_reason(unsigned status);
/* Behind what `out` holds. */
void response_print(const struct response *response, struct packer *out);
