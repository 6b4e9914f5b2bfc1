#include "collectors/settings.h"
#include "lib/run/program.h"

static const _Atomic bool always_ready = true;

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
        .metrics = file_source_metrics,
        .metric_count = FILE_METRICS,
        .ready = &always_ready,
        .run = run_file,
        .context = &settings.file,
        .quiet = true,
    });
}
