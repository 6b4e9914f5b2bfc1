/* One HTTP request's events on their way to Kafka: made by the server's thread, settled by the sender's.
 *
 * It lives until both the server and every message that carries a record of it let go; so what it holds is
 * counted until Kafka has it, whatever its client was told meanwhile. */
#pragma once

#include <stdatomic.h>

#include "collectors/core/batch.h"
#include "lib/base/pack.h"
#include "lib/io/metrics.h"

enum request_verdict {
    REQUEST_WAITING,
    REQUEST_DURABLE,     /* all acknowledged by Kafka */
    REQUEST_UNAVAILABLE, /* not in time, or not at all: the client sends again */
};

struct request {
    atomic_int holders;
    _Atomic enum request_verdict verdict;
    struct metric *held_bytes; /* of all requests, until Kafka has them */
    int64_t charged_bytes;     /* this one's share of them */
    int64_t clock_us;          /* its events were judged by */
    struct batch accepted;     /* its records, until they are in messages */
    struct packer rejected;    /* JSON items */
    uint64_t accepted_count;
    uint32_t unacknowledged; /* messages that carry its records; the sender's */
    bool queued_all;         /* every record is in a lane; the sender's */
    int64_t deadline_ms;     /* monotonic; then it is UNAVAILABLE */
    void *connection;        /* the server's; resumed when there is a verdict */
    struct request *next;
};

struct request *request_new(struct metric *held_bytes);
/* Counts what it holds by now among all that is held, until the last holder lets go. */
void request_charge(struct request *request);
void request_hold(struct request *request);
void request_let_go(struct request *request);
