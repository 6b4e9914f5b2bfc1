#include "settler/notices.h"

#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/base/wide.h"
#include "lib/codec/notice.h"
#include "lib/domain/limits.h"
#include "lib/io/journal.h"
#include "settler/counters.h"
#include "settler/partition.h"

enum { PAUSE_LEAST_MS = 1000, PAUSE_MOST_MS = 60000, ACK_WAITS_MS = 10000, SHOW_MS = 1000 };

static int64_t now_of(const struct notices_topic *topic)
{
    return topic->stage->host->now_ms(topic->stage->host);
}

/* --- rows --- */

bool notice_is_due(const struct store_notice *row, int64_t watermark_us)
{
    return row->last || watermark_us == INT64_MIN ||
           row->watermark_us >= watermark_us - NOTICES_OLD_S * (int64_t)SECOND_US;
}

static struct str decimal_of(const struct amount *amount, uint32_t charge_scale, char out[AMOUNT_TEXT_SIZE])
{
    return (struct str){out, (uint32_t)amount_print_short(amount, LIMIT_DECIMALS, charge_scale, out)};
}

void notice_print(uint32_t partition, const struct store_notice *row, struct packer *out)
{
    char balance[AMOUNT_TEXT_SIZE], available[AMOUNT_TEXT_SIZE];
    notice_encode(
        &(struct notice_message){.partition = partition,
                                 .seq = row->seq,
                                 .ordinal = row->ordinal,
                                 .account = row->account,
                                 .state = row->state,
                                 .balance = decimal_of(&row->balance, row->charge_scale, balance),
                                 .available = decimal_of(&row->available, row->charge_scale, available),
                                 .deadline_s = row->deadline_s,
                                 .at_s = time_second(row->watermark_us),
                                 .currency = row->currency},
        out);
}

/* --- the topic --- */

static struct notices_flight *flight_of(struct notices_topic *topic, uint32_t partition)
{
    while (topic->flights.count <= partition)
        vec_push(&topic->flights, (struct notices_flight){0});
    return &topic->flights.at[partition];
}

/* What was not acknowledged is appended again. */
static void land_all(struct notices_topic *topic)
{
    for (uint32_t p = 0; p < topic->flights.count; p++) {
        topic->flights.at[p].going = false;
        topic->flights.at[p].unacknowledged = 0;
    }
}

void notices_topic_close(struct notices_topic *topic)
{
    log_close(topic->log);
    topic->log = NULL;
    topic->partitions = 0;
    land_all(topic);
}

void notices_topic_release(struct notices_topic *topic)
{
    notices_topic_close(topic);
    vec_release(&topic->flights);
    vec_release(&topic->text.bytes);
}

static const char no_topic[] = "there is no such topic: run hourglass init again";

/* Sending pauses. */
static void fail(struct notices_topic *topic, const char *why)
{
    struct host *host = topic->stage->host;
    int64_t now_ms = now_of(topic);
    outage_fail(&topic->outage, now_ms, why);
    topic->resume_ms =
        now_ms + outage_pause(&topic->outage, PAUSE_LEAST_MS, PAUSE_MOST_MS, host->random(host));
    if (outage_speaks(&topic->outage, now_ms))
        journal_warning("notices_not_sent", JOURNAL_STR("topic", topic->name),
                        JOURNAL_STR("why", topic->outage.why));
}

/* And what is on its way is dropped. That the topic is gone explains more than what the client says then. */
static void discard(struct notices_topic *topic, const char *why)
{
    struct error ignored;
    uint32_t partitions = 0;
    notices_topic_close(topic);
    bool missing = log_partitions(topic->stage->log, topic->name, &partitions, &ignored) == ERROR_NONE &&
                   partitions == 0;
    fail(topic, missing ? no_topic : why);
}

static void heal(struct notices_topic *topic)
{
    int64_t now_ms = now_of(topic);
    if (topic->outage.going && outage_heal(&topic->outage, now_ms) >= 0)
        journal_info("notices_sent_again", JOURNAL_STR("topic", topic->name));
}

/* False: it is not there, or has not that partition. */
static bool find(struct notices_topic *topic, uint32_t partition)
{
    struct error error;
    char why[200];
    if (topic->partitions == 0 &&
        log_partitions(topic->stage->log, topic->name, &topic->partitions, &error) != ERROR_NONE) {
        fail(topic, error.text);
        return false;
    }
    if (partition < topic->partitions)
        return true;
    snprintf(why, sizeof why, "the topic has %u partitions", topic->partitions);
    fail(topic, topic->partitions == 0 ? no_topic : why);
    topic->partitions = 0;
    return false;
}

/* One that failed is followed by the handle's end, which moves nothing. */
static void delivered(void *context, void *tag, const struct log_delivery *delivery)
{
    struct notices_topic *topic = context;
    (void)tag;
    topic->flights.at[delivery->partition].unacknowledged--;
}

static bool open_log(struct notices_topic *topic)
{
    struct error error;
    const struct log_client client = {.delivered = delivered, .context = topic};
    if (topic->log == NULL)
        topic->log = topic->opener.open(topic->opener.context, &client, &error);
    if (topic->log == NULL)
        fail(topic, error.text);
    return topic->log != NULL;
}

/* --- sending --- */

struct sending {
    struct notices_topic *topic;
    struct notices_flight *flight;
    const struct claim *claim;
    bool full; /* of the client's queue: what is behind is read again */
    bool failed;
    char why[160];
};

static void append(struct sending *sending, const struct store_notice *row)
{
    struct notices_topic *topic = sending->topic;
    struct error error;
    vec_clear(&topic->text.bytes);
    notice_print(sending->claim->partition, row, &topic->text);
    enum error_class class =
        log_append(topic->log,
                   &(struct log_record){.topic = topic->name,
                                        .partition = sending->claim->partition,
                                        .key = row->account,
                                        .value = {topic->text.bytes.at, topic->text.bytes.count}},
                   &error);
    sending->full = class == ERROR_RETRY;
    sending->failed = class == ERROR_ABORT || class == ERROR_FATAL;
    if (class != ERROR_NONE) {
        snprintf(sending->why, sizeof sending->why, "%.150s", error.text);
        return;
    }
    sending->flight->unacknowledged++;
    sending->flight->sent++;
}

static void take(void *context, const struct store_notice *row)
{
    struct sending *sending = context;
    if (sending->full || sending->failed)
        return;
    CHECK(row->number >= sending->flight->upto);
    if (notice_is_due(row, sending->claim->watermark_us))
        append(sending, row);
    if (!sending->full && !sending->failed)
        sending->flight->upto = row->number + 1;
}

static enum error_class send(struct notices_topic *topic, struct settler_part *part, struct store *store,
                             struct error *error)
{
    const struct claim *claim = &part->claim;
    struct notices_flight *flight = flight_of(topic, claim->partition);
    struct sending sending = {.topic = topic, .flight = flight, .claim = claim};
    flight->upto = claim->notices_sent;
    flight->sent = 0;
    const struct notice_taker taker = {take, &sending, NOTICES_A_TIME};
    enum error_class class = settler_part_read_notices(part, store, &taker, error);
    if (class == ERROR_RETRY) {
        fail(topic, error->text);
        return ERROR_NONE;
    }
    flight->going = flight->upto > claim->notices_sent;
    flight->appended_ms = now_of(topic);
    if (sending.failed)
        discard(topic, sending.why);
    else if (part->base.state == PARTITION_WORKING && !flight->going && !sending.full)
        fail(topic, "rows that the claim counts are not there");
    return class;
}

/* Waits for what is on its way, without standing still; then the claim says so. */
static enum error_class finish(struct notices_topic *topic, struct settler_part *part, struct store *store,
                               struct error *error)
{
    struct notices_flight *flight = flight_of(topic, part->base.number);
    struct error failure;
    if (flight->unacknowledged > 0) {
        enum error_class class = log_deliveries(topic->log, 0, &failure);
        if (class == ERROR_ABORT || class == ERROR_FATAL)
            discard(topic, failure.text);
        else if (flight->unacknowledged > 0 && now_of(topic) - flight->appended_ms >= ACK_WAITS_MS)
            discard(topic, "nothing is acknowledged");
    }
    if (!flight->going || flight->unacknowledged > 0)
        return ERROR_NONE;
    int64_t before = part->claim.notices_sent;
    enum error_class class = settler_part_move_notices(part, store, flight->upto, error);
    if (class == ERROR_RETRY)
        fail(topic, error->text);
    if (class != ERROR_NONE)
        return class == ERROR_RETRY ? ERROR_NONE : class;
    flight->going = false;
    int64_t moved = part->claim.notices_sent - before;
    metric_add(&settler_metrics[SETTLER_NOTICES_SENT], moved == 0 ? 0 : flight->sent);
    metric_add(&settler_metrics[SETTLER_NOTICES_SKIPPED], moved == 0 ? 0 : moved - flight->sent);
    heal(topic);
    return ERROR_NONE;
}

/* --- when --- */

/* Its frame's watermark is not more than 5 min behind that of the topic's last frame: it is that frame, or
 * the clock says so, which is ahead of it. */
static bool is_near(const struct notices_topic *topic, const struct settler_part *part)
{
    struct host *host = topic->stage->host;
    if (part->base.lag == 0 && part->count == 0)
        return true;
    return host->clock_s != NULL && part->claim.watermark_us != INT64_MIN &&
           time_second(part->claim.watermark_us) >= host->clock_s(host) - NOTICES_OLD_S;
}

static void note_waiting(struct notices_topic *topic, const struct settler_part *part)
{
    struct notices_flight *flight = flight_of(topic, part->base.number);
    int64_t waiting = part->claim.next_notice - part->claim.notices_sent;
    if (flight->waiting == 0)
        flight->waiting_since_ms = now_of(topic);
    flight->waiting = waiting;
}

enum error_class notices_topic_turn(struct notices_topic *topic, struct settler_part *part,
                                    struct store *store, struct error *error)
{
    if (topic->opener.open == NULL || topic->simulated)
        return ERROR_NONE;
    note_waiting(topic, part);
    struct notices_flight *flight = flight_of(topic, part->base.number);
    enum error_class class = ERROR_NONE;
    if (now_of(topic) < topic->resume_ms)
        return ERROR_NONE;
    if (!flight->going && flight->waiting > 0 && is_near(topic, part) && find(topic, part->base.number) &&
        open_log(topic))
        class = send(topic, part, store, error);
    if (class == ERROR_NONE && flight->going && part->base.state == PARTITION_WORKING)
        class = finish(topic, part, store, error);
    note_waiting(topic, part);
    return class;
}

void notices_topic_show(struct notices_topic *topic)
{
    int64_t waiting = 0;
    int64_t now_ms = now_of(topic), longest_ms = 0;
    for (uint32_t p = 0; p < topic->flights.count; p++) {
        const struct notices_flight *flight = &topic->flights.at[p];
        waiting += flight->waiting;
        if (flight->waiting > 0 && now_ms - flight->waiting_since_ms > longest_ms)
            longest_ms = now_ms - flight->waiting_since_ms;
    }
    metric_set(&settler_metrics[SETTLER_NOTICES_WAITING], waiting);
    metric_set(&settler_metrics[SETTLER_NOTICES_WAITING_S], longest_ms / 1000);
}

/* Its records on their way would come behind those of whoever has it now. */
void notices_topic_drop(struct notices_topic *topic, uint32_t partition)
{
    if (partition >= topic->flights.count)
        return;
    if (topic->flights.at[partition].unacknowledged > 0)
        notices_topic_close(topic);
    topic->flights.at[partition] = (struct notices_flight){0};
}
