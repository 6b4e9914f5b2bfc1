/* POST /v1/events: CloudEvents over HTTP in their three forms, answered after Kafka's acknowledgement
 * (CONTRACT §5). Memory is bounded whatever comes in; a client that dribbles is cut off by deadlines of ours.
 */
#pragma once

#include "collectors/sender.h"

struct http_source_options {
    const char *address;
    uint16_t port;          /* 0: any free one */
    const char *port_file;  /* "": nowhere */
    const char *token_file; /* bearer tokens, one a line; "": everybody may send */
    int64_t body_bytes;     /* of one request; more is 413 */
    int64_t held_bytes;     /* of all requests under way; more is 503 */
    int64_t connections;
};

enum http_source_metric {
    HTTP_ACCEPTED,
    HTTP_REJECTED,
    HTTP_ANSWERS_200,
    HTTP_ANSWERS_4XX,
    HTTP_ANSWERS_503,
    HTTP_CUT_OFF,
    HTTP_HELD_BYTES,
    HTTP_METRICS,
};

struct http_source;

/* NULL: the port cannot be had, or the tokens cannot be read (errno). */
struct http_source *http_source_start(const struct http_source_options *options,
                                      struct metric metrics[HTTP_METRICS], struct sender *sender);
uint16_t http_source_port(const struct http_source *source);
/* The sender's callback: the request has a verdict. */
void http_source_answer(struct request *request);
void http_source_stop(struct http_source *source);
