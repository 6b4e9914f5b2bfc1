#include "cli/command.h"

#include <string.h>
#include <sysexits.h>

#include "lib/base/nearest.h"
#include "lib/base/version.h"

static const struct command *const commands[] = {
    &command_rate,   &command_catalog_check, &command_catalog_apply, &command_catalog_show,
    &command_init,   &command_tail,          &command_events,        &command_explain,
    &command_lines,  &command_balances,      &command_bills,         &command_notices,
    &command_bill,   &command_spend,         &command_changes,       &command_resources,
    &command_orders, &command_prices,        &command_db_migrate,
};
enum { COMMANDS = sizeof commands / sizeof *commands, NAME_MAX_BYTES = 64 };

/* As typed behind `hourglass`. */
static const char *name_of(const struct command *command)
{
    return command->page->name + strlen("hourglass ");
}

/* Of "catalog apply" the word "catalog"; of "rate" nothing: it is in no group. */
static bool is_of_group(const struct command *command, const char *group)
{
    size_t size = strlen(group);
    return size > 0 && strncmp(name_of(command), group, size) == 0 && name_of(command)[size] == ' ';
}

/* --- help --- */

/* `group`: only its commands; "": all. */
static int print_overview(const char *group, FILE *out, int status)
{
    fprintf(out, "hourglass: metering and billing for an AI cloud\n\n");
    for (int i = 0; i < COMMANDS; i++) {
        if (group[0] != 0 && !is_of_group(commands[i], group))
            continue;
        fprintf(out, "  ");
        options_print_usage(commands[i]->page, out);
        fprintf(out, "\n      %s\n", commands[i]->page->summary);
    }
    fprintf(out, "\nhourglass COMMAND --help tells more. \"-\" is standard input.\n");
    return fflush(out) == 0 ? status : EX_IOERR;
}

static int print_markdown(void)
{
    for (int i = 0; i < COMMANDS; i++)
        options_print_markdown(commands[i]->page, stdout);
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* --- which command --- */

static bool is_group(const char *word)
{
    for (int i = 0; i < COMMANDS; i++)
        if (is_of_group(commands[i], word))
            return true;
    return false;
}

/* The command that the words begin with; *taken: how many of them are its name. NULL: there is none. */
static const struct command *find(int count, char **words, int *taken)
{
    for (int i = 0; i < COMMANDS; i++) {
        const char *name = name_of(commands[i]), *blank = strchr(name, ' ');
        size_t first = blank == NULL ? strlen(name) : (size_t)(blank - name);
        *taken = blank == NULL ? 1 : 2;
        if (count < *taken || strlen(words[0]) != first || strncmp(words[0], name, first) != 0)
            continue;
        if (blank == NULL || strcmp(words[1], blank + 1) == 0)
            return commands[i];
    }
    return NULL;
}

static int refuse_unknown(int count, char **words)
{
    char typed[NAME_MAX_BYTES];
    bool grouped = count >= 2 && is_group(words[0]);
    snprintf(typed, sizeof typed, "%s%s%s", words[0], grouped ? " " : "", grouped ? words[1] : "");
    struct nearest nearest = nearest_to(typed);
    for (int i = 0; i < COMMANDS; i++)
        nearest_look(&nearest, name_of(commands[i]));
    /* A group's name alone may be what was mistyped. */
    char groups[COMMANDS][NAME_MAX_BYTES];
    for (int i = 0; i < COMMANDS && !grouped; i++) {
        snprintf(groups[i], NAME_MAX_BYTES, "%.*s", (int)strcspn(name_of(commands[i]), " "),
                 name_of(commands[i]));
        nearest_look(&nearest, groups[i]);
    }
    fprintf(stderr, "hourglass: unknown command '%s'", typed);
    if (nearest.word != NULL)
        fprintf(stderr, " (did you mean '%s'?)", nearest.word);
    fprintf(stderr, "\nhourglass --help lists the commands.\n");
    return EXIT_UNUSABLE;
}

/* `count` words, one at least. */
static int run(int count, char **words)
{
    int taken;
    const struct command *command = find(count, words, &taken);
    if (command == NULL && is_group(words[0]) && count == 1)
        return print_overview(words[0], stderr, EXIT_UNUSABLE);
    if (command == NULL && is_group(words[0]) && asks_for_help(words[1]))
        return print_overview(words[0], stdout, EX_OK);
    if (command == NULL)
        return refuse_unknown(count, words);
    int status = options_read(command->page, count - taken + 1, words + taken - 1);
    return status == OPTIONS_GO ? command->run() : status;
}

static int help_of(int count, char **words)
{
    int taken;
    const struct command *command = find(count, words, &taken);
    if (command != NULL)
        options_print_help(command->page, stdout);
    else if (is_group(words[0]))
        return print_overview(words[0], stdout, EX_OK);
    else
        return refuse_unknown(count, words);
    return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int command_main(int count, char **arguments)
{
    if (count < 2)
        return print_overview("", stderr, EXIT_UNUSABLE);
    if (asks_for_help(arguments[1]))
        return count > 2 ? help_of(count - 2, arguments + 2) : print_overview("", stdout, EX_OK);
    if (strcmp(arguments[1], "--help=markdown") == 0)
        return print_markdown();
    if (strcmp(arguments[1], "--version") == 0)
        return printf("hourglass %s\n", version_text()) < 0 || fflush(stdout) != 0 ? EX_IOERR : EX_OK;
    return run(count - 1, arguments + 1);
}
