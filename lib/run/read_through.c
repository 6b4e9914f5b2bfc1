#include "lib/run/read_through.h"

#include "lib/base/check.h"

enum { POLL_MS = 100 };

void read_add(struct reading *reading, const char *topic, uint32_t partition, int64_t from, void *tag)
{
    CHECK(!reading->begun && from >= 0);
    vec_push(&reading->parts, (struct read_part){topic, partition, from, INT64_MAX, tag});
}

void read_clear(struct reading *reading)
{
    vec_clear(&reading->parts);
    reading->begun = false;
    reading->at = 0;
}

void read_release(struct reading *reading)
{
    vec_release(&reading->parts);
    reading->begun = false;
}

/* Parts come in runs: the last one that was found is looked at first. */
static struct read_part *part_of(struct reading *reading, const char *topic, uint32_t partition)
{
    for (uint32_t i = 0; i < reading->parts.count; i++) {
        uint32_t at = (reading->at + i) % reading->parts.count;
        struct read_part *part = &reading->parts.at[at];
        if (part->partition != partition || strcmp(part->topic, topic) != 0)
            continue;
        reading->at = at;
        return part;
    }
    return NULL;
}

enum error_class read_begin(struct reading *reading, struct log *log, struct error *error)
{
    VEC(struct log_range) ranges = {0};
    VEC(struct log_position) positions = {0};
    for (uint32_t i = 0; i < reading->parts.count; i++)
        vec_push(&ranges, (struct log_range){.topic = reading->parts.at[i].topic,
                                             .partition = reading->parts.at[i].partition});
    enum error_class class = log_ranges(log, ranges.at, ranges.count, error);
    for (uint32_t i = 0; i < ranges.count && class == ERROR_NONE; i++) {
        struct read_part *part = &reading->parts.at[i];
        part->high = ranges.at[i].high;
        if (part->next < ranges.at[i].low)
            part->next = ranges.at[i].low;
        if (part->next < part->high)
            vec_push(&positions, (struct log_position){part->topic, part->partition, part->next});
    }
    if (class == ERROR_NONE && positions.count > 0)
        class = log_assign(log, positions.at, positions.count, error);
    reading->begun = class == ERROR_NONE;
    vec_release(&ranges);
    vec_release(&positions);
    return class;
}

struct read_part *read_take(struct reading *reading, enum log_got got, const struct log_message *message)
{
    if (got == LOG_GOT_NOTHING || got == LOG_GOT_ERROR || !reading->begun)
        return NULL;
    struct read_part *part = part_of(reading, message->topic, message->partition);
    if (part == NULL || read_part_done(part))
        return NULL;
    if (got == LOG_GOT_GONE) {
        reading->begun = false;
        part->next = message->offset + 1; /* where more is gone, the ends say so */
        return NULL;
    }
    if (got == LOG_GOT_END && message->offset < part->high)
        return NULL;
    /* At an end, what was left of the topic was compacted away. */
    part->next = got == LOG_GOT_END ? part->high : message->offset + 1;
    return part;
}

bool read_part_done(const struct read_part *part)
{
    return part->next >= part->high;
}

bool read_done(const struct reading *reading)
{
    for (uint32_t i = 0; i < reading->parts.count; i++)
        if (!read_part_done(&reading->parts.at[i]))
            return false;
    return reading->begun;
}

/* What came of one poll. */
struct step {
    bool moved;  /* something was read */
    bool enough; /* the visitor wants no more */
};

static enum error_class read_one(struct reading *reading, struct log *log, read_visit *visit, void *context,
                                 struct step *step, struct error *error)
{
    struct log_message message;
    enum log_got got = log_poll(log, POLL_MS, &message, error);
    if (got == LOG_GOT_ERROR)
        return error->class;
    const struct read_part *part = read_take(reading, got, &message);
    step->moved = part != NULL;
    if (part != NULL && got == LOG_GOT_MESSAGE)
        step->enough = !visit(context, part, &message);
    if (got == LOG_GOT_MESSAGE)
        log_release(log, &message);
    return ERROR_NONE;
}

enum error_class read_through(struct reading *reading, const struct read_source *source, read_visit *visit,
                              void *context, struct error *error)
{
    struct host *host = source->host;
    int64_t moved_ms = host->now_ms(host);
    bool enough = false;
    while (!enough && !read_done(reading) && !host->stopping(host)) {
        struct step step = {0};
        enum error_class class = reading->begun ? read_one(reading, source->log, visit, context, &step, error)
                                                : read_begin(reading, source->log, error);
        host->alive(host);
        if (class == ERROR_RETRY)
            host->pause(host, POLL_MS);
        int64_t now_ms = host->now_ms(host);
        if (step.moved)
            moved_ms = now_ms;
        if (class == ERROR_ABORT || class == ERROR_FATAL)
            return class;
        if (source->limit_ms > 0 && now_ms - moved_ms >= source->limit_ms)
            return class == ERROR_RETRY ? class : error_set(error, ERROR_RETRY, "log", "nothing came");
        enough = step.enough;
    }
    return ERROR_NONE;
}
