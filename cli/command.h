/* The subcommands of `hourglass`: one row a command, from which help and dispatch come. */
#pragma once

#include <stdio.h>

#include "lib/io/options.h"

/* CONTRACT §5's exit statuses. */
enum { EXIT_OK = 0, EXIT_UNUSABLE = 2, EXIT_SOME_REJECTED = 3 };

struct command {
    const struct option_page *page; /* its name is "hourglass WORD" or "hourglass WORD WORD" */
    int (*run)(void);               /* once the page's options are read; returns the exit status */
};

/* Reads the command, its options, and runs it. arguments[0] is the program. Returns the exit status: 0 where
 * help was asked for, 2 where there is no such command, which is said with the nearest there is. */
int command_main(int count, char **arguments);

extern const struct command command_rate;
extern const struct command command_catalog_check;
extern const struct command command_catalog_apply;
extern const struct command command_catalog_show;
extern const struct command command_init;
extern const struct command command_tail;
extern const struct command command_events;
extern const struct command command_explain;
extern const struct command command_lines;
extern const struct command command_balances;
extern const struct command command_bills;
extern const struct command command_notices;
extern const struct command command_bill;
extern const struct command command_spend;
extern const struct command command_changes;
extern const struct command command_resources;
extern const struct command command_orders;
extern const struct command command_prices;
extern const struct command command_db_migrate;
