/* `hourglass init`: the topics of a generation, and the message at offset 0 of each partition (DESIGN §2). */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cli/catalog_file.h"
#include "cli/command.h"
#include "cli/control_register.h"
#include "cli/writer.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/usage.h"
#include "lib/io/kafka.h"
#include "lib/io/kafka_log.h"
#include "lib/io/process.h"
#include "lib/run/manifest.h"
#include "lib/run/send.h"
#include "lib/run/value_checks.h"

enum { LIMIT_MS = 30000, PAUSE_MS = 100 };

static struct {
    const char *kafka;
    const char *prefix;
    const char *catalog;
    const char *by;
    int64_t partitions;
    int64_t replicas;
    int64_t lifecycle_days;
    int64_t report_hours;
    int64_t frame_rows;
    int64_t frame_bytes;
    int64_t snapshot_bytes;
    bool simulated;
} options;

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &options.kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,...", .value = "SERVERS",
     .check = check_servers},
    {"catalog", OPTION_TEXT, &options.catalog, NULL, 0, 0, "the first catalog; holds since ever",
     .value = "FILE", .check = check_input_file},
    {"prefix", OPTION_TEXT, &options.prefix, "", 0, 0, "before each topic's name", .check = check_prefix},
    {"partitions", OPTION_NUMBER, &options.partitions, "64", 1, 4096, "of each topic, for ever"},
    {"replicas", OPTION_NUMBER, &options.replicas, "3", 1, 16, "of each partition"},
    {"lifecycle-days", OPTION_NUMBER, &options.lifecycle_days, "35", 1, 3650,
     "how late a launch, stop or failure may come"},
    {"report-hours", OPTION_NUMBER, &options.report_hours, "24", 1, 87600,
     "how late a heartbeat, storage report or count may come"},
    {"frame-rows", OPTION_NUMBER, &options.frame_rows, "50000", 1, INT64_MAX,
     "rows after which a frame ends at the next edge; smaller ones are for tests"},
    {"frame-bytes", OPTION_NUMBER, &options.frame_bytes, "524288", 1, INT64_MAX, "or bytes"},
    {"snapshot-bytes", OPTION_NUMBER, &options.snapshot_bytes, "67108864", 1, INT64_MAX,
     "least input of a partition between snapshots of the aggregator's state"},
    {"by", OPTION_TEXT, &options.by, "", 0, 0, "who makes it, for those who read the log; none: user@host"},
    {"simulated", OPTION_SWITCH, &options.simulated, "false", 0, 0,
     "the files' times are the clock: for runs of files, not for live use"},
};

static int fail(const struct error *error)
{
    fprintf(stderr, "hourglass init: %s\n", error->text);
    return error->class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
}

/* --- topics --- */

enum topic_kind {
    TOPIC_LIVE = 1,
    TOPIC_SIMULATED = 2,
    TOPIC_COMPACTED = 4,
    TOPIC_NOTICES = 8,
    TOPIC_ANY = 15
};
enum { SETTINGS_MAX = 24 };

static const struct {
    int kinds;
    const char *name;
    const char *value;
} settings[] = {
    {TOPIC_ANY, "max.message.bytes", "8388608"},
    {TOPIC_ANY, "unclean.leader.election.enable", "false"},
    {TOPIC_COMPACTED, "cleanup.policy", "compact"},
    {TOPIC_LIVE | TOPIC_SIMULATED, "retention.ms", "-1"},
    {TOPIC_NOTICES, "retention.ms", "2592000000"}, /* 30 days (CONTRACT §6) */
    {TOPIC_LIVE | TOPIC_NOTICES, "message.timestamp.type", "LogAppendTime"},
    /* Segments and the broker's trust go by records' times, which are the files' here. */
    {TOPIC_SIMULATED, "message.timestamp.type", "CreateTime"},
    {TOPIC_SIMULATED, "segment.ms", "9223372036854775807"},
    {TOPIC_SIMULATED, "message.timestamp.before.max.ms", "9223372036854775807"},
    {TOPIC_SIMULATED, "message.timestamp.after.max.ms", "9223372036854775807"},
};

static void settings_of(enum topic_kind kind, const char *pairs[SETTINGS_MAX])
{
    size_t at = 0;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if ((settings[i].kinds & (int)kind) == 0)
            continue;
        pairs[at++] = settings[i].name;
        pairs[at++] = settings[i].value;
    }
    /* What is acknowledged outlives any one broker, where there are enough of them. */
    pairs[at++] = "min.insync.replicas";
    pairs[at++] = options.replicas >= 3 ? "2" : "1";
    pairs[at] = NULL;
    CHECK(at < SETTINGS_MAX);
}

static enum error_class create_topics(const struct topics *topics, struct error *error)
{
    const char *live[SETTINGS_MAX], *log[SETTINGS_MAX], *compacted[SETTINGS_MAX], *notices[SETTINGS_MAX];
    settings_of(TOPIC_LIVE, live);
    settings_of(options.simulated ? TOPIC_SIMULATED : TOPIC_LIVE, log);
    settings_of(TOPIC_COMPACTED, compacted);
    settings_of(TOPIC_NOTICES, notices);
    uint32_t p = (uint32_t)options.partitions, r = (uint32_t)options.replicas;
    const struct kafka_topic list[] = {
        {topics->records, p, r, log},  {topics->frames, p, r, log}, {topics->snapshots, p, r, compacted},
        {topics->rejects, p, r, live}, {topics->index, 1, r, live}, {topics->notices, p, r, notices}};
    /* The last is of live generations alone: of those of files none are said. */
    uint32_t count = sizeof list / sizeof *list - (options.simulated ? 1 : 0);
    return kafka_create_topics(options.kafka, list, count, error);
}

/* --- offset 0 --- */

/* The handle of one attempt. */
struct making {
    struct log *log;
    struct host *host;
    const struct topics *topics;
};

static struct str text_of(const struct packer *packer)
{
    return (struct str){packer->bytes.at, packer->bytes.count};
}

static enum error_class put(const struct making *making, const struct log_record *record, struct error *error)
{
    struct send send = {.log = making->log, .host = making->host, .limit_ms = LIMIT_MS};
    return send_record(&send, record, error);
}

static enum error_class drain(const struct making *making, struct error *error)
{
    struct send send = {.log = making->log, .host = making->host, .limit_ms = LIMIT_MS};
    enum error_class class = send_drain(&send, 0, error);
    return class == ERROR_NONE && making->host->stopping(making->host)
               ? error_set(error, ERROR_RETRY, "init", "told to stop")
               : class;
}

static enum error_class refuse_other(const char *topic, uint32_t partition, struct error *error)
{
    char what[TOPIC_NAME_MAX + 16];
    snprintf(what, sizeof what, "%.*s[%u]", TOPIC_NAME_MAX - 1, topic, partition);
    return error_set(error, ERROR_FATAL, what, "offset 0 holds something else");
}

/* The first messages of partitions; empty: there is none yet. */
struct firsts {
    uint32_t count;
    struct packer *of;
};

static bool take_first(void *context, const struct read_part *part, const struct log_message *message)
{
    struct firsts *firsts = context;
    struct packer *first = &firsts->of[part->partition];
    if (message->offset == 0 && first->bytes.count == 0)
        pack_raw(first, message->value.at, message->value.size);
    return true;
}

/* Reads offset 0 of the partitions [from, to), as far as they have one. What stands behind it is not waited
 * for. */
static enum error_class read_firsts(const struct making *making, uint32_t from, uint32_t to,
                                    struct firsts *firsts, struct error *error)
{
    struct reading reading = {0};
    for (uint32_t p = from; p < to; p++)
        read_add(&reading, making->topics->records, p, 0, NULL);
    enum error_class class = read_begin(&reading, making->log, error);
    for (uint32_t i = 0; i < reading.parts.count; i++)
        if (reading.parts.at[i].high > 1)
            reading.parts.at[i].high = 1;
    if (class == ERROR_NONE)
        class = read_through(&reading, &(struct read_source){making->log, making->host, LIMIT_MS}, take_first,
                             firsts, error);
    read_release(&reading);
    return class;
}

/* Whether the bytes are our first message, but for who wrote it and when; then ours become those. */
static bool adopt(struct str found, const struct message *message, struct packer *ours)
{
    struct usage_records records = {0};
    struct message there, wanted = *message;
    bool same = usage_decode(found, &records, &there) == DECODE_OK;
    if (same) {
        vec_clear(&ours->bytes);
        wanted.origin.by = there.origin.by;
        wanted.origin.clock_us = there.origin.clock_us;
        usage_encode(&wanted, ours);
        same = str_equal(found, text_of(ours));
    }
    usage_records_release(&records);
    return same;
}

/* Partition 0 decides: what stands at its offset 0 goes to all partitions, so that an init that is repeated,
 * or run many times at once, writes the same bytes everywhere. Makes *init those. */
static enum error_class decide(const struct making *making, const struct message *message,
                               struct firsts *firsts, struct packer *init, struct error *error)
{
    usage_encode(message, init);
    struct packer *first = &firsts->of[0];
    struct log_record record = {.topic = making->topics->records, .value = text_of(init)};
    enum error_class class = read_firsts(making, 0, 1, firsts, error);
    if (class == ERROR_NONE && first->bytes.count == 0) {
        class = put(making, &record, error);
        if (class == ERROR_NONE)
            class = drain(making, error);
        if (class == ERROR_NONE)
            class = read_firsts(making, 0, 1, firsts, error);
    }
    if (class == ERROR_NONE && first->bytes.count == 0)
        class = error_set(error, ERROR_RETRY, record.topic, "offset 0 of partition 0 could not be read");
    if (class == ERROR_NONE && !adopt(text_of(first), message, init))
        class = refuse_other(record.topic, 0, error);
    return class;
}

/* To the partitions that have no first message yet; one that has another is an error. */
static enum error_class copy(const struct making *making, struct firsts *firsts, const struct packer *init,
                             struct error *error)
{
    enum error_class class = read_firsts(making, 1, firsts->count, firsts, error);
    for (uint32_t p = 1; p < firsts->count && class == ERROR_NONE; p++) {
        struct log_record record = {.topic = making->topics->records, .partition = p, .value = text_of(init)};
        if (firsts->of[p].bytes.count == 0)
            class = put(making, &record, error);
        else if (!str_equal(text_of(&firsts->of[p]), record.value))
            class = refuse_other(record.topic, p, error);
    }
    return class == ERROR_NONE ? drain(making, error) : class;
}

/* --- the manifest --- */

/* It comes last: with it, the generation is whole. */
static enum error_class write_manifest(const struct making *making, const struct generation *generation,
                                       struct error *error)
{
    struct packer wanted = {0}, there = {0};
    struct generation found;
    generation_encode(generation, &wanted);
    enum error_class class = manifest_read(&(struct read_source){making->log, making->host, LIMIT_MS},
                                           making->topics, &found, error);
    struct log_record record = {
        .topic = making->topics->snapshots, .key = STR("generation"), .value = text_of(&wanted)};
    if (class == ERROR_NONE && found.partitions > 0)
        generation_encode(&found, &there);
    if (class == ERROR_NONE && found.partitions == 0)
        class = put(making, &record, error);
    else if (class == ERROR_NONE && !str_equal(text_of(&there), text_of(&wanted)))
        class = error_set(error, ERROR_FATAL, record.topic, "it has the manifest of something else");
    if (class == ERROR_NONE)
        class = drain(making, error);
    vec_release(&wanted.bytes);
    vec_release(&there.bytes);
    return class;
}

/* --- the whole --- */

static struct message first_message(const struct packer *catalog, const struct control_origin *origin)
{
    struct message message = {
        .control = CONTROL_INIT,
        .origin = *origin,
        .feed = STR(""),
        .rules = rules_of(1, INT64_MAX, INT64_MAX),
        .catalog = {INT64_MIN, {catalog->bytes.at, catalog->bytes.count}},
    };
    message.rules.frame_rows = options.frame_rows;
    message.rules.frame_bytes = options.frame_bytes;
    message.rules.snapshot_bytes = options.snapshot_bytes;
    if (!options.simulated) {
        message.rules.lifecycle_horizon_us = options.lifecycle_days * 24 * HOUR_S * SECOND_US;
        message.rules.report_horizon_us = options.report_hours * HOUR_S * SECOND_US;
    }
    return message;
}

static enum error_class write_all(const struct making *making, const struct message *message,
                                  struct firsts *firsts, struct error *error)
{
    struct packer init = {0};
    struct generation generation = {.partitions = firsts->count,
                                    .rules_number = message->rules.number,
                                    .lifecycle_horizon_us = message->rules.lifecycle_horizon_us,
                                    .report_horizon_us = message->rules.report_horizon_us,
                                    .simulated = options.simulated};
    struct control_register of = {
        .log = making->log, .host = making->host, .topics = making->topics, .limit_ms = LIMIT_MS};
    enum error_class class = decide(making, message, firsts, &init, error);
    digest_of(init.bytes.at, init.bytes.count, generation.init_digest);
    if (class == ERROR_NONE)
        class = copy(making, firsts, &init, error);
    if (class == ERROR_NONE)
        class = control_register_begin(&of, text_of(&init), error);
    if (class == ERROR_NONE)
        class = write_manifest(making, &generation, error);
    control_register_release(&of);
    vec_release(&init.bytes);
    return class;
}

/* Whether the topics are there for all to see. */
static enum error_class check_topics(const struct making *making, struct error *error)
{
    uint32_t records = 0, frames = 0, snapshots = 0, index = 0;
    const struct {
        const char *name;
        uint32_t *count;
    } all[] = {{making->topics->records, &records},
               {making->topics->frames, &frames},
               {making->topics->snapshots, &snapshots},
               {making->topics->index, &index}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        enum error_class class = log_partitions(making->log, all[i].name, all[i].count, error);
        if (class == ERROR_NONE && *all[i].count == 0)
            class = error_set(error, ERROR_RETRY, all[i].name, "the topic that was made is not there yet");
        if (class != ERROR_NONE)
            return class;
    }
    char why[64];
    snprintf(why, sizeof why, "it has %u partitions", records);
    return records == options.partitions ? ERROR_NONE
                                         : error_set(error, ERROR_FATAL, making->topics->records, why);
}

static enum error_class attempt(const struct topics *topics, const struct message *message,
                                struct error *error)
{
    struct kafka_log_config config = {
        .brokers = options.kafka, .client_id = "hourglass-init", .appends = true, .reads = true};
    struct making making = {.host = process_host(), .topics = topics};
    struct firsts firsts = {.count = (uint32_t)options.partitions};
    making.log = kafka_log_open(&config, &(struct log_client){0}, error);
    if (making.log == NULL)
        return error->class;
    firsts.of = calloc(firsts.count, sizeof *firsts.of);
    CHECK(firsts.of != NULL);
    enum error_class class = check_topics(&making, error);
    if (class == ERROR_NONE)
        class = write_all(&making, message, &firsts, error);
    for (uint32_t p = 0; p < firsts.count; p++)
        vec_release(&firsts.of[p].bytes);
    free(firsts.of);
    log_close(making.log);
    return class;
}

/* Tries as often as it takes topics that were just made to have their leaders everywhere. */
static enum error_class init(const struct message *message, struct error *error)
{
    struct topics topics = topics_of(options.prefix);
    struct host *host = process_host();
    int64_t until_ms = host->now_ms(host) + LIMIT_MS;
    enum error_class class = create_topics(&topics, error);
    if (class != ERROR_NONE)
        return class;
    do
        class = attempt(&topics, message, error);
    while ((class == ERROR_RETRY || class == ERROR_ABORT) && host->now_ms(host) < until_ms &&
           (host->pause(host, PAUSE_MS), !host->stopping(host)));
    return class;
}

static const struct option_page page = {
    .name = "hourglass init",
    .summary = "Make the topics of a generation, with its rules and first catalog.",
    .details = "Repeating it is harmless, and makes what is missing; of several at once one decides.\n",
    .example = "  hourglass init --kafka k1:9092,k2:9092 --catalog catalog.yaml --partitions 64\n",
    .statuses =
        "0 the generation is there, as asked for; 2 the catalog is unusable; 64 the command line cannot\n"
        "be read; 75 Kafka could not be asked, try again; 78 there is another generation of that prefix.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static int run(void)
{
    process_begin();
    struct control_origin origin;
    if (!writer_origin(options.by, &origin)) {
        fprintf(stderr,
                "hourglass init: --by: expected 1 to 256 bytes of UTF-8 without control characters\n");
        return EXIT_UNUSABLE;
    }
    struct packer text = {0};
    struct catalog *catalog = catalog_file_read(options.catalog, &text);
    if (catalog == NULL)
        return EXIT_UNUSABLE;
    catalog_free(catalog);
    struct error error;
    struct message message = first_message(&text, &origin);
    int status = init(&message, &error) == ERROR_NONE ? EX_OK : fail(&error);
    vec_release(&text.bytes);
    return status;
}

const struct command command_init = {&page, run};
