#include "collectors/generation.h"

#include "lib/io/process.h"

enum { POLL_MS = 500, POLLS = 20 };

/* Reads from the first offset on: the manifest is the partition's first message. */
static enum kafka_class find(struct kafka_reader *reader, const struct topics *topics, struct generation *out,
                             struct kafka_error *error)
{
    struct kafka_position first = {topics->snapshots, 0, 0};
    int64_t high;
    enum kafka_class class = kafka_offsets(reader, topics->snapshots, 0, &first.offset, &high, error);
    if (class == KAFKA_OK)
        class = kafka_reader_assign(reader, &first, 1, error);
    for (int i = 0; i < POLLS && class == KAFKA_OK && !process_stopping(); i++) {
        struct kafka_message message;
        enum kafka_got got = kafka_reader_poll(reader, POLL_MS, &message, error);
        process_alive();
        if (got == KAFKA_GOT_END)
            return kafka_absent(error, topics->snapshots, "no generation: hourglass init makes one");
        if (got == KAFKA_GOT_ERROR)
            return error->class;
        if (got != KAFKA_GOT_MESSAGE)
            continue;
        bool found = generation_decode(message.value, out) == DECODE_OK;
        kafka_message_release(&message);
        if (found)
            return KAFKA_OK;
    }
    return class == KAFKA_OK ? kafka_late(error, topics->snapshots, "the manifest could not be read") : class;
}

enum kafka_class generation_read(const char *kafka, const struct topics *topics, bool simulated,
                                 struct generation *out, struct kafka_error *error)
{
    struct kafka_reader *reader = kafka_reader_new(kafka, "hourglass-collector", NULL, error);
    if (reader == NULL)
        return error->class;
    enum kafka_class class = find(reader, topics, out, error);
    kafka_reader_free(reader);
    if (class != KAFKA_OK || out->simulated == simulated)
        return class;
    return kafka_absent(error, topics->records,
                        simulated ? "a live generation takes no files"
                                  : "a generation for files takes no live events");
}
