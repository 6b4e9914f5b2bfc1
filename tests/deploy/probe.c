// A small Kafka client for test_local.sh: what the broker that deploy/local starts does and keeps.
//
//   probe BROKER make TOPIC           makes a topic of one partition
//   probe BROKER put TOPIC SIZE N     appends N messages of SIZE bytes, waits for their acknowledgement
//   probe BROKER end TOPIC            prints the offset after the last message
//   probe BROKER read TOPIC           reads to the end, prints how many messages it got
//
// Exit status: 0 done, 1 refused (the reason on standard error), 2 usage.
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 20000, MESSAGE_MAX_BYTES = 8 << 20 };

static char reason[512];

static int refused(const char *why)
{
    fprintf(stderr, "probe: %s\n", why);
    return 1;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    rd_kafka_resp_err_t *first = opaque;
    if (message->err && !*first)
        *first = message->err;
}

static rd_kafka_t *client_new(rd_kafka_type_t type, const char *broker, void *opaque)
{
    const char *settings[][2] = {
        {"bootstrap.servers", broker},    {"group.id", "probe"}, {"enable.auto.commit", "false"},
        {"enable.partition.eof", "true"}, {"acks", "all"},       {"message.timeout.ms", "20000"},
        {"message.max.bytes", "8400000"}, {"log_level", "0"},    {"topic.metadata.propagation.max.ms", "0"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], reason, sizeof reason) !=
            RD_KAFKA_CONF_OK)
            exit(refused(reason));
    rd_kafka_conf_set_opaque(conf, opaque);
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *rk = rd_kafka_new(type, conf, reason, sizeof reason);
    if (!rk)
        exit(refused(reason));
    return rk;
}

static int make(rd_kafka_t *rk, const char *topic)
{
    rd_kafka_NewTopic_t *new = rd_kafka_NewTopic_new(topic, 1, 1, reason, sizeof reason);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &new, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    if (!event || rd_kafka_event_error(event))
        return refused(event ? rd_kafka_event_error_string(event) : "no answer");
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    if (count != 1 || rd_kafka_topic_result_error(results[0]))
        return refused(count == 1 ? rd_kafka_topic_result_error_string(results[0]) : "no result");
    return 0;
}

static int put(rd_kafka_t *rk, const char *topic, size_t size, int n, const rd_kafka_resp_err_t *outcome)
{
    static char value[MESSAGE_MAX_BYTES];
    if (size > sizeof value)
        return refused("too large for the probe");
    for (int i = 0; i < n; i++) {
        rd_kafka_resp_err_t err = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                                                    RD_KAFKA_V_VALUE(value, size), RD_KAFKA_V_END);
        if (err)
            return refused(rd_kafka_err2str(err));
    }
    rd_kafka_resp_err_t err = rd_kafka_flush(rk, TIMEOUT_MS);
    if (err || *outcome)
        return refused(rd_kafka_err2str(err ? err : *outcome));
    return 0;
}

static int end(rd_kafka_t *rk, const char *topic)
{
    int64_t low = 0;
    int64_t high = 0;
    rd_kafka_resp_err_t err = rd_kafka_query_watermark_offsets(rk, topic, 0, &low, &high, TIMEOUT_MS);
    if (err)
        return refused(rd_kafka_err2str(err));
    printf("%lld\n", (long long)high);
    return 0;
}

static int read_all(rd_kafka_t *rk, const char *topic)
{
    rd_kafka_topic_partition_list_t *from = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(from, topic, 0)->offset = 0;
    rd_kafka_assign(rk, from);
    for (int n = 0;; n++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, TIMEOUT_MS);
        if (message && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            printf("%d\n", n);
            return 0;
        }
        if (!message || message->err)
            return refused(message ? rd_kafka_err2str(message->err) : "nothing came");
        rd_kafka_message_destroy(message);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4 || (strcmp(argv[2], "put") == 0) != (argc == 6))
        return 2;
    const char *verb = argv[2];
    rd_kafka_resp_err_t outcome = RD_KAFKA_RESP_ERR_NO_ERROR;
    int reads = strcmp(verb, "read") == 0;
    rd_kafka_t *rk = client_new(reads ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, argv[1], &outcome);
    if (strcmp(verb, "make") == 0)
        return make(rk, argv[3]);
    if (strcmp(verb, "put") == 0)
        return put(rk, argv[3], strtoul(argv[4], NULL, 10), atoi(argv[5]), &outcome);
    if (strcmp(verb, "end") == 0)
        return end(rk, argv[3]);
    return reads ? read_all(rk, argv[3]) : 2;
}
