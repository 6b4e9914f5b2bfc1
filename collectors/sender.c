#include "collectors/sender.h"

#include <pthread.h>
#include <stdio.h>
#include <sysexits.h>

#include "collectors/generation.h"
#include "collectors/lane.h"
#include "collectors/reject_log.h"
#include "lib/base/check.h"
#include "lib/base/partition.h"
#include "lib/base/time.h"
#include "lib/codec/usage.h"
#include "lib/domain/rules.h"
#include "lib/io/journal.h"
#include "lib/run/outage.h"

enum {
    POLL_MS = 10,
    STOP_MS = 3000,        /* what a stopping process waits for acknowledgements */
    SILENT_MS = 1000,      /* then the log is away */
    ROUND_LEAST_MS = 1000, /* between rounds that begin early */
};

/* Rounds of ticks, of monotonic time. */
struct rounds {
    int64_t every_ms; /* the rules' epoch */
    int64_t epoch;    /* that the last one of these began in; -1: none yet */
    int64_t begun_ms;
    bool is_asked; /* a doubt waits for the one under way: each partition is to say something in it */
    bool is_due;   /* a doubt waits for the next one */
};

struct sender {
    struct sender_options options;
    struct sender_ports ports;
    struct host *host;
    struct metric *metrics;
    struct topics topics;
    struct generation generation;
    struct log *log; /* NULL: none now */
    struct reject_log *rejects;
    uint64_t incarnation;
    struct lane *lanes;               /* one a partition, for good; NULL: no generation yet */
    VEC(struct submission *) waiting; /* handed in, without verdict */
    struct packer bytes;
    struct rounds rounds;
    struct trust trust;
    struct outage outage;
    uint64_t deliveries;
    uint64_t deliveries_then; /* when the log was away last */
    int status;
    struct readiness readiness;
    _Atomic bool open;
    pthread_mutex_t lock; /* of the queue, and of `open` while it is filled */
    struct submission *first;
    struct submission *last;
};

static int64_t now_ms(const struct sender *sender)
{
    return sender->host->now_ms(sender->host);
}

static int64_t clock_us(const struct sender *sender)
{
    return sender->ports.clock_us(sender->ports.clock_context);
}

static void set_open(struct sender *sender, bool open)
{
    pthread_mutex_lock(&sender->lock);
    atomic_store(&sender->open, open);
    pthread_mutex_unlock(&sender->lock);
}

/* --- verdicts --- */

static void not_kept(struct sender *sender, const struct submission *submission)
{
    const struct rejects *rejects = &submission->rejects;
    metric_add(&sender->metrics[SENDER_REJECTS_NOT_KEPT], (int64_t)(rejects->ends.count + rejects->left_out));
}

static void judge(struct sender *sender, struct submission *submission, enum verdict verdict)
{
    enum verdict waiting = VERDICT_WAITING;
    if (!atomic_compare_exchange_strong(&submission->verdict, &waiting, verdict))
        return;
    if (verdict == VERDICT_DURABLE)
        reject_log_keep(sender->rejects, &submission->rejects, sender->generation.partitions);
    if (submission->told == NULL && verdict == VERDICT_UNAVAILABLE)
        not_kept(sender, submission);
    if (submission->told == NULL)
        return;
    metric_add(&sender->metrics[verdict == VERDICT_DURABLE ? SENDER_DURABLE : SENDER_UNAVAILABLE], 1);
    submission->told(submission);
}

/* Gives the verdict that what is known allows, if any. All of it is queued. */
static void settle(struct sender *sender, struct submission *submission)
{
    enum doubt_outcome doubt = DOUBT_STANDS;
    if (submission->is_in_doubt)
        doubt = trust_settle(&sender->trust, &submission->doubt, clock_us(sender), now_ms(sender) * 1000);
    if (doubt == DOUBT_FALLS)
        judge(sender, submission, VERDICT_UNAVAILABLE);
    else if (doubt == DOUBT_STANDS && submission->unacknowledged == 0)
        judge(sender, submission, VERDICT_DURABLE);
}

/* Ends the waits of those that have a verdict, or waited too long; their messages stay queued. */
static void end_waits(struct sender *sender, bool all)
{
    int64_t now = now_ms(sender);
    uint32_t kept = 0;
    sender->rounds.is_asked = sender->rounds.is_due = false;
    for (uint32_t i = 0; i < sender->waiting.count; i++) {
        struct submission *submission = sender->waiting.at[i];
        if (all || now >= submission->deadline_ms)
            judge(sender, submission, VERDICT_UNAVAILABLE);
        else if (submission->is_in_doubt)
            settle(sender, submission);
        if (atomic_load(&submission->verdict) != VERDICT_WAITING) {
            submission_release(submission);
            continue;
        }
        sender->waiting.at[kept++] = submission;
        bool later = submission->doubt.round == sender->trust.round;
        sender->rounds.is_asked |= submission->is_in_doubt && !later;
        sender->rounds.is_due |= submission->is_in_doubt && later;
    }
    sender->waiting.count = kept;
    metric_set(&sender->metrics[SENDER_WAITING], kept);
}

/* --- deliveries --- */

/* A message's two clocks, once both are known. */
static void compare_clocks(struct sender *sender, const struct flight *flight,
                           const struct log_delivery *delivery)
{
    bool trusted = sender->trust.given;
    bool agree = trust_hear(&sender->trust, &(struct trust_sign){.partition = delivery->partition,
                                                                 .round = flight->round,
                                                                 .message_us = flight->clock_us,
                                                                 .append_us = delivery->timestamp_ms * 1000,
                                                                 .now_us = clock_us(sender)});
    if (!agree)
        metric_add(&sender->metrics[SENDER_DISAGREEMENTS], 1);
    if (trusted == sender->trust.given)
        return;
    set_open(sender, sender->trust.given);
    if (trusted)
        journal_error("clock_distrusted", JOURNAL_INT("message_us", flight->clock_us),
                      JOURNAL_INT("append_ms", delivery->timestamp_ms));
    else
        journal_info("clock_trusted", JOURNAL_INT("partitions", sender->generation.partitions));
}

/* Records that were acknowledged are gone: the log lost its tail. New ones are as safe as ever, and refusing
 * them would lose more, so it stays ready. */
static void say_tail_lost(struct sender *sender, const struct log_delivery *delivery, int64_t before)
{
    metric_add(&sender->metrics[SENDER_TAILS_LOST], 1);
    journal_error("acknowledged_records_lost", JOURNAL_INT("partition", delivery->partition),
                  JOURNAL_INT("acknowledged_offset", before), JOURNAL_INT("offset", delivery->offset));
}

static void on_delivered(void *context, void *tag, const struct log_delivery *delivery)
{
    struct sender *sender = context;
    struct flight *flight = tag;
    struct lane *lane = &sender->lanes[delivery->partition];
    int64_t before = lane->last_offset;
    if (!lane_delivered(lane, delivery, now_ms(sender)))
        say_tail_lost(sender, delivery, before);
    metric_add(&sender->metrics[SENDER_IN_FLIGHT], -1);
    if (!delivery->failed) {
        sender->deliveries++;
        compare_clocks(sender, flight, delivery);
    }
    for (uint32_t i = 0; i < flight->submissions.count; i++) {
        struct submission *submission = flight->submissions.at[i];
        submission->unacknowledged--;
        if (delivery->failed)
            judge(sender, submission, VERDICT_UNAVAILABLE);
        else
            settle(sender, submission);
        submission_release(submission);
    }
    vec_release(&flight->submissions);
    free(flight);
}

/* --- sending --- */

/* Sends what the lane holds: records, or nothing, which is a tick. */
static enum error_class send_lane(struct sender *sender, uint32_t partition, struct error *error)
{
    struct lane *lane = &sender->lanes[partition];
    struct flight *flight = calloc(1, sizeof *flight);
    CHECK(flight != NULL);
    bool tick = lane->batch.records.count == 0;
    flight->clock_us = tick ? clock_us(sender) : lane->clock_us;
    flight->round = sender->trust.round;
    struct message message = {
        .clock_us = flight->clock_us,
        .feed = sender->options.feed,
        .incarnation = sender->incarnation,
        .acknowledged = lane->acknowledged,
        .records = lane->batch.records.at,
        .record_count = lane->batch.records.count,
    };
    vec_clear(&sender->bytes.bytes);
    usage_encode(&message, &sender->bytes);
    struct log_record record = {.topic = sender->topics.records,
                                .partition = partition,
                                .value = {sender->bytes.bytes.at, sender->bytes.bytes.count},
                                .tag = flight};
    enum error_class class = log_append(sender->log, &record, error);
    if (class != ERROR_NONE) {
        free(flight);
        return class == ERROR_RETRY ? ERROR_NONE : class; /* full: it stays in the lane for the next turn */
    }
    lane_sent(lane, flight, now_ms(sender));
    metric_add(&sender->metrics[tick ? SENDER_TICKS : SENDER_MESSAGES], 1);
    metric_add(&sender->metrics[SENDER_IN_FLIGHT], 1);
    return ERROR_NONE;
}

static enum error_class queue_records(struct sender *sender, struct submission *submission,
                                      struct error *error)
{
    enum error_class class = ERROR_NONE;
    for (uint32_t i = 0; i < submission->accepted.records.count && class == ERROR_NONE; i++) {
        const struct record *record = &submission->accepted.records.at[i];
        uint32_t partition = partition_of(record->account, sender->generation.partitions);
        lane_add(&sender->lanes[partition], submission, record, now_ms(sender));
        if (batch_is_full(&sender->lanes[partition].batch))
            class = send_lane(sender, partition, error);
    }
    metric_add(&sender->metrics[SENDER_RECORDS], submission->accepted.records.count);
    batch_release(&submission->accepted);
    return class;
}

static struct submission *take_queue(struct sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    struct submission *first = sender->first;
    sender->first = sender->last = NULL;
    pthread_mutex_unlock(&sender->lock);
    return first;
}

/* Deliveries come in log_deliveries alone: none between a submission's first message and its last. */
static enum error_class take_submissions(struct sender *sender, struct error *error)
{
    enum error_class class = ERROR_NONE;
    for (struct submission *submission = take_queue(sender), *next; submission != NULL; submission = next) {
        next = submission->next;
        submission->deadline_ms = now_ms(sender) + sender->options.answer_ms;
        submission->doubt = trust_doubt(&sender->trust, submission->clock_us, submission->judged_ms * 1000);
        vec_push(&sender->waiting, submission);
        if (class == ERROR_NONE)
            class = queue_records(sender, submission, error);
        if (class == ERROR_NONE)
            settle(sender, submission);
    }
    return class;
}

static enum error_class send_due(struct sender *sender, bool all, struct error *error)
{
    int64_t now = now_ms(sender);
    enum error_class class = ERROR_NONE;
    for (uint32_t p = 0; p < sender->generation.partitions && class == ERROR_NONE; p++) {
        struct lane *lane = &sender->lanes[p];
        if (lane->batch.records.count > 0 && (all || now - lane->opened_ms >= sender->options.linger_ms))
            class = send_lane(sender, p, error);
    }
    return class;
}

/* --- ticks --- */

/* A round begins with each epoch; early where a doubt waits for the next one, but not so that a round which
 * others wait for never ends. */
static void begin_round(struct sender *sender)
{
    struct rounds *rounds = &sender->rounds;
    int64_t now = now_ms(sender);
    bool early = rounds->is_due && !rounds->is_asked && sender->trust.given &&
                 now - rounds->begun_ms >= ROUND_LEAST_MS;
    if (now / rounds->every_ms == rounds->epoch && !early)
        return;
    rounds->epoch = now / rounds->every_ms;
    rounds->begun_ms = now;
    trust_begin_round(&sender->trust);
}

/* In a round, a tick to each partition that nothing was sent to lately; to all while there is no trust, or a
 * doubt asks for it. Not behind a message that is still on its way, or a broker that is away for days would
 * meet a queue of ticks. */
static enum error_class send_ticks(struct sender *sender, struct error *error)
{
    int64_t now = now_ms(sender);
    bool all = !sender->trust.given || sender->rounds.is_asked;
    enum error_class class = ERROR_NONE;
    begin_round(sender);
    for (uint32_t p = 0; p < sender->generation.partitions && class == ERROR_NONE; p++) {
        const struct lane *lane = &sender->lanes[p];
        bool is_silent = all || now - lane->sent_ms >= sender->rounds.every_ms / 2;
        if (is_silent && lane->in_flight == 0 && lane->sent_round != sender->trust.round)
            class = send_lane(sender, p, error);
    }
    return class;
}

/* --- handles --- */

static enum error_class open_generation(struct sender *sender, struct error *error)
{
    struct generation found;
    bool known = sender->lanes != NULL;
    enum error_class class =
        generation_read(&sender->ports.reads, sender->host, &sender->topics, false, &found, error);
    /* A log that has just come back may not know its topics yet; who had a generation waits for it. */
    if (class == ERROR_FATAL && known && found.partitions == 0)
        return error_set(error, ERROR_RETRY, sender->topics.snapshots, "the generation is not there now");
    if (class != ERROR_NONE)
        return class;
    if (known && memcmp(found.init_digest, sender->generation.init_digest, DIGEST_SIZE) != 0)
        return error_set(error, ERROR_FATAL, sender->topics.snapshots, "the generation was made anew");
    if (known)
        return ERROR_NONE; /* other threads read it */
    sender->generation = found;
    sender->rounds.every_ms =
        rules_of(found.rules_number, found.lifecycle_horizon_us, found.report_horizon_us).epoch_us / 1000;
    sender->lanes = lanes_new(found.partitions);
    return ERROR_NONE;
}

static enum error_class open_log(struct sender *sender, struct error *error)
{
    const struct log_client client = {.delivered = on_delivered, .context = sender};
    enum error_class class = open_generation(sender, error);
    if (class != ERROR_NONE)
        return class;
    /* Whoever has a new handle is a new incarnation: what the old one had in flight is not known. */
    sender->incarnation = sender->host->random(sender->host);
    trust_reset(&sender->trust, sender->generation.partitions);
    sender->rounds.epoch = -1;
    sender->log = sender->ports.appends.open(sender->ports.appends.context, &client, error);
    return sender->log == NULL ? error->class : ERROR_NONE;
}

/* Everything without verdict is handed in again, under a new incarnation. */
static void drop_all(struct sender *sender)
{
    set_open(sender, false);
    for (struct submission *submission = take_queue(sender), *next; submission != NULL; submission = next) {
        next = submission->next;
        vec_push(&sender->waiting, submission);
    }
    end_waits(sender, true);
    log_close(sender->log);
    sender->log = NULL;
    for (uint32_t p = 0; sender->lanes != NULL && p < sender->generation.partitions; p++)
        lane_begin_again(&sender->lanes[p]);
    metric_set(&sender->metrics[SENDER_IN_FLIGHT], 0);
}

/* --- how it is --- */

static void log_fails(struct sender *sender, const char *why)
{
    int64_t now = now_ms(sender);
    outage_fail(&sender->outage, now, why);
    sender->deliveries_then = sender->deliveries;
    if (!outage_speaks(&sender->outage, now))
        return;
    char since[TIME_TEXT_SIZE];
    outage_since(&sender->outage, sender->host, since);
    journal_warning("waiting", JOURNAL_STR("why", sender->outage.why), JOURNAL_STR("since", since));
}

static void log_is_back(struct sender *sender)
{
    int64_t after_ms = outage_heal(&sender->outage, now_ms(sender));
    if (after_ms >= 0)
        journal_info("back", JOURNAL_INT("after_s", after_ms / 1000));
}

static void show(struct sender *sender)
{
    int64_t silence_ms = 0;
    for (uint32_t p = 0; sender->log != NULL && p < sender->generation.partitions; p++) {
        int64_t lane_ms = lane_silence_ms(&sender->lanes[p], now_ms(sender));
        silence_ms = lane_ms > silence_ms ? lane_ms : silence_ms;
    }
    if (silence_ms > SILENT_MS)
        log_fails(sender, "the log does not acknowledge");
    else if (sender->outage.going && sender->deliveries > sender->deliveries_then)
        log_is_back(sender);
    if (sender->outage.going)
        readiness_set_waiting(&sender->readiness, sender->outage.why);
    else if (!sender_is_open(sender))
        readiness_set_waiting(&sender->readiness, "the clocks have not agreed");
    else
        readiness_set_ready(&sender->readiness);
}

/* --- other threads --- */

struct sender *sender_new(const struct sender_options *options, const struct sender_ports *ports,
                          struct metric metrics[SENDER_METRICS])
{
    struct sender *sender = calloc(1, sizeof *sender);
    CHECK(sender != NULL);
    sender->options = *options;
    sender->ports = *ports;
    sender->host = ports->host;
    sender->metrics = metrics;
    sender->topics = topics_of(options->prefix);
    sender->rejects =
        reject_log_new(&(struct reject_log_config){.opener = ports->rejects,
                                                   .host = ports->host,
                                                   .topic = sender->topics.rejects,
                                                   .kept = &metrics[SENDER_REJECTS_KEPT],
                                                   .not_kept = &metrics[SENDER_REJECTS_NOT_KEPT]});
    pthread_mutex_init(&sender->lock, NULL);
    readiness_init(&sender->readiness);
    return sender;
}

void sender_free(struct sender *sender)
{
    if (sender == NULL)
        return;
    CHECK(sender->log == NULL && sender->waiting.count == 0);
    reject_log_free(sender->rejects);
    lanes_free(sender->lanes, sender->generation.partitions);
    trust_release(&sender->trust);
    vec_release(&sender->waiting);
    vec_release(&sender->bytes.bytes);
    pthread_mutex_destroy(&sender->lock);
    readiness_release(&sender->readiness);
    free(sender);
}

bool sender_is_open(const struct sender *sender)
{
    return atomic_load(&sender->open);
}

struct readiness *sender_readiness(struct sender *sender)
{
    return &sender->readiness;
}

struct horizons sender_horizons(const struct sender *sender)
{
    return (struct horizons){sender->generation.lifecycle_horizon_us, sender->generation.report_horizon_us};
}

bool sender_submit(struct sender *sender, struct submission *submission)
{
    pthread_mutex_lock(&sender->lock);
    bool taken = sender_is_open(sender);
    if (taken) {
        submission_hold(submission);
        submission->next = NULL;
        if (sender->last != NULL)
            sender->last->next = submission;
        else
            sender->first = submission;
        sender->last = submission;
    }
    pthread_mutex_unlock(&sender->lock);
    return taken;
}

void sender_keep(struct sender *sender, struct submission *submission)
{
    CHECK(submission->told == NULL && submission->accepted.records.count == 0);
    if (!sender_submit(sender, submission))
        not_kept(sender, submission);
}

/* --- the loop --- */

static enum error_class work(struct sender *sender, struct error *error)
{
    enum error_class class = log_deliveries(sender->log, POLL_MS, error);
    if (class == ERROR_NONE)
        class = take_submissions(sender, error);
    if (class == ERROR_NONE)
        class = send_due(sender, false, error);
    if (class == ERROR_NONE)
        class = send_ticks(sender, error);
    reject_log_turn(sender->rejects);
    end_waits(sender, false);
    return class;
}

/* The one place that decides: what waiting does not heal ends the work, a handle that is dead is discarded,
 * and all else is waited for. */
static bool recover(struct sender *sender, enum error_class class, const struct error *error)
{
    struct host *host = sender->host;
    bool had_log = sender->log != NULL;
    if (class == ERROR_RETRY && had_log) {
        log_fails(sender, error->text);
        show(sender);
        return true;
    }
    drop_all(sender);
    if (class == ERROR_FATAL) {
        journal_error("gave_up", JOURNAL_STR("why", error->text));
        sender->status = EX_CONFIG;
        return false;
    }
    if (host->stopping(host))
        return true;
    metric_add(&sender->metrics[SENDER_RESTARTS], had_log);
    log_fails(sender, error->text);
    show(sender);
    host->pause(
        host, outage_pause(&sender->outage, OUTAGE_PAUSE_LEAST_MS, OUTAGE_PAUSE_MOST_MS, host->random(host)));
    return true;
}

bool sender_turn(struct sender *sender)
{
    struct error error = {ERROR_NONE, ""};
    sender->host->alive(sender->host);
    enum error_class class = sender->log == NULL ? open_log(sender, &error) : work(sender, &error);
    if (class != ERROR_NONE)
        return recover(sender, class, &error);
    show(sender);
    return true;
}

int sender_finish(struct sender *sender)
{
    struct error error;
    int64_t end_ms = now_ms(sender) + STOP_MS;
    set_open(sender, false);
    readiness_set_waiting(&sender->readiness, "stopping");
    enum error_class class = sender->log == NULL ? ERROR_ABORT : take_submissions(sender, &error);
    if (class == ERROR_NONE)
        class = send_due(sender, true, &error);
    while (class == ERROR_NONE && now_ms(sender) < end_ms &&
           (log_pending(sender->log).records > 0 || reject_log_pending(sender->rejects) > 0)) {
        class = log_deliveries(sender->log, POLL_MS, &error);
        reject_log_turn(sender->rejects);
        end_waits(sender, false);
    }
    drop_all(sender);
    return sender->status;
}

int sender_run(struct sender *sender)
{
    bool goes_on = true;
    while (goes_on && !sender->host->stopping(sender->host))
        goes_on = sender_turn(sender);
    return sender_finish(sender);
}
