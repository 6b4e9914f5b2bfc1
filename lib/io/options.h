/* A process's options, from one table: flag over environment over file over default.
 *
 * Option "admin-port" is the flag --admin-port, HOURGLASS_ADMIN_PORT in the environment and admin-port in the
 * YAML file that --config names. --help prints the table; --check-config reads everything and stops. An
 * unknown key or a bad value is an error with its place (FILE:LINE:COLUMN in the file). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type { OPTION_TEXT, OPTION_NUMBER, OPTION_SWITCH };

struct option_row {
    const char *name;
    enum option_type type;
    void *into;          /* const char **, int64_t *, bool * */
    const char *initial; /* default, as one would write it; NULL: required (text), 0, false */
    int64_t least;       /* of a number */
    int64_t most;
    const char *help;
};

enum { OPTIONS_GO = -1 }; /* else the exit status: 0, 64 (usage), 78 (configuration) */

/* Fills every row. Values last as long as the process. */
int options_read(const char *program, const char *summary, const struct option_row *rows, size_t count,
                 int argument_count, char **arguments);
