/* From submissions to messages of usage.records, with ticks and a clock that is trusted only as far as the
 * log's agrees (DESIGN §2, §3). One thread works; submissions come in through a queue.
 *
 * A submission is DURABLE when every message that carries a record of it is acknowledged; and what its source
 * refused by the clock only after a round of ticks begun since has agreed. What is not so in `answer_ms` is
 * UNAVAILABLE; its messages stay queued.
 *
 * A log that is away is waited for, for as long as it takes: not ready meanwhile, and said at once and then
 * once a minute. A handle that fails is discarded with all that has no verdict, and another begins as a new
 * incarnation after a pause. Only what waiting does not heal ends the work. */
#pragma once

#include "collectors/core/lateness.h"
#include "collectors/submission.h"
#include "lib/io/metrics.h"
#include "lib/port/host.h"
#include "lib/port/log.h"

struct sender_options {
    const char *prefix;
    struct str feed; /* the entrance; stands in its messages */
    int64_t linger_ms;
    int64_t answer_ms; /* how long a submission may wait for its verdict */
};

/* What it works on. */
struct sender_ports {
    struct log_opener appends;
    struct log_opener reads;   /* the generation's manifest, when a handle is opened */
    struct log_opener rejects; /* appends too; may be the same */
    struct host *host;
    int64_t (*clock_us)(void *context); /* since 1970; it may step */
    void *clock_context;
};

enum sender_metric {
    SENDER_RECORDS,
    SENDER_MESSAGES,
    SENDER_TICKS,
    SENDER_DURABLE,
    SENDER_UNAVAILABLE,
    SENDER_DISAGREEMENTS,
    SENDER_RESTARTS,
    SENDER_TAILS_LOST,
    SENDER_REJECTS_KEPT,
    SENDER_REJECTS_NOT_KEPT,
    SENDER_WAITING,
    SENDER_IN_FLIGHT,
    SENDER_METRICS,
};

struct sender;

struct sender *sender_new(const struct sender_options *options, const struct sender_ports *ports,
                          struct metric metrics[SENDER_METRICS]);
void sender_free(struct sender *sender);

/* Any thread: hands it in (the sender holds it). False: no events may be accepted now. */
__attribute__((warn_unused_result)) bool sender_submit(struct sender *sender, struct submission *submission);
/* Any thread: hands in what is only to be kept: refused for good, and told already. */
void sender_keep(struct sender *sender, struct submission *submission);
/* Any thread: whether events may be accepted now. False before the first agreed round of ticks, while the
 * clock is not trusted, and at the end. While the log is silent they may: they wait. */
bool sender_is_open(const struct sender *sender);
/* Ready: open, and the log acknowledges what is sent. */
struct readiness *sender_readiness(struct sender *sender);
/* Any thread, once it was open. */
struct horizons sender_horizons(const struct sender *sender);

/* Works until the host stops; then sends what it has, for at most a few seconds. Returns the exit status. */
int sender_run(struct sender *sender);

/* sender_run in pieces, for who has a loop of its own: turns until false or the host stops, then the end. */
__attribute__((warn_unused_result)) bool sender_turn(struct sender *sender);
int sender_finish(struct sender *sender);
