/* An HTTP/1.1 server: requests in, answers out, by a handler that knows neither sockets nor bytes on the
 * wire. One thread; docs/decisions/ says why it is our own.
 *
 * What is bounded: connections in all and an address, the bytes of a head, and time: each step of a
 * connection has a deadline, so one that dribbles is cut off and takes nothing from others. When it is full,
 * whoever has been idle longest is cut off for who comes; when nobody is idle, who comes is told 503. When
 * the system has no descriptor left it says so, and pauses. A head that is not strictly HTTP (core/head.h) is
 * refused, and its connection ends after the answer: where the next request begins is not known. */
#pragma once

#include "collectors/http_handler.h"

struct http_server;

/* Takes the listening socket over. */
struct http_server *http_server_start(const struct http_server_config *config, int listening);
/* Takes no more connections; those that are open go on. */
void http_server_quiesce(struct http_server *server);
/* Ends what is open where it stands. No exchange is woken any more. */
void http_server_stop(struct http_server *server);
