#include "lib/run/value_checks.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/time.h"
#include "lib/domain/topics.h"
#include "lib/run/assignment.h"

enum { PORT_MAX = 65535 };

static bool is_known(const char *host)
{
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (host[0] == 0 || getaddrinfo(host, NULL, &wanted, &found) != 0)
        return false;
    freeaddrinfo(found);
    return true;
}

const char *check_address(const char *value)
{
    return is_known(value) ? NULL : "expected an address, or a name that has one";
}

/* A number from 1 to `most`, and nothing else. */
static bool is_number(const char *text, unsigned long most)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    return isdigit((unsigned char)text[0]) && *end == 0 && errno == 0 && number >= 1 && number <= most;
}

static const char *check_server(char *server)
{
    char *port = strrchr(server, ':');
    bool bracketed = server[0] == '['; /* an IPv6 address, as [::1]:9092 */
    if (port != NULL && strchr(port, ']') != NULL)
        port = NULL;
    if (port != NULL) {
        *port++ = 0;
        if (!is_number(port, PORT_MAX))
            return "expected HOST:PORT,... with ports from 1 to 65535";
    }
    if (bracketed && server[strlen(server) - 1] == ']') {
        server[strlen(server) - 1] = 0;
        server++;
    }
    return is_known(server) ? NULL : "expected HOST:PORT,... with hosts that have an address";
}

const char *check_servers(const char *value)
{
    char *copy = strdup(value), *rest = copy;
    const char *why = NULL;
    for (char *server; why == NULL && (server = strsep(&rest, ",")) != NULL;)
        why = check_server(server);
    free(copy);
    return why;
}

static bool is_folder(const char *path)
{
    struct stat there;
    return stat(path, &there) == 0 && S_ISDIR(there.st_mode);
}

const char *check_input_file(const char *value)
{
    if (strcmp(value, "-") == 0)
        return NULL;
    if (access(value, R_OK) != 0)
        return strerror(errno);
    return is_folder(value) ? strerror(EISDIR) : NULL;
}

const char *check_output_file(const char *value)
{
    char *copy = strdup(value);
    const char *why = access(dirname(copy), W_OK) == 0 ? NULL : strerror(errno);
    if (why == NULL && is_folder(value))
        why = strerror(EISDIR);
    free(copy);
    return why;
}

const char *check_time(const char *value)
{
    int64_t time_us;
    return time_parse(str_of(value), &time_us) ? NULL : "expected a time, as 2026-11-01T10:00:00Z";
}

const char *check_partitions(const char *value)
{
    struct assignment assignment = {0};
    bool good = assignment_is_group(value) || strcmp(value, "all") == 0 ||
                assignment_parse(&assignment, value, UINT32_MAX);
    vec_release(&assignment.partitions);
    return good ? NULL : "expected group, all, or numbers with commas";
}

const char *check_prefix(const char *value)
{
    for (const char *c = value; *c != 0; c++)
        if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL)
            return "expected letters, digits, dots, underscores and hyphens";
    return strlen(value) <= TOPIC_PREFIX_MAX ? NULL : "expected at most 160 bytes";
}
