/* The collector's options, as its one table has them. */
#pragma once

#include "collectors/file_source.h"
#include "collectors/live.h"

struct settings {
    struct live_options live;
    struct file_source_options file; /* files NULL: live */
};

/* Reads them, and begins the process (program_begin). OPTIONS_GO, or the exit status. */
int settings_read(struct settings *settings, int count, char **arguments);
