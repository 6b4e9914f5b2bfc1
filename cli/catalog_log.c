#include "cli/catalog_log.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/log_read.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/usage.h"

struct scan {
    struct catalog_log *log;
    struct usage_records records;
};

static uint32_t keep_text(struct catalog_log *log, struct str text)
{
    for (uint32_t i = 0; i < log->texts.count; i++) {
        const struct packer *kept = &log->texts.at[i];
        if (str_equal((struct str){kept->bytes.at, kept->bytes.count}, text))
            return i;
    }
    struct packer copy = {0};
    pack_raw(&copy, text.at, text.size);
    vec_push(&log->texts, copy);
    return log->texts.count - 1;
}

/* Of the same hour, the later in the log. */
static void keep(struct catalog_log *log, struct partition_catalogs *of, const struct message *message)
{
    struct logged_catalog catalog = {.from_s = message->catalog.from_s,
                                     .offset = message->offset,
                                     .text = keep_text(log, message->catalog.text)};
    digest_of(message->catalog.text.at, message->catalog.text.size, catalog.digest);
    uint32_t i = 0;
    while (i < of->list.count && of->list.at[i].from_s < catalog.from_s)
        i++;
    if (i < of->list.count && of->list.at[i].from_s == catalog.from_s)
        of->list.at[i] = catalog;
    else
        vec_insert(&of->list, i, catalog);
}

/* Whether the catalog's hour comes in time for the partition. That an hour has counts already is not seen
 * here. */
static bool in_time(const struct partition_catalogs *of, uint32_t partition, const struct message *message)
{
    int64_t from_us = message->catalog.from_s * SECOND_US;
    if (of->now_us == INT64_MIN)
        return true;
    return partition == 0 ? from_us >= of->now_us + CATALOG_LEAD_S * (int64_t)SECOND_US
                          : from_us > of->now_us;
}

/* The register as the aggregator follows it (DESIGN §2): what names another predecessor is no part of it, nor
 * is what partition 0 refuses; what is too late elsewhere alone is, and does not hold there. */
static void take_control(struct catalog_log *log, uint32_t partition, const struct message *message)
{
    struct partition_catalogs *of = &log->of[partition];
    bool first = message->control == CONTROL_INIT;
    bool follows = memcmp(message->origin.prev_hash, of->last_hash, CONTROL_HASH_SIZE) == 0;
    if (!follows || first != (of->list.count == 0))
        return;
    bool holds = first || in_time(of, partition, message);
    if (holds || partition != 0)
        memcpy(of->last_hash, message->origin.hash, CONTROL_HASH_SIZE);
    if (holds)
        keep(log, of, message);
}

/* As the aggregator judges it: log time is the greatest that append time and a message's clock agree on. */
static void take(void *context, const struct log_message *from)
{
    struct scan *scan = context;
    struct message message;
    if (from->partition >= scan->log->partitions ||
        usage_decode(from->value, &scan->records, &message) != DECODE_OK)
        return;
    struct partition_catalogs *of = &scan->log->of[from->partition];
    message.offset = from->offset;
    if (message.control == CONTROL_NONE) {
        int64_t append_us = from->timestamp_ms * 1000;
        int64_t agreed_us = append_us < message.clock_us ? append_us : message.clock_us;
        if (agreed_us > of->now_us)
            of->now_us = agreed_us;
        return;
    }
    take_control(scan->log, from->partition, &message);
}

enum error_class catalog_log_read(struct kafka_reader *reader, const char *brokers,
                                  const struct topics *topics, struct catalog_log *log, struct error *error)
{
    *log = (struct catalog_log){0};
    enum error_class class = kafka_partition_count(brokers, topics->records, &log->partitions, error);
    if (class == ERROR_NONE && log->partitions == 0)
        class = error_set(error, ERROR_FATAL, topics->records, "there is no such topic");
    if (class != ERROR_NONE)
        return class;
    log->of = calloc(log->partitions, sizeof *log->of);
    CHECK(log->of != NULL);
    for (uint32_t p = 0; p < log->partitions; p++)
        log->of[p].now_us = INT64_MIN;
    struct scan scan = {.log = log};
    class = log_read(reader, topics->records, log->partitions, take, &scan, error);
    usage_records_release(&scan.records);
    if (class == ERROR_NONE && (log->of[0].list.count == 0 || log->of[0].list.at[0].from_s != INT64_MIN))
        class =
            error_set(error, ERROR_FATAL, topics->records, "its log has no first catalog (hourglass init)");
    return class;
}

void catalog_log_release(struct catalog_log *log)
{
    for (uint32_t p = 0; p < log->partitions && log->of != NULL; p++)
        vec_release(&log->of[p].list);
    for (uint32_t i = 0; i < log->texts.count; i++)
        vec_release(&log->texts.at[i].bytes);
    vec_release(&log->texts);
    free(log->of);
    *log = (struct catalog_log){0};
}

const struct logged_catalog *catalog_log_find(const struct catalog_log *log, uint32_t partition,
                                              int64_t from_s)
{
    const struct partition_catalogs *of = &log->of[partition];
    for (uint32_t i = 0; i < of->list.count; i++)
        if (of->list.at[i].from_s == from_s)
            return &of->list.at[i];
    return NULL;
}

struct str catalog_log_text(const struct catalog_log *log, const struct logged_catalog *catalog)
{
    const struct packer *text = &log->texts.at[catalog->text];
    return (struct str){text->bytes.at, text->bytes.count};
}

bool catalog_log_agree(const struct catalog_log *log, uint32_t a, uint32_t b)
{
    const struct partition_catalogs *x = &log->of[a], *y = &log->of[b];
    bool same = x->list.count == y->list.count;
    for (uint32_t i = 0; same && i < x->list.count; i++)
        same = x->list.at[i].from_s == y->list.at[i].from_s && x->list.at[i].text == y->list.at[i].text;
    return same;
}
