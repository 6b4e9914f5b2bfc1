#include "collectors/generation.h"

#include "lib/io/process.h"

enum { POLL_MS = 500, POLLS = 20 };

/* Reads from the first offset on: the manifest is the partition's first message. */
static enum error_class find(struct kafka_reader *reader, const struct topics *topics, struct generation *out,
                             struct error *error)
{
    struct log_position first = {topics->snapshots, 0, 0};
    int64_t high;
    enum error_class class = kafka_offsets(reader, topics->snapshots, 0, &first.offset, &high, error);
    if (class == ERROR_NONE)
        class = kafka_reader_assign(reader, &first, 1, error);
    for (int i = 0; i < POLLS && class == ERROR_NONE && !process_stopping(); i++) {
        struct log_message message;
        enum log_got got = kafka_reader_poll(reader, POLL_MS, &message, error);
        process_alive();
        if (got == LOG_GOT_END)
            return error_set(error, ERROR_FATAL, topics->snapshots,
                             "no generation: hourglass init makes one");
        if (got == LOG_GOT_ERROR)
            return error->class;
        if (got != LOG_GOT_MESSAGE)
            continue;
        bool found = generation_decode(message.value, out) == DECODE_OK;
        kafka_message_release(&message);
        if (found)
            return ERROR_NONE;
    }
    return class == ERROR_NONE
               ? error_set(error, ERROR_RETRY, topics->snapshots, "the manifest could not be read")
               : class;
}

enum error_class generation_read(const char *kafka, const struct topics *topics, bool simulated,
                                 struct generation *out, struct error *error)
{
    struct kafka_reader *reader = kafka_reader_new(kafka, "hourglass-collector", NULL, error);
    if (reader == NULL)
        return error->class;
    enum error_class class = find(reader, topics, out, error);
    kafka_reader_free(reader);
    if (class != ERROR_NONE || out->simulated == simulated)
        return class;
    return error_set(error, ERROR_FATAL, topics->records,
                     simulated ? "a live generation takes no files"
                               : "a generation for files takes no live events");
}
