#include "cli/log_read.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/vec.h"
#include "lib/io/process.h"

enum { POLL_MS = 100, STALL_POLLS = 300 };

struct reading {
    const char *topic;
    VEC(struct log_position) positions; /* of partitions with anything to read */
    VEC(int64_t) ends;                  /* by partition */
    uint32_t unfinished;
};

static enum error_class plan(struct kafka_reader *reader, uint32_t partitions, struct reading *reading,
                             struct error *error)
{
    for (uint32_t p = 0; p < partitions; p++) {
        int64_t low, high;
        enum error_class class = kafka_offsets(reader, reading->topic, p, &low, &high, error);
        if (class != ERROR_NONE)
            return class;
        vec_push(&reading->ends, low < high ? high : 0);
        if (low < high)
            vec_push(&reading->positions, (struct log_position){reading->topic, p, low});
    }
    reading->unfinished = reading->positions.count;
    return reading->unfinished == 0
               ? ERROR_NONE
               : kafka_reader_assign(reader, reading->positions.at, reading->positions.count, error);
}

/* The partition was read up to this offset. */
static void advance(struct reading *reading, uint32_t partition, int64_t next)
{
    if (partition >= reading->ends.count || reading->ends.at[partition] == 0 ||
        next < reading->ends.at[partition])
        return;
    reading->ends.at[partition] = 0;
    reading->unfinished--;
}

static enum error_class read_all(struct kafka_reader *reader, struct reading *reading, log_take *take,
                                 void *context, struct error *error)
{
    for (int stalled = 0; reading->unfinished > 0;) {
        struct log_message message;
        enum log_got got = kafka_reader_poll(reader, POLL_MS, &message, error);
        if (got == LOG_GOT_ERROR && error->class != ERROR_RETRY)
            return error->class;
        if (got == LOG_GOT_MESSAGE || got == LOG_GOT_END)
            stalled = 0;
        if (got == LOG_GOT_END) { /* what was left may have been compacted away */
            advance(reading, message.partition, message.offset);
        } else if (got == LOG_GOT_MESSAGE) {
            if (message.partition < reading->ends.count && reading->ends.at[message.partition] != 0)
                take(context, &message);
            advance(reading, message.partition, message.offset + 1);
            kafka_message_release(&message);
        } else if (++stalled > STALL_POLLS || process_stopping()) {
            snprintf(error->text, sizeof error->text, "%s: could not be read to its end", reading->topic);
            return error->class = ERROR_RETRY;
        }
    }
    return ERROR_NONE;
}

enum error_class log_read(struct kafka_reader *reader, const char *topic, uint32_t partitions, log_take *take,
                          void *context, struct error *error)
{
    struct reading reading = {.topic = topic};
    enum error_class class = plan(reader, partitions, &reading, error);
    if (class == ERROR_NONE)
        class = read_all(reader, &reading, take, context, error);
    vec_release(&reading.positions);
    vec_release(&reading.ends);
    return class;
}
