/* `hourglass tail`: a topic's messages as JSON lines, with kcat's options. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/message_json.h"
#include "lib/base/check.h"
#include "lib/domain/topics.h"
#include "lib/io/file.h"
#include "lib/io/kafka_log.h"
#include "lib/io/process.h"
#include "lib/run/value_checks.h"

enum { POLL_MS = 100, LIMIT_MS = 15000, HELD_BYTES = 64 * 1024 };

static struct {
    const char *topic;
    const char *kafka;
    const char *prefix;
    const char *from;
    int64_t partition;
    int64_t count;
    bool exit_at_end;
} options;

static const struct option_row rows[] = {
    {"topic", OPTION_TEXT, &options.topic, NULL, 0, 0,
     "usage.records, usage.frames, aggregator.snapshots, usage.rejects, usage.register or billing.notices, "
     "or "
     "a whole name",
     .value = "TOPIC", .argument = true},
    {"kafka", OPTION_TEXT, &options.kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,...", .value = "SERVERS",
     .check = check_servers},
    {"prefix", OPTION_TEXT, &options.prefix, "", 0, 0, "before the topic's name, where it does not have it"},
    {"partition", OPTION_NUMBER, &options.partition, "-1", -1, INT32_MAX, "this one only; -1: all",
     .letter = 'p', .value = "PARTITION"},
    {"offset", OPTION_TEXT, &options.from, "beginning", 0, 0,
     "beginning, end, an offset N, or -N: that many before the end of each partition", .letter = 'o',
     .value = "OFFSET"},
    {"count", OPTION_NUMBER, &options.count, "0", 0, INT64_MAX, "exit after so many messages; 0: never",
     .letter = 'c', .value = "COUNT"},
    {"exit", OPTION_SWITCH, &options.exit_at_end, "false", 0, 0,
     "exit at the end of the partition, or of all of them", .letter = 'e'},
};

struct tail {
    char topic[TOPIC_NAME_MAX];
    uint32_t first; /* the partitions [first, first + count) */
    uint32_t count;
    struct message_printer *printers;
    bool *ended;
    uint32_t still_reading;
    int64_t printed;
    struct packer out;
};

static int fail(const struct error *error)
{
    fprintf(stderr, "hourglass tail: %s\n", error->text);
    return error->class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
}

/* --- options --- */

static bool read_offset(int64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoll(options.from, &end, 10);
    return errno == 0 && end != options.from && *end == 0;
}

static const struct option_page page = {
    .name = "hourglass tail",
    .summary = "Print a topic's messages, one JSON object a line; the letters are kcat's.",
    .example = "  hourglass tail usage.frames --kafka 127.0.0.1:9092 -p 0 -o -10 -e\n",
    .statuses = "0 done, or told to stop; 64 the command line cannot be read; 75 Kafka cannot be read;\n"
                "78 there is no such topic or partition.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

/* --- where to begin --- */

static enum error_class find_topic(struct log *log, struct tail *tail, struct error *error)
{
    const char *name = options.topic;
    uint32_t partitions;
    bool whole = strncmp(name, options.prefix, strlen(options.prefix)) == 0;
    snprintf(tail->topic, sizeof tail->topic, "%s%s", whole ? "" : options.prefix, name);
    enum error_class class = log_partitions(log, tail->topic, &partitions, error);
    if (class == ERROR_NONE && partitions == 0 && !whole) {
        snprintf(tail->topic, sizeof tail->topic, "%s", name);
        class = log_partitions(log, tail->topic, &partitions, error);
    }
    if (class == ERROR_NONE && partitions == 0)
        class = error_set(error, ERROR_FATAL, tail->topic, "there is no such topic");
    if (class == ERROR_NONE && options.partition >= partitions)
        class = error_set(error, ERROR_FATAL, tail->topic, "there is no such partition");
    tail->first = options.partition < 0 ? 0 : (uint32_t)options.partition;
    tail->count = tail->still_reading = options.partition < 0 ? partitions : 1;
    return class;
}

static int64_t begin_at(const struct log_range *range)
{
    int64_t number = 0, offset = range->low;
    if (strcmp(options.from, "end") == 0)
        offset = range->high;
    else if (strcmp(options.from, "beginning") != 0 && read_offset(&number))
        offset = options.from[0] == '-' ? range->high + number : number;
    if (offset < range->low)
        return range->low;
    return offset > range->high ? range->high : offset;
}

static enum error_class assign(struct log *log, const struct tail *tail, struct error *error)
{
    VEC(struct log_range) ranges = {0};
    VEC(struct log_position) positions = {0};
    for (uint32_t i = 0; i < tail->count; i++)
        vec_push(&ranges, (struct log_range){.topic = tail->topic, .partition = tail->first + i});
    enum error_class class = log_ranges(log, ranges.at, ranges.count, error);
    for (uint32_t i = 0; i < ranges.count && class == ERROR_NONE; i++)
        vec_push(&positions,
                 (struct log_position){tail->topic, ranges.at[i].partition, begin_at(&ranges.at[i])});
    if (class == ERROR_NONE)
        class = log_assign(log, positions.at, positions.count, error);
    vec_release(&ranges);
    vec_release(&positions);
    return class;
}

/* A log answers within a second or two, or not at all: it is asked again for a while. */
static enum error_class begin(struct log *log, struct tail *tail, struct error *error)
{
    struct host *host = process_host();
    int64_t until_ms = host->now_ms(host) + LIMIT_MS;
    enum error_class class;
    do {
        class = find_topic(log, tail, error);
        if (class == ERROR_NONE)
            class = assign(log, tail, error);
        if (class == ERROR_RETRY)
            host->pause(host, POLL_MS);
    } while (class == ERROR_RETRY && host->now_ms(host) < until_ms && !host->stopping(host));
    return class;
}

/* --- printing --- */

static bool flush(struct tail *tail)
{
    bool good = file_write_following(STDOUT_FILENO, tail->out.bytes.at, tail->out.bytes.count);
    vec_clear(&tail->out.bytes);
    return good;
}

static void print(struct tail *tail, const struct log_message *message)
{
    struct json_place place = {message->partition, message->offset, message->timestamp_ms, message->key};
    message_print(&tail->printers[message->partition - tail->first], &place, message->value, &tail->out);
    tail->printed++;
}

static bool done(const struct tail *tail)
{
    return process_stopping() || (options.count > 0 && tail->printed >= options.count) ||
           (options.exit_at_end && tail->still_reading == 0);
}

/* Who reads may have enough. */
static int end_unwritten(void)
{
    if (errno == EPIPE)
        return EX_OK;
    fprintf(stderr, "hourglass tail: standard output: %s\n", strerror(errno));
    return EX_IOERR;
}

static int follow(struct log *log, struct tail *tail)
{
    while (!done(tail)) {
        struct log_message message;
        struct error error;
        /* What is here is printed before we wait for more. */
        enum log_got got = log_poll(log, tail->out.bytes.count > 0 ? 0 : POLL_MS, &message, &error);
        if (got == LOG_GOT_ERROR && error.class != ERROR_RETRY)
            return fail(&error);
        if (got == LOG_GOT_END && !tail->ended[message.partition - tail->first]) {
            tail->ended[message.partition - tail->first] = true;
            tail->still_reading--;
        }
        if (got == LOG_GOT_MESSAGE) {
            print(tail, &message);
            log_release(log, &message);
        }
        bool hold = got == LOG_GOT_MESSAGE && tail->out.bytes.count < HELD_BYTES;
        if (!hold && !flush(tail))
            return end_unwritten();
    }
    return flush(tail) ? EX_OK : end_unwritten();
}

static int tail_topic(struct log *log)
{
    struct tail tail = {0};
    struct error error;
    if (begin(log, &tail, &error) != ERROR_NONE)
        return fail(&error);
    tail.printers = calloc(tail.count, sizeof *tail.printers);
    tail.ended = calloc(tail.count, sizeof *tail.ended);
    CHECK(tail.printers != NULL && tail.ended != NULL);
    int status = follow(log, &tail);
    for (uint32_t i = 0; i < tail.count; i++)
        message_printer_release(&tail.printers[i]);
    free(tail.printers);
    free(tail.ended);
    vec_release(&tail.out.bytes);
    return status;
}

static int run(void)
{
    int64_t number;
    if (strcmp(options.from, "beginning") != 0 && strcmp(options.from, "end") != 0 && !read_offset(&number))
        return options_misused(&page, "--offset: expected beginning, end, N or -N");
    struct kafka_log_config config = {.brokers = options.kafka, .client_id = "hourglass-tail", .reads = true};
    struct error error;
    process_begin();
    struct log *log = kafka_log_open(&config, &(struct log_client){0}, &error);
    int status = log == NULL ? fail(&error) : tail_topic(log);
    log_close(log);
    return status;
}

const struct command command_tail = {&page, run};
