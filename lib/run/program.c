#include "lib/run/program.h"

#include <string.h>
#include <sysexits.h>

#include "lib/base/check.h"
#include "lib/base/version.h"
#include "lib/io/admin.h"
#include "lib/io/journal.h"
#include "lib/io/process.h"
#include "lib/run/value_checks.h"

enum { WATCHDOG_S = 120 };

static struct {
    const char *admin_address;
    const char *admin_port_file;
    const char *log_level;
    int64_t admin_port;
    bool log_json;
} shared;

static const char *const levels[] = {"debug", "info", "warning", "error", NULL};

static const struct option_row shared_rows[] = {
    {"admin-address", OPTION_TEXT, &shared.admin_address, "127.0.0.1", 0, 0,
     "where /healthz, /readyz, /metrics listen", .value = "ADDRESS", .check = check_address},
    {"admin-port", OPTION_NUMBER, &shared.admin_port, "0", 0, 65535, "their port; 0: any free one",
     .value = "PORT"},
    {"admin-port-file", OPTION_TEXT, &shared.admin_port_file, "", 0, 0, "the port is written there",
     .value = "FILE", .check = check_output_file},
    {"log-json", OPTION_SWITCH, &shared.log_json, "false", 0, 0, "JSON lines instead of logfmt"},
    {"log-level", OPTION_TEXT, &shared.log_level, "info", 0, 0,
     "the least that is said: debug, info, warning or error", .value = "LEVEL", .words = levels},
};
enum { SHARED = sizeof shared_rows / sizeof *shared_rows };

static const char statuses[] =
    "0 told to stop; 64 the command line cannot be read; 69 a port cannot be had;\n"
    "70 the watchdog ended it; 75 try again (a supervisor does); 78 the configuration cannot hold.";

static enum journal_level level_of(const char *word)
{
    int level = 0;
    while (strcmp(levels[level], word) != 0)
        level++;
    return (enum journal_level)level;
}

int program_begin(const struct option_page *page, int count, char **arguments)
{
    process_streams();
    static const char common[] = "hourglass-";
    static struct option_row
        rows[OPTIONS_MAX]; /* the page may be printed, or asked for its variables, later */
    CHECK(page->count + SHARED <= OPTIONS_MAX);
    CHECK(strncmp(page->name, common, strlen(common)) == 0);
    memcpy(rows, page->rows, page->count * sizeof *rows);
    memcpy(rows + page->count, shared_rows, sizeof shared_rows);
    struct option_page whole = *page;
    whole.rows = rows;
    whole.count = page->count + SHARED;
    if (whole.statuses == NULL)
        whole.statuses = statuses;
    int status = options_read(&whole, count, arguments);
    if (status != OPTIONS_GO)
        return status;
    journal_init(page->name + strlen(common), shared.log_json, level_of(shared.log_level));
    process_begin();
    process_watchdog(WATCHDOG_S);
    return OPTIONS_GO;
}

int program_serve(const struct program_work *work)
{
    struct admin_config config = {
        .address = shared.admin_address,
        .port = (uint16_t)shared.admin_port,
        .port_file = shared.admin_port_file,
        .metrics = work->metrics,
        .readiness = work->readiness,
    };
    struct error error;
    struct admin *admin = admin_start(&config, &error);
    if (admin == NULL) {
        journal_error("admin_failed", JOURNAL_STR("why", error.text));
        return EX_UNAVAILABLE;
    }
    if (!work->quiet)
        journal_info("started", JOURNAL_STR("version", version_text()),
                     JOURNAL_INT("admin_port", admin_port(admin)));
    int status = work->run(work->context);
    if (!work->quiet)
        journal_info("stopped", JOURNAL_INT("status", status));
    admin_stop(admin);
    return status;
}
