#include "collectors/file_source.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "collectors/core/accept.h"
#include "collectors/core/lines.h"
#include "collectors/core/simulate.h"
#include "collectors/generation.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/topics.h"
#include "lib/codec/usage.h"
#include "lib/domain/topics.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "lib/io/process.h"

enum { POLL_MS = 100, PENDING_MAX = 2000, ORIGIN_BYTES = 4200, EXIT_UNUSABLE = 2, EXIT_SOME_REJECTED = 3 };

struct metric file_source_metrics[FILE_METRICS] = {
    [FILE_ACCEPTED] = {"hourglass_collector_events_total{outcome=\"accepted\"}", METRIC_COUNTER,
                       "Events by what became of them.", 0},
    [FILE_REJECTED] = {"hourglass_collector_events_total{outcome=\"rejected\"}", METRIC_COUNTER, "", 0},
    [FILE_MESSAGES] = {"hourglass_collector_messages_total", METRIC_COUNTER,
                       "Messages with records that were sent.", 0},
};

struct source {
    const struct file_source_options *options;
    struct topics topics;
    struct kafka_producer *producer;
    struct acceptor *acceptor;
    struct simulation *simulation;
    struct packer bytes;
    struct error error;
    bool failed; /* Kafka; `error` says how */
    uint64_t rejected;
};

/* --- sending --- */

static void send(struct source *source, const struct log_record *record)
{
    enum error_class class = ERROR_RETRY;
    while (!source->failed && class == ERROR_RETRY) {
        class = kafka_send(source->producer, record, &source->error);
        if (class != ERROR_NONE && class != ERROR_RETRY)
            source->failed = true;
        bool full = class == ERROR_RETRY || kafka_producer_pending(source->producer) > PENDING_MAX;
        if (kafka_producer_poll(source->producer, full ? POLL_MS : 0, &source->error) != ERROR_NONE ||
            process_stopping())
            source->failed = true;
        process_alive();
    }
}

/* The broker's times are whole milliseconds: rounded up, so that of a message's two times the clock is the
 * earlier one, here as in memory. 0 would be the wall clock's now. */
static int64_t timestamp_ms_of(int64_t clock_us)
{
    int64_t rounded_ms = (clock_us + 999) / 1000;
    return rounded_ms > 0 ? rounded_ms : 1;
}

static void take_message(void *context, uint32_t partition, const struct message *message)
{
    struct source *source = context;
    vec_clear(&source->bytes.bytes);
    usage_encode(message, &source->bytes);
    send(source, &(struct log_record){.topic = source->topics.records,
                                      .partition = partition,
                                      .value = {source->bytes.bytes.at, source->bytes.bytes.count},
                                      .timestamp_ms = timestamp_ms_of(message->clock_us)});
    metric_add(&file_source_metrics[FILE_MESSAGES], 1);
}

static void send_reject(struct source *source, const char *path, uint64_t number, struct str line,
                        struct str reason)
{
    char origin[ORIGIN_BYTES];
    snprintf(origin, sizeof origin, "%s:%llu", path, (unsigned long long)number);
    struct reject reject = {.reason = reason, .feed = STR("file"), .origin = str_of(origin), .bytes = line};
    vec_clear(&source->bytes.bytes);
    reject_encode(&reject, &source->bytes);
    send(source, &(struct log_record){.topic = source->topics.rejects,
                                      .value = {source->bytes.bytes.at, source->bytes.bytes.count}});
}

/* --- reading --- */

static void take_line(struct source *source, const char *path, uint64_t number, struct str line)
{
    struct record record;
    struct rejection rejection;
    if (accept_event(source->acceptor, line, &record, &rejection)) {
        metric_add(&file_source_metrics[FILE_ACCEPTED], 1);
        simulation_add(source->simulation, &record);
        return;
    }
    source->rejected++;
    metric_add(&file_source_metrics[FILE_REJECTED], 1);
    fprintf(stderr, "%s:%llu: %.*s\n", path, (unsigned long long)number, STR_ARG(rejection.reason));
    send_reject(source, path, number, line, rejection.reason);
}

static bool take_file(struct source *source, const char *path)
{
    struct file_pieces pieces;
    struct str piece, line;
    uint64_t number = 0;
    if (!file_pieces_open(&pieces, path)) {
        fprintf(stderr, "hourglass-collector: %s: %s\n", path, strerror(errno));
        return false;
    }
    while (!source->failed && file_pieces_next(&pieces, &piece)) {
        struct lines lines = lines_of(piece.at, piece.size);
        lines.number = number;
        while (!source->failed && lines_next(&lines, &line))
            take_line(source, path, lines.number, line);
        number = lines.number;
    }
    bool good = !pieces.failed;
    if (!good)
        fprintf(stderr, "hourglass-collector: %s: %s\n", path, strerror(pieces.error));
    file_pieces_close(&pieces);
    return good;
}

/* --- beginning and end --- */

static bool parse_until(const struct file_source_options *options, int64_t *until_s)
{
    int64_t until_us;
    *until_s = INT64_MAX;
    if (options->until[0] == 0)
        return true;
    if (!time_parse(str_of(options->until), &until_us)) {
        fprintf(stderr, "--until: expected a time as in 2026-11-01T10:00:00Z\n");
        return false;
    }
    *until_s = time_second(until_us);
    if (options->whole_hours && *until_s % HOUR_S != 0) {
        fprintf(stderr, "--until: expected a whole hour\n");
        return false;
    }
    return true;
}

static bool write_until(const struct file_source_options *options, int64_t until_s)
{
    if (options->until_file[0] == 0)
        return true;
    FILE *file = fopen(options->until_file, "w");
    if (file == NULL)
        return false;
    bool written = fprintf(file, "%lld\n", (long long)until_s) > 0;
    return fclose(file) == 0 && written;
}

static bool finish(struct source *source, int64_t until_s)
{
    int64_t latest_s = simulation_default_until_s(source->simulation);
    if (until_s == INT64_MAX)
        until_s = latest_s == INT64_MIN ? 0 : latest_s;
    if (!write_until(source->options, until_s))
        return false;
    simulation_end(source->simulation, until_s);
    while (!source->failed && kafka_producer_pending(source->producer) > 0) {
        if (kafka_producer_poll(source->producer, POLL_MS, &source->error) != ERROR_NONE ||
            process_stopping())
            source->failed = true;
        process_alive();
    }
    return !source->failed;
}

static bool begin(struct source *source, int64_t until_s)
{
    const struct file_source_options *o = source->options;
    struct kafka_producer_config config = {
        .brokers = o->kafka, .client_id = "hourglass-file", .linger_ms = 5};
    struct generation generation;
    if (generation_read(o->kafka, &source->topics, true, &generation, &source->error) != ERROR_NONE)
        return false;
    source->producer = kafka_producer_new(&config, &source->error);
    struct rules rules = rules_of(1, INT64_MAX, INT64_MAX);
    struct simulate_config simulate = {.partitions = generation.partitions,
                                       .epoch_us = rules.epoch_us,
                                       .delay_us = rules.delay_us,
                                       .until_s = until_s,
                                       .incarnation = 1,
                                       .feed = STR("file"),
                                       .sink = take_message,
                                       .context = source};
    source->simulation = simulation_new(&simulate);
    source->acceptor = acceptor_new();
    return source->producer != NULL;
}

static int status_of(const struct source *source, bool good)
{
    bool told = source->failed && process_stopping(); /* to end: whoever told it needs no message */
    if ((source->failed || !good) && !told)
        fprintf(stderr, "hourglass-collector: %s\n",
                source->failed ? source->error.text : "not everything was sent");
    if (source->failed)
        return source->error.class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
    if (!good)
        return EXIT_UNUSABLE;
    return source->rejected > 0 ? EXIT_SOME_REJECTED : EX_OK;
}

int file_source_run(const struct file_source_options *options)
{
    struct source source = {.options = options, .topics = topics_of(options->prefix)};
    int64_t until_s;
    if (!parse_until(options, &until_s))
        return EXIT_UNUSABLE;
    if (!begin(&source, until_s)) {
        fprintf(stderr, "hourglass-collector: %s\n", source.error.text);
        source.failed = true;
    }
    bool good = !source.failed;
    for (int i = 0; i < options->file_count && good; i++)
        good = take_file(&source, options->files[i]);
    if (good && !source.failed)
        good = finish(&source, until_s);
    int status = status_of(&source, good);
    kafka_producer_free(source.producer);
    acceptor_free(source.acceptor);
    simulation_free(source.simulation);
    vec_release(&source.bytes.bytes);
    return status;
}
