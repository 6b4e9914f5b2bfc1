#include <stdio.h>
#include <sysexits.h>

#include "lib/io/admin.h"
#include "lib/io/journal.h"
#include "lib/io/kafka_log.h"
#include "lib/io/options.h"
#include "lib/io/process.h"
#include "lib/run/assignment.h"
#include "settler/counters.h"
#include "settler/settler.h"
#include "settler/store/pg/pg_store.h"

/* Little of a partition is read ahead: a frame may be much work, and others wait behind it. */
enum { WATCHDOG_S = 120, READ_AHEAD_KIB = 1024 };

static const char *kafka, *prefix, *partitions, *group, *instance;
static struct pg_store_options database;
static const char *admin_address, *admin_port_file;
static int64_t admin_port_wanted;
static bool log_json;

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,..."},
    {"database", OPTION_TEXT, &database.database, NULL, 0, 0, "postgresql://USER@HOST:PORT/NAME"},
    {"schema", OPTION_TEXT, &database.schema, "hourglass", 0, 0, "where the tables stand"},
    {"prefix", OPTION_TEXT, &prefix, "", 0, 0, "before each topic's name"},
    {"partitions", OPTION_TEXT, &partitions, "group", 0, 0,
     "group: what the consumer group hands out; all; or numbers with commas"},
    {"group", OPTION_TEXT, &group, "", 0, 0, "consumer group; by default the prefix and hourglass-settler"},
    {"instance", OPTION_TEXT, &instance, "", 0, 0, "this process's slot in the group; keeps its partitions"},
    {"admin-address", OPTION_TEXT, &admin_address, "127.0.0.1", 0, 0,
     "where /healthz, /readyz, /metrics listen"},
    {"admin-port", OPTION_NUMBER, &admin_port_wanted, "0", 0, 65535, "their port; 0: any free one"},
    {"admin-port-file", OPTION_TEXT, &admin_port_file, "", 0, 0, "the port is written there"},
    {"log-json", OPTION_SWITCH, &log_json, "false", 0, 0, "JSON lines instead of logfmt"},
};

static struct readiness readiness = READINESS_STARTING;

static int run(void)
{
    const struct topics topics = topics_of(prefix);
    char name[TOPIC_NAME_MAX];
    snprintf(name, sizeof name, "%shourglass-settler", prefix);
    struct kafka_log_config log = {.brokers = kafka,
                                   .client_id = "hourglass-settler",
                                   .reads = true,
                                   .group = group[0] != 0 ? group : name,
                                   .instance = instance,
                                   .subscribed = assignment_is_group(partitions) ? topics.frames : NULL,
                                   .read_ahead_kib = READ_AHEAD_KIB};
    struct shown shown = {.families = settler_families,
                          .partitions = &settler_metrics[SETTLER_PARTITIONS],
                          .stopped = &settler_metrics[SETTLER_PARTITIONS_STOPPED],
                          .watermark = &settler_metrics[SETTLER_WATERMARK_S],
                          .restarts = &settler_metrics[SETTLER_RESTARTS],
                          .readiness = &readiness,
                          .host = process_host()};
    struct settler settler;
    settler_init(&settler, &topics, (struct store_opener){pg_store_open, &database});
    database.waiting = (struct pg_waiting){settler_waiting, &settler};
    const struct worker_config config = {.stage = &settler.stage,
                                         .opener = {kafka_log_open, &log},
                                         .host = process_host(),
                                         .topic = topics.frames,
                                         .partitions = partitions,
                                         .show = shown_put,
                                         .show_context = &shown};
    int status = worker_run(&config);
    shown_release(&shown);
    return status;
}

int main(int count, char **arguments)
{
    int status = options_read("hourglass-settler", "Settles usage.frames into PostgreSQL, each frame once.",
                              rows, sizeof rows / sizeof *rows, count, arguments);
    if (status != OPTIONS_GO)
        return status;
    journal_init("settler", log_json, JOURNAL_LEVEL_INFO);
    process_begin();
    process_watchdog(WATCHDOG_S);
    struct admin_config config = {admin_address, (uint16_t)admin_port_wanted, admin_port_file,
                                  &settler_all_metrics, &readiness};
    struct error error;
    struct admin *admin = admin_start(&config, &error);
    if (admin == NULL) {
        journal_error("admin_failed", JOURNAL_STR("why", error.text));
        return EX_UNAVAILABLE;
    }
    journal_info("started", JOURNAL_INT("admin_port", admin_port(admin)));
    status = run();
    journal_info("stopped", JOURNAL_INT("status", status));
    admin_stop(admin);
    return status;
}
