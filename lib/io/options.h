/* Options of a program or a command: one table row each. From the table come the command line, the YAML
 * file's keys, the environment's names, --help, and the page of docs/options.md.
 *
 * `--name VALUE` or `--name=VALUE` (or a letter: `-n VALUE`, `-nVALUE`) is stronger than HOURGLASS_NAME, that
 * than `name: VALUE` in the file of --config. After `--` everything is an argument. `--help` (`-h`) and
 * `--version` print to standard output; `--check-config` reads everything, looks at the values as far as they
 * can be looked at without working, says "configuration is good" and stops.
 *
 * What is refused is said on standard error: FILE:LINE:COLUMN where it stands in the file, and the nearest
 * name where one is unknown. Exit status 64 (command line, environment; or the page's own) or 78 (the file,
 * a checked value). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/vec.h"

enum option_type {
    OPTION_TEXT,   /* the last one given holds */
    OPTION_NUMBER, /* from `least` to `most` */
    OPTION_SWITCH,
    OPTION_LIST, /* each one given is kept, in order */
};

struct option_list {
    VEC(const char *) values;
};

/* NULL: the value is good; else what was expected. */
typedef const char *option_check(const char *value);

struct option_row {
    const char *name;
    enum option_type type;
    void *into;          /* const char **, int64_t *, bool *, struct option_list * */
    const char *initial; /* default, as one would write it; NULL: required (text, list), 0, false */
    int64_t least;       /* of a number */
    int64_t most;
    const char *help;
    /* What most rows leave out: */
    const char *value;        /* what help calls it: FILE, HOUR; NULL: VALUE */
    char letter;              /* -n beside --name; 0: none */
    bool argument;            /* stands by itself, without a name; a list takes all that stand so */
    const char *const *words; /* the only values that it takes, up to NULL */
    option_check *check;      /* what --check-config asks of a value that is not empty */
    bool filled;              /* text: refused when it is given empty, which would be taken for none */
    uint32_t name_bytes;      /* text: a name as events have them, of 1 to so many bytes; 0: any text */
};

struct option_page {
    const char *name; /* as typed: "hourglass-settler", "hourglass catalog apply" */
    const char *summary;
    const char *details;  /* paragraphs; NULL: none */
    const char *example;  /* lines as typed */
    const char *statuses; /* exit statuses */
    const struct option_row *rows;
    size_t count;
    int misused;         /* exit status of a command line that cannot be read; 0: 64 */
    bool arguments_only; /* reads neither environment nor file */
};

enum { OPTIONS_GO = -1, OPTIONS_MAX = 64 }; /* else the exit status */

/* Fills every row. arguments[0] is not looked at. Values last as long as the process. */
int options_read(const struct option_page *page, int count, char **arguments);

/* "PAGE: WHY", and how it is called, on standard error; returns the status of a misused command line. */
int options_misused(const struct option_page *page, const char *why);
/* How it is called, one line without an end. */
void options_print_usage(const struct option_page *page, FILE *out);
void options_print_help(const struct option_page *page, FILE *out);
/* The page in Markdown, for docs/options.md (`--help=markdown`). */
void options_print_markdown(const struct option_page *page, FILE *out);
/* The name of the row's environment variable. */
void options_variable(const struct option_row *row, char name[96]);
