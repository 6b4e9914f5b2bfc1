/* Events in, records out: accept(bytes) -> record or reason (CONTRACT §2), pure.
 *
 * An event is accepted whole or rejected whole, with the first field, in CONTRACT's order, that breaks a
 * rule. Records and reasons are slices of the acceptor's memory and of what the caller handed in; they stay
 * good until the acceptor is called again, the bytes handed in change, or it is freed. Event texts may be of
 * any size below 4 GiB: the acceptor keeps memory for the largest that it has seen, so the caller bounds
 * them.
 *
 * Too early and too late (CONTRACT §2.3) are the live pipeline's to judge: there is no clock here. */
#pragma once

#include "collectors/core/fields.h"

struct acceptor;

struct rejection {
    enum field field;  /* that broke a rule */
    struct str reason; /* "data.sku: expected ..." */
    struct str id;     /* as the event has it, good or bad; `at` is NULL where it has no string of that key */
};

/* CloudEvents' binary mode: attributes beside the data. `at` is NULL where there is none. */
struct event_attributes {
    struct str specversion;
    struct str id;
    struct str source;
    struct str type;
    struct str subject;
    struct str time;
};

/* What an event calls itself, whether it was accepted or not; `at` is NULL where it has no such string, or
 * was refused before it was looked for. */
struct event_names {
    struct str account;
    struct str type;
    struct str source;
    struct str id;
};

/* One of the two is not NULL. Returns whether to tell the next one. */
typedef bool accept_each(void *context, size_t index, const struct record *record,
                         const struct rejection *rejection);

/* Running out of memory ends the process. */
struct acceptor *acceptor_new(void);
void acceptor_free(struct acceptor *acceptor);

/* One event, a JSON object. False: it is rejected, and nothing is written to *out. */
__attribute__((warn_unused_result)) bool accept_event(struct acceptor *acceptor, struct str json,
                                                      struct record *out, struct rejection *rejection);

/* One event whose attributes stand beside its data, a JSON object; the attributes need not be UTF-8.
 * Data that is no JSON object is rejected as `data`. */
__attribute__((warn_unused_result)) bool accept_binary(struct acceptor *acceptor,
                                                       const struct event_attributes *attributes,
                                                       struct str data, struct record *out,
                                                       struct rejection *rejection);

/* A JSON array of events: calls `each` for every one, in order, with a record or a rejection, until it says
 * to stop. Both stay valid until the acceptor is called again, not just during the call. Each event may be 64
 * deep. False: it is no such array, and `each` was not called. */
__attribute__((warn_unused_result)) bool accept_batch(struct acceptor *acceptor, struct str json,
                                                      accept_each *each, void *context,
                                                      struct rejection *rejection);

/* Of the event that was told last. */
struct event_names accept_names(const struct acceptor *acceptor);
/* The JSON of the event of a batch that was told last, written anew, as much of it as there is room for.
 * Returns its size. */
uint32_t accept_text(const struct acceptor *acceptor, char *out, uint32_t room);
