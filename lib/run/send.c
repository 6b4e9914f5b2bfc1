#include "lib/run/send.h"

#include <stdio.h>

#include "lib/base/check.h"

enum { POLL_MS = 100 };

/* A wait that is going on, and since when nothing moved in it. */
struct wait {
    int64_t since_ms;
    struct log_pending before;
};

static struct wait begin_wait(const struct send *send)
{
    CHECK(send->log != NULL && send->host != NULL && send->limit_ms >= 0);
    return (struct wait){send->host->now_ms(send->host), log_pending(send->log)};
}

static enum error_class wait_on(const struct send *send, struct wait *wait, struct error *error)
{
    enum error_class class = log_deliveries(send->log, POLL_MS, error);
    struct log_pending now = log_pending(send->log);
    int64_t now_ms = send->host->now_ms(send->host);
    send->host->alive(send->host);
    if (class == ERROR_ABORT || class == ERROR_FATAL)
        return class;
    if (now.records < wait->before.records || now.bytes < wait->before.bytes)
        wait->since_ms = now_ms;
    wait->before = now;
    int64_t waited_ms = now_ms - wait->since_ms;
    if (send->waited != NULL)
        send->waited(send->context, waited_ms);
    if (send->limit_ms == 0 || waited_ms < send->limit_ms)
        return ERROR_NONE;
    char why[80];
    snprintf(why, sizeof why, "nothing acknowledged for %lld s", (long long)waited_ms / 1000);
    return error_set(error, ERROR_RETRY, "log", why);
}

static bool has_room(const struct send *send, const struct log_record *record)
{
    struct log_pending pending = log_pending(send->log);
    return send->bytes_max == 0 || pending.records == 0 ||
           pending.bytes + record->value.size <= send->bytes_max;
}

enum error_class send_record(const struct send *send, const struct log_record *record, struct error *error)
{
    struct wait wait = begin_wait(send);
    while (!send->host->stopping(send->host)) {
        enum error_class class = has_room(send, record) ? log_append(send->log, record, error) : ERROR_RETRY;
        if (class != ERROR_RETRY)
            return class;
        class = wait_on(send, &wait, error);
        if (class != ERROR_NONE)
            return class;
    }
    return ERROR_NONE;
}

enum error_class send_drain(const struct send *send, uint32_t most, struct error *error)
{
    struct wait wait = begin_wait(send);
    enum error_class class = ERROR_NONE;
    while (class == ERROR_NONE && log_pending(send->log).records > most && !send->host->stopping(send->host))
        class = wait_on(send, &wait, error);
    return class;
}
