#include "collectors/sender.h"

#include <pthread.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>

#include "collectors/core/trust.h"
#include "collectors/generation.h"
#include "lib/base/check.h"
#include "lib/base/partition.h"
#include "lib/base/time.h"
#include "lib/codec/usage.h"
#include "lib/io/journal.h"
#include "lib/io/process.h"

enum {
    POLL_MS = 10,
    EPOCH_MS = 5000, /* of ticks */
    STOP_MS = 3000,  /* what a stopping process waits for acknowledgements */
    PAUSE_MS = 500,
    FAILURES_MAX = 20, /* handles that died without one delivery */
};

/* What waits for one partition's next message. */
struct lane {
    struct batch batch;
    VEC(struct request *) requests; /* whose records are in it */
    int64_t clock_us;               /* the latest that one of its records was judged by */
    int64_t opened_ms;
    int64_t sent_ms;       /* when its last message was sent */
    uint32_t in_flight;    /* messages */
    uint64_t acknowledged; /* messages, of this incarnation */
};

/* A message on its way. */
struct flight {
    int64_t clock_us;
    uint32_t round;
    VEC(struct request *) requests;
};

struct sender {
    struct sender_options options;
    struct metric *metrics;
    void (*verdict)(struct request *request);
    struct topics topics;
    struct generation generation;
    struct kafka_producer *producer;
    uint64_t incarnation;
    struct lane *lanes;
    VEC(struct request *) waiting; /* handed over, without verdict */
    struct packer bytes;
    int64_t epoch; /* of the monotonic clock */
    uint64_t deliveries;
    struct trust trust;
    struct readiness readiness;
    pthread_mutex_t lock; /* of the queue, and of ready while it is filled */
    struct request *first;
    struct request *last;
};

static int64_t clock_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * (int64_t)SECOND_US + now.tv_nsec / 1000;
}

static int64_t now_ms(void)
{
    return clock_us(CLOCK_MONOTONIC) / 1000;
}

/* `why` NULL: ready. */
static void set_ready(struct sender *sender, const char *why)
{
    pthread_mutex_lock(&sender->lock);
    if (why == NULL)
        readiness_set_ready(&sender->readiness);
    else
        readiness_set_waiting(&sender->readiness, why);
    pthread_mutex_unlock(&sender->lock);
}

/* --- verdicts --- */

static void judge(struct sender *sender, struct request *request, enum request_verdict verdict)
{
    enum request_verdict waiting = REQUEST_WAITING;
    if (!atomic_compare_exchange_strong(&request->verdict, &waiting, verdict))
        return;
    metric_add(&sender->metrics[verdict == REQUEST_DURABLE ? SENDER_DURABLE : SENDER_UNAVAILABLE], 1);
    sender->verdict(request);
}

/* Gives up on requests that waited too long; their messages stay queued. */
static void end_waits(struct sender *sender, bool all)
{
    int64_t now = now_ms();
    uint32_t kept = 0;
    for (uint32_t i = 0; i < sender->waiting.count; i++) {
        struct request *request = sender->waiting.at[i];
        if (all || now >= request->deadline_ms)
            judge(sender, request, REQUEST_UNAVAILABLE);
        if (atomic_load(&request->verdict) == REQUEST_WAITING)
            sender->waiting.at[kept++] = request;
        else
            request_let_go(request);
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
                                                                 .now_us = clock_us(CLOCK_REALTIME)});
    if (!agree)
        metric_add(&sender->metrics[SENDER_DISAGREEMENTS], 1);
    if (trusted == sender->trust.given)
        return;
    set_ready(sender, sender->trust.given ? NULL : "the clocks disagree");
    if (trusted)
        journal_error("clock_distrusted", JOURNAL_INT("message_us", flight->clock_us),
                      JOURNAL_INT("append_ms", delivery->timestamp_ms));
    else
        journal_info("clock_trusted", JOURNAL_INT("partitions", sender->generation.partitions));
}

static void on_delivered(void *context, void *tag, const struct log_delivery *delivery)
{
    struct sender *sender = context;
    struct flight *flight = tag;
    struct lane *lane = &sender->lanes[delivery->partition];
    lane->in_flight--;
    metric_add(&sender->metrics[SENDER_IN_FLIGHT], -1);
    if (!delivery->failed) {
        lane->acknowledged++;
        sender->deliveries++;
        compare_clocks(sender, flight, delivery);
    }
    for (uint32_t i = 0; i < flight->requests.count; i++) {
        struct request *request = flight->requests.at[i];
        if (delivery->failed)
            judge(sender, request, REQUEST_UNAVAILABLE);
        else if (--request->unacknowledged == 0 && request->queued_all)
            judge(sender, request, REQUEST_DURABLE);
        request_let_go(request);
    }
    vec_release(&flight->requests);
    free(flight);
}

/* --- sending --- */

/* The lane's requests go with the message. */
static void lane_sent(struct sender *sender, struct lane *lane, struct flight *flight)
{
    for (uint32_t i = 0; i < lane->requests.count; i++)
        vec_push(&flight->requests, lane->requests.at[i]);
    metric_add(&sender->metrics[lane->batch.records.count == 0 ? SENDER_TICKS : SENDER_MESSAGES], 1);
    metric_add(&sender->metrics[SENDER_IN_FLIGHT], 1);
    vec_clear(&lane->requests);
    batch_clear(&lane->batch);
    lane->in_flight++;
    lane->sent_ms = now_ms();
}

/* Sends what the lane holds: records, or nothing, which is a tick. */
static enum error_class send_lane(struct sender *sender, uint32_t partition, struct error *error)
{
    struct lane *lane = &sender->lanes[partition];
    struct flight *flight = calloc(1, sizeof *flight);
    CHECK(flight != NULL);
    bool tick = lane->batch.records.count == 0;
    flight->clock_us = tick ? clock_us(CLOCK_REALTIME) : lane->clock_us;
    flight->round = sender->trust.round;
    struct message message = {
        .clock_us = flight->clock_us,
        .feed = STR("http"),
        .incarnation = sender->incarnation,
        .acknowledged = lane->acknowledged,
        .records = lane->batch.records.at,
        .record_count = lane->batch.records.count,
    };
    vec_clear(&sender->bytes.bytes);
    usage_encode(&message, &sender->bytes);
    enum error_class class =
        kafka_send(sender->producer,
                   &(struct log_record){.topic = sender->topics.records,
                                        .partition = partition,
                                        .value = {sender->bytes.bytes.at, sender->bytes.bytes.count},
                                        .tag = flight},
                   error);
    if (class == ERROR_NONE)
        lane_sent(sender, lane, flight);
    else
        free(flight);
    return class == ERROR_RETRY ? ERROR_NONE : class; /* full: it stays in the lane for the next turn */
}

/* A record joins its lane; the request is noted there once a message. */
static enum error_class add_record(struct sender *sender, struct request *request,
                                   const struct record *record, struct error *error)
{
    uint32_t partition = partition_of(record->account, sender->generation.partitions);
    struct lane *lane = &sender->lanes[partition];
    if (lane->batch.records.count == 0) {
        lane->opened_ms = now_ms();
        lane->clock_us = request->clock_us;
    }
    if (request->clock_us > lane->clock_us)
        lane->clock_us = request->clock_us;
    batch_add(&lane->batch, record);
    if (lane->requests.count == 0 || lane->requests.at[lane->requests.count - 1] != request) {
        request_hold(request);
        request->unacknowledged++;
        vec_push(&lane->requests, request);
    }
    return batch_is_full(&lane->batch) ? send_lane(sender, partition, error) : ERROR_NONE;
}

static struct request *take_queue(struct sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    struct request *first = sender->first;
    sender->first = sender->last = NULL;
    pthread_mutex_unlock(&sender->lock);
    return first;
}

static enum error_class take_requests(struct sender *sender, struct error *error)
{
    enum error_class class = ERROR_NONE;
    for (struct request *request = take_queue(sender), *next; request != NULL; request = next) {
        next = request->next;
        request->deadline_ms = now_ms() + sender->options.answer_ms;
        vec_push(&sender->waiting, request);
        for (uint32_t i = 0; i < request->accepted.records.count && class == ERROR_NONE; i++)
            class = add_record(sender, request, &request->accepted.records.at[i], error);
        metric_add(&sender->metrics[SENDER_RECORDS], request->accepted.records.count);
        batch_release(&request->accepted);
        request->queued_all = class == ERROR_NONE;
    }
    return class;
}

static enum error_class send_due(struct sender *sender, bool all, struct error *error)
{
    int64_t now = now_ms();
    enum error_class class = ERROR_NONE;
    for (uint32_t p = 0; p < sender->generation.partitions && class == ERROR_NONE; p++) {
        struct lane *lane = &sender->lanes[p];
        if (lane->batch.records.count > 0 && (all || now - lane->opened_ms >= sender->options.linger_ms))
            class = send_lane(sender, p, error);
    }
    return class;
}

/* Once an epoch, a tick to each partition that nothing was sent to lately; to all while there is no trust.
 * Behind a message that is still on its way none is needed, or a broker that is away for days meets a queue
 * of ticks. */
static enum error_class send_ticks(struct sender *sender, struct error *error)
{
    int64_t now = now_ms();
    enum error_class class = ERROR_NONE;
    if (now / EPOCH_MS == sender->epoch)
        return ERROR_NONE;
    sender->epoch = now / EPOCH_MS;
    trust_begin_round(&sender->trust);
    for (uint32_t p = 0; p < sender->generation.partitions && class == ERROR_NONE; p++) {
        const struct lane *lane = &sender->lanes[p];
        bool silent = !sender->trust.given || now - lane->sent_ms >= EPOCH_MS / 2;
        if (silent && lane->in_flight == 0)
            class = send_lane(sender, p, error);
    }
    return class;
}

/* --- handles --- */

static enum error_class open_generation(struct sender *sender, struct error *error)
{
    struct generation found;
    enum error_class class = generation_read(sender->options.kafka, &sender->topics, false, &found, error);
    if (class != ERROR_NONE)
        return class;
    if (sender->lanes != NULL && found.partitions != sender->generation.partitions)
        return error_set(error, ERROR_FATAL, sender->topics.snapshots, "the generation has changed");
    sender->generation = found;
    if (sender->lanes == NULL)
        sender->lanes = calloc(found.partitions, sizeof *sender->lanes);
    CHECK(sender->lanes != NULL);
    return ERROR_NONE;
}

static enum error_class open_producer(struct sender *sender, struct error *error)
{
    struct kafka_producer_config config = {.brokers = sender->options.kafka,
                                           .client_id = "hourglass-collector",
                                           .linger_ms = 2,
                                           .delivered = on_delivered,
                                           .context = sender};
    enum error_class class = open_generation(sender, error);
    if (class != ERROR_NONE)
        return class;
    /* Whoever has a new handle is a new incarnation: what the old one had in flight is not known. */
    CHECK(getrandom(&sender->incarnation, sizeof sender->incarnation, 0) == sizeof sender->incarnation);
    for (uint32_t p = 0; p < sender->generation.partitions; p++)
        sender->lanes[p].acknowledged = sender->lanes[p].in_flight = 0;
    metric_set(&sender->metrics[SENDER_IN_FLIGHT], 0);
    trust_reset(&sender->trust, sender->generation.partitions);
    sender->epoch = -1;
    sender->producer = kafka_producer_new(&config, error);
    return sender->producer == NULL ? error->class : ERROR_NONE;
}

/* Everything without verdict is sent again by its client, under a new incarnation. */
static void drop_all(struct sender *sender)
{
    set_ready(sender, "beginning again");
    for (struct request *request = take_queue(sender), *next; request != NULL; request = next) {
        next = request->next;
        vec_push(&sender->waiting, request);
    }
    end_waits(sender, true);
    for (uint32_t p = 0; sender->lanes != NULL && p < sender->generation.partitions; p++) {
        struct lane *lane = &sender->lanes[p];
        for (uint32_t i = 0; i < lane->requests.count; i++)
            request_let_go(lane->requests.at[i]);
        vec_clear(&lane->requests);
        batch_clear(&lane->batch);
    }
    kafka_producer_free(sender->producer);
    sender->producer = NULL;
}

/* --- other threads --- */

struct sender *sender_new(const struct sender_options *options, struct metric metrics[SENDER_METRICS],
                          void (*verdict)(struct request *request))
{
    struct sender *sender = calloc(1, sizeof *sender);
    CHECK(sender != NULL);
    sender->options = *options;
    sender->metrics = metrics;
    sender->verdict = verdict;
    sender->topics = topics_of(options->prefix);
    pthread_mutex_init(&sender->lock, NULL);
    readiness_init(&sender->readiness);
    return sender;
}

void sender_free(struct sender *sender)
{
    if (sender == NULL)
        return;
    for (uint32_t p = 0; sender->lanes != NULL && p < sender->generation.partitions; p++) {
        batch_release(&sender->lanes[p].batch);
        vec_release(&sender->lanes[p].requests);
    }
    free(sender->lanes);
    trust_release(&sender->trust);
    vec_release(&sender->waiting);
    vec_release(&sender->bytes.bytes);
    pthread_mutex_destroy(&sender->lock);
    readiness_release(&sender->readiness);
    free(sender);
}

bool sender_ready(const struct sender *sender)
{
    return readiness_is_ready(&sender->readiness);
}

struct readiness *sender_readiness(struct sender *sender)
{
    return &sender->readiness;
}

struct horizons sender_horizons(const struct sender *sender)
{
    return (struct horizons){sender->generation.lifecycle_horizon_us, sender->generation.report_horizon_us};
}

bool sender_submit(struct sender *sender, struct request *request)
{
    pthread_mutex_lock(&sender->lock);
    bool taken = sender_ready(sender);
    if (taken) {
        request_hold(request);
        request->next = NULL;
        if (sender->last != NULL)
            sender->last->next = request;
        else
            sender->first = request;
        sender->last = request;
    }
    pthread_mutex_unlock(&sender->lock);
    return taken;
}

/* --- the loop --- */

static enum error_class turn(struct sender *sender, struct error *error)
{
    process_alive();
    enum error_class class = kafka_producer_poll(sender->producer, POLL_MS, error);
    if (class == ERROR_NONE)
        class = take_requests(sender, error);
    if (class == ERROR_NONE)
        class = send_due(sender, false, error);
    if (class == ERROR_NONE)
        class = send_ticks(sender, error);
    end_waits(sender, false);
    return class;
}

static enum error_class finish(struct sender *sender, struct error *error)
{
    int64_t end_ms = now_ms() + STOP_MS;
    set_ready(sender, "stopping");
    enum error_class class = take_requests(sender, error);
    if (class == ERROR_NONE)
        class = send_due(sender, true, error);
    while (class == ERROR_NONE && kafka_producer_pending(sender->producer) > 0 && now_ms() < end_ms) {
        class = kafka_producer_poll(sender->producer, POLL_MS, error);
        end_waits(sender, false);
    }
    return class;
}

int sender_run(struct sender *sender)
{
    struct error error = {ERROR_NONE, ""};
    int failures = 0;
    while (!process_stopping() && failures < FAILURES_MAX) {
        uint64_t before = sender->deliveries;
        enum error_class class = open_producer(sender, &error);
        while (class == ERROR_NONE && !process_stopping())
            class = turn(sender, &error);
        if (class == ERROR_NONE)
            class = finish(sender, &error);
        drop_all(sender);
        if (class == ERROR_NONE || process_stopping())
            break;
        /* One place decides: a broker that is away is waited for, a dead handle is made anew, some times. */
        if (class == ERROR_ABORT)
            failures = sender->deliveries > before ? 1 : failures + 1;
        if (class == ERROR_FATAL)
            failures = FAILURES_MAX;
        set_ready(sender, error.text);
        journal_warning("begin_again", JOURNAL_STR("why", error.text), JOURNAL_INT("failures", failures));
        metric_add(&sender->metrics[SENDER_RESTARTS], 1);
        process_pause(PAUSE_MS);
    }
    if (failures < FAILURES_MAX)
        return EX_OK;
    return error.class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
}
