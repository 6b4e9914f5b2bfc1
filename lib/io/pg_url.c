#include "lib/io/pg_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535 };

/* One of several with commas: a host's each; an empty one is the default. */
static bool is_port(const char *text, size_t size)
{
    char *end;
    errno = 0;
    unsigned long port = strtoul(text, &end, 10);
    return size == 0 || (isdigit((unsigned char)text[0]) && end == text + size && errno == 0 && port >= 1 &&
                         port <= PORT_MAX);
}

static bool are_ports(const char *text)
{
    size_t size = strcspn(text, ",");
    for (; is_port(text, size); size = strcspn(text, ",")) {
        if (text[size] == 0)
            return true;
        text += size + 1;
    }
    return false;
}

bool pg_url_is_name(const char *url)
{
    return strchr(url, '=') == NULL && strstr(url, "://") == NULL;
}

/* A password with an @ or a / in it ends too early, and the rest is taken for a host or a port. */
static const char *fault_of(const PQconninfoOption *options)
{
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (option->val == NULL)
            continue;
        if (strcmp(option->keyword, "port") == 0 && !are_ports(option->val))
            return "expected ports from 1 to 65535; in a password / is written %2F";
        if (strcmp(option->keyword, "host") == 0 && strchr(option->val, '@') != NULL &&
            option->val[0] != '@') /* a socket's abstract name */
            return "expected one @; in a password it is written %40";
    }
    return NULL;
}

const char *pg_url_fault(const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (options == NULL)
        return "expected postgresql://USER@HOST:PORT/NAME, or libpq's key=value words";
    const char *fault = fault_of(options);
    PQconninfoFree(options);
    return fault;
}
