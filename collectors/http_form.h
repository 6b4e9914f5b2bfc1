/* Which of CloudEvents' HTTP forms a request has, and what its headers say (CloudEvents HTTP binding 1.0). */
#pragma once

#include "collectors/core/accept.h"
#include "collectors/core/headers.h"
#include "lib/base/arena.h"
#include "lib/io/http.h"

enum http_form { HTTP_FORM_NONE, HTTP_FORM_EVENT, HTTP_FORM_BATCH, HTTP_FORM_BINARY };

/* NONE: none of the three. */
enum http_form http_form_of(struct MHD_Connection *connection);

/* How the body is coded, by all Content-Encoding headers. */
enum coding http_form_coding(struct MHD_Connection *connection);
/* Whether any Prefer header says reply, as brokers of eventing systems do: they take a body for an event. */
bool http_form_prefers_reply(struct MHD_Connection *connection);

/* The ce-* headers of the binary mode, decoded. */
struct http_attributes {
    struct event_attributes event;
    struct arena bytes;
};
void http_form_attributes(struct MHD_Connection *connection, struct http_attributes *out);
void http_form_release(struct http_attributes *attributes);

/* Whether the token is one of the lines, compared in a time that does not tell how far it fits. */
bool http_form_token_known(struct str lines, struct str token);
