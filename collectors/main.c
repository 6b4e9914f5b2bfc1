#include "collectors/settings.h"
#include "lib/run/program.h"

static const struct metrics metrics = {
    .program = "collector", .rows = file_source_metrics, .row_count = FILE_METRICS};

static int run_file(void *context)
{
    return file_source_run(context);
}

int main(int count, char **arguments)
{
    struct settings settings;
    int status = settings_read(&settings, count, arguments);
    if (status != OPTIONS_GO)
        return status;
    if (settings.file.files == NULL)
        return live_run(&settings.live);
    return program_serve(&(struct program_work){
        .metrics = &metrics,
        .run = run_file,
        .context = &settings.file,
        .quiet = true,
    });
}
