/* `hourglass catalog apply`: a later catalog, into every partition's log (DESIGN §2). */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cli/broker_clock.h"
#include "cli/catalog_file.h"
#include "cli/catalog_spread.h"
#include "cli/command.h"
#include "cli/log_read.h"
#include "cli/writer.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/topics.h"
#include "lib/domain/prices.h"
#include "lib/io/process.h"
#include "lib/run/value_checks.h"

/* An hour more than partitions ask for, so that none refuses what we send. */
static const int64_t lead_s = CATALOG_LEAD_S + HOUR_S;

static struct {
    const char *file;
    const char *kafka;
    const char *prefix;
    const char *from;
    const char *by;
    int64_t timeout_s;
} options;

static const struct option_row rows[] = {
    {"file", OPTION_TEXT, &options.file, NULL, 0, 0, "the catalog, YAML; - is standard input",
     .value = "FILE", .argument = true},
    {"kafka", OPTION_TEXT, &options.kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,...", .value = "SERVERS",
     .check = check_servers},
    {"prefix", OPTION_TEXT, &options.prefix, "", 0, 0, "before each topic's name", .check = check_prefix},
    {"from", OPTION_TEXT, &options.from, "", 0, 0,
     "the whole hour that it holds from, as 2026-11-01T10:00:00Z, at least three hours ahead;\n"
     "      none: the next whole hour after that"},
    {"by", OPTION_TEXT, &options.by, "", 0, 0, "who writes it, for those who read the log; none: user@host"},
    {"timeout", OPTION_NUMBER, &options.timeout_s, "60", 1, 86400,
     "seconds until it gives up waiting for the partitions' frames"},
};

static int fail(const struct error *error)
{
    fprintf(stderr, "hourglass catalog apply: %s\n", error->text);
    return error->class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
}

static int refuse(const char *why)
{
    fprintf(stderr, "hourglass catalog apply: %s\n", why);
    return EXIT_UNUSABLE;
}

/* --- what may be applied --- */

struct found_generation {
    struct generation generation;
    bool found;
};

static void take_generation(void *context, const struct log_message *message)
{
    struct found_generation *found = context;
    if (!found->found)
        found->found = generation_decode(message->value, &found->generation) == DECODE_OK;
}

/* OPTIONS_GO: the generation lives by the broker's clock. */
static int check_generation(struct kafka_reader *reader, const struct topics *topics)
{
    struct error error;
    struct found_generation found = {.found = false};
    if (log_read(reader, topics->snapshots, 1, take_generation, &found, &error) != ERROR_NONE)
        return fail(&error);
    if (!found.found) {
        error_set(&error, ERROR_FATAL, topics->snapshots, "no generation: hourglass init makes one");
        return fail(&error);
    }
    if (found.generation.simulated)
        return refuse("the generation is a simulated one: its catalog is that of its run");
    return OPTIONS_GO;
}

static int check_change(const struct catalog *catalog, const struct catalog_log *log)
{
    struct catalog_error error;
    struct catalog *first = catalog_parse(catalog_log_text(log, &log->of[0].list.at[0]), &error);
    if (first == NULL)
        return refuse("the first catalog, at offset 0 of the log, is none");
    char why[PRICES_WHY_SIZE];
    int status = prices_may_follow(first, catalog, why) ? OPTIONS_GO : refuse(why);
    catalog_free(first);
    return status;
}

static int choose_hour(int64_t *from_s)
{
    int64_t now_us, from_us = 0;
    struct error error;
    if (options.from[0] != 0 && (!time_parse(str_of(options.from), &from_us) ||
                                 from_us != time_hour(time_second(from_us)) * SECOND_US))
        return refuse("--from: expected a whole hour, as 2026-11-01T10:00:00Z");
    if (broker_clock(options.kafka, options.prefix, &now_us, &error) != ERROR_NONE)
        return fail(&error);
    *from_s = options.from[0] != 0 ? time_second(from_us) : time_hour(time_second(now_us) + lead_s) + HOUR_S;
    if (*from_s * SECOND_US >= now_us + lead_s * SECOND_US)
        return OPTIONS_GO;
    char now[TIME_TEXT_SIZE];
    time_print(time_second(now_us), now);
    fprintf(stderr,
            "hourglass catalog apply: --from: expected an hour at least three hours ahead of the broker's "
            "clock (%s)\n",
            now);
    return EXIT_UNUSABLE;
}

/* --- applying --- */

static int report(const struct spread *spread, const struct spread_partition *partitions)
{
    uint32_t written = 0, missing = 0;
    char hour[TIME_TEXT_SIZE];
    time_print(spread->catalog.from_s, hour);
    for (uint32_t p = 0; p < spread->log->partitions; p++) {
        written += partitions[p].written;
        if (!partitions[p].shown)
            fprintf(stderr,
                    missing++ == 0 ? "hourglass catalog apply: no frame yet has it in partition %u" : ", %u",
                    p);
    }
    if (missing > 0) {
        fprintf(stderr, "; from %s\n", hour);
        return EX_TEMPFAIL;
    }
    printf("holds from %s in all %u partitions, written to %u of them now\n", hour, spread->log->partitions,
           written);
    return EX_OK;
}

static int spread_and_report(const struct topics *topics, const struct catalog_log *log,
                             struct kafka_reader *reader, struct catalog_text catalog)
{
    struct error error;
    struct spread spread = {.brokers = options.kafka,
                            .topics = topics,
                            .log = log,
                            .catalog = catalog,
                            .timeout_s = options.timeout_s};
    if (!writer_origin(options.by, &spread.origin))
        return refuse("--by: expected 1 to 256 bytes of UTF-8 without control characters");
    struct spread_partition *partitions = calloc(log->partitions, sizeof *partitions);
    CHECK(partitions != NULL);
    int status = spread_catalog(&spread, reader, partitions, &error) == ERROR_NONE
                     ? report(&spread, partitions)
                     : fail(&error);
    free(partitions);
    return status;
}

static int apply(const struct catalog *catalog, struct str text)
{
    struct error error;
    struct topics topics = topics_of(options.prefix);
    struct catalog_log log = {0};
    struct kafka_reader *reader = kafka_reader_new(options.kafka, "hourglass-catalog", NULL, &error);
    if (reader == NULL)
        return fail(&error);
    int64_t from_s = 0;
    int status = check_generation(reader, &topics);
    if (status == OPTIONS_GO && catalog_log_read(reader, options.kafka, &topics, &log, &error) != ERROR_NONE)
        status = fail(&error);
    if (status == OPTIONS_GO)
        status = check_change(catalog, &log);
    if (status == OPTIONS_GO)
        status = choose_hour(&from_s);
    if (status == OPTIONS_GO)
        status = spread_and_report(&topics, &log, reader, (struct catalog_text){from_s, text});
    catalog_log_release(&log);
    kafka_reader_free(reader);
    return status;
}

static const struct option_page page = {
    .name = "hourglass catalog apply",
    .summary = "Write a later catalog into the log; it holds from an hour that is to come.",
    .details =
        "It returns when every partition's frames have it; repeating it is harmless, and copies what is\n"
        "missing. Currency, charge_scale, bill_scale and liveness must be the first's.\n",
    .example = "  hourglass catalog apply catalog.yaml --kafka 127.0.0.1:9092 --from 2026-12-01T00:00:00Z\n",
    .statuses =
        "0 it holds in all partitions; 2 it may not be applied; 64 the command line cannot be read;\n"
        "75 not everywhere yet (the partitions are named), or another came before it (nothing is changed);\n"
        "78 there is no generation of that prefix.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static int run(void)
{
    process_begin();
    struct packer text = {0};
    struct catalog *catalog = catalog_file_read(options.file, &text);
    int status =
        catalog == NULL ? EXIT_UNUSABLE : apply(catalog, (struct str){text.bytes.at, text.bytes.count});
    catalog_free(catalog);
    vec_release(&text.bytes);
    return status;
}

const struct command command_catalog_apply = {&page, run};
