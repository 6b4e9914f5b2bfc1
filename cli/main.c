#include "cli/command.h"
#include "lib/io/process.h"

int main(int count, char **arguments)
{
    process_streams();
    return command_main(count, arguments);
}
