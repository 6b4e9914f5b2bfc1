/* What every process of the pipeline is around its work: options, journal, signals, watchdog, and the admin
 * port.
 *
 *     int status = program_begin(&page, count, arguments);
 *     return status == OPTIONS_GO ? program_serve(&(struct program_work){...}) : status;
 *
 * SIGTERM, SIGINT and SIGHUP ask it to stop in order: what is in work is finished, nothing is lost, and the
 * supervisor starts it again with what the options and files say then. A SIGHUP that was ignored when the
 * process began (nohup) stays so; to one that reads files again (process_reloads) it says no more than that.
 */
#pragma once

#include "lib/io/metrics.h"
#include "lib/io/options.h"
#include "lib/io/readiness.h"

/* Reads the page's options and those that all programs share (admin-address, admin-port, admin-port-file,
 * log-json, log-level); from then on signals and watchdog are at work. The page's name is that of the binary,
 * hourglass-NAME. OPTIONS_GO, or the exit status. */
int program_begin(const struct option_page *page, int count, char **arguments);

struct program_work {
    const struct metrics *metrics;
    struct readiness *readiness; /* what /readyz says; NULL: always ready */
    int (*run)(void *context);   /* until process_stopping; returns the exit status */
    void *context;
    bool quiet; /* neither "started" nor "stopped" in the journal: what it says is for a person */
};

/* Opens the admin port, works, closes it. The exit status: the work's, or 69 where the port cannot be had. */
int program_serve(const struct program_work *work);
