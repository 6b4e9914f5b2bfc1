/* Whether a collector may trust its own clock, told by the broker's append times (DESIGN §2, Lateness). Pure.
 *
 * Trust is lost by one message whose clock is over 5 s ahead of its append time, or whose append time is over
 * 5 s ahead of our clock when we hear of it. It is won, at first and again, by a round (an epoch) in which a
 * message of every partition was sent and agreed, and none disagreed.
 *
 * Trust may be given while the clock is wrong already: no message has told yet. So a refusal that rests on
 * the clock ("too early", "too late") is a doubt, until a round that began after it has agreed as a whole. */
#pragma once

#include <stdbool.h>

#include "lib/base/vec.h"

struct trust {
    bool given;
    bool disagreed;          /* in this round */
    uint32_t round;          /* under way; 0: none yet */
    uint32_t agreed;         /* partitions that have agreed in it */
    uint32_t whole;          /* the last round that all partitions have agreed in; 0: none */
    uint32_t disagreements;  /* messages, ever */
    VEC(uint32_t) agreed_in; /* a partition's last round that it agreed in */
};

/* Forgets everything; there is no trust. */
void trust_reset(struct trust *trust, uint32_t partitions);
void trust_release(struct trust *trust);
/* Messages sent from now on count for a new round. Returns its number. */
uint32_t trust_begin_round(struct trust *trust);

/* A message that was acknowledged. */
struct trust_sign {
    uint32_t partition;
    uint32_t round; /* that it was sent in */
    int64_t message_us;
    int64_t append_us;
    int64_t now_us; /* our clock, on hearing of it */
};
/* Returns whether the clocks agree. */
bool trust_hear(struct trust *trust, const struct trust_sign *sign);

/* A refusal that rests on the clock. */
struct doubt {
    uint32_t round; /* under way when it came */
    uint32_t disagreements;
    int64_t apart_us; /* the clock that it was judged by, less a clock that never steps */
};
enum doubt_outcome {
    DOUBT_OPEN,
    DOUBT_STANDS, /* the clock was right: the refusal is for good */
    DOUBT_FALLS,  /* the clock may have been wrong: judge the event again, later */
};
/* steady_us: of a clock that never steps, read together with clock_us. */
struct doubt trust_doubt(const struct trust *trust, int64_t clock_us, int64_t steady_us);
/* Both clocks as they are now. A disagreement since, or a step since (one that was set back too), and it
 * falls. */
enum doubt_outcome trust_settle(const struct trust *trust, const struct doubt *doubt, int64_t clock_us,
                                int64_t steady_us);
