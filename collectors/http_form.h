/* Which of CloudEvents' HTTP forms a request has, and what its headers say (CloudEvents HTTP binding 1.0). */
#pragma once

#include "collectors/core/accept.h"
#include "collectors/core/head.h"
#include "collectors/core/headers.h"
#include "lib/base/arena.h"

enum http_form { HTTP_FORM_NONE, HTTP_FORM_EVENT, HTTP_FORM_BATCH, HTTP_FORM_BINARY };

/* NONE: none of the three. */
enum http_form http_form_of(const struct head *head);

/* How the body is coded, by all Content-Encoding headers. */
enum coding http_form_coding(const struct head *head);
/* What they say, for an answer: cut, and bytes that are no printable ASCII shown as "?". */
void http_form_coding_text(const struct head *head, char *out, size_t size);
/* Whether any Prefer header says reply, as brokers of eventing systems do: they take a body for an event. */
bool http_form_prefers_reply(const struct head *head);

/* The ce-* headers of the binary mode, decoded. */
struct http_attributes {
    struct event_attributes event;
    struct arena bytes;
};
void http_form_attributes(const struct head *head, struct http_attributes *out);
void http_form_release(struct http_attributes *attributes);

/* Whether the token is one of the lines, compared in a time that does not tell how far it fits. */
bool http_form_token_known(struct str lines, struct str token);
