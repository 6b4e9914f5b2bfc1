/* What a source hands in at once, and the verdict that comes back (DESIGN §7): the records that it accepted
 * and what it refused, in; whether all of that stands, out. Made by the source's thread, settled by the
 * sender's. Who waits for the verdict, and what is done with it, is the source's business: the sender knows
 * no HTTP.
 *
 * It lives until both the source and every message that carries a record of it release it; so what it holds
 * is counted until Kafka has it, whatever was told meanwhile. */
#pragma once

#include <stdatomic.h>

#include "collectors/core/batch.h"
#include "collectors/core/rejects.h"
#include "collectors/core/trust.h"
#include "lib/io/metrics.h"

enum verdict {
    VERDICT_WAITING,
    VERDICT_DURABLE,     /* all records are acknowledged by Kafka, and what was refused is refused for good */
    VERDICT_UNAVAILABLE, /* not in time, or not at all: to be handed in again */
};

struct submission {
    /* The source's, filled before it is handed in. */
    int64_t clock_us;                            /* that its events were judged by */
    int64_t judged_ms;                           /* monotonic, read together with that clock */
    bool is_in_doubt;                            /* a refusal rests on that clock (too early, too late) */
    struct batch accepted;                       /* its records, until they are in messages */
    uint64_t accepted_count;                     /* of them */
    struct rejects rejects;                      /* kept once the verdict is DURABLE */
    void (*told)(struct submission *submission); /* by the sender's thread, once there is a verdict; NULL:
                                                    nobody waits for it */
    void *context;                               /* the source's */
    /* The sender's. */
    _Atomic enum verdict verdict;
    uint32_t unacknowledged; /* messages that carry its records */
    struct doubt doubt;
    int64_t deadline_ms; /* monotonic; then it is UNAVAILABLE */
    struct submission *next;
    /* Both's. */
    atomic_int holders;
    struct metric *held_bytes; /* of all submissions, until Kafka has them */
    int64_t charged_bytes;     /* this one's share of them */
};

/* Held once, by its source. */
struct submission *submission_new(struct metric *held_bytes);
/* Counts what it holds by now among all that is held, until the last holder releases it; and `beside_bytes`
 * that its source holds for it. */
void submission_charge(struct submission *submission, uint32_t beside_bytes);
void submission_hold(struct submission *submission);
void submission_release(struct submission *submission);
