/* What the HTTP server (http_server.h) and whoever answers its requests have in common. */
#pragma once

#include <netinet/in.h>

#include "collectors/core/head.h"
#include "collectors/core/response.h"
#include "lib/io/metrics.h"

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

/* The server's thread. `body` is copied; what has none has no content type either. */
void http_exchange_answer(struct exchange *exchange, const struct response *response);
/* Any thread; once, after `end` has begun. */
void http_exchange_wake(struct exchange *exchange);
