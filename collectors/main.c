#include <sysexits.h>

#include "collectors/settings.h"
#include "lib/io/admin.h"
#include "lib/io/journal.h"
#include "lib/io/options.h"
#include "lib/io/process.h"

enum { WATCHDOG_S = 120 };

static int run_file(const struct settings *settings)
{
    static const struct metrics metrics = {
        .program = "collector", .rows = file_source_metrics, .row_count = FILE_METRICS};
    struct admin_config config = {.address = settings->live.admin_address,
                                  .port = (uint16_t)settings->live.admin_port,
                                  .port_file = settings->live.admin_port_file,
                                  .metrics = &metrics};
    struct error error;
    struct admin *admin = admin_start(&config, &error);
    if (admin == NULL) {
        journal_error("admin_failed", JOURNAL_STR("why", error.text));
        return EX_UNAVAILABLE;
    }
    int status = file_source_run(&settings->file);
    admin_stop(admin);
    return status;
}

int main(int count, char **arguments)
{
    struct settings settings;
    int status = settings_read(&settings, count, arguments);
    if (status != OPTIONS_GO)
        return status;
    journal_init("collector", settings.log_json, JOURNAL_LEVEL_INFO);
    process_begin();
    process_watchdog(WATCHDOG_S);
    return settings.file.files != NULL ? run_file(&settings) : live_run(&settings.live);
}
