#include "collectors/sender.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>

#include "lib/base/check.h"
#include "lib/base/partition.h"
#include "lib/base/time.h"
#include "lib/codec/topics.h"
#include "lib/codec/usage.h"
#include "lib/domain/topics.h"
#include "lib/io/log.h"
#include "lib/io/process.h"

enum {
    POLL_MS = 10,
    EPOCH_MS = 5000, /* of ticks */
    TRUST_MS = 5000, /* how far the two clocks of a message may be apart */
    STOP_MS = 3500,  /* what a stopping process waits for acknowledgements */
    PAUSE_MS = 500,
    MANIFEST_POLLS = 100,
};

/* What waits for one partition's next message. */
struct lane {
    struct batch batch;
    VEC(struct request *) requests; /* whose records are in it */
    int64_t opened_ms;
    int64_t sent_ms;       /* when its last message was sent */
    uint64_t acknowledged; /* messages, of this incarnation */
};

/* A message on its way. */
struct flight {
    int64_t clock_us;
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
    int64_t epoch;   /* of the monotonic clock */
    uint32_t agreed; /* deliveries of this round whose clocks agreed */
    bool disagreed;  /* some did not */
    _Atomic bool trusted;
    _Atomic bool stopping;
    pthread_mutex_t lock; /* of the queue */
    struct request *first;
    struct request *last;
};

static int64_t clock_ms(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t realtime_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * (int64_t)SECOND_US + now.tv_nsec / 1000;
}

/* --- verdicts --- */

static void judge(struct sender *sender, struct request *request, enum request_verdict verdict)
{
    enum request_verdict waiting = REQUEST_WAITING;
    if (!atomic_compare_exchange_strong(&request->verdict, &waiting, verdict))
        return;
    metric_add(&sender->metrics[verdict == REQUEST_DURABLE ? SENDER_ACKNOWLEDGED : SENDER_UNAVAILABLE], 1);
    sender->verdict(request);
}

static void acknowledged(struct sender *sender, struct request *request)
{
    if (--request->unacknowledged == 0 && request->queued_all)
        judge(sender, request, REQUEST_DURABLE);
}

/* --- clocks --- */

/* A message's two clocks, once both are known (DESIGN §2: a collector does not trust its clock when ...). */
static void compare_clocks(struct sender *sender, int64_t message_us, int64_t append_ms)
{
    bool ahead = message_us / 1000 > append_ms + TRUST_MS;
    bool behind = clock_ms(CLOCK_REALTIME) < append_ms - TRUST_MS;
    if (!ahead && !behind) {
        sender->agreed++;
        return;
    }
    if (atomic_exchange(&sender->trusted, false))
        log_error("clock_distrusted", LOG_INT("message_us", message_us), LOG_INT("append_ms", append_ms));
    sender->disagreed = true;
    metric_add(&sender->metrics[SENDER_DISTRUSTED], 1);
}

/* Trust comes from a whole round of ticks that agree. */
static void end_round(struct sender *sender)
{
    if (sender->disagreed || sender->agreed < sender->generation.partitions)
        return;
    if (!atomic_exchange(&sender->trusted, true))
        log_info("clock_trusted", LOG_INT("partitions", sender->generation.partitions));
}

/* --- sending --- */

static void on_delivered(void *context, void *tag, const struct kafka_delivery *delivery)
{
    struct sender *sender = context;
    struct flight *flight = tag;
    if (!delivery->failed) {
        sender->lanes[delivery->partition].acknowledged++;
        compare_clocks(sender, flight->clock_us, delivery->timestamp_ms);
    }
    for (uint32_t i = 0; i < flight->requests.count; i++) {
        struct request *request = flight->requests.at[i];
        if (delivery->failed)
            judge(sender, request, REQUEST_UNAVAILABLE);
        else
            acknowledged(sender, request);
        request_let_go(request);
    }
    vec_release(&flight->requests);
    free(flight);
}

/* Sends what the lane holds: records, or nothing, which is a tick. */
static enum kafka_class send_lane(struct sender *sender, uint32_t partition, struct kafka_error *error)
{
    struct lane *lane = &sender->lanes[partition];
    struct flight *flight = calloc(1, sizeof *flight);
    CHECK(flight != NULL);
    flight->clock_us = realtime_us();
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
    for (uint32_t i = 0; i < lane->requests.count; i++) {
        vec_push(&flight->requests, lane->requests.at[i]);
        lane->requests.at[i]->unacknowledged++;
    }
    enum kafka_class class =
        kafka_send(sender->producer,
                   &(struct kafka_record){.topic = sender->topics.records,
                                          .partition = partition,
                                          .value = {sender->bytes.bytes.at, sender->bytes.bytes.count},
                                          .tag = flight},
                   error);
    if (class != KAFKA_OK) {
        for (uint32_t i = 0; i < lane->requests.count; i++)
            lane->requests.at[i]->unacknowledged--;
        vec_release(&flight->requests);
        free(flight);
        return class == KAFKA_RETRY ? KAFKA_OK : class; /* full: it stays in the lane for the next turn */
    }
    metric_add(&sender->metrics[message.record_count == 0 ? SENDER_TICKS : SENDER_MESSAGES], 1);
    vec_clear(&lane->requests);
    batch_clear(&lane->batch);
    lane->sent_ms = clock_ms(CLOCK_MONOTONIC);
    return KAFKA_OK;
}

/* A record joins its lane; the request is noted there once. */
static enum kafka_class add_record(struct sender *sender, struct request *request,
                                   const struct record *record, struct kafka_error *error)
{
    uint32_t partition = partition_of(record->account, sender->generation.partitions);
    struct lane *lane = &sender->lanes[partition];
    if (lane->batch.records.count == 0)
        lane->opened_ms = clock_ms(CLOCK_MONOTONIC);
    batch_add(&lane->batch, record);
    if (lane->requests.count == 0 || lane->requests.at[lane->requests.count - 1] != request) {
        request_hold(request);
        vec_push(&lane->requests, request);
    }
    return batch_is_full(&lane->batch) ? send_lane(sender, partition, error) : KAFKA_OK;
}

static struct request *take_queue(struct sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    struct request *first = sender->first;
    sender->first = sender->last = NULL;
    pthread_mutex_unlock(&sender->lock);
    return first;
}

static enum kafka_class take_requests(struct sender *sender, struct kafka_error *error)
{
    enum kafka_class class = KAFKA_OK;
    for (struct request *request = take_queue(sender), *next; request != NULL; request = next) {
        next = request->next;
        request->deadline_ms = clock_ms(CLOCK_MONOTONIC) + sender->options.answer_ms;
        vec_push(&sender->waiting, request);
        for (uint32_t i = 0; i < request->accepted.records.count && class == KAFKA_OK; i++)
            class = add_record(sender, request, &request->accepted.records.at[i], error);
        metric_add(&sender->metrics[SENDER_RECORDS], request->accepted.records.count);
        request->queued_all = class == KAFKA_OK;
    }
    return class;
}

static enum kafka_class send_due(struct sender *sender, bool all, struct kafka_error *error)
{
    int64_t now_ms = clock_ms(CLOCK_MONOTONIC);
    enum kafka_class class = KAFKA_OK;
    for (uint32_t p = 0; p < sender->generation.partitions && class == KAFKA_OK; p++) {
        struct lane *lane = &sender->lanes[p];
        if (lane->batch.records.count > 0 && (all || now_ms - lane->opened_ms >= sender->options.linger_ms))
            class = send_lane(sender, p, error);
    }
    return class;
}

/* Once an epoch, a tick to each partition that nothing was sent to; to all of them while there is no trust.
 */
static enum kafka_class send_ticks(struct sender *sender, struct kafka_error *error)
{
    int64_t now_ms = clock_ms(CLOCK_MONOTONIC);
    enum kafka_class class = KAFKA_OK;
    if (now_ms / EPOCH_MS == sender->epoch)
        return KAFKA_OK;
    sender->epoch = now_ms / EPOCH_MS;
    sender->agreed = 0;
    sender->disagreed = false;
    bool all = !atomic_load(&sender->trusted);
    for (uint32_t p = 0; p < sender->generation.partitions && class == KAFKA_OK; p++)
        if (all || now_ms - sender->lanes[p].sent_ms >= EPOCH_MS - POLL_MS)
            class = send_lane(sender, p, error);
    return class;
}

/* Gives up on requests that waited too long; their messages stay queued. */
static void end_waits(struct sender *sender, bool all)
{
    int64_t now_ms = clock_ms(CLOCK_MONOTONIC);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < sender->waiting.count; i++) {
        struct request *request = sender->waiting.at[i];
        if (all || now_ms >= request->deadline_ms)
            judge(sender, request, REQUEST_UNAVAILABLE);
        if (atomic_load(&request->verdict) == REQUEST_WAITING)
            sender->waiting.at[kept++] = request;
        else
            request_let_go(request);
    }
    sender->waiting.count = kept;
    metric_set(&sender->metrics[SENDER_PENDING], kept);
}

/* --- beginning --- */

static enum kafka_class read_manifest(struct sender *sender, struct kafka_error *error)
{
    struct kafka_reader *reader = kafka_reader_new(sender->options.kafka, "hourglass-collector", NULL, error);
    if (reader == NULL)
        return error->class;
    struct kafka_position position = {sender->topics.snapshots, 0, 0};
    int64_t low, high;
    enum kafka_class class = kafka_offsets(reader, sender->topics.snapshots, 0, &low, &high, error);
    position.offset = low;
    if (class == KAFKA_OK)
        class = kafka_reader_assign(reader, &position, 1, error);
    bool found = false;
    for (int i = 0; i < MANIFEST_POLLS && class == KAFKA_OK && !found; i++) {
        struct kafka_message message;
        enum kafka_got got = kafka_reader_poll(reader, POLL_MS * 10, &message, error);
        process_alive();
        if (got != KAFKA_GOT_MESSAGE)
            continue;
        found = generation_decode(message.value, &sender->generation) == DECODE_OK;
        kafka_message_release(&message);
    }
    kafka_reader_free(reader);
    if (class == KAFKA_OK && !found)
        return kafka_absent(error, sender->topics.snapshots, "no generation: hourglass init makes one");
    return class;
}

static enum kafka_class open_producer(struct sender *sender, struct kafka_error *error)
{
    struct kafka_producer_config config = {.brokers = sender->options.kafka,
                                           .client_id = "hourglass-collector",
                                           .linger_ms = 2,
                                           .delivered = on_delivered,
                                           .context = sender};
    /* Whoever has a new handle is a new incarnation: what the old one had in flight is not known. */
    CHECK(getrandom(&sender->incarnation, sizeof sender->incarnation, 0) == sizeof sender->incarnation);
    for (uint32_t p = 0; p < sender->generation.partitions; p++)
        sender->lanes[p].acknowledged = 0;
    sender->epoch = -1;
    sender->producer = kafka_producer_new(&config, error);
    return sender->producer == NULL ? error->class : KAFKA_OK;
}

struct sender *sender_new(const struct sender_options *options, struct metric metrics[SENDER_METRICS],
                          void (*verdict)(struct request *request), struct kafka_error *error)
{
    struct sender *sender = calloc(1, sizeof *sender);
    CHECK(sender != NULL);
    sender->options = *options;
    sender->metrics = metrics;
    sender->verdict = verdict;
    sender->topics = topics_of(options->prefix);
    pthread_mutex_init(&sender->lock, NULL);
    enum kafka_class class = read_manifest(sender, error);
    if (class == KAFKA_OK && sender->generation.simulated)
        class = kafka_absent(error, sender->topics.records, "a generation for files takes no live events");
    if (class != KAFKA_OK) {
        free(sender);
        return NULL;
    }
    sender->lanes = calloc(sender->generation.partitions, sizeof *sender->lanes);
    CHECK(sender->lanes != NULL);
    if (open_producer(sender, error) == KAFKA_OK)
        return sender;
    sender_free(sender);
    return NULL;
}

void sender_free(struct sender *sender)
{
    if (sender == NULL)
        return;
    kafka_producer_free(sender->producer);
    for (uint32_t p = 0; p < sender->generation.partitions; p++) {
        batch_release(&sender->lanes[p].batch);
        vec_release(&sender->lanes[p].requests);
    }
    free(sender->lanes);
    vec_release(&sender->waiting);
    vec_release(&sender->bytes.bytes);
    free(sender);
}

/* --- other threads --- */

bool sender_ready(const struct sender *sender)
{
    return atomic_load(&sender->trusted) && !atomic_load(&sender->stopping);
}

const _Atomic bool *sender_trusted(const struct sender *sender)
{
    return &sender->trusted;
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

static enum kafka_class turn(struct sender *sender, struct kafka_error *error)
{
    process_alive();
    enum kafka_class class = kafka_producer_poll(sender->producer, POLL_MS, error);
    if (class == KAFKA_OK)
        class = take_requests(sender, error);
    if (class == KAFKA_OK)
        class = send_due(sender, false, error);
    if (class == KAFKA_OK)
        class = send_ticks(sender, error);
    end_round(sender);
    end_waits(sender, false);
    return class;
}

/* The handle is dead: everything without verdict is sent again by its client, under a new incarnation. */
static enum kafka_class begin_again(struct sender *sender, struct kafka_error *error)
{
    log_warning("begin_again", LOG_STR("why", error->text));
    metric_add(&sender->metrics[SENDER_RESTARTS], 1);
    atomic_store(&sender->trusted, false);
    end_waits(sender, true);
    for (uint32_t p = 0; p < sender->generation.partitions; p++) {
        struct lane *lane = &sender->lanes[p];
        for (uint32_t i = 0; i < lane->requests.count; i++)
            request_let_go(lane->requests.at[i]);
        vec_clear(&lane->requests);
        batch_clear(&lane->batch);
    }
    kafka_producer_free(sender->producer);
    sender->producer = NULL;
    process_pause(PAUSE_MS);
    return open_producer(sender, error);
}

static void finish(struct sender *sender, struct kafka_error *error)
{
    int64_t end_ms = clock_ms(CLOCK_MONOTONIC) + STOP_MS;
    atomic_store(&sender->stopping, true);
    enum kafka_class class = take_requests(sender, error);
    if (class == KAFKA_OK)
        class = send_due(sender, true, error);
    while (class == KAFKA_OK && kafka_producer_pending(sender->producer) > 0 &&
           clock_ms(CLOCK_MONOTONIC) < end_ms) {
        process_alive();
        class = kafka_producer_poll(sender->producer, POLL_MS, error);
        end_waits(sender, false);
    }
    end_waits(sender, true);
}

int sender_run(struct sender *sender)
{
    struct kafka_error error = {KAFKA_OK, ""};
    enum kafka_class class = KAFKA_OK;
    while (!process_stopping()) {
        class = turn(sender, &error);
        if (class == KAFKA_ABORT)
            class = begin_again(sender, &error);
        if (class != KAFKA_OK && class != KAFKA_RETRY)
            break;
    }
    if (class == KAFKA_OK || class == KAFKA_RETRY) {
        finish(sender, &error);
        return EX_OK;
    }
    log_error("sender_failed", LOG_STR("why", error.text));
    atomic_store(&sender->stopping, true);
    end_waits(sender, true);
    return EX_TEMPFAIL;
}
