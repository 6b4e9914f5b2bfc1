#include <stdio.h>
#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/io/kafka_handle.h"

enum { REQUEST_MS = 15000 };

/* A consumer: asked about a topic that does not exist, a producer's handle would have the broker make it. */
static rd_kafka_t *admin_handle(const char *brokers, struct error *error)
{
    const char *const pairs[] = {"bootstrap.servers", brokers, "client.id", "hourglass-admin", NULL};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (!kafka_conf_set(conf, pairs, error)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return kafka_handle_new(RD_KAFKA_CONSUMER, conf, error);
}

/* The first real failure among a request's results. */
static enum error_class first_failure(const rd_kafka_topic_result_t **results, size_t count,
                                      rd_kafka_resp_err_t harmless, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == harmless)
            continue;
        const char *why = rd_kafka_topic_result_error_string(results[i]);
        bool passes = kafka_classify(code) == ERROR_RETRY;
        return error_set(error, passes ? ERROR_RETRY : ERROR_FATAL, rd_kafka_topic_result_name(results[i]),
                         why != NULL ? why : rd_kafka_err2str(code));
    }
    return ERROR_NONE;
}

/* Waits for the answer to a request that creates or deletes topics. */
static enum error_class take_answer(rd_kafka_queue_t *queue, const char *what, struct error *error)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, REQUEST_MS);
    if (event == NULL)
        return error_set(error, ERROR_RETRY, what, "no answer");
    size_t count;
    const rd_kafka_topic_result_t **results;
    enum error_class class;
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        class = error_set(error, kafka_classify(rd_kafka_event_error(event)), what,
                          rd_kafka_event_error_string(event));
    } else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT) {
        results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
        class = first_failure(results, count, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, error);
    } else {
        results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
        class = first_failure(results, count, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, error);
    }
    rd_kafka_event_destroy(event);
    return class;
}

enum error_class kafka_create_topics(const char *brokers, const struct kafka_topic *topics, uint32_t count,
                                     struct error *error)
{
    rd_kafka_t *handle = admin_handle(brokers, error);
    if (handle == NULL)
        return error->class;
    rd_kafka_NewTopic_t **requests = calloc(count, sizeof *requests);
    CHECK(requests != NULL);
    for (uint32_t i = 0; i < count; i++) {
        char why[128];
        requests[i] = rd_kafka_NewTopic_new(topics[i].name, (int)topics[i].partitions,
                                            (int)topics[i].replicas, why, sizeof why);
        CHECK(requests[i] != NULL);
        for (const char *const *pair = topics[i].settings; pair != NULL && pair[0] != NULL; pair += 2)
            rd_kafka_NewTopic_set_config(requests[i], pair[0], pair[1]);
    }
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    char why[128];
    rd_kafka_AdminOptions_set_request_timeout(options, REQUEST_MS - 1000, why, sizeof why);
    rd_kafka_AdminOptions_set_operation_timeout(options, REQUEST_MS - 1000, why, sizeof why);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_CreateTopics(handle, requests, count, options, queue);
    enum error_class class = take_answer(queue, "create topics", error);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_NewTopic_destroy_array(requests, count);
    free(requests);
    rd_kafka_destroy(handle);
    return class;
}

enum error_class kafka_delete_topics(const char *brokers, const char *const *topics, uint32_t count,
                                     struct error *error)
{
    rd_kafka_t *handle = admin_handle(brokers, error);
    if (handle == NULL)
        return error->class;
    rd_kafka_DeleteTopic_t **requests = calloc(count, sizeof *requests);
    CHECK(requests != NULL);
    for (uint32_t i = 0; i < count; i++)
        requests[i] = rd_kafka_DeleteTopic_new(topics[i]);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_DeleteTopics(handle, requests, count, NULL, queue);
    enum error_class class = take_answer(queue, "delete topics", error);
    rd_kafka_queue_destroy(queue);
    rd_kafka_DeleteTopic_destroy_array(requests, count);
    free(requests);
    rd_kafka_destroy(handle);
    return class;
}
