/* `hourglass rate`: the three cores joined by memory (CONTRACT §5). No fold or rating of its own. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "aggregator/core/fold.h"
#include "cli/command.h"
#include "cli/dated_catalogs.h"
#include "collectors/core/accept.h"
#include "collectors/core/lines.h"
#include "collectors/core/simulate.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/usage.h"
#include "lib/io/file.h"
#include "settler/core/settle.h"

struct options {
    struct dated_catalogs catalogs;
    int64_t until_s; /* INT64_MAX: by the events */
    enum line_format format;
    char **files;
    int file_count;
};

struct rate {
    struct options options;
    struct acceptor *acceptor;
    struct simulation *simulation;
    struct fold *fold;
    struct settlement settlement;
    uint64_t rejected;
    bool write_failed;
};

/* --- arguments --- */

static bool parse_format(const char *text, enum line_format *out)
{
    static const char *const names[] = {"ndjson", "csv", "table"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) != 0)
            continue;
        *out = (enum line_format)i;
        return true;
    }
    return false;
}

static const char *parse_option(struct options *options, const char *name, char *value)
{
    int64_t until_us;
    if (strcmp(name, "--catalog") == 0) {
        return dated_catalogs_add(&options->catalogs, value);
    } else if (strcmp(name, "--until") == 0) {
        if (!time_parse(str_of(value), &until_us))
            return "--until: expected a time as in 2026-11-01T10:00:00Z";
        options->until_s = time_second(until_us);
    } else if (strcmp(name, "--format") == 0) {
        if (!parse_format(value, &options->format))
            return "--format: expected ndjson, csv or table";
    } else {
        return "unknown option";
    }
    return NULL;
}

/* What is wrong with the arguments; NULL: nothing. Files are gathered at the front of `arguments`. */
static const char *parse(int count, char **arguments, struct options *options)
{
    bool only_files = false;
    for (int i = 0; i < count; i++) {
        char *argument = arguments[i];
        if (only_files || strncmp(argument, "--", 2) != 0) {
            arguments[options->file_count++] = argument;
            continue;
        }
        if (strcmp(argument, "--") == 0) {
            only_files = true;
            continue;
        }
        char *equals = strchr(argument, '=');
        if (equals == NULL && i + 1 == count)
            return "expected a value after the last option";
        if (equals != NULL)
            *equals = 0;
        const char *why = parse_option(options, argument, equals != NULL ? equals + 1 : arguments[++i]);
        if (why != NULL)
            return why;
    }
    options->files = arguments;
    const char *why = dated_catalogs_check(&options->catalogs);
    return why == NULL && options->file_count == 0 ? "expected a file of events" : why;
}

/* --- the pipeline --- */

static void take_frames(struct rate *rate)
{
    const struct frame *frame;
    while ((frame = fold_next_frame(rate->fold)) != NULL)
        CHECK(settle_frame(&rate->settlement, frame) == SETTLED);
}

static void take_message(void *context, uint32_t partition, const struct message *message)
{
    struct rate *rate = context;
    CHECK(partition == 0);
    struct message placed = *message;
    placed.offset = fold_next_offset(rate->fold);
    enum fold_outcome outcome = fold_apply(rate->fold, &placed);
    CHECK(outcome == FOLD_EPOCH_OPEN || outcome == FOLD_EPOCH_DUE);
    if (outcome != FOLD_EPOCH_DUE)
        return;
    fold_close_epoch(rate->fold);
    take_frames(rate);
}

/* Each names the one before it, as in a generation's log. */
static void take_catalogs(struct rate *rate, const struct rules *rules)
{
    struct message message = {.control = CONTROL_INIT, .feed = STR(""), .rules = *rules};
    message.origin.by = STR("rate");
    for (uint32_t i = 0; i < rate->options.catalogs.list.count; i++) {
        const struct dated_catalog *dated = &rate->options.catalogs.list.at[i];
        message.catalog =
            (struct catalog_text){dated->from_s, {dated->text.bytes.at, dated->text.bytes.count}};
        usage_seal(&message);
        message.offset = fold_next_offset(rate->fold);
        CHECK(fold_apply(rate->fold, &message) == FOLD_EPOCH_OPEN);
        memcpy(message.origin.prev_hash, message.origin.hash, CONTROL_HASH_SIZE);
        message.control = CONTROL_CATALOG;
    }
}

static void begin(struct rate *rate)
{
    struct rules rules = rules_of(1, INT64_MAX, INT64_MAX);
    struct simulate_config config = {
        .partitions = 1,
        .epoch_us = rules.epoch_us,
        .delay_us = rules.delay_us,
        .until_s = rate->options.until_s,
        .feed = STR("file"),
        .sink = take_message,
        .context = rate,
    };
    rate->acceptor = acceptor_new();
    rate->simulation = simulation_new(&config);
    rate->fold = fold_new(0);
    settlement_init(&rate->settlement);
    take_catalogs(rate, &rules);
}

static void take_line(struct rate *rate, const char *path, uint64_t number, struct str line)
{
    struct record record;
    struct rejection rejection;
    if (accept_event(rate->acceptor, line, &record, &rejection)) {
        simulation_add(rate->simulation, &record);
        return;
    }
    rate->rejected++;
    fprintf(stderr, "%s:%llu: %.*s\n", path, (unsigned long long)number, STR_ARG(rejection.reason));
}

static bool take_file(struct rate *rate, const char *path, struct file_pieces *pieces)
{
    struct str piece;
    uint64_t number = 0;
    while (file_pieces_next(pieces, &piece)) {
        struct lines lines = lines_of(piece.at, piece.size);
        lines.number = number;
        struct str line;
        while (lines_next(&lines, &line))
            take_line(rate, path, lines.number, line);
        number = lines.number;
    }
    if (pieces->failed)
        fprintf(stderr, "hourglass: %s: %s\n", path, strerror(pieces->error));
    return !pieces->failed;
}

static void finish(struct rate *rate)
{
    int64_t until_s = rate->options.until_s;
    if (until_s == INT64_MAX)
        until_s = simulation_default_until_s(rate->simulation);
    if (until_s != INT64_MIN && simulation_default_until_s(rate->simulation) != INT64_MIN) {
        simulation_end(rate->simulation, until_s);
        fold_close_epoch(rate->fold);
        take_frames(rate);
    } else {
        until_s = until_s == INT64_MIN ? 0 : until_s;
    }
    fold_finish(rate->fold, until_s);
    take_frames(rate);
}

static void write_out(void *context, struct packer *out)
{
    struct rate *rate = context;
    if (out->bytes.count > 0 && !file_write_all(STDOUT_FILENO, out->bytes.at, out->bytes.count))
        rate->write_failed = true;
    vec_clear(&out->bytes);
}

static void release(struct rate *rate)
{
    acceptor_free(rate->acceptor);
    simulation_free(rate->simulation);
    fold_free(rate->fold);
    settlement_release(&rate->settlement);
}

static int run(struct rate *rate, struct file_pieces *files)
{
    for (int i = 0; i < rate->options.file_count; i++)
        if (!take_file(rate, rate->options.files[i], &files[i]))
            return EXIT_UNUSABLE;
    finish(rate);
    struct packer out = {0};
    settlement_print(&rate->settlement, rate->options.format, &out, write_out, rate);
    vec_release(&out.bytes);
    if (rate->write_failed) {
        fprintf(stderr, "hourglass: standard output: %s\n", strerror(errno));
        return EXIT_UNUSABLE;
    }
    return rate->rejected > 0 ? EXIT_SOME_REJECTED : EXIT_OK;
}

/* Opens every file before the first is read, so that a missing one costs nothing. */
static int run_files(struct rate *rate)
{
    int count = rate->options.file_count, opened = 0, status = EXIT_UNUSABLE;
    struct file_pieces *files = calloc((size_t)count, sizeof *files);
    CHECK(files != NULL);
    while (opened < count && file_pieces_open(&files[opened], rate->options.files[opened]))
        opened++;
    if (opened < count)
        fprintf(stderr, "hourglass: %s: %s\n", rate->options.files[opened], strerror(errno));
    else
        status = run(rate, files);
    for (int i = 0; i < opened; i++)
        file_pieces_close(&files[i]);
    free(files);
    return status;
}

int command_rate(int count, char **arguments)
{
    struct rate rate = {.options = {.until_s = INT64_MAX, .format = LINE_NDJSON}};
    if (count == 1 && strcmp(arguments[0], "--help") == 0)
        return command_help("rate");
    const char *why = parse(count, arguments, &rate.options);
    int status = why == NULL ? EXIT_UNUSABLE : command_misused("rate", why);
    if (why == NULL && dated_catalogs_read(&rate.options.catalogs)) {
        begin(&rate);
        status = run_files(&rate);
        release(&rate);
    }
    dated_catalogs_release(&rate.options.catalogs);
    return status;
}
