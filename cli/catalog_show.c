/* `hourglass catalog show`: the catalogs in force, as the log of partition 0 has them. */
#include <stdio.h>
#include <sysexits.h>

#include "cli/catalog_log.h"
#include "cli/command.h"
#include "lib/base/time.h"
#include "lib/io/process.h"
#include "lib/run/value_checks.h"

enum { EXIT_DISAGREE = 1 };

static const char *kafka, *prefix;
static bool with_text;

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,...", .value = "SERVERS",
     .check = check_servers},
    {"prefix", OPTION_TEXT, &prefix, "", 0, 0, "before each topic's name", .check = check_prefix},
    {"text", OPTION_SWITCH, &with_text, "false", 0, 0, "the YAML too, each after a line that begins with #"},
};

static void print_catalog(const struct catalog_log *log, const struct logged_catalog *catalog)
{
    char hour[TIME_TEXT_SIZE] = "since ever          ";
    if (catalog->from_s != INT64_MIN)
        time_print(catalog->from_s, hour);
    printf("%s%s  ", with_text ? "# " : "", hour);
    for (int i = 0; i < DIGEST_SIZE; i++)
        printf("%02x", catalog->digest[i]);
    printf("\n");
    struct str text = catalog_log_text(log, catalog);
    if (with_text)
        printf("%.*s%s", STR_ARG(text), text.size > 0 && text.at[text.size - 1] == '\n' ? "" : "\n");
}

static int print(const struct catalog_log *log)
{
    uint32_t others = 0;
    for (uint32_t i = 0; i < log->of[0].list.count; i++)
        print_catalog(log, &log->of[0].list.at[i]);
    for (uint32_t p = 1; p < log->partitions; p++) {
        if (catalog_log_agree(log, 0, p))
            continue;
        printf(others++ == 0 ? "# not as in partition 0: %u" : " %u", p);
    }
    if (others == 0)
        printf("# all %u partitions agree", log->partitions);
    printf("\n");
    return others == 0 ? EX_OK : EXIT_DISAGREE;
}

static const struct option_page page = {
    .name = "hourglass catalog show",
    .summary =
        "Print the catalogs in force: from when each holds, its SHA-256, whether all partitions agree.",
    .example = "  hourglass catalog show --kafka 127.0.0.1:9092 --text\n",
    .statuses = "0 all partitions have the same; 1 they have not; 75 Kafka could not be read;\n"
                "78 there is no generation of that prefix.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static int run(void)
{
    int status;
    process_begin();
    struct topics topics = topics_of(prefix);
    struct catalog_log log = {0};
    struct error error;
    struct kafka_reader *reader = kafka_reader_new(kafka, "hourglass-catalog", NULL, &error);
    if (reader != NULL && catalog_log_read(reader, kafka, &topics, &log, &error) == ERROR_NONE) {
        status = print(&log);
    } else {
        fprintf(stderr, "hourglass catalog show: %s\n", error.text);
        status = error.class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
    }
    catalog_log_release(&log);
    kafka_reader_free(reader);
    return status;
}

const struct command command_catalog_show = {&page, run};
