#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
    {"rate", "--catalog FILE [--until TIME] [--format ndjson|csv|table] EVENTS...",
     "Rate files of CloudEvents offline: the whole pipeline's arithmetic, no Kafka, no database.",
     command_rate},
    {"catalog check", "FILE...", "Check catalogs; say where the first fault of each stands.",
     command_catalog_check},
    {"catalog apply", "FILE --kafka HOST:PORT [--prefix P] [--from HOUR] [--timeout S]",
     "Write a later catalog into the log; it holds from an hour that is to come.", command_catalog_apply},
    {"catalog show", "--kafka HOST:PORT [--prefix P] [--text]",
     "Print the catalogs in force, and whether all partitions have the same.", command_catalog_show},
    {"init", "--kafka HOST:PORT --catalog FILE [--OPTION VALUE]...",
     "Make the topics of a generation, with its rules and first catalog.", command_init},
    {"tail", "TOPIC --kafka HOST:PORT [-p PARTITION] [-o OFFSET] [-c COUNT] [-e]",
     "Print a topic's messages, one JSON object a line.", command_tail},
    {"lines", "--database URL [--schema NAME]", "Print the charge lines that stand in the database.",
     command_lines},
    {"db migrate", "--database URL [--schema NAME]", "Bring a database's schema up to this binary.",
     command_db_migrate},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

int command_overview(FILE *out, int status)
{
    fprintf(out, "hourglass: metering and billing for an AI cloud\n\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  hourglass %s %s\n      %s\n", commands[i].name, commands[i].synopsis,
                commands[i].summary);
    fprintf(out, "\nhourglass COMMAND --help tells more. \"-\" is standard input.\n");
    return status;
}

int command_misused(const char *name, const char *why)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            fprintf(stderr, "hourglass %s: %s\nusage: hourglass %s %s\n", name, why, name,
                    commands[i].synopsis);
    return EXIT_UNUSABLE;
}

int command_help(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            printf("usage: hourglass %s %s\n\n%s\n", name, commands[i].synopsis, commands[i].summary);
    return EXIT_OK;
}

const struct command *command_find(int count, char **words, int *taken)
{
    for (int i = 0; i < COMMANDS; i++) {
        char two[64];
        snprintf(two, sizeof two, "%s %s", count >= 1 ? words[0] : "", count >= 2 ? words[1] : "");
        *taken = strchr(commands[i].name, ' ') != NULL ? 2 : 1;
        if (count >= *taken && strcmp(*taken == 2 ? two : words[0], commands[i].name) == 0)
            return &commands[i];
    }
    return NULL;
}
