#include "collectors/file_source.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "collectors/core/accept.h"
#include "collectors/core/lines.h"
#include "collectors/core/simulate.h"
#include "collectors/generation.h"
#include "lib/base/check.h"
#include "lib/base/partition.h"
#include "lib/base/time.h"
#include "lib/codec/topics.h"
#include "lib/codec/usage.h"
#include "lib/codec/wire.h"
#include "lib/domain/topics.h"
#include "lib/io/file.h"
#include "lib/io/journal.h"
#include "lib/io/kafka_log.h"
#include "lib/io/process.h"
#include "lib/run/outage.h"
#include "lib/run/send.h"

enum {
    SILENT_MS = 1000,
    ON_ITS_WAY_BYTES_MAX = 64 << 20,
    ORIGIN_BYTES = 4200,
    EXIT_UNUSABLE = 2,
    EXIT_SOME_REJECTED = 3
};

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
    struct kafka_log_config reads;
    struct kafka_log_config appends;
    struct send send;
    struct outage outage;
    uint32_t partitions;
    struct acceptor *acceptor;
    struct simulation *simulation;
    struct packer bytes;
    struct error error;
    bool failed; /* Kafka; `error` says how */
    uint64_t rejected;
};

/* --- sending --- */

static void on_waited(void *context, int64_t waited_ms)
{
    struct source *source = context;
    struct host *host = source->send.host;
    if (waited_ms < SILENT_MS)
        return;
    outage_fail(&source->outage, host->now_ms(host), "the log does not acknowledge");
    if (!outage_speaks(&source->outage, host->now_ms(host)))
        return;
    char since[TIME_TEXT_SIZE];
    outage_since(&source->outage, host, since);
    journal_warning("waiting", JOURNAL_STR("why", source->outage.why), JOURNAL_STR("since", since));
}

/* Whether what was called did its work, and the process is not to stop. */
static bool goes_on(struct source *source, enum error_class class)
{
    struct host *host = source->send.host;
    if (class == ERROR_NONE && host->stopping(host))
        class = error_set(&source->error, ERROR_RETRY, "stopped", "not everything was sent");
    source->failed = source->failed || class != ERROR_NONE;
    return !source->failed;
}

static void send(struct source *source, const struct log_record *record)
{
    if (!source->failed)
        goes_on(source, send_record(&source->send, record, &source->error));
    source->send.host->alive(source->send.host);
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
    struct event_names names = accept_names(source->acceptor);
    snprintf(origin, sizeof origin, "%s:%llu", path, (unsigned long long)number);
    struct reject reject = {.reason = reason,
                            .feed = STR("file"),
                            .origin = str_of(origin),
                            .account = names.account,
                            .type = names.type,
                            .source = names.source,
                            .id = names.id,
                            .bytes = line};
    bool is_named = wire_is_name(names.account) && names.account.size > 0;
    vec_clear(&source->bytes.bytes);
    reject_encode(&reject, &source->bytes);
    send(source,
         &(struct log_record){.topic = source->topics.rejects,
                              .partition = is_named ? partition_of(names.account, source->partitions) : 0,
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
    return !source->failed && goes_on(source, send_drain(&source->send, 0, &source->error));
}

static bool begin(struct source *source, int64_t until_s)
{
    const struct log_opener appends = {kafka_log_open, &source->appends};
    const struct log_opener reads = {kafka_log_open, &source->reads};
    struct host *host = process_host();
    struct generation generation;
    if (generation_read(&reads, host, &source->topics, true, &generation, &source->error) != ERROR_NONE)
        return false;
    source->partitions = generation.partitions;
    source->send =
        (struct send){.log = appends.open(appends.context, &(struct log_client){0}, &source->error),
                      .host = host,
                      .bytes_max = ON_ITS_WAY_BYTES_MAX,
                      .waited = on_waited,
                      .context = source};
    struct rules rules = rules_of(generation.rules_number, INT64_MAX, INT64_MAX);
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
    return source->send.log != NULL;
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
    source.reads =
        (struct kafka_log_config){.brokers = options->kafka, .client_id = "hourglass-file", .reads = true};
    source.appends = (struct kafka_log_config){
        .brokers = options->kafka, .client_id = "hourglass-file", .appends = true, .linger_ms = 5};
    int64_t until_s;
    if (!parse_until(options, &until_s))
        return EXIT_UNUSABLE;
    source.failed = !begin(&source, until_s);
    bool good = !source.failed;
    for (int i = 0; i < options->file_count && good; i++)
        good = take_file(&source, options->files[i]);
    if (good && !source.failed)
        good = finish(&source, until_s);
    int status = status_of(&source, good);
    log_close(source.send.log);
    acceptor_free(source.acceptor);
    simulation_free(source.simulation);
    vec_release(&source.bytes.bytes);
    return status;
}
