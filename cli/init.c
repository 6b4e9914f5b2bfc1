/* `hourglass init`: the topics of a generation, and the message at offset 0 of each partition (DESIGN §2). */
#include <stdio.h>
#include <sysexits.h>

#include "cli/catalog_file.h"
#include "cli/command.h"
#include "collectors/core/simulate.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/topics.h"
#include "lib/codec/usage.h"
#include "lib/domain/topics.h"
#include "lib/io/kafka.h"
#include "lib/io/options.h"
#include "lib/io/process.h"

enum { POLL_MS = 100, WAIT_POLLS = 300 };

static struct {
    const char *kafka;
    const char *prefix;
    const char *catalog;
    int64_t partitions;
    int64_t replicas;
    int64_t lifecycle_days;
    int64_t report_hours;
    int64_t snapshot_bytes;
    bool simulated;
} options;

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &options.kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,..."},
    {"catalog", OPTION_TEXT, &options.catalog, NULL, 0, 0, "the first catalog; holds since ever"},
    {"prefix", OPTION_TEXT, &options.prefix, "", 0, 0, "before each topic's name"},
    {"partitions", OPTION_NUMBER, &options.partitions, "64", 1, 4096, "of each topic, for ever"},
    {"replicas", OPTION_NUMBER, &options.replicas, "3", 1, 16, "of each partition"},
    {"lifecycle-days", OPTION_NUMBER, &options.lifecycle_days, "35", 1, 3650,
     "how late a launch, stop or failure may come"},
    {"report-hours", OPTION_NUMBER, &options.report_hours, "24", 1, 87600,
     "how late a heartbeat, storage report or count may come"},
    {"snapshot-bytes", OPTION_NUMBER, &options.snapshot_bytes, "67108864", 1, INT64_MAX,
     "least input of a partition between snapshots of the aggregator's state"},
    {"simulated", OPTION_SWITCH, &options.simulated, "false", 0, 0,
     "the files' times are the clock: for runs of files, not for live use"},
};

static int fail(const struct kafka_error *error)
{
    fprintf(stderr, "hourglass init: %s\n", error->text);
    return error->class == KAFKA_FATAL ? EX_CONFIG : EX_TEMPFAIL;
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

static enum kafka_class create_topics(const struct topics *topics, struct kafka_error *error)
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
static enum kafka_class read_first(struct kafka_reader *reader, const char *topic, uint32_t partition,
                                   struct packer *out, struct kafka_error *error)
{
    int64_t low, high;
    enum kafka_class class = kafka_offsets(reader, topic, partition, &low, &high, error);
    if (class != KAFKA_OK || high == 0)
        return class;
    struct kafka_position position = {topic, partition, 0};
    class = kafka_reader_assign(reader, &position, 1, error);
    for (int i = 0; i < WAIT_POLLS && class == KAFKA_OK; i++) {
        struct kafka_message message;
        enum kafka_got got = kafka_reader_poll(reader, POLL_MS, &message, error);
        if (got == KAFKA_GOT_ERROR && error->class != KAFKA_RETRY)
            return error->class;
        if (got != KAFKA_GOT_MESSAGE)
            continue;
        pack_raw(out, message.value.at, message.value.size);
        kafka_message_release(&message);
        return KAFKA_OK;
    }
    error->class = KAFKA_RETRY;
    snprintf(error->text, sizeof error->text, "%s[%u]: offset 0 could not be read", topic, partition);
    return KAFKA_RETRY;
}

/* Sends the value as the first message of a partition, unless it is there; anything else there is an error.
 */
static enum kafka_class ensure_first(struct kafka_reader *reader, struct kafka_producer *producer,
                                     const struct kafka_record *record, struct kafka_error *error)
{
    struct packer found = {0};
    enum kafka_class class = read_first(reader, record->topic, record->partition, &found, error);
    struct str is = {found.bytes.at, found.bytes.count};
    if (class == KAFKA_OK && is.size == 0) {
        class = kafka_send(producer, record, error);
    } else if (class == KAFKA_OK && !str_equal(is, record->value)) {
        class = error->class = KAFKA_FATAL;
        snprintf(error->text, sizeof error->text, "%s[%u]: offset 0 holds something else", record->topic,
                 record->partition);
    }
    vec_release(&found.bytes);
    return class;
}

/* The same, as often as it takes a topic that was just made to have its leaders everywhere. */
static enum kafka_class ensure_first_soon(struct kafka_reader *reader, struct kafka_producer *producer,
                                          const struct kafka_record *record, struct kafka_error *error)
{
    enum kafka_class class = KAFKA_RETRY;
    for (int i = 0; i < WAIT_POLLS && class == KAFKA_RETRY; i++) {
        if (i > 0)
            process_pause(POLL_MS / 4);
        class = ensure_first(reader, producer, record, error);
    }
    return class;
}

static struct message first_message(const struct packer *catalog)
{
    struct message message = {
        .control = CONTROL_INIT,
        .feed = STR(""),
        .rules = rules_of(1, INT64_MAX, INT64_MAX),
        .catalog = {INT64_MIN, {catalog->bytes.at, catalog->bytes.count}},
    };
    message.rules.snapshot_bytes = options.snapshot_bytes;
    if (!options.simulated) {
        message.rules.lifecycle_horizon_us = options.lifecycle_days * 24 * HOUR_S * SECOND_US;
        message.rules.report_horizon_us = options.report_hours * HOUR_S * SECOND_US;
    }
    return message;
}

static enum kafka_class write_all(const struct topics *topics, const struct packer *catalog,
                                  struct kafka_reader *reader, struct kafka_producer *producer,
                                  struct kafka_error *error)
{
    struct packer init = {0}, manifest = {0};
    struct message message = first_message(catalog);
    usage_encode(&message, &init);
    struct generation generation = {.partitions = (uint32_t)options.partitions,
                                    .rules_number = message.rules.number,
                                    .lifecycle_horizon_us = message.rules.lifecycle_horizon_us,
                                    .report_horizon_us = message.rules.report_horizon_us,
                                    .simulated = options.simulated};
    digest_of(init.bytes.at, init.bytes.count, generation.init_digest);
    generation_encode(&generation, &manifest);
    enum kafka_class class = KAFKA_OK;
    for (uint32_t p = 0; p < generation.partitions && class == KAFKA_OK; p++)
        class = ensure_first_soon(reader, producer,
                                  &(struct kafka_record){.topic = topics->records,
                                                         .partition = p,
                                                         .value = {init.bytes.at, init.bytes.count}},
                                  error);
    /* The manifest comes last: with it, the generation is whole. */
    for (int i = 0; i < WAIT_POLLS && class == KAFKA_OK && kafka_producer_pending(producer) > 0; i++)
        class = kafka_producer_poll(producer, POLL_MS, error);
    if (class == KAFKA_OK)
        class = ensure_first_soon(reader, producer,
                                  &(struct kafka_record){.topic = topics->snapshots,
                                                         .key = STR("generation"),
                                                         .value = {manifest.bytes.at, manifest.bytes.count}},
                                  error);
    for (int i = 0; i < WAIT_POLLS && class == KAFKA_OK && kafka_producer_pending(producer) > 0; i++)
        class = kafka_producer_poll(producer, POLL_MS, error);
    if (class == KAFKA_OK && kafka_producer_pending(producer) > 0) {
        class = error->class = KAFKA_RETRY;
        snprintf(error->text, sizeof error->text, "the broker did not acknowledge in time");
    }
    vec_release(&init.bytes);
    vec_release(&manifest.bytes);
    return class;
}

static enum kafka_class init(const struct packer *catalog, struct kafka_error *error)
{
    struct topics topics = topics_of(options.prefix);
    uint32_t partitions = 0;
    enum kafka_class class = create_topics(&topics, error);
    for (int i = 0; i < WAIT_POLLS && class == KAFKA_OK && partitions == 0; i++) {
        if (i > 0)
            process_pause(POLL_MS);
        class = kafka_partition_count(options.kafka, topics.records, &partitions, error);
    }
    if (class != KAFKA_OK)
        return class;
    if (partitions != options.partitions) {
        snprintf(error->text, sizeof error->text, "%s has %u partitions", topics.records, partitions);
        return error->class = KAFKA_FATAL;
    }
    struct kafka_producer_config config = {.brokers = options.kafka, .client_id = "hourglass-init"};
    struct kafka_reader *reader = kafka_reader_new(options.kafka, "hourglass-init", NULL, error);
    struct kafka_producer *producer = reader == NULL ? NULL : kafka_producer_new(&config, error);
    class = producer == NULL ? error->class : write_all(&topics, catalog, reader, producer, error);
    kafka_producer_free(producer);
    kafka_reader_free(reader);
    return class;
}

int command_init(int count, char **arguments)
{
    int status =
        options_read("hourglass init", "Makes the topics of a generation, with its rules and first catalog.",
                     rows, sizeof rows / sizeof *rows, count + 1, arguments - 1);
    if (status != OPTIONS_GO)
        return status;
    struct packer text = {0};
    struct catalog *catalog = catalog_file_read(options.catalog, &text);
    if (catalog == NULL)
        return EXIT_UNUSABLE;
    catalog_free(catalog);
    struct kafka_error error;
    status = init(&text, &error) == KAFKA_OK ? EX_OK : fail(&error);
    vec_release(&text.bytes);
    return status;
}
