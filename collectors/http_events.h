/* The events of a body: what is good goes into a submission, what is refused into the answer's list and into
 * the submission's rejects. No IO: the body, the clock and who sent it are arguments. */
#pragma once

#include "collectors/core/lateness.h"
#include "collectors/core/refusal.h"
#include "collectors/http_form.h"
#include "collectors/submission.h"

struct event_reader;

/* `batch_events`: a body has at most so many. */
struct event_reader *event_reader_new(int64_t batch_events);
void event_reader_free(struct event_reader *reader);

struct http_body_of_events {
    enum http_form form;
    struct str text;
    const struct event_attributes *attributes; /* of HTTP_FORM_BINARY */
    struct str sender;                         /* its address */
    struct horizons horizons;
};

struct http_events {
    struct submission *submission; /* the caller's, with its clock; filled, and told to be in doubt */
    bool too_many;                 /* and nothing else counts */
    struct packer rejected;        /* for the answer: JSON items */
    struct packer first_reason;    /* of what was refused; size 0: nothing was */
    uint64_t rejected_count;       /* items */
    uint32_t refused[REFUSAL_COUNT];
};

void http_events_take(struct http_events *events, struct event_reader *reader,
                      const struct http_body_of_events *body);
void http_events_release(struct http_events *events);
