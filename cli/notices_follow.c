#include "cli/notices_follow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/partition.h"
#include "lib/base/vec.h"
#include "lib/codec/notice.h"
#include "lib/domain/sheet.h"
#include "lib/domain/topics.h"
#include "lib/io/file.h"
#include "lib/io/kafka_log.h"
#include "lib/io/process.h"

enum { POLL_MS = 100, LIMIT_MS = 15000, HELD_BYTES = 64 * 1024 };

static const struct column columns[NOTICE_KEYS] = {
    [NOTICE_ID] = {"id", COLUMN_TEXT, 12, NULL},
    [NOTICE_ACCOUNT] = {"account", COLUMN_TEXT, 20, NULL},
    [NOTICE_STATE] = {"state", COLUMN_TEXT, 9, NULL},
    [NOTICE_BALANCE] = {"balance", COLUMN_DECIMAL, 16, NULL},
    [NOTICE_AVAILABLE] = {"available", COLUMN_DECIMAL, 16, NULL},
    [NOTICE_DEADLINE] = {"deadline", COLUMN_TEXT, 20, NULL},
    [NOTICE_AT] = {"at", COLUMN_TEXT, 20, NULL},
    [NOTICE_CURRENCY] = {"currency", COLUMN_TEXT, 8, NULL},
};

struct follower {
    const struct notices_follow *options;
    const char *topic;
    struct sheet sheet;
    struct arena memory;
    struct packer out;
};

static int fail(const struct error *error)
{
    fprintf(stderr, "hourglass notices: %s\n", error->text);
    return error->class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
}

/* --- where to begin --- */

/* The account's partition, or all. */
static enum error_class assign(const struct follower *follower, struct log *log, struct error *error)
{
    VEC(struct log_range) ranges = {0};
    VEC(struct log_position) positions = {0};
    struct str account = str_of(follower->options->account);
    uint32_t count = 0;
    enum error_class class = log_partitions(log, follower->topic, &count, error);
    if (class == ERROR_NONE && count == 0)
        class = error_set(error, ERROR_FATAL, follower->topic, "there is no such topic: run hourglass init");
    for (uint32_t p = 0; p < count; p++)
        if (account.size == 0 || p == partition_of(account, count))
            vec_push(&ranges, (struct log_range){.topic = follower->topic, .partition = p});
    if (class == ERROR_NONE)
        class = log_ranges(log, ranges.at, ranges.count, error);
    for (uint32_t i = 0; i < ranges.count && class == ERROR_NONE; i++)
        vec_push(&positions, (struct log_position){follower->topic, ranges.at[i].partition,
                                                   follower->options->from_beginning ? ranges.at[i].low
                                                                                     : ranges.at[i].high});
    if (class == ERROR_NONE)
        class = log_assign(log, positions.at, positions.count, error);
    vec_release(&ranges);
    vec_release(&positions);
    return class;
}

/* A log answers within a second or two, or not at all: it is asked again for a while. */
static enum error_class begin(const struct follower *follower, struct log *log, struct error *error)
{
    struct host *host = process_host();
    int64_t until_ms = host->now_ms(host) + LIMIT_MS;
    enum error_class class = assign(follower, log, error);
    while (class == ERROR_RETRY && host->now_ms(host) < until_ms && !host->stopping(host)) {
        host->pause(host, POLL_MS);
        class = assign(follower, log, error);
    }
    return class;
}

/* --- printing --- */

static bool flush(struct follower *follower)
{
    bool good = file_write_following(STDOUT_FILENO, follower->out.bytes.at, follower->out.bytes.count);
    vec_clear(&follower->out.bytes);
    return good;
}

static void print(struct follower *follower, const struct log_message *message)
{
    struct str texts[NOTICE_KEYS];
    arena_reset(&follower->memory);
    if (notice_texts(message->value, &follower->memory, texts) != DECODE_OK) {
        fprintf(stderr, "hourglass notices: %s[%u] at offset %lld: it is no notice\n", message->topic,
                message->partition, (long long)message->offset);
        return;
    }
    struct str account = str_of(follower->options->account);
    if (account.size == 0 || str_equal(account, texts[NOTICE_ACCOUNT]))
        sheet_row(&follower->sheet, texts, &follower->out);
}

/* Who reads may have enough. */
static int end_unwritten(void)
{
    if (errno == EPIPE)
        return EX_OK;
    fprintf(stderr, "hourglass notices: standard output: %s\n", strerror(errno));
    return EX_IOERR;
}

static int run(struct follower *follower, struct log *log)
{
    sheet_header(&follower->sheet, &follower->out);
    while (!process_stopping()) {
        struct log_message message;
        struct error error;
        /* What is here is printed before we wait for more. */
        enum log_got got = log_poll(log, follower->out.bytes.count > 0 ? 0 : POLL_MS, &message, &error);
        if (got == LOG_GOT_ERROR && error.class != ERROR_RETRY)
            return fail(&error);
        if (got == LOG_GOT_GONE)
            return fail(&(struct error){ERROR_ABORT, "records were deleted before they were read"});
        if (got == LOG_GOT_MESSAGE) {
            print(follower, &message);
            log_release(log, &message);
        }
        bool hold = got == LOG_GOT_MESSAGE && follower->out.bytes.count < HELD_BYTES;
        if (!hold && !flush(follower))
            return end_unwritten();
    }
    return flush(follower) ? EX_OK : end_unwritten();
}

int notices_follow(const struct notices_follow *options)
{
    const struct topics topics = topics_of(options->prefix);
    struct follower follower = {.options = options,
                                .topic = topics.notices,
                                .sheet = {sheet_format_of(options->format), columns, NOTICE_KEYS}};
    struct kafka_log_config config = {
        .brokers = options->kafka, .client_id = "hourglass-notices", .reads = true};
    struct error error;
    process_begin();
    struct log *log = kafka_log_open(&config, &(struct log_client){0}, &error);
    enum error_class class = log == NULL ? error.class : begin(&follower, log, &error);
    int status = class == ERROR_NONE ? run(&follower, log) : fail(&error);
    log_close(log);
    arena_release(&follower.memory);
    vec_release(&follower.out.bytes);
    return status;
}
