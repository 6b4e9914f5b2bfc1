#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static const char rate_details[] =
    "--catalog FILE@HOUR is one more catalog, which holds from that whole hour on, as 2026-11-01T10:00:00Z;\n"
    "each but one names its hour, and of the same hour the later one holds. It keeps the first one's "
    "currency,\n"
    "charge_scale, bill_scale and liveness. HOUR is what stands behind the last @ if it is a time; else the\n"
    "@ is of the file's name.\n"
    "Exit status: 0, 2 a catalog, a file or the command line is unusable, 3 some events were rejected.\n";

static const struct command commands[] = {
    {.name = "rate",
     .synopsis = "--catalog FILE[@HOUR]... [--until TIME] [--format ndjson|csv|table] EVENTS...",
     .summary = "Rate files of CloudEvents offline: the whole pipeline's arithmetic, no Kafka, no database.",
     .details = rate_details,
     .run = command_rate},
    {.name = "catalog check",
     .synopsis = "FILE...",
     .summary = "Check catalogs; say where the first fault of each stands.",
     .run = command_catalog_check},
    {.name = "catalog apply",
     .synopsis = "FILE --kafka HOST:PORT [--prefix P] [--from HOUR] [--by NAME] [--timeout S]",
     .summary = "Write a later catalog into the log; it holds from an hour that is to come.",
     .run = command_catalog_apply},
    {.name = "catalog show",
     .synopsis = "--kafka HOST:PORT [--prefix P] [--text]",
     .summary = "Print the catalogs in force, and whether all partitions have the same.",
     .run = command_catalog_show},
    {.name = "init",
     .synopsis = "--kafka HOST:PORT --catalog FILE [--OPTION VALUE]...",
     .summary = "Make the topics of a generation, with its rules and first catalog.",
     .run = command_init},
    {.name = "tail",
     .synopsis = "TOPIC --kafka HOST:PORT [-p PARTITION] [-o OFFSET] [-c COUNT] [-e]",
     .summary = "Print a topic's messages, one JSON object a line.",
     .run = command_tail},
    {.name = "lines",
     .synopsis = "--database URL [--schema NAME]",
     .summary = "Print the charge lines that stand in the database.",
     .run = command_lines},
    {.name = "db migrate",
     .synopsis = "--database URL [--schema NAME]",
     .summary = "Bring a database's schema up to this binary.",
     .run = command_db_migrate},
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
            printf("usage: hourglass %s %s\n\n%s\n%s", name, commands[i].synopsis, commands[i].summary,
                   commands[i].details == NULL ? "" : commands[i].details);
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
