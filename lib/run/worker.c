#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "lib/base/check.h"
#include "lib/io/journal.h"
#include "lib/run/worker_own.h"

enum { NAP_MS = 250 };

static void check_stage(const struct stage_ops *ops)
{
    CHECK(ops->make != NULL && ops->free != NULL && ops->claim != NULL && ops->take != NULL);
    CHECK(ops->turn != NULL && ops->drop != NULL && ops->stopped != NULL && ops->figures != NULL);
    CHECK(!ops->reads_to_claim || ops->claim_take != NULL);
}

struct worker *worker_new(const struct worker_config *config)
{
    struct worker *worker = calloc(1, sizeof *worker);
    CHECK(worker != NULL && config->host != NULL && config->topic != NULL && config->partitions != NULL);
    check_stage(config->stage->ops);
    worker->config = config;
    worker->stage = config->stage;
    worker->host = config->host;
    worker->stage->host = config->host;
    worker->stage->waits = worker_waits;
    worker->stage->worker = worker;
    worker->probed_ms = worker->committed_ms = config->host->now_ms(config->host);
    return worker;
}

/* --- handles --- */

static void close_handles(struct worker *worker)
{
    worker_drop_all(worker);
    if (worker->stage_open && worker->stage->ops->close != NULL)
        worker->stage->ops->close(worker->stage);
    log_close(worker->log);
    worker->log = worker->stage->log = NULL;
    worker->stage_open = false;
    worker->revoked = worker->reassigned = worker->joined = worker->trouble = false;
}

/* How many partitions there are, by which a fixed assignment is read. */
static enum error_class look_for_topic(struct worker *worker, uint32_t *count, struct error *error)
{
    const char *topic = worker->config->topic;
    enum error_class class = log_partitions(worker->log, topic, count, error);
    if (class != ERROR_NONE)
        return class;
    if (*count == 0 && worker->seen)
        return error_set(error, ERROR_ABORT, topic, "the topic was there and is gone");
    if (*count == 0)
        return error_set(error, ERROR_FATAL, topic, "no generation there: run hourglass init");
    worker->seen = true;
    return ERROR_NONE;
}

static enum error_class open_log(struct worker *worker, struct error *error)
{
    const struct worker_config *config = worker->config;
    const struct log_client client = worker_client(worker);
    uint32_t count;
    worker->log = worker->stage->log = config->opener.open(config->opener.context, &client, error);
    if (worker->log == NULL)
        return error->class;
    enum error_class class = look_for_topic(worker, &count, error);
    if (class != ERROR_NONE || assignment_is_group(config->partitions))
        return class;
    if (!assignment_parse(&worker->wanted, config->partitions, count)) {
        char why[100];
        snprintf(why, sizeof why, "the topic has %" PRIu32 " partitions", count);
        return error_set(error, ERROR_FATAL, config->partitions, why);
    }
    worker->reassigned = true;
    return ERROR_NONE;
}

/* The log last: a group is not joined, and its other members not disturbed, before there is something to work
 * with. */
static enum error_class open_handles(struct worker *worker, struct error *error)
{
    const struct stage_ops *ops = worker->stage->ops;
    enum error_class class = ops->open != NULL ? ops->open(worker->stage, error) : ERROR_NONE;
    worker->stage_open = class == ERROR_NONE;
    if (class == ERROR_NONE)
        class = open_log(worker, error);
    worker->probed_ms = worker->host->now_ms(worker->host);
    return class;
}

/* --- recovery --- */

/* The one place that decides: whatever it was, begin again from what is durable, for ever; only what waiting
 * does not heal is the end. False: it is. */
static bool recover(struct worker *worker, const struct error *error)
{
    if (error->class == ERROR_FATAL) {
        journal_error("gave_up", JOURNAL_STR("why", error->text));
        worker->status = EX_CONFIG;
        close_handles(worker);
        return false;
    }
    worker_trouble(worker, error->text);
    worker_show(worker); /* closing may last */
    close_handles(worker);
    int64_t now_ms = worker->host->now_ms(worker->host);
    int64_t pause_ms = outage_pause(&worker->outage, OUTAGE_PAUSE_LEAST_MS, OUTAGE_PAUSE_MOST_MS,
                                    worker->host->random(worker->host));
    worker->next_try_ms = now_ms + pause_ms;
    worker->restarts++;
    return true;
}

/* Waits for the next try, a nap at a time. */
static void nap(struct worker *worker, int64_t left_ms)
{
    worker->host->pause(worker->host, left_ms < NAP_MS ? left_ms : NAP_MS);
}

bool worker_turn(struct worker *worker, int *status)
{
    struct error error = {ERROR_NONE, ""};
    bool goes_on = true;
    worker->host->alive(worker->host);
    int64_t left_ms = worker->next_try_ms - worker->host->now_ms(worker->host);
    enum error_class class = ERROR_NONE;
    if (worker->log != NULL)
        class = worker_work(worker, &error);
    else if (worker->restarts > 0 && left_ms > 0)
        nap(worker, left_ms);
    else
        class = open_handles(worker, &error);
    if (class != ERROR_NONE)
        goes_on = recover(worker, &error);
    worker_show(worker);
    *status = worker->status;
    return goes_on;
}

void worker_free(struct worker *worker)
{
    if (worker == NULL)
        return;
    close_handles(worker);
    vec_release(&worker->parts.list);
    vec_release(&worker->aside.list);
    vec_release(&worker->wanted.partitions);
    vec_release(&worker->shown);
    free(worker);
}

int worker_run(const struct worker_config *config)
{
    struct worker *worker = worker_new(config);
    int status = EX_OK;
    while (!config->host->stopping(config->host) && worker_turn(worker, &status))
        ;
    worker_free(worker);
    return status;
}
