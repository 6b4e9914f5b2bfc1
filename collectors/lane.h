/* What is on its way to one partition of usage.records: the records that wait for its next message, whose
 * they are, and what of the messages is acknowledged. No IO: the sender appends. Times are monotonic. */
#pragma once

#include "collectors/submission.h"
#include "lib/port/log.h"

struct lane {
    struct batch batch;
    VEC(struct submission *) submissions; /* whose records are in it */
    int64_t clock_us;                     /* the latest that one of its records was judged by */
    int64_t opened_ms;
    int64_t sent_ms;       /* when its last message was sent */
    uint32_t sent_round;   /* and in which round of ticks */
    uint32_t in_flight;    /* messages */
    int64_t silent_ms;     /* since when nothing came back of what is in flight */
    uint64_t acknowledged; /* messages, of this incarnation */
    int64_t last_offset;   /* of those, over all incarnations; -1: none yet */
};

/* A message on its way. */
struct flight {
    int64_t clock_us;
    uint32_t round;
    VEC(struct submission *) submissions;
};

struct lane *lanes_new(uint32_t count);
void lanes_free(struct lane *lanes, uint32_t count);

/* A record joins; its submission is noted once a message. */
void lane_add(struct lane *lane, struct submission *submission, const struct record *record, int64_t now_ms);
/* The lane's message was appended as `flight`, which takes over its submissions. */
void lane_sent(struct lane *lane, struct flight *flight, int64_t now_ms);
/* A message of it was acknowledged, or failed. False: its offset does not rise above one that was
 * acknowledged before, so records that were acknowledged are lost (DESIGN §6). */
__attribute__((warn_unused_result)) bool lane_delivered(struct lane *lane,
                                                        const struct log_delivery *delivery, int64_t now_ms);
/* How long something is in flight and nothing came back. */
int64_t lane_silence_ms(const struct lane *lane, int64_t now_ms);
/* What waits is dropped, and a new incarnation begins: of what is in flight nothing is known. */
void lane_begin_again(struct lane *lane);
