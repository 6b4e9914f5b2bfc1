#include "collectors/reject_log.h"

#include "collectors/core/allowance.h"
#include "lib/base/check.h"
#include "lib/base/partition.h"
#include "lib/io/journal.h"
#include "lib/run/outage.h"

enum {
    PER_S = 1000,
    MOST = 10000,
    BYTES_PER_S = 1 << 20,
    BYTES_MOST = 8 << 20,
    ON_THEIR_WAY_BYTES_MAX = 8 << 20,
};

struct reject_log {
    struct reject_log_config config;
    struct log *handle; /* NULL: none yet, or it failed */
    struct allowance count;
    struct allowance bytes;
    struct outage outage;
    int64_t open_ms; /* not before */
};

struct reject_log *reject_log_new(const struct reject_log_config *config)
{
    struct reject_log *log = calloc(1, sizeof *log);
    CHECK(log != NULL && config->topic != NULL && config->kept != NULL && config->not_kept != NULL);
    log->config = *config;
    int64_t now_ms = config->host->now_ms(config->host);
    log->count = allowance_of(PER_S, MOST, now_ms);
    log->bytes = allowance_of(BYTES_PER_S, BYTES_MOST, now_ms);
    return log;
}

void reject_log_free(struct reject_log *log)
{
    if (log == NULL)
        return;
    log_close(log->handle);
    free(log);
}

static int64_t now_ms(const struct reject_log *log)
{
    return log->config.host->now_ms(log->config.host);
}

static void on_delivered(void *context, void *tag, const struct log_delivery *delivery)
{
    (void)tag;
    struct reject_log *log = context;
    metric_add(delivery->failed ? log->config.not_kept : log->config.kept, 1);
    if (!delivery->failed && outage_heal(&log->outage, now_ms(log)) >= 0)
        journal_info("rejects_kept_again", JOURNAL_INT("partition", delivery->partition));
}

/* The handle has failed, or there is none to be had. */
static void fail(struct reject_log *log, const char *why)
{
    struct host *host = log->config.host;
    struct log *handle = log->handle;
    log->handle = NULL;
    log_close(handle);
    outage_fail(&log->outage, now_ms(log), why);
    log->open_ms = now_ms(log) + outage_pause(&log->outage, OUTAGE_PAUSE_LEAST_MS, OUTAGE_PAUSE_MOST_MS,
                                              host->random(host));
    if (outage_speaks(&log->outage, now_ms(log)))
        journal_warning("rejects_not_kept", JOURNAL_STR("why", log->outage.why));
}

static bool have_handle(struct reject_log *log)
{
    struct error error;
    const struct log_client client = {.delivered = on_delivered, .context = log};
    if (log->handle != NULL)
        return true;
    if (now_ms(log) < log->open_ms)
        return false;
    log->handle = log->config.opener.open(log->config.opener.context, &client, &error);
    if (log->handle == NULL)
        fail(log, error.text);
    return log->handle != NULL;
}

static bool keep(struct reject_log *log, struct str bytes, uint32_t partitions)
{
    struct reject reject;
    struct error error;
    CHECK(reject_decode(bytes, &reject) == DECODE_OK);
    if (!have_handle(log) || log_pending(log->handle).bytes + bytes.size > ON_THEIR_WAY_BYTES_MAX)
        return false;
    if (!allowance_take(&log->count, 1, now_ms(log)) || !allowance_take(&log->bytes, bytes.size, now_ms(log)))
        return false;
    const struct log_record record = {
        .topic = log->config.topic,
        .partition = reject.account.size > 0 ? partition_of(reject.account, partitions) : 0,
        .value = bytes,
    };
    enum error_class class = log_append(log->handle, &record, &error);
    if (class != ERROR_NONE && class != ERROR_RETRY)
        fail(log, error.text);
    return class == ERROR_NONE;
}

void reject_log_keep(struct reject_log *log, const struct rejects *rejects, uint32_t partitions)
{
    int64_t not_kept = (int64_t)rejects->left_out;
    for (uint32_t i = 0; i < rejects->ends.count; i++)
        not_kept += keep(log, rejects_at(rejects, i), partitions) ? 0 : 1;
    metric_add(log->config.not_kept, not_kept);
}

void reject_log_turn(struct reject_log *log)
{
    struct error error;
    if (log->handle != NULL && log_deliveries(log->handle, 0, &error) != ERROR_NONE)
        fail(log, error.text);
}

uint32_t reject_log_pending(const struct reject_log *log)
{
    return log->handle == NULL ? 0 : log_pending(log->handle).records;
}
