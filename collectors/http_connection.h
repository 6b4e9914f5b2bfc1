/* One connection of the HTTP server: bytes in, requests to the handler, answers out, one request after
 * another. The server polls for it, and calls; time is an argument. */
#pragma once

#include "collectors/core/chunks.h"
#include "collectors/http_handler.h"

enum {
    CONNECTION_READ_BYTES = 64 * 1024,
    CONNECTION_HEAD_BYTES = 32 * 1024,
};

enum connection_step {
    CONNECTION_HEAD,    /* a head is awaited, or comes in */
    CONNECTION_BODY,    /* a body comes in */
    CONNECTION_WAITING, /* for the handler */
    CONNECTION_ANSWER,  /* the answer goes out */
    CONNECTION_LINGER,  /* it was the last: what still comes is dropped, so that the answer is not lost */
    CONNECTION_CLOSED,  /* to be freed */
};

struct http_server;
struct connection;

/* What all connections of a server share. */
struct connection_shared {
    const struct http_server_config *config;
    struct http_server *server;
    /* Any thread: connection_wake is to be called soon, by the server's thread. */
    void (*wake)(struct http_server *server, struct connection *connection);
    char read[CONNECTION_READ_BYTES];
};

struct connection {
    struct exchange exchange; /* first: one is the other */
    struct connection_shared *shared;
    int socket;
    enum connection_step step;
    uint32_t polled;     /* the server's: what it polls for */
    bool is_refused;     /* one too many: told 503 */
    bool is_first;       /* no request was answered yet */
    bool is_begun;       /* `done` is due */
    bool is_answered;    /* the exchange */
    bool is_last;        /* the connection ends after the answer */
    int64_t deadline_ms; /* monotonic; INT64_MAX: none */
    int64_t idle_since_ms;
    struct packer head_bytes;
    struct head_scan scan;
    struct chunks chunks;
    int64_t body_left_bytes;
    struct packer pending; /* came behind the request that is under way */
    struct packer out;
    uint32_t out_at;
    struct connection *next, *previous; /* the server's */
    struct connection *next_woken;
};

/* Takes the socket over. */
struct connection *connection_new(struct connection_shared *shared, int socket, int64_t now_ms);
/* It is one too many: told 503 when it speaks, or after a while, and ended. */
void connection_turn_away(struct connection *connection, int64_t now_ms);
void connection_free(struct connection *connection);

/* EPOLLIN, EPOLLOUT, or 0 while the handler has it. */
uint32_t connection_polls_for(const struct connection *connection);
void connection_read(struct connection *connection, int64_t now_ms);
void connection_write(struct connection *connection, int64_t now_ms);
void connection_wake(struct connection *connection, int64_t now_ms);
/* Its deadline is over. */
void connection_expire(struct connection *connection, int64_t now_ms);
/* Between two requests, or before the first, and nothing has come. */
bool connection_is_idle(const struct connection *connection);
