#include <sysexits.h>

#include "lib/io/admin.h"
#include "lib/io/journal.h"
#include "lib/io/options.h"
#include "lib/io/process.h"
#include "settler/counters.h"
#include "settler/loop.h"

enum { WATCHDOG_S = 120 };

static struct settler_options options;
static const char *admin_address, *admin_port_file;
static int64_t admin_port_wanted;
static bool log_json;

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &options.kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,..."},
    {"database", OPTION_TEXT, &options.database, NULL, 0, 0, "postgresql://USER@HOST:PORT/NAME"},
    {"schema", OPTION_TEXT, &options.schema, "hourglass", 0, 0, "where the tables stand"},
    {"prefix", OPTION_TEXT, &options.prefix, "", 0, 0, "before each topic's name"},
    {"partitions", OPTION_TEXT, &options.partitions, "group", 0, 0,
     "group: what the consumer group hands out; all; or numbers with commas"},
    {"group", OPTION_TEXT, &options.group, "hourglass-settler", 0, 0, "consumer group"},
    {"instance", OPTION_TEXT, &options.instance, "", 0, 0,
     "this process's slot in the group; keeps its partitions"},
    {"admin-address", OPTION_TEXT, &admin_address, "127.0.0.1", 0, 0,
     "where /healthz, /readyz, /metrics listen"},
    {"admin-port", OPTION_NUMBER, &admin_port_wanted, "0", 0, 65535, "their port; 0: any free one"},
    {"admin-port-file", OPTION_TEXT, &admin_port_file, "", 0, 0, "the port is written there"},
    {"log-json", OPTION_SWITCH, &log_json, "false", 0, 0, "JSON lines instead of logfmt"},
};

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
                                  &settler_all_metrics, &settler_readiness};
    struct error error;
    struct admin *admin = admin_start(&config, &error);
    if (admin == NULL) {
        journal_error("admin_failed", JOURNAL_STR("why", error.text));
        return EX_UNAVAILABLE;
    }
    journal_info("started", JOURNAL_INT("admin_port", admin_port(admin)));
    status = settler_run(&options);
    journal_info("stopped", JOURNAL_INT("status", status));
    admin_stop(admin);
    return status;
}
