/* `hourglass init`: the topics of a generation, and the message at offset 0 of each partition (DESIGN §2). */
#include <stdio.h>
#include <sysexits.h>

#include "cli/catalog_file.h"
#include "cli/command.h"
#include "cli/writer.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/topics.h"
#include "lib/codec/usage.h"
#include "lib/domain/topics.h"
#include "lib/io/kafka.h"
#include "lib/io/process.h"
#include "lib/run/value_checks.h"

enum { POLL_MS = 100, WAIT_POLLS = 300 };

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

enum topic_kind { TOPIC_LIVE = 1, TOPIC_SIMULATED = 2, TOPIC_COMPACTED = 4, TOPIC_ANY = 7 };
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
    {TOPIC_LIVE, "message.timestamp.type", "LogAppendTime"},
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
    const char *live[SETTINGS_MAX], *log[SETTINGS_MAX], *compacted[SETTINGS_MAX];
    settings_of(TOPIC_LIVE, live);
    settings_of(options.simulated ? TOPIC_SIMULATED : TOPIC_LIVE, log);
    settings_of(TOPIC_COMPACTED, compacted);
    uint32_t p = (uint32_t)options.partitions, r = (uint32_t)options.replicas;
    const struct kafka_topic list[] = {{topics->records, p, r, log},
                                       {topics->frames, p, r, log},
                                       {topics->snapshots, p, r, compacted},
                                       {topics->rejects, p, r, live}};
    return kafka_create_topics(options.kafka, list, 4, error);
}

/* --- offset 0 --- */

/* What stands at the first offset; empty: nothing yet. Appends to *out. */
static enum error_class read_first(struct kafka_reader *reader, const char *topic, uint32_t partition,
                                   struct packer *out, struct error *error)
{
    int64_t low, high;
    enum error_class class = kafka_offsets(reader, topic, partition, &low, &high, error);
    if (class != ERROR_NONE || high == 0)
        return class;
    struct log_position position = {topic, partition, 0};
    class = kafka_reader_assign(reader, &position, 1, error);
    for (int i = 0; i < WAIT_POLLS && class == ERROR_NONE; i++) {
        struct log_message message;
        enum log_got got = kafka_reader_poll(reader, POLL_MS, &message, error);
        if (got == LOG_GOT_ERROR && error->class != ERROR_RETRY)
            return error->class;
        if (got != LOG_GOT_MESSAGE)
            continue;
        pack_raw(out, message.value.at, message.value.size);
        kafka_message_release(&message);
        return ERROR_NONE;
    }
    error->class = ERROR_RETRY;
    snprintf(error->text, sizeof error->text, "%s[%u]: offset 0 could not be read", topic, partition);
    return ERROR_RETRY;
}

/* Where the partition has no first message yet, sends it and *found stays empty; else *found is what it has.
 * Tries as often as it takes a topic that was just made to have its leaders everywhere. */
static enum error_class send_first(struct kafka_reader *reader, struct kafka_producer *producer,
                                   const struct log_record *record, struct packer *found, struct error *error)
{
    enum error_class class = ERROR_RETRY;
    for (int i = 0; i < WAIT_POLLS && class == ERROR_RETRY; i++) {
        if (i > 0)
            process_pause(POLL_MS / 4);
        class = read_first(reader, record->topic, record->partition, found, error);
        if (class == ERROR_NONE && found->bytes.count == 0)
            class = kafka_send(producer, record, error);
    }
    return class;
}

static enum error_class refuse_other(const struct log_record *record, struct error *error)
{
    snprintf(error->text, sizeof error->text, "%s[%u]: offset 0 holds something else", record->topic,
             record->partition);
    return error->class = ERROR_FATAL;
}

/* Sends the value as the first message of a partition, unless it is there; anything else there is an error.
 */
static enum error_class ensure_first(struct kafka_reader *reader, struct kafka_producer *producer,
                                     const struct log_record *record, struct error *error)
{
    struct packer found = {0};
    enum error_class class = send_first(reader, producer, record, &found, error);
    struct str is = {found.bytes.at, found.bytes.count};
    if (class == ERROR_NONE && is.size > 0 && !str_equal(is, record->value))
        class = refuse_other(record, error);
    vec_release(&found.bytes);
    return class;
}

static enum error_class flush(struct kafka_producer *producer, struct error *error)
{
    enum error_class class = ERROR_NONE;
    for (int i = 0; i < WAIT_POLLS && class == ERROR_NONE && kafka_producer_pending(producer) > 0; i++)
        class = kafka_producer_poll(producer, POLL_MS, error);
    if (class == ERROR_NONE && kafka_producer_pending(producer) > 0) {
        class = error->class = ERROR_RETRY;
        snprintf(error->text, sizeof error->text, "the broker did not acknowledge in time");
    }
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
        same = str_equal(found, (struct str){ours->bytes.at, ours->bytes.count});
    }
    usage_records_release(&records);
    return same;
}

/* Writes partition 0's first message, unless it is there. What is there in the end goes to all partitions: an
 * init that is repeated, or run twice at once, writes the same bytes everywhere. Fills *init. */
static enum error_class begin_log(const struct topics *topics, const struct message *message,
                                  struct kafka_reader *reader, struct kafka_producer *producer,
                                  struct packer *init, struct error *error)
{
    struct packer found = {0};
    usage_encode(message, init);
    struct log_record record = {.topic = topics->records, .value = {init->bytes.at, init->bytes.count}};
    enum error_class class = send_first(reader, producer, &record, &found, error);
    if (class == ERROR_NONE && found.bytes.count == 0) {
        class = flush(producer, error);
        if (class == ERROR_NONE)
            class = read_first(reader, record.topic, record.partition, &found, error);
    }
    if (class == ERROR_NONE && !adopt((struct str){found.bytes.at, found.bytes.count}, message, init))
        class = refuse_other(&record, error);
    vec_release(&found.bytes);
    return class;
}

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

static enum error_class write_all(const struct topics *topics, const struct message *message,
                                  struct kafka_reader *reader, struct kafka_producer *producer,
                                  struct error *error)
{
    struct packer init = {0}, manifest = {0};
    enum error_class class = begin_log(topics, message, reader, producer, &init, error);
    struct generation generation = {.partitions = (uint32_t)options.partitions,
                                    .rules_number = message->rules.number,
                                    .lifecycle_horizon_us = message->rules.lifecycle_horizon_us,
                                    .report_horizon_us = message->rules.report_horizon_us,
                                    .simulated = options.simulated};
    digest_of(init.bytes.at, init.bytes.count, generation.init_digest);
    generation_encode(&generation, &manifest);
    for (uint32_t p = 1; p < generation.partitions && class == ERROR_NONE; p++)
        class = ensure_first(reader, producer,
                             &(struct log_record){.topic = topics->records,
                                                  .partition = p,
                                                  .value = {init.bytes.at, init.bytes.count}},
                             error);
    /* The manifest comes last: with it, the generation is whole. */
    if (class == ERROR_NONE)
        class = flush(producer, error);
    if (class == ERROR_NONE)
        class = ensure_first(reader, producer,
                             &(struct log_record){.topic = topics->snapshots,
                                                  .key = STR("generation"),
                                                  .value = {manifest.bytes.at, manifest.bytes.count}},
                             error);
    if (class == ERROR_NONE)
        class = flush(producer, error);
    vec_release(&init.bytes);
    vec_release(&manifest.bytes);
    return class;
}

static enum error_class init(const struct message *message, struct error *error)
{
    struct topics topics = topics_of(options.prefix);
    uint32_t partitions = 0;
    enum error_class class = create_topics(&topics, error);
    for (int i = 0; i < WAIT_POLLS && class == ERROR_NONE && partitions == 0; i++) {
        if (i > 0)
            process_pause(POLL_MS);
        class = kafka_partition_count(options.kafka, topics.records, &partitions, error);
    }
    if (class != ERROR_NONE)
        return class;
    if (partitions != options.partitions) {
        snprintf(error->text, sizeof error->text, "%s has %u partitions", topics.records, partitions);
        return error->class = ERROR_FATAL;
    }
    struct kafka_producer_config config = {.brokers = options.kafka, .client_id = "hourglass-init"};
    struct kafka_reader *reader = kafka_reader_new(options.kafka, "hourglass-init", NULL, error);
    struct kafka_producer *producer = reader == NULL ? NULL : kafka_producer_new(&config, error);
    class = producer == NULL ? error->class : write_all(&topics, message, reader, producer, error);
    kafka_producer_free(producer);
    kafka_reader_free(reader);
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
