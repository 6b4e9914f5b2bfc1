#include <stdio.h>
#include <string.h>

#include "cli/command.h"

int main(int count, char **arguments)
{
    if (count >= 2 && strcmp(arguments[1], "--help") == 0)
        return command_overview(stdout, EXIT_OK);
    if (count >= 2 && strcmp(arguments[1], "--version") == 0)
        return printf("hourglass %s\n", HOURGLASS_VERSION) < 0;
    int words;
    const struct command *command = command_find(count - 1, arguments + 1, &words);
    if (command == NULL)
        return command_overview(stderr, EXIT_UNUSABLE);
    return command->run(count - 1 - words, arguments + 1 + words);
}
