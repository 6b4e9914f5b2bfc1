/* The subcommands of `hourglass`: one row a command, from which help and dispatch come. */
#pragma once

#include <stdio.h>

/* CONTRACT §5's exit statuses. */
enum { EXIT_OK = 0, EXIT_UNUSABLE = 2, EXIT_SOME_REJECTED = 3 };

struct command {
    const char *name; /* as typed: "rate", "catalog check" */
    const char *synopsis;
    const char *summary; /* one line */
    const char *details; /* what --help says beside it; NULL: nothing */
    /* Arguments after the name. Returns the exit status. */
    int (*run)(int count, char **arguments);
};

/* The command that the words begin with, and how many of them are its name. NULL: there is none. */
const struct command *command_find(int count, char **words, int *taken);
/* Prints all commands, a few lines each; returns the status. */
int command_overview(FILE *out, int status);
/* Prints how it is called, to standard error, and returns EXIT_UNUSABLE. */
int command_misused(const char *name, const char *why);
/* Prints how it is called and what it does, to standard output, and returns EXIT_OK. */
int command_help(const char *name);

int command_rate(int count, char **arguments);
int command_init(int count, char **arguments);
int command_db_migrate(int count, char **arguments);
int command_tail(int count, char **arguments);
int command_lines(int count, char **arguments);
int command_catalog_apply(int count, char **arguments);
int command_catalog_show(int count, char **arguments);
int command_catalog_check(int count, char **arguments);
