#include "lib/io/kafka_handle.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/check.h"

/* So long a handle's end is waited for; so many may be ending at once, each with threads of its own. */
enum { DISCARD_MS = 1000, ENDING_MAX = 16 };

/* Whatever is not known to pass by itself costs a new handle. None is fatal: rights and passwords are mended
 * at the broker too. */
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

/* --- the end of a handle --- */

struct discarded {
    rd_kafka_t *handle;
    void (*release)(void *context);
    void *context;
    bool ended; /* it is not used any more, by its own thread; */
    bool left;  /* nor by who asked */
};

static pthread_mutex_t discard_lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows, and of each discarded */
static pthread_cond_t discard_ended = PTHREAD_COND_INITIALIZER;
static int ending;

static void *discard(void *context)
{
    struct discarded *of = context;
    if (rd_kafka_type(of->handle) == RD_KAFKA_CONSUMER)
        rd_kafka_consumer_close(of->handle);
    rd_kafka_destroy(of->handle);
    of->release(of->context);
    pthread_mutex_lock(&discard_lock);
    of->ended = true;
    ending--;
    pthread_cond_broadcast(&discard_ended);
    bool left = of->left;
    pthread_mutex_unlock(&discard_lock);
    if (left)
        free(of);
    return NULL;
}

void kafka_discard(rd_kafka_t *handle, void (*release)(void *context), void *context)
{
    struct discarded *of = calloc(1, sizeof *of);
    pthread_t thread;
    struct timespec until;
    CHECK(of != NULL);
    *of = (struct discarded){.handle = handle, .release = release, .context = context};
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DISCARD_MS / 1000;
    pthread_mutex_lock(&discard_lock);
    ending++;
    CHECK(pthread_create(&thread, NULL, discard, of) == 0);
    pthread_detach(thread);
    int waited = 0;
    while (!of->ended && waited == 0)
        waited = ending > ENDING_MAX ? pthread_cond_wait(&discard_ended, &discard_lock)
                                     : pthread_cond_timedwait(&discard_ended, &discard_lock, &until);
    of->left = true;
    bool ended = of->ended;
    pthread_mutex_unlock(&discard_lock);
    if (ended)
        free(of);
}

enum error_class kafka_count(rd_kafka_t *handle, const char *topic, int timeout_ms, uint32_t *count,
                             struct error *error)
{
    rd_kafka_topic_t *wanted = rd_kafka_topic_new(handle, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    *count = 0;
    if (wanted == NULL)
        return error_set(error, ERROR_FATAL, topic, "no name of a topic");
    rd_kafka_resp_err_t code = rd_kafka_metadata(handle, 0, wanted, &metadata, timeout_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
        code = metadata->topics[0].err;
        *count = (uint32_t)metadata->topics[0].partition_cnt;
    }
    if (metadata != NULL)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(wanted);
    bool absent = code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (absent)
        *count = 0;
    if (absent || code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ERROR_NONE;
    return error_set(error, kafka_classify(code), topic, rd_kafka_err2str(code));
}
