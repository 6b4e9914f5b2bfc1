#include "collectors/generation.h"

#include "lib/run/read_through.h"

enum { LIMIT_MS = 10000, RULES_KNOWN = 1 };

struct finding {
    struct generation *out;
    bool found;
};

static bool take(void *context, const struct read_part *part, const struct log_message *message)
{
    (void)part;
    struct finding *finding = context;
    finding->found = generation_decode(message->value, finding->out) == DECODE_OK;
    return !finding->found;
}

/* Reads from the first offset on: the manifest is the partition's first message. */
static enum error_class find(struct log *log, struct host *host, const struct topics *topics,
                             struct finding *finding, struct error *error)
{
    uint32_t partitions;
    enum error_class class = log_partitions(log, topics->snapshots, &partitions, error);
    if (class != ERROR_NONE)
        return class;
    struct reading reading = {0};
    read_add(&reading, topics->snapshots, 0, 0, NULL);
    if (partitions > 0)
        class = read_through(&reading, log, host, LIMIT_MS, take, finding, error);
    bool read = partitions == 0 || read_done(&reading);
    read_release(&reading);
    if (class != ERROR_NONE || finding->found)
        return class;
    return read ? error_set(error, ERROR_FATAL, topics->snapshots, "no generation there: run hourglass init")
                : error_set(error, ERROR_RETRY, topics->snapshots, "stopping");
}

enum error_class generation_read(const struct log_opener *reads, struct host *host,
                                 const struct topics *topics, bool simulated, struct generation *out,
                                 struct error *error)
{
    struct finding finding = {out, false};
    *out = (struct generation){0};
    struct log *log = reads->open(reads->context, &(struct log_client){0}, error);
    if (log == NULL)
        return error->class;
    enum error_class class = find(log, host, topics, &finding, error);
    log_close(log);
    if (class != ERROR_NONE)
        return class;
    if (out->rules_number != RULES_KNOWN)
        return error_set(error, ERROR_FATAL, topics->snapshots,
                         "the generation's rules are newer than this program");
    if (out->simulated == simulated)
        return ERROR_NONE;
    return error_set(error, ERROR_FATAL, topics->records,
                     simulated ? "a live generation takes no files"
                               : "a generation for files takes no live events");
}
