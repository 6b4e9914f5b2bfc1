#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "collectors/file_source.h"
#include "lib/io/log.h"
#include "lib/io/options.h"
#include "lib/io/process.h"

enum { WATCHDOG_S = 120 };

static struct file_source_options file;
static const char *path;
static bool log_json;

static const struct option_row rows[] = {
    {"kafka", OPTION_TEXT, &file.kafka, NULL, 0, 0, "bootstrap servers, HOST:PORT,..."},
    {"prefix", OPTION_TEXT, &file.prefix, "", 0, 0, "before each topic's name"},
    {"file", OPTION_TEXT, &path, NULL, 0, 0, "a file of events, one a line, in simulated time; - is standard input"},
    {"until", OPTION_TEXT, &file.until, "", 0, 0, "TIME: things that run are billed up to it"},
    {"until-file", OPTION_TEXT, &file.until_file, "", 0, 0, "the TIME that was used is written there, in seconds"},
    {"whole-hours", OPTION_SWITCH, &file.whole_hours, "false", 0, 0, "refuse a TIME that is no whole hour"},
    {"log-json", OPTION_SWITCH, &log_json, "false", 0, 0, "JSON lines instead of logfmt"},
};

int main(int count, char **arguments)
{
    int status = options_read("hourglass-collector", "Turns events into usage records on Kafka.", rows,
                              sizeof rows / sizeof *rows, count, arguments);
    if (status != OPTIONS_GO)
        return status;
    log_init("collector", log_json, LOG_LEVEL_INFO);
    process_begin();
    process_watchdog(WATCHDOG_S);
    file.files = &path;
    file.file_count = 1;
    return file_source_run(&file);
}
