/* The collector's live half: records of requests into messages of usage.records, with ticks and a clock that
 * is trusted only as far as the broker's agrees (DESIGN §2, §3). One thread; requests come in through a
 * queue. */
#pragma once

#include "collectors/core/lateness.h"
#include "collectors/request.h"
#include "lib/io/kafka.h"
#include "lib/io/metrics.h"

struct sender_options {
    const char *kafka;
    const char *prefix;
    int64_t linger_ms;
    int64_t answer_ms; /* how long a request may wait for its acknowledgement */
};

enum sender_metric {
    SENDER_RECORDS,
    SENDER_MESSAGES,
    SENDER_TICKS,
    SENDER_DURABLE,
    SENDER_UNAVAILABLE,
    SENDER_DISAGREEMENTS,
    SENDER_RESTARTS,
    SENDER_WAITING,
    SENDER_IN_FLIGHT,
    SENDER_METRICS,
};

struct sender;

/* `verdict` is called by the sender's thread once a request has one. */
struct sender *sender_new(const struct sender_options *options, struct metric metrics[SENDER_METRICS],
                          void (*verdict)(struct request *request));
void sender_free(struct sender *sender);

/* Any thread: hands a request over (the sender holds it). False: no events may be accepted now. */
__attribute__((warn_unused_result)) bool sender_submit(struct sender *sender, struct request *request);
/* Any thread: whether events may be accepted now. False before the first agreed round of ticks, while the
 * clock is not trusted, and at the end. */
bool sender_ready(const struct sender *sender);
struct readiness *sender_readiness(struct sender *sender);
/* Any thread, once it was ready. */
struct horizons sender_horizons(const struct sender *sender);

/* Works until process_stopping; then sends what it has, for at most a few seconds. Kafka may come later than
 * it, and go. Returns the exit status. */
int sender_run(struct sender *sender);
