#include "collectors/settings.h"
#include "lib/io/log.h"
#include "lib/io/options.h"
#include "lib/io/process.h"

enum { WATCHDOG_S = 120 };

int main(int count, char **arguments)
{
    struct settings settings;
    int status = settings_read(&settings, count, arguments);
    if (status != OPTIONS_GO)
        return status;
    log_init("collector", settings.log_json, LOG_LEVEL_INFO);
    process_begin();
    process_watchdog(WATCHDOG_S);
    return settings.file.files != NULL ? file_source_run(&settings.file) : live_run(&settings.live);
}
