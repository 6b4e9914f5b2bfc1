#include "lib/io/kafka_handle.h"

/* Whatever is not known to pass by itself costs a new handle; only what cannot heal is fatal. */
enum error_class kafka_classify(rd_kafka_resp_err_t code)
{
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return ERROR_NONE;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED: /* the next poll joins again */
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
        return ERROR_RETRY;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        return ERROR_FATAL;
    default:
        return ERROR_ABORT;
    }
}

bool kafka_conf_set(rd_kafka_conf_t *conf, const char *const *pairs, struct error *error)
{
    for (; pairs[0] != NULL; pairs += 2) {
        char why[200];
        if (rd_kafka_conf_set(conf, pairs[0], pairs[1], why, sizeof why) == RD_KAFKA_CONF_OK)
            continue;
        error_set(error, ERROR_FATAL, pairs[0], why);
        return false;
    }
    return true;
}

/* Failures come back through the calls; what librdkafka says beside them would only repeat it. */
static void say_nothing(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle, (void)level, (void)facility, (void)text;
}

rd_kafka_t *kafka_handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *error)
{
    char why[200];
    rd_kafka_conf_set_log_cb(conf, say_nothing);
    rd_kafka_t *handle = rd_kafka_new(type, conf, why, sizeof why);
    if (handle != NULL)
        return handle;
    rd_kafka_conf_destroy(conf);
    error_set(error, ERROR_FATAL, "kafka", why);
    return NULL;
}
