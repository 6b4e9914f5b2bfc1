#include "cli/writer.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/codec/usage.h"
#include "lib/io/clock.h"

static char name[CONTROL_BY_MAX + 1];

/* False: longer than it may be. */
static bool name_of(const char *by)
{
    char host[256] = "localhost";
    if (by[0] != '\0')
        return (size_t)snprintf(name, sizeof name, "%s", by) < sizeof name;
    gethostname(host, sizeof host - 1);
    const struct passwd *user = getpwuid(geteuid());
    if (user != NULL)
        return (size_t)snprintf(name, sizeof name, "%s@%s", user->pw_name, host) < sizeof name;
    return (size_t)snprintf(name, sizeof name, "%u@%s", (unsigned)geteuid(), host) < sizeof name;
}

/* Asks those who will read it. */
static bool is_readable(const struct control_origin *origin)
{
    struct message message = {
        .control = CONTROL_CATALOG, .origin = *origin, .feed = STR(""), .catalog = {0, STR("-")}};
    struct usage_records records = {0};
    struct packer bytes = {0};
    usage_encode(&message, &bytes);
    struct str text = {bytes.bytes.at, bytes.bytes.count};
    bool readable = usage_decode(text, &records, &message) == DECODE_OK;
    usage_records_release(&records);
    vec_release(&bytes.bytes);
    return readable;
}

bool writer_origin(const char *by, struct control_origin *out)
{
    if (!name_of(by))
        return false;
    *out = (struct control_origin){.by = str_of(name), .clock_us = clock_real_us()};
    return is_readable(out);
}
