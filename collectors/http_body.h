/* The body of one request, as it comes in: undone of its coding, and bounded at each step.
 *
 * What is held of it (CONTRACT §5: bodies are bounded) is counted among what all requests hold, an inflater's
 * own memory too. A coded body has one bound for both: what came, and what it comes to. */
#pragma once

#include "collectors/core/headers.h"
#include "collectors/core/inflater.h"
#include "lib/base/pack.h"
#include "lib/io/metrics.h"

struct http_body_limits {
    int64_t body_bytes;        /* of one request */
    int64_t held_bytes;        /* of all */
    struct metric *held_total; /* by all, now */
};

enum http_body_outcome {
    HTTP_BODY_GOOD,
    HTTP_BODY_TOO_LARGE,
    HTTP_BODY_NO_ROOM, /* others hold too much */
    HTTP_BODY_CORRUPT,
    HTTP_BODY_TRAILING,
    HTTP_BODY_TRUNCATED,
};

struct http_body {
    enum coding coding;
    struct packer plain;
    struct inflater *inflater; /* from the first byte of a coded one on */
    int64_t arrived_bytes;
    int64_t counted_bytes; /* this one's share of what is held */
};

/* After an outcome other than GOOD nothing but release is of use. */
__attribute__((warn_unused_result)) enum http_body_outcome
http_body_take(struct http_body *body, struct str piece, const struct http_body_limits *limits);
/* All has come. */
__attribute__((warn_unused_result)) enum http_body_outcome
http_body_end(struct http_body *body, const struct http_body_limits *limits);
/* Lets go of all that is held; may be called again. */
void http_body_release(struct http_body *body, const struct http_body_limits *limits);
