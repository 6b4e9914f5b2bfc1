/* `hourglass catalog apply`: a later catalog, into every partition's log (DESIGN §2). */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cli/broker_clock.h"
#include "cli/catalog_file.h"
#include "cli/command.h"
#include "cli/control_register.h"
#include "cli/writer.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/prices.h"
#include "lib/io/kafka_log.h"
#include "lib/io/process.h"
#include "lib/run/manifest.h"
#include "lib/run/value_checks.h"

enum { KAFKA_LIMIT_MS = 30000 };

/* An hour more than partitions ask for, so that none refuses what we send. */
static const int64_t lead_s = CATALOG_LEAD_S + HOUR_S;

static struct {
    const char *file;
    const char *kafka;
    const char *prefix;
    const char *from;
    const char *by;
    int64_t timeout_s;
    bool whole;
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
    {"whole", OPTION_SWITCH, &options.whole, "false", 0, 0,
     "read all frames of partition 0, not what the index (usage.register) says"},
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

/* OPTIONS_GO: the generation lives by the broker's clock. */
static int check_generation(struct control_register *of)
{
    struct error error;
    struct generation generation;
    enum error_class class = manifest_read(&(struct read_source){of->log, of->host, of->limit_ms}, of->topics,
                                           &generation, &error);
    if (class == ERROR_NONE && generation.partitions == 0)
        class =
            error_set(&error, ERROR_FATAL, of->topics->snapshots, "no generation: hourglass init makes one");
    if (class != ERROR_NONE)
        return fail(&error);
    return generation.simulated ? refuse("the generation is a simulated one: its catalog is that of its run")
                                : OPTIONS_GO;
}

static int check_change(const struct catalog *catalog, const struct control_register *of)
{
    struct catalog_error error;
    struct catalog *first = catalog_parse(of->entries.at[of->order.at[0]].message.catalog.text, &error);
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

struct applying {
    struct control_register of;
    struct catalog_text catalog;
    int64_t until_ms;
    bool appended;
    uint32_t copied;
};

static int64_t left_ms(const struct applying *applying)
{
    int64_t left = applying->until_ms - applying->of.host->now_ms(applying->of.host);
    return left > 0 ? left : 0;
}

/* The register's entry for this hour, if it is this catalog. */
static struct register_entry *find_same(const struct applying *applying)
{
    struct register_entry *found = control_register_find(&applying->of, applying->catalog.from_s);
    return found != NULL && str_equal(found->message.catalog.text, applying->catalog.text) ? found : NULL;
}

static int report(const struct applying *applying, const bool *shown)
{
    uint32_t missing = 0, partitions = applying->of.partitions;
    char hour[TIME_TEXT_SIZE];
    time_print(applying->catalog.from_s, hour);
    for (uint32_t p = 0; p < partitions; p++) {
        const char *before =
            missing == 0 ? "hourglass catalog apply: no frame yet has it in partition " : ", ";
        if (!shown[p])
            fprintf(stderr, "%s%u", before, p);
        missing += !shown[p];
    }
    if (missing > 0) {
        fprintf(stderr, "; from %s. Repeat it with --from %s\n", hour, hour);
        return EX_TEMPFAIL;
    }
    printf("holds from %s in all %u partitions, written to %u of them now\n", hour, partitions,
           applying->appended + (applying->copied > 0 ? partitions - 1 : 0));
    return EX_OK;
}

/* OPTIONS_GO: it is in the register. */
static int decide(struct applying *applying)
{
    struct error error;
    struct control_origin origin;
    struct register_decision decision;
    if (find_same(applying) != NULL)
        return OPTIONS_GO;
    if (!writer_origin(options.by, &origin))
        return refuse("--by: expected 1 to 256 bytes of UTF-8 without control characters");
    if (control_register_append(&applying->of, &applying->catalog, &origin, left_ms(applying), &decision,
                                &error) != ERROR_NONE)
        return fail(&error);
    applying->appended = true;
    if (decision.verdict != REGISTER_LOST)
        return OPTIONS_GO;
    /* Who came before it may have brought the same, or have died before he copied it. */
    if (control_register_read(&applying->of, false, &error) != ERROR_NONE)
        return fail(&error);
    if (find_same(applying) != NULL)
        return OPTIONS_GO;
    if (control_register_copy(&applying->of, &applying->copied, &error) != ERROR_NONE)
        return fail(&error);
    fprintf(
        stderr,
        "hourglass catalog apply: %s: nothing has changed. hourglass catalog show tells what holds; repeat "
        "it, with --whole\nif nobody else applied one now\n",
        decision.why);
    return EX_TEMPFAIL;
}

static int spread(struct applying *applying)
{
    struct error error;
    struct register_entry *entry = find_same(applying);
    bool *shown = calloc(applying->of.partitions, sizeof *shown);
    CHECK(shown != NULL);
    enum error_class class = ERROR_NONE;
    if (entry != NULL)
        class = control_register_copy(&applying->of, &applying->copied, &error);
    if (entry != NULL && class == ERROR_NONE)
        class = control_register_hold(&applying->of, entry, left_ms(applying), shown, &error);
    int status = class == ERROR_NONE ? report(applying, shown) : fail(&error);
    free(shown);
    return status;
}

static int apply(struct log *log, const struct catalog *catalog, struct str text)
{
    struct error error;
    struct topics topics = topics_of(options.prefix);
    struct applying applying = {
        .of = {.log = log, .host = process_host(), .topics = &topics, .limit_ms = KAFKA_LIMIT_MS},
        .catalog = {.text = text}};
    int status = control_register_read(&applying.of, options.whole, &error) == ERROR_NONE
                     ? check_generation(&applying.of)
                     : fail(&error);
    if (status == OPTIONS_GO)
        status = check_change(catalog, &applying.of);
    if (status == OPTIONS_GO)
        status = choose_hour(&applying.catalog.from_s);
    applying.until_ms = applying.of.host->now_ms(applying.of.host) + options.timeout_s * 1000;
    if (status == OPTIONS_GO)
        status = decide(&applying);
    if (status == OPTIONS_GO)
        status = spread(&applying);
    control_register_release(&applying.of);
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
    struct error error;
    struct kafka_log_config config = {
        .brokers = options.kafka, .client_id = "hourglass-catalog", .appends = true, .reads = true};
    struct packer text = {0};
    struct catalog *catalog = catalog_file_read(options.file, &text);
    struct log *log = catalog == NULL ? NULL : kafka_log_open(&config, &(struct log_client){0}, &error);
    int status = EXIT_UNUSABLE;
    if (log != NULL)
        status = apply(log, catalog, (struct str){text.bytes.at, text.bytes.count});
    else if (catalog != NULL)
        status = fail(&error);
    log_close(log);
    catalog_free(catalog);
    vec_release(&text.bytes);
    return status;
}

const struct command command_catalog_apply = {&page, run};
