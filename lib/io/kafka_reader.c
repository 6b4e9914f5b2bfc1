#include <stdio.h>
#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/base/vec.h"
#include "lib/io/kafka_handle.h"

enum { RANGES_MS = 1500, COUNT_MS = 2000, SLICE_MS = 10, NUDGE_MS = 100 };
enum { READ_AHEAD_KIB = 16 * 1024, FETCH_KIB = 8 * 1024 };

/* How far a partition was read. */
struct place {
    char *topic;
    int32_t partition;
    int64_t next;
};

struct kafka_reader {
    rd_kafka_t *handle;
    struct kafka_group group;
    VEC(struct place) places; /* of what is assigned */
    uint32_t at;              /* the place that was looked at last */
    _Atomic bool over;        /* nobody is to be called any more */
};

/* --- places --- */

static void forget_places(struct kafka_reader *reader)
{
    for (uint32_t i = 0; i < reader->places.count; i++)
        free(reader->places.at[i].topic);
    vec_clear(&reader->places);
    reader->at = 0;
}

static void add_place(struct kafka_reader *reader, const struct log_position *position)
{
    struct place place = {strdup(position->topic), (int32_t)position->partition, position->offset};
    CHECK(place.topic != NULL);
    vec_push(&reader->places, place);
}

/* NULL: it is not assigned, or no more. */
static struct place *place_of(struct kafka_reader *reader, const rd_kafka_message_t *message)
{
    for (uint32_t i = 0; i < reader->places.count && message->rkt != NULL; i++) {
        uint32_t at = (reader->at + i) % reader->places.count;
        struct place *place = &reader->places.at[at];
        if (place->partition != message->partition ||
            strcmp(place->topic, rd_kafka_topic_name(message->rkt)) != 0)
            continue;
        reader->at = at;
        return place;
    }
    return NULL;
}

/* A partition that has more than we have read, by what its last answer said; NULL: none. */
static const struct place *lagging_place(struct kafka_reader *reader)
{
    for (uint32_t i = 0; i < reader->places.count; i++) {
        uint32_t at = (reader->at + 1 + i) % reader->places.count;
        const struct place *place = &reader->places.at[at];
        int64_t low, high;
        if (rd_kafka_get_watermark_offsets(reader->handle, place->topic, place->partition, &low, &high) !=
                RD_KAFKA_RESP_ERR_NO_ERROR ||
            place->next >= high)
            continue;
        reader->at = at;
        return place;
    }
    return NULL;
}

/* 2.0.2's fetcher sleeps for up to a second after its queue was full, however soon that is empty again; a
 * request to the same broker wakes it. */
static bool nudge(struct kafka_reader *reader)
{
    const struct place *place = lagging_place(reader);
    int64_t low, high;
    if (place == NULL)
        return false;
    rd_kafka_query_watermark_offsets(reader->handle, place->topic, place->partition, &low, &high, NUDGE_MS);
    return true;
}

static rd_kafka_message_t *wait_message(struct kafka_reader *reader, int timeout_ms)
{
    while (timeout_ms > SLICE_MS) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->handle, SLICE_MS);
        if (message != NULL)
            return message;
        timeout_ms -= SLICE_MS;
        if (!nudge(reader))
            break;
    }
    return rd_kafka_consumer_poll(reader->handle, timeout_ms);
}

/* --- groups --- */

static void on_rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct kafka_reader *reader = opaque;
    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        rd_kafka_assign(handle, NULL);
        if (reader->over)
            return;
        forget_places(reader);
        reader->group.revoked(reader->group.context);
        return;
    }
    if (reader->over)
        return;
    VEC(uint32_t) numbers = {0};
    for (int i = 0; i < partitions->cnt; i++)
        vec_push(&numbers, (uint32_t)partitions->elems[i].partition);
    reader->group.assigned(reader->group.context, numbers.at, numbers.count);
    vec_release(&numbers);
}

/* --- life --- */

static bool configure(rd_kafka_conf_t *conf, const char *brokers, const char *client_id,
                      const struct kafka_group *group, struct error *error)
{
    char ahead[16], fetch[16];
    uint32_t kib = group != NULL && group->read_ahead_kib > 0 ? group->read_ahead_kib : READ_AHEAD_KIB;
    snprintf(ahead, sizeof ahead, "%u", kib);
    /* It bounds compressed bytes, of which a few times as much is read ahead. A message that is larger comes
     * all the same. */
    snprintf(fetch, sizeof fetch, "%u", kib / 4 < FETCH_KIB ? kib / 4 * 1024 : FETCH_KIB * 1024);
    const char *const pairs[] = {
        "bootstrap.servers", brokers, "client.id", client_id,
        /* assign() needs a group's name too; without a group nothing is ever committed under it. */
        "group.id", group != NULL ? group->name : client_id, "enable.auto.commit", "false",
        "enable.auto.offset.store", "false", "auto.offset.reset", "error", "check.crcs", "true",
        "enable.partition.eof", "true", "partition.assignment.strategy", "range", "session.timeout.ms",
        "6000", "heartbeat.interval.ms", "500", "max.poll.interval.ms", "60000", "queued.min.messages",
        "100000", "queued.max.messages.kbytes", ahead, "fetch.max.bytes", "16777216", "fetch.wait.max.ms",
        "100", "fetch.error.backoff.ms", "100", "fetch.message.max.bytes", fetch, "socket.nagle.disable",
        "true", "reconnect.backoff.max.ms", "1000", "socket.timeout.ms", "10000", NULL};
    if (!kafka_conf_set(conf, pairs, error))
        return false;
    if (group == NULL || group->topic == NULL || group->instance == NULL || group->instance[0] == 0)
        return true;
    const char *const instance[] = {"group.instance.id", group->instance, NULL};
    return kafka_conf_set(conf, instance, error);
}

static bool subscribe(struct kafka_reader *reader, struct error *error)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, reader->group.topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(reader->handle, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        error_set(error, kafka_classify(code), reader->group.topic, rd_kafka_err2str(code));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

struct kafka_reader *kafka_reader_new(const char *brokers, const char *client_id,
                                      const struct kafka_group *group, struct error *error)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (!configure(conf, brokers, client_id, group, error)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    struct kafka_reader *reader = calloc(1, sizeof *reader);
    CHECK(reader != NULL);
    bool handed_out = group != NULL && group->topic != NULL;
    if (handed_out) {
        reader->group = *group;
        rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
        rd_kafka_conf_set_opaque(conf, reader);
    }
    reader->handle = kafka_handle_new(RD_KAFKA_CONSUMER, conf, error);
    if (reader->handle == NULL) {
        free(reader);
        return NULL;
    }
    rd_kafka_poll_set_consumer(reader->handle);
    if (handed_out && !subscribe(reader, error)) {
        kafka_reader_free(reader);
        return NULL;
    }
    return reader;
}

static void release(void *context)
{
    struct kafka_reader *reader = context;
    forget_places(reader);
    vec_release(&reader->places);
    free(reader);
}

void kafka_reader_free(struct kafka_reader *reader)
{
    if (reader == NULL)
        return;
    reader->over = true;
    kafka_discard(reader->handle, release, reader);
}

/* --- reading --- */

enum error_class kafka_reader_assign(struct kafka_reader *reader, const struct log_position *positions,
                                     uint32_t count, struct error *error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    forget_places(reader);
    for (uint32_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_list_add(list, positions[i].topic, (int32_t)positions[i].partition)->offset =
            positions[i].offset;
        add_place(reader, &positions[i]);
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(reader->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ERROR_NONE;
    return error_set(error, kafka_classify(code), "assign", rd_kafka_err2str(code));
}

static enum log_got failed(const struct kafka_reader *reader, const rd_kafka_message_t *message,
                           struct log_message *out, struct error *error)
{
    const char *what = message->rkt != NULL ? rd_kafka_topic_name(message->rkt) : "reader";
    char why[200];
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(reader->handle, why, sizeof why);
    if (fatal == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
        error_set(error, ERROR_ABORT, reader->group.name, "another process has this --instance of the group");
    else if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR)
        error_set(error, ERROR_ABORT, what, why);
    else
        error_set(error, kafka_classify(message->err), what, rd_kafka_message_errstr(message));
    if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR)
        out->topic = "";
    return LOG_GOT_ERROR;
}

/* An error, or the end, or nothing there. */
static enum log_got take_event(struct kafka_reader *reader, const rd_kafka_message_t *message,
                               struct log_message *out, struct error *error)
{
    const struct place *place = place_of(reader, message);
    if (place != NULL) {
        out->topic = place->topic;
        out->partition = (uint32_t)message->partition;
    }
    bool end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    bool damaged = message->err == RD_KAFKA_RESP_ERR__BAD_MSG; /* check.crcs; offset is its batch's first */
    bool gone = message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    if (damaged && place != NULL) {
        out->offset = place->next;
        return LOG_GOT_GONE;
    }
    if (!end && !gone)
        return failed(reader, message, out, error);
    if (place == NULL || (gone && message->offset < place->next))
        return LOG_GOT_NOTHING; /* of an assignment before */
    out->offset = end ? message->offset : place->next;
    return end ? LOG_GOT_END : LOG_GOT_GONE;
}

static enum log_got take_message(struct kafka_reader *reader, rd_kafka_message_t *message,
                                 struct log_message *out)
{
    struct place *place = place_of(reader, message);
    if (place == NULL || message->offset < place->next) {
        rd_kafka_message_destroy(message);
        return LOG_GOT_NOTHING;
    }
    place->next = message->offset + 1;
    *out = (struct log_message){
        .topic = place->topic,
        .partition = (uint32_t)message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = {message->key, (uint32_t)message->key_len},
        .value = {message->payload, (uint32_t)message->len},
        .handle = message,
    };
    return LOG_GOT_MESSAGE;
}

enum log_got kafka_reader_poll(struct kafka_reader *reader, int timeout_ms, struct log_message *out,
                               struct error *error)
{
    rd_kafka_message_t *message = wait_message(reader, timeout_ms);
    *out = (struct log_message){.topic = ""};
    if (message == NULL)
        return LOG_GOT_NOTHING;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return take_message(reader, message, out);
    enum log_got got = take_event(reader, message, out, error);
    rd_kafka_message_destroy(message);
    return got;
}

void kafka_message_release(struct log_message *message)
{
    if (message->handle != NULL)
        rd_kafka_message_destroy(message->handle);
    message->handle = NULL;
}

/* Asks for the ends that `end` names, of all ranges at once: into low, or into high. */
static enum error_class ask_ends(struct kafka_reader *reader, struct log_range *ranges, uint32_t count,
                                 int64_t end, struct error *error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (uint32_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, ranges[i].topic, (int32_t)ranges[i].partition)->offset = end;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(reader->handle, list, RANGES_MS);
    for (uint32_t i = 0; i < count && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        const rd_kafka_topic_partition_t *found =
            rd_kafka_topic_partition_list_find(list, ranges[i].topic, (int32_t)ranges[i].partition);
        code = found->err;
        *(end == RD_KAFKA_OFFSET_END ? &ranges[i].high : &ranges[i].low) = found->offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ERROR_NONE;
    return error_set(error, kafka_classify(code), "Kafka", rd_kafka_err2str(code));
}

enum error_class kafka_ranges(struct kafka_reader *reader, struct log_range *ranges, uint32_t count,
                              struct error *error)
{
    if (count == 0)
        return ERROR_NONE;
    /* A request's time may be -2 or -1 in place of a moment: the first offset, the one after the last. */
    enum error_class class = ask_ends(reader, ranges, count, RD_KAFKA_OFFSET_BEGINNING, error);
    return class == ERROR_NONE ? ask_ends(reader, ranges, count, RD_KAFKA_OFFSET_END, error) : class;
}

enum error_class kafka_reader_partitions(struct kafka_reader *reader, const char *topic, uint32_t *count,
                                         struct error *error)
{
    return kafka_count(reader->handle, topic, COUNT_MS, count, error);
}

enum error_class kafka_commit(struct kafka_reader *reader, const struct log_position *positions,
                              uint32_t count, struct error *error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (uint32_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, positions[i].topic, (int32_t)positions[i].partition)->offset =
            positions[i].offset;
    rd_kafka_resp_err_t code = rd_kafka_commit(reader->handle, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ERROR_NONE;
    return error_set(error, kafka_classify(code), "commit", rd_kafka_err2str(code));
}
