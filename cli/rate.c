/* `hourglass rate`: the three cores joined by memory (CONTRACT §5). No fold or rating of its own. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
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
#include "lib/io/progress.h"
#include "settler/core/settle.h"
#include "settler/core/summary.h"

/* TIME lies far behind the other events from here on: a month. */
static const int64_t FAR_S = 31 * (int64_t)86400;

struct rate {
    struct dated_catalogs catalogs;
    int64_t until_s; /* INT64_MAX: by the events */
    struct acceptor *acceptor;
    struct simulation *simulation;
    struct fold *fold;
    struct settlement settlement;
    struct summary summary;
    enum report report;
    enum sheet_format format;
    uint64_t rejected;
    struct progress_state progress;
    int64_t latest_us;      /* of accepted events, by effective time; INT64_MIN: none yet */
    int64_t latest_hour_s;  /* its hour */
    uint64_t latest_events; /* of that hour */
    int64_t before_us;      /* the latest event of an hour before that one; INT64_MIN: none */
    bool write_failed;
};

/* --- the command line --- */

static struct {
    struct option_list catalogs;
    struct option_list files;
    const char *until;
    const char *report;
    const char *format;
} options;

static const char by_the_events[] = "";
static const char *const reports[] = {"lines", "balances", "bills", NULL}; /* as enum report */

static const struct option_row rows[] = {
    {"catalog", OPTION_LIST, &options.catalogs, NULL, 0, 0,
     "prices, YAML; of several each but one names the whole hour that it holds from", .value = "FILE[@HOUR]"},
    {"until", OPTION_TEXT, &options.until, by_the_events, 0, 0,
     "what still runs is billed up to it; none: the end of the hour of the latest event", .value = "TIME"},
    {"report", OPTION_TEXT, &options.report, "lines", 0, 0, "lines, balances or bills", .value = "REPORT",
     .words = reports},
    {"format", OPTION_TEXT, &options.format, "ndjson", 0, 0, "ndjson, csv or table", .value = "FORMAT",
     .words = sheet_formats},
    {"files", OPTION_LIST, &options.files, NULL, 0, 0,
     "files of CloudEvents, one JSON object a line; - is standard input", .value = "EVENTS",
     .argument = true},
};

static const struct option_page page = {
    .name = "hourglass rate",
    .summary = "Rate files of CloudEvents offline: the whole pipeline's arithmetic, no Kafka, no database.",
    .details =
        "--catalog FILE@HOUR is one more catalog, which holds from that whole hour on, as "
        "2026-11-01T10:00:00Z;\n"
        "each but one names its hour, and of the same hour the later one holds. It keeps the first one's "
        "currency,\n"
        "charge_scale, bill_scale and liveness. HOUR is what stands behind the last @ if it is a time; else "
        "the\n"
        "@ is of the file's name.\n"
        "--report balances and bills come of the final lines and the payments: a line stands in the bill of "
        "its "
        "own\n"
        "month, and months whose end lies 24 h before TIME are billed.\n",
    .example =
        "  hourglass rate --catalog deploy/local/catalog.yaml --until 2026-11-02T00:00:00Z events.ndjson\n"
        "  zcat events.ndjson.gz | hourglass rate --catalog catalog.yaml --format table -\n",
    .statuses = "0; 2 a catalog, a file or the command line is unusable; 3 some events were rejected.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
    .misused = EXIT_UNUSABLE,
    .arguments_only = true,
};

/* What is wrong with the values; NULL: nothing. */
static const char *take_options(struct rate *rate)
{
    int64_t until_us;
    rate->until_s = INT64_MAX;
    for (uint32_t i = 0; i < options.catalogs.values.count; i++) {
        const char *why = dated_catalogs_add(&rate->catalogs, options.catalogs.values.at[i]);
        if (why != NULL)
            return why;
    }
    if (options.until != by_the_events) {
        if (!time_parse(str_of(options.until), &until_us))
            return "--until: expected a time as in 2026-11-01T10:00:00Z";
        rate->until_s = time_second(until_us);
    }
    while (strcmp(reports[rate->report], options.report) != 0)
        rate->report++;
    rate->format = sheet_format_of(options.format);
    return dated_catalogs_check(&rate->catalogs);
}

/* --- the pipeline --- */

static void take_frames(struct rate *rate)
{
    const struct frame *frame;
    while ((frame = fold_next_frame(rate->fold)) != NULL) {
        CHECK(settle_frame(&rate->settlement, frame) == SETTLED);
        if (rate->report != REPORT_LINES)
            summary_pay(&rate->summary, frame);
    }
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
    for (uint32_t i = 0; i < rate->catalogs.list.count; i++) {
        const struct dated_catalog *dated = &rate->catalogs.list.at[i];
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
        .until_s = rate->until_s,
        .feed = STR("file"),
        .sink = take_message,
        .context = rate,
    };
    rate->acceptor = acceptor_new();
    rate->simulation = simulation_new(&config);
    rate->fold = fold_new(0);
    settlement_init(&rate->settlement);
    summary_init(&rate->summary, &rate->settlement);
    take_catalogs(rate, &rules);
}

/* What decides the default TIME, and what stands before it. */
static void note_time(struct rate *rate, int64_t time_us)
{
    int64_t hour_s = time_hour(time_second(time_us));
    if (hour_s == rate->latest_hour_s) {
        rate->latest_events++;
        rate->latest_us = time_us > rate->latest_us ? time_us : rate->latest_us;
    } else if (hour_s > rate->latest_hour_s) {
        rate->before_us = rate->latest_us;
        rate->latest_hour_s = hour_s;
        rate->latest_us = time_us;
        rate->latest_events = 1;
    } else if (time_us > rate->before_us) {
        rate->before_us = time_us;
    }
}

static void take_line(struct rate *rate, const char *path, uint64_t number, struct str line)
{
    struct record record;
    struct rejection rejection;
    if (accept_event(rate->acceptor, line, &record, &rejection)) {
        simulation_add(rate->simulation, &record);
        note_time(rate, record_effective_us(&record));
        rate->progress.events++;
        return;
    }
    rate->progress.rejected = ++rate->rejected;
    progress_hide();
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
        rate->progress.bytes += piece.size;
        progress_set(&rate->progress);
    }
    progress_hide();
    if (pieces->failed)
        fprintf(stderr, "hourglass: %s: %s\n", path, strerror(pieces->error));
    return !pieces->failed;
}

static void enter(struct rate *rate, const char *stage)
{
    rate->progress.stage = stage;
    progress_set(&rate->progress);
}

/* One event in a far future has everything that runs billed up to it. */
static void warn_of_time(const struct rate *rate, int64_t until_s)
{
    if (rate->before_us == INT64_MIN || rate->latest_us - rate->before_us < FAR_S * SECOND_US)
        return;
    char until[TIME_TEXT_SIZE], before[TIME_TEXT_SIZE];
    time_print(until_s, until);
    time_print(time_second(rate->before_us), before);
    fprintf(
        stderr,
        "hourglass rate: TIME is %s, for %llu event%s that lie%s far after the latest other one (%s); name "
        "it with --until if that is not meant\n",
        until, (unsigned long long)rate->latest_events, rate->latest_events == 1 ? "" : "s",
        rate->latest_events == 1 ? "s" : "", before);
}

static void finish(struct rate *rate)
{
    int64_t until_s = rate->until_s;
    if (until_s == INT64_MAX) {
        until_s = simulation_default_until_s(rate->simulation);
        warn_of_time(rate, until_s);
    }
    enter(rate, "adding up");
    if (until_s != INT64_MIN && simulation_default_until_s(rate->simulation) != INT64_MIN) {
        simulation_end(rate->simulation, until_s);
        fold_close_epoch(rate->fold);
        take_frames(rate);
    } else {
        until_s = until_s == INT64_MIN ? 0 : until_s;
    }
    fold_finish(rate->fold, until_s);
    take_frames(rate);
    if (rate->report != REPORT_LINES)
        summary_add_up(&rate->summary, until_s);
}

static void write_out(void *context, struct packer *out)
{
    struct rate *rate = context;
    if (out->bytes.count > 0 && !file_write_all(STDOUT_FILENO, out->bytes.at, out->bytes.count))
        rate->write_failed = true;
    vec_clear(&out->bytes);
}

/* How many lines are unpriced. */
static uint64_t print(struct rate *rate)
{
    struct packer out = {0};
    uint64_t unpriced = rate->summary.unpriced;
    if (rate->report == REPORT_LINES)
        unpriced = settlement_print(&rate->settlement, rate->format, &out, write_out, rate);
    else
        summary_print(&rate->summary, rate->report, rate->format, &out, write_out, rate);
    vec_release(&out.bytes);
    return unpriced;
}

static void release(struct rate *rate)
{
    acceptor_free(rate->acceptor);
    simulation_free(rate->simulation);
    fold_free(rate->fold);
    summary_release(&rate->summary);
    settlement_release(&rate->settlement);
}

static int rate_files(struct rate *rate, struct file_pieces *files)
{
    for (int i = 0; i < (int)options.files.values.count; i++)
        if (!take_file(rate, options.files.values.at[i], &files[i]))
            return EXIT_UNUSABLE;
    finish(rate);
    enter(rate, "printing");
    progress_hide();
    uint64_t unpriced = print(rate);
    if (rate->write_failed) {
        fprintf(stderr, "hourglass: standard output: %s\n", strerror(errno));
        return EXIT_UNUSABLE;
    }
    if (unpriced > 0)
        fprintf(stderr, "hourglass rate: %llu line%s unpriced (no price at the time)\n",
                (unsigned long long)unpriced, unpriced == 1 ? " is" : "s are");
    return rate->rejected > 0 ? EXIT_SOME_REJECTED : EXIT_OK;
}

/* 0: not all are files of a size. */
static uint64_t total_bytes(const struct file_pieces *files, int count)
{
    uint64_t total = 0;
    for (int i = 0; i < count; i++) {
        struct stat found;
        if (fstat(files[i].fd, &found) != 0 || !S_ISREG(found.st_mode))
            return 0;
        total += (uint64_t)found.st_size;
    }
    return total;
}

/* Opens every file before the first is read, so that a missing one costs nothing. */
static int run_files(struct rate *rate)
{
    int count = (int)options.files.values.count, opened = 0, status = EXIT_UNUSABLE;
    struct file_pieces *files = calloc((size_t)count, sizeof *files);
    CHECK(files != NULL);
    while (opened < count && file_pieces_open(&files[opened], options.files.values.at[opened]))
        opened++;
    rate->progress.total_bytes = total_bytes(files, opened);
    if (opened < count)
        fprintf(stderr, "hourglass: %s: %s\n", options.files.values.at[opened], strerror(errno));
    else
        status = rate_files(rate, files);
    for (int i = 0; i < opened; i++)
        file_pieces_close(&files[i]);
    free(files);
    return status;
}

static int run(void)
{
    struct rate rate = {.latest_us = INT64_MIN, .latest_hour_s = INT64_MIN, .before_us = INT64_MIN};
    rate.progress.stage = "reading";
    progress_begin("hourglass rate");
    progress_set(&rate.progress);
    const char *why = take_options(&rate);
    int status = why == NULL ? EXIT_UNUSABLE : options_misused(&page, why);
    if (why == NULL && dated_catalogs_read(&rate.catalogs)) {
        begin(&rate);
        status = run_files(&rate);
        release(&rate);
    }
    dated_catalogs_release(&rate.catalogs);
    return status;
}

const struct command command_rate = {&page, run};
