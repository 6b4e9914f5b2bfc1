#include "aggregator/counters.h"
#include "aggregator/service.h"
#include "lib/run/program.h"
#include "lib/run/value_checks.h"

static struct aggregator_options options;

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &options.kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,...", .value = "SERVERS",
     .check = check_servers},
    {"prefix", OPTION_TEXT, &options.prefix, "", 0, 0, "before each topic's name", .check = check_prefix},
    {"partitions", OPTION_TEXT, &options.partitions, "group", 0, 0,
     "group: what the consumer group hands out; all; or numbers with commas", .check = check_partitions},
    {"group", OPTION_TEXT, &options.group, "", 0, 0,
     "consumer group; none: the prefix and hourglass-aggregator"},
    {"instance", OPTION_TEXT, &options.instance, "", 0, 0,
     "this process's slot in the group; keeps its partitions"},
};

static const struct option_page page = {
    .name = "hourglass-aggregator",
    .summary = "Folds usage.records into usage.frames.",
    .example = "  hourglass-aggregator --kafka k1:9092,k2:9092 --instance $(hostname) --admin-port 9101\n",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

int main(int count, char **arguments)
{
    struct program_work work = {&aggregator_all_metrics, &aggregator_readiness, aggregator_serve, &options,
                                false};
    int status = program_begin(&page, count, arguments);
    return status == OPTIONS_GO ? program_serve(&work) : status;
}
