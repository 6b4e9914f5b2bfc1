/* What every process does around its work: stop when told, and never hang. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/port/host.h"

/* SIGTERM, SIGINT and SIGHUP ask the process to stop (a SIGHUP that was ignored before stays so, as nohup has
 * it); SIGPIPE is ignored. */
void process_begin(void);
/* To be called before anything is opened: a standard stream that the process was started without (`>&-`) is
 * taken by one that can be neither read nor written. Else a connection or a file would get its number, and
 * what is printed would be written there. */
void process_streams(void);
bool process_stopping(void);

/* From now on SIGHUP stops nothing: it asks to read files again. One that was ignored stays so. */
void process_reloads(void);
/* Whether that was asked since the last call. Any thread. */
bool process_reload(void);

/* A thread of its own ends the process where it stands, which costs nothing but a replay: with exit 70 when
 * process_alive was not called for `limit_s` seconds (a blocking call far past its deadline), with exit 75
 * when it still runs 4.5 s after it was told to stop. */
void process_watchdog(int limit_s);
void process_alive(void);
/* Waits, unless the process is told to stop; counts as alive. */
void process_pause(int milliseconds);

/* The process as what runs in it sees it. */
struct host *process_host(void);
