#include "lib/run/manifest.h"

static bool take(void *context, const struct read_part *part, const struct log_message *message)
{
    (void)part;
    struct generation *out = context, found;
    if (generation_decode(message->value, &found) != DECODE_OK)
        return true;
    *out = found;
    return false;
}

enum error_class manifest_read(const struct read_source *source, const struct topics *topics,
                               struct generation *out, struct error *error)
{
    uint32_t partitions;
    *out = (struct generation){0};
    enum error_class class = log_partitions(source->log, topics->snapshots, &partitions, error);
    if (class != ERROR_NONE || partitions == 0)
        return class;
    struct reading reading = {0};
    read_add(&reading, topics->snapshots, 0, 0, NULL);
    class = read_through(&reading, source, take, out, error);
    bool known = out->partitions > 0 || read_done(&reading);
    read_release(&reading);
    return class == ERROR_NONE && !known ? error_set(error, ERROR_RETRY, topics->snapshots, "told to stop")
                                         : class;
}
