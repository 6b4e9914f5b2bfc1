/* `hourglass events`: accepted events out of the log, as the CloudEvents that they came from. */
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "aggregator/core/base.h"
#include "aggregator/core/clock.h"
#include "cli/command.h"
#include "cli/events_base.h"
#include "cli/events_state.h"
#include "lib/base/check.h"
#include "lib/base/partition.h"
#include "lib/base/time.h"
#include "lib/codec/usage.h"
#include "lib/domain/limits.h"
#include "lib/io/file.h"
#include "lib/io/kafka_log.h"
#include "lib/io/process.h"
#include "lib/io/progress.h"
#include "lib/run/manifest.h"
#include "lib/run/value_checks.h"

enum { EXIT_GAPS = 1, POLL_MS = 100, KAFKA_LIMIT_MS = 30000, HELD_BYTES = 64 * 1024 };

static struct {
    const char *kafka;
    const char *prefix;
    const char *from;
    const char *to;
    const char *account;
    const char *resource;
    const char *id;
    bool with_state;
} options;

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &options.kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,...", .value = "SERVERS",
     .check = check_servers},
    {"prefix", OPTION_TEXT, &options.prefix, "", 0, 0, "before each topic's name", .check = check_prefix},
    {"from", OPTION_TEXT, &options.from, "", 0, 0,
     "events whose effective time is at or after it; none: since ever", .value = "TIME", .check = check_time,
     .filled = true},
    {"to", OPTION_TEXT, &options.to, "", 0, 0, "and before it; none: all there are", .value = "TIME",
     .check = check_time, .filled = true},
    {"account", OPTION_TEXT, &options.account, "", 0, 0,
     "of this account alone, whose partition alone is read", .name_bytes = LIMIT_ID_BYTES},
    {"resource", OPTION_TEXT, &options.resource, "", 0, 0,
     "of this subject alone: a resource, a file system, an endpoint, an order, a payment",
     .name_bytes = LIMIT_NAME_BYTES},
    {"id", OPTION_TEXT, &options.id, "", 0, 0, "of this id alone", .name_bytes = LIMIT_ID_BYTES},
    {"with-state", OPTION_SWITCH, &options.with_state, "false", 0, 0,
     "say of each what became of it, and where it stands; those that were rejected too"},
};

static const struct option_page page = {
    .name = "hourglass events",
    .summary = "Print the accepted events of the log as CloudEvents, one JSON object a line.",
    .details =
        "What is printed is what `hourglass rate -` takes, and bills the same. An event counts by its "
        "effective\n"
        "time (`since` of a failed one), and events come in the order of the log, each partition's for "
        "itself.\n"
        "What began before --from has its events before it: to compute a charge again, leave --from out.\n"
        "\n"
        "Where the first records of the log are gone, it begins at a snapshot, which is said on standard "
        "error:\n"
        "what that holds is printed first, with ids base-... where an event stands for others. Hours from "
        "the\n"
        "one that is named on are whole, but for orders and payments of before.\n"
        "\n"
        "--with-state adds attributes: state (accepted, repeated, rejected, without effect; base of what a\n"
        "snapshot holds; unknown where no snapshot is left), statereason, partition, offset and logtime. It "
        "reads\n"
        "the log twice and keeps an aggregator's state in memory, as what begins at a snapshot does.\n",
    .example = "  hourglass events --kafka 127.0.0.1:9092 --account acme --to 2026-12-01T00:00:00Z |\n"
               "      hourglass rate --catalog catalog.yaml --until 2026-12-01T00:00:00Z -\n"
               "  hourglass events --kafka 127.0.0.1:9092 --id 7f3a --with-state\n",
    .statuses =
        "0; 1 the log has a gap that no snapshot fills; 64 the command line cannot be read; 74 standard\n"
        "output cannot be written; 75 Kafka cannot be read, or told to stop; 78 there is no generation\n"
        "of that prefix.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

/* --- one partition --- */

struct part {
    struct events *events;
    uint32_t number;
    int64_t next; /* the offset that follows what was read */
    bool whole;   /* from the log's beginning on */
    bool gap;     /* something is missing that no snapshot has */
    struct clock clock;
    struct fold *fold; /* --with-state, or the log begins at a snapshot, which knows what repeats what */
    struct fold *last; /* --with-state: the same at the log's end, which knows what ran when */
    const struct message *message; /* that is being folded */
};

struct events {
    struct log *log;
    struct topics topics;
    struct generation generation;
    struct rules rules;
    int64_t from_us;
    int64_t to_us;
    uint32_t count; /* of parts */
    struct part *parts;
    struct events_state *states; /* --with-state */
    struct usage_records records;
    struct packer out;
    struct progress_state progress;
    int write_error; /* errno; 0: none */
};

static struct read_source source_of(const struct events *events)
{
    return (struct read_source){events->log, process_host(), KAFKA_LIMIT_MS};
}

/* --- printing --- */

static bool is_wanted(const char *wanted, struct str found)
{
    return wanted[0] == 0 || str_equal(str_of(wanted), found);
}

static void flush(struct events *events)
{
    if (events->out.bytes.count > 0)
        progress_hide();
    if (events->write_error == 0 &&
        !file_write_all(STDOUT_FILENO, events->out.bytes.at, events->out.bytes.count))
        events->write_error = errno;
    vec_clear(&events->out.bytes);
}

static void print(struct events *events, const struct record *record, const struct event_marks *marks,
                  int64_t from_us)
{
    int64_t time_us = record_effective_us(record);
    if (time_us < from_us || time_us >= events->to_us || !is_wanted(options.account, record->account) ||
        !is_wanted(options.resource, record->subject) || !is_wanted(options.id, record->id))
        return;
    event_print(record, marks, &events->out);
    events->progress.events++;
    if (events->out.bytes.count >= HELD_BYTES)
        flush(events);
}

/* A change of what does not run. */
static bool is_idle(const struct part *part, const struct record *record)
{
    const struct kind_row *kind = kind_row(record->kind);
    bool changes = kind->shape == SHAPE_LEVEL && kind->change != CHANGE_NONE;
    return changes && part->last != NULL && !fold_meets_level(part->last, record);
}

static void print_judged(struct part *part, const struct record *record, enum fold_verdict verdict)
{
    struct events *events = part->events;
    struct event_marks marks = {.placed = true,
                                .partition = part->number,
                                .offset = part->message->offset,
                                .append_us = part->message->append_us};
    const struct events_known known = {verdict, part->whole, is_idle(part, record)};
    if (part->fold == NULL)
        marks.state = "unknown";
    else
        events_state_judge(events->states, record, &known, &marks);
    print(events, record, &marks, events->from_us);
}

/* --- the log --- */

static void print_plain(struct events *events, const struct record *record)
{
    static const struct event_marks unmarked;
    print(events, record, &unmarked, events->from_us);
}

static void watch(void *context, const struct record *record, enum fold_verdict verdict)
{
    struct part *part = context;
    if (options.with_state)
        print_judged(part, record, verdict);
    else if (verdict == FOLD_APPLIED)
        print_plain(part->events, record);
}

static void close_epoch(struct fold *fold)
{
    fold_close_epoch(fold);
    while (fold_next_frame(fold) != NULL)
        ;
}

/* NULL: the message does not decode. False: the fold stops here. */
static bool fold_message(struct part *part, const struct message *message, int64_t offset)
{
    enum fold_outcome outcome =
        message != NULL ? fold_apply(part->fold, message) : fold_skip(part->fold, offset);
    if (outcome == FOLD_EPOCH_DUE)
        close_epoch(part->fold);
    if (outcome == FOLD_EPOCH_OPEN || outcome == FOLD_EPOCH_DUE)
        return true;
    progress_hide();
    fprintf(stderr, "hourglass events: partition %u, offset %lld: %s: states are unknown from here on\n",
            part->number, (long long)offset, fold_outcome_text(outcome));
    fold_free(part->fold);
    part->fold = NULL;
    part->gap = true;
    return false;
}

static void take_plain(struct part *part, const struct message *message)
{
    struct events *events = part->events;
    for (uint32_t i = 0; i < message->record_count; i++) {
        const struct record *record = &message->records[i];
        if (options.with_state)
            print_judged(part, record, FOLD_APPLIED);
        else if (!fold_too_late(&events->rules, part->clock.now_us, record))
            print_plain(events, record);
    }
    if (message->control == CONTROL_NONE)
        (void)clock_advance(&part->clock, &events->rules, message->append_us, message->clock_us);
}

/* What comes is not what should follow: records were deleted while the log was read. */
static void note_gap(struct part *part, int64_t offset)
{
    progress_hide();
    fprintf(stderr, "hourglass events: partition %u: the records [%lld, %lld) are gone\n", part->number,
            (long long)part->next, (long long)offset);
    part->gap = true;
    fold_free(part->fold);
    part->fold = NULL;
}

static bool take(void *context, const struct read_part *read, const struct log_message *from)
{
    struct events *events = context;
    struct part *part = read->tag;
    struct message message;
    if (from->offset != part->next)
        note_gap(part, from->offset);
    part->next = from->offset + 1;
    events->progress.bytes += from->value.size;
    bool good = usage_decode(from->value, &events->records, &message) == DECODE_OK;
    message.append_us = from->timestamp_ms * 1000;
    message.offset = from->offset;
    part->message = good ? &message : NULL;
    if (part->fold != NULL)
        fold_message(part, part->message, from->offset);
    else if (good)
        take_plain(part, &message);
    progress_set(&events->progress);
    return events->write_error == 0;
}

/* --with-state reads the log twice: what an event came to hangs on what comes after it. */
static bool learn(void *context, const struct read_part *read, const struct log_message *from)
{
    struct events *events = context;
    struct part *part = read->tag;
    struct message message;
    bool good = usage_decode(from->value, &events->records, &message) == DECODE_OK;
    events->progress.bytes += from->value.size;
    progress_set(&events->progress);
    for (uint32_t i = 0; good && i < message.record_count; i++)
        events_state_learn(events->states, &message.records[i]);
    message.append_us = from->timestamp_ms * 1000;
    message.offset = from->offset;
    if (part->fold != NULL && from->offset == fold_next_offset(part->fold))
        fold_message(part, good ? &message : NULL, from->offset);
    return true;
}

static enum error_class read_records(struct events *events, const char *stage, read_visit *visit,
                                     struct error *error)
{
    struct reading reading = {0};
    struct read_source source = source_of(events);
    events->progress.stage = stage;
    for (uint32_t i = 0; i < events->count; i++)
        read_add(&reading, events->topics.records, events->parts[i].number, events->parts[i].next,
                 &events->parts[i]);
    enum error_class class = read_through(&reading, &source, visit, events, error);
    if (class == ERROR_NONE && !read_done(&reading) && events->write_error == 0)
        class = error_set(error, ERROR_RETRY, "told to stop", "not all events are printed");
    read_release(&reading);
    return class;
}

/* --- where to begin --- */

static void print_base(void *context, const struct record *record, bool made)
{
    struct events *events = context;
    const struct event_marks marks = {.state = options.with_state ? "base" : NULL};
    print(events, record, &marks, made ? INT64_MIN : events->from_us);
}

/* The log goes on from this state. */
static void begin_at(struct part *part, struct fold *fold, int64_t low)
{
    struct events *events = part->events;
    char at[TIME_TEXT_SIZE] = "no time", from[TIME_TEXT_SIZE] = "it";
    part->next = fold_next_offset(fold);
    part->whole = false;
    int64_t watermark_us = fold_watermark_us(fold);
    if (watermark_us >= 0)
        time_print(time_second(watermark_us), at);
    if (fold_closed_s(fold) >= 0)
        time_print(fold_closed_s(fold), from);
    progress_hide();
    fprintf(
        stderr,
        "hourglass events: partition %u: the log begins at offset %lld; what a snapshot of %s holds stands "
        "for what was before: hours from %s on are whole, but for orders and payments of before\n",
        part->number, (long long)low, at, from);
    fold_base(fold, print_base, events);
    part->fold = fold;
}

/* The fold as it was where the part begins; NULL: no snapshot has it. */
static enum error_class fold_of_begin(const struct part *part, struct fold **fold, struct error *error)
{
    struct read_source source = source_of(part->events);
    if (part->next > 0)
        return events_base_find(&source, &part->events->topics, part->number, part->next, fold, error);
    *fold = fold_new(part->number);
    return ERROR_NONE;
}

static enum error_class begin_part(struct part *part, int64_t low, struct error *error)
{
    struct fold *fold = NULL;
    part->whole = low == 0;
    part->next = low;
    part->clock = (struct clock){INT64_MIN, INT64_MIN};
    if (part->whole && !options.with_state)
        return ERROR_NONE;
    enum error_class class = fold_of_begin(part, &fold, error);
    if (class != ERROR_NONE)
        return class;
    part->gap = fold == NULL;
    if (part->whole)
        part->fold = fold;
    else if (fold != NULL)
        begin_at(part, fold, low);
    else
        fprintf(stderr,
                "hourglass events: partition %u: the log begins at offset %lld, and no snapshot reaches it: "
                "what was before is missing\n",
                part->number, (long long)low);
    return ERROR_NONE;
}

static enum error_class begin_parts(struct events *events, struct error *error)
{
    VEC(struct log_range) ranges = {0};
    bool one = options.account[0] != 0;
    uint32_t partitions = events->generation.partitions;
    uint32_t first = one ? partition_of(str_of(options.account), partitions) : 0;
    events->count = one ? 1 : partitions;
    events->parts = calloc(events->count, sizeof *events->parts);
    CHECK(events->parts != NULL);
    for (uint32_t i = 0; i < events->count; i++) {
        events->parts[i] = (struct part){.events = events, .number = first + i};
        vec_push(&ranges, (struct log_range){.topic = events->topics.records, .partition = first + i});
    }
    enum error_class class = log_ranges(events->log, ranges.at, ranges.count, error);
    for (uint32_t i = 0; i < ranges.count && class == ERROR_NONE; i++)
        class = begin_part(&events->parts[i], ranges.at[i].low, error);
    vec_release(&ranges);
    return class;
}

/* A log answers within a second or two, or not at all: it is asked again for a while. */
static enum error_class find_generation(struct events *events, struct error *error)
{
    struct host *host = process_host();
    struct read_source source = source_of(events);
    int64_t until_ms = host->now_ms(host) + KAFKA_LIMIT_MS;
    enum error_class class;
    while ((class = manifest_read(&source, &events->topics, &events->generation, error)) == ERROR_RETRY &&
           host->now_ms(host) < until_ms && !host->stopping(host))
        host->pause(host, POLL_MS);
    if (class == ERROR_NONE && events->generation.partitions == 0)
        class =
            error_set(error, ERROR_FATAL, events->topics.records, "there is no generation of that prefix");
    if (class == ERROR_NONE)
        events->rules =
            rules_of(1, events->generation.lifecycle_horizon_us, events->generation.report_horizon_us);
    return class;
}

/* --- */

/* The parts begin again, with what they were at the log's end beside them. */
static enum error_class learn_all(struct events *events, struct error *error)
{
    enum error_class class = read_records(events, "reading ahead", learn, error);
    for (uint32_t i = 0; i < events->count && class == ERROR_NONE; i++) {
        struct part *part = &events->parts[i];
        if (part->fold == NULL)
            continue;
        if (fold_watermark_us(part->fold) != INT64_MIN)
            close_epoch(part->fold);
        part->last = part->fold;
        part->fold = NULL;
        class = fold_of_begin(part, &part->fold, error);
    }
    return class;
}

static enum error_class print_events(struct events *events, struct error *error)
{
    enum error_class class = find_generation(events, error);
    if (class == ERROR_NONE)
        class = begin_parts(events, error);
    if (class == ERROR_NONE && options.with_state)
        class = learn_all(events, error);
    for (uint32_t i = 0; i < events->count && class == ERROR_NONE; i++)
        if (events->parts[i].fold != NULL)
            fold_watch(events->parts[i].fold, watch, &events->parts[i]);
    if (class == ERROR_NONE)
        class = read_records(events, "reading", take, error);
    flush(events);
    progress_hide();
    return class;
}

static void release(struct events *events)
{
    for (uint32_t i = 0; i < events->count; i++) {
        fold_free(events->parts[i].fold);
        fold_free(events->parts[i].last);
    }
    free(events->parts);
    events_state_free(events->states);
    usage_records_release(&events->records);
    vec_release(&events->out.bytes);
}

static int status_of(const struct events *events, enum error_class class, const struct error *error)
{
    bool gap = false;
    for (uint32_t i = 0; i < events->count; i++)
        gap = gap || events->parts[i].gap;
    if (events->write_error == EPIPE)
        return EX_OK;
    if (events->write_error != 0)
        fprintf(stderr, "hourglass events: standard output: %s\n", strerror(events->write_error));
    else if (class != ERROR_NONE)
        fprintf(stderr, "hourglass events: %s\n", error->text);
    if (events->write_error != 0)
        return EX_IOERR;
    if (class != ERROR_NONE)
        return class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
    return gap ? EXIT_GAPS : EX_OK;
}

static bool take_time(const char *text, int64_t *us)
{
    return text[0] == 0 || time_parse(str_of(text), us);
}

static int run(void)
{
    struct events events = {.topics = topics_of(options.prefix), .from_us = INT64_MIN, .to_us = INT64_MAX};
    if (!take_time(options.from, &events.from_us) || !take_time(options.to, &events.to_us))
        return options_misused(&page, "--from, --to: expected a time as in 2026-11-01T10:00:00Z");
    if (events.from_us >= events.to_us)
        return options_misused(&page, "--to: expected a time after --from");
    process_begin();
    progress_begin("hourglass events");
    events.states = options.with_state ? events_state_new() : NULL;
    struct error error;
    struct kafka_log_config config = {
        .brokers = options.kafka, .client_id = "hourglass-events", .reads = true};
    events.log = kafka_log_open(&config, &(struct log_client){0}, &error);
    enum error_class class = events.log == NULL ? error.class : print_events(&events, &error);
    int status = status_of(&events, class, &error);
    release(&events);
    log_close(events.log);
    return status;
}

const struct command command_events = {&page, run};
