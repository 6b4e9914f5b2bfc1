#include "collectors/generation.h"

#include "lib/run/manifest.h"

enum { LIMIT_MS = 10000, RULES_KNOWN = 1 };

enum error_class generation_read(const struct log_opener *reads, struct host *host,
                                 const struct topics *topics, bool simulated, struct generation *out,
                                 struct error *error)
{
    struct log *log = reads->open(reads->context, &(struct log_client){0}, error);
    *out = (struct generation){0};
    if (log == NULL)
        return error->class;
    enum error_class class = manifest_read(&(struct read_source){log, host, LIMIT_MS}, topics, out, error);
    log_close(log);
    if (class != ERROR_NONE)
        return class;
    if (out->partitions == 0)
        return error_set(error, ERROR_FATAL, topics->snapshots, "no generation there: run hourglass init");
    if (out->rules_number != RULES_KNOWN)
        return error_set(error, ERROR_FATAL, topics->snapshots,
                         "the generation's rules are newer than this program");
    if (out->simulated == simulated)
        return ERROR_NONE;
    return error_set(error, ERROR_FATAL, topics->records,
                     simulated ? "a live generation takes no files"
                               : "a generation for files takes no live events");
}
