/* POST /v1/events: CloudEvents over HTTP in their three forms, answered after Kafka's acknowledgement
 * (CONTRACT §5). OPTIONS there is the handshake of CloudEvents' web hooks (§4 of their specification):
 * whoever sends may, as often as they like, so the answer is the same to all, says nothing of us and asks for
 * no token; a callback is never called.
 *
 * Memory is bounded whatever comes in: bodies, events of a body, connections (http_server.h), and the sum of
 * all bodies and of all records that Kafka has not acknowledged yet, whose clients may long be gone. A
 * request that is refused is read to its end, dropped, and then answered, so that the answer arrives. */
#pragma once

#include "collectors/core/refusal.h"
#include "collectors/sender.h"

struct http_source_options {
    const char *address;
    uint16_t port;          /* 0: any free one */
    const char *port_file;  /* "": nowhere */
    const char *token_file; /* bearer tokens, one a line; "": everybody may send */
    bool (*reload)(void);   /* whether they are to be read again now; NULL: never */
    int64_t body_bytes;     /* of one request; more is 413 */
    int64_t batch_events;   /* of one request; more is 413 */
    int64_t held_bytes;     /* of all requests that Kafka has not; more is 503 */
    int64_t connections;
    int64_t address_connections; /* of one address; 0: a quarter of them */
    int64_t request_ms;          /* head and body must be here by then */
};

enum http_source_metric {
    HTTP_ACCEPTED,
    HTTP_REJECTED,
    HTTP_REFUSED, /* a row for each enum refusal */
    HTTP_REFUSED_LAST = HTTP_REFUSED + REFUSAL_COUNT - 1,
    HTTP_ANSWERS_200,
    HTTP_ANSWERS_202,
    HTTP_ANSWERS_4XX,
    HTTP_ANSWERS_503,
    HTTP_ANSWERS_5XX,
    HTTP_CONNECTIONS,
    HTTP_CUT_OFF,
    HTTP_CUT_IDLE,
    HTTP_CONNECTIONS_REFUSED,
    HTTP_ACCEPT_FAILED,
    HTTP_HELD_BYTES,
    HTTP_METRICS,
};

enum http_source_latency { HTTP_REQUEST, HTTP_LATENCIES };

struct http_source;

/* NULL: the port cannot be had, or the tokens cannot be read; `error` names it. */
struct http_source *http_source_start(const struct http_source_options *options,
                                      struct metric metrics[HTTP_METRICS],
                                      struct latency latencies[HTTP_LATENCIES], struct sender *sender,
                                      struct error *error);
uint16_t http_source_port(const struct http_source *source);
/* Every request has its verdict; answers get a moment to leave. */
void http_source_stop(struct http_source *source);
