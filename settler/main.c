#include "lib/io/pg_option.h"
#include "lib/run/program.h"
#include "lib/run/value_checks.h"
#include "settler/counters.h"
#include "settler/service.h"

static struct settler_options options;

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &options.kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,...", .value = "SERVERS",
     .check = check_servers},
    {"database", OPTION_TEXT, &options.database.database, NULL, 0, 0, PG_DATABASE_HELP, .value = "URL",
     .check = check_database},
    {"schema", OPTION_TEXT, &options.database.schema, "hourglass", 0, 0, "where the tables stand",
     .value = "NAME"},
    {"prefix", OPTION_TEXT, &options.prefix, "", 0, 0, "before each topic's name", .check = check_prefix},
    {"partitions", OPTION_TEXT, &options.partitions, "group", 0, 0,
     "group: what the consumer group hands out; all; or numbers with commas", .check = check_partitions},
    {"group", OPTION_TEXT, &options.group, "", 0, 0,
     "consumer group; none: the prefix and hourglass-settler"},
    {"instance", OPTION_TEXT, &options.instance, "", 0, 0,
     "this process's slot in the group; keeps its partitions"},
};

static const struct option_page page = {
    .name = "hourglass-settler",
    .summary = "Settles usage.frames into PostgreSQL, each frame once.",
    .details = PG_PASSWORD_HELP,
    .example = "  HOURGLASS_DATABASE=postgresql://hourglass@db/billing PGPASSFILE=/etc/hourglass/pgpass \\\n"
               "      hourglass-settler --kafka k1:9092,k2:9092 --instance $(hostname) --admin-port 9102\n",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

int main(int count, char **arguments)
{
    struct program_work work = {&settler_all_metrics, &settler_readiness, settler_serve, &options, false};
    int status = program_begin(&page, count, arguments);
    return status == OPTIONS_GO ? program_serve(&work) : status;
}
