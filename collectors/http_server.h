/* An HTTP/1.1 server: requests in, answers out, by a handler that knows neither sockets nor bytes on the
 * wire. One thread; docs/decisions/ says why it is our own.
 *
 * What is bounded: connections in all and an address, the bytes of a head, and time: each step of a
 * connection has a deadline, so one that dribbles is cut off and takes nothing from others. When it is full,
 * whoever has been idle longest is cut off for who comes; when nobody is idle, who comes is told 503. When
 * the system has no descriptor left it says so, and pauses. A head that is not strictly HTTP (core/head.h) is
 * refused, and its connection ends after the answer: where the next request begins is not known. */
#pragma once

#include <netinet/in.h>

#include "collectors/core/head.h"
#include "collectors/core/response.h"
#include "lib/io/metrics.h"
#include "lib/port/error.h"

/* A request under way. */
struct exchange {
    struct head head;        /* valid until `done` */
    struct in6_addr address; /* the client's; IPv4's are mapped */
    void *call;              /* the handler's own; NULL at first */
};

/* All are called by the server's thread. What is begun is done once, whatever happens between. */
struct http_handler {
    /* The head is here. It may be answered at once: then what follows of its body is not read. */
    void (*begin)(void *context, struct exchange *exchange);
    /* A piece of the body; it has no answer yet. */
    void (*piece)(void *context, struct exchange *exchange, struct str piece);
    /* All is here. It is answered now, or after it was woken. */
    void (*end)(void *context, struct exchange *exchange);
    /* http_exchange_wake was called. It is answered now. */
    void (*woken)(void *context, struct exchange *exchange);
    /* Answered, or its client is gone. */
    void (*done)(void *context, struct exchange *exchange);
    /* What is no request of HTTP's, or one too many, is to be answered with that status now. It is not begun:
     * its head says nothing. */
    void (*refused)(void *context, struct exchange *exchange, unsigned status, struct str why);
    /* Some times a second, whether requests come or not; NULL: nothing to do then. */
    void (*look)(void *context);
};

struct http_server_config {
    int64_t connections;
    int64_t address_connections; /* of one address */
    int32_t request_ms;          /* head and body must be here by then */
    const struct http_handler *handler;
    void *context;
    struct metric *open;     /* connections, now */
    struct metric *cut_off;  /* their clients were too slow */
    struct metric *cut_idle; /* for others, who came */
    struct metric *refused;  /* told 503: nobody was idle */
    struct metric *failed;   /* accept() */
};

struct http_server;

/* Takes the listening socket over. */
struct http_server *http_server_start(const struct http_server_config *config, int listening);
/* Takes no more connections; those that are open go on. */
void http_server_quiesce(struct http_server *server);
/* Ends what is open where it stands. No exchange is woken any more. */
void http_server_stop(struct http_server *server);

/* The server's thread. `body` is copied; what has none has no content type either. */
void http_exchange_answer(struct exchange *exchange, const struct response *response);
/* Any thread; once, after `end` has begun. */
void http_exchange_wake(struct exchange *exchange);
