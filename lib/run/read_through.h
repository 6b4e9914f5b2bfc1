/* Reads partitions of topics to their high watermarks, all in one pass (DESIGN §4, Restart): never "the last
 * record", which a zombie may have written, and never one partition after another.
 *
 * A caller with a loop of its own begins, hands over what its poll gives, and looks whether all is done;
 * read_through does that for who has none:
 *
 *     read_add(&reading, topic, partition, 0, NULL); ...
 *     class = read_through(&reading, &source, visit, context, &error);
 *     read_release(&reading);
 */
#pragma once

#include "lib/base/vec.h"
#include "lib/port/host.h"
#include "lib/port/log.h"

/* A topic's partition on its way; topic names last as long as the reading. */
struct read_part {
    const char *topic;
    uint32_t partition;
    int64_t next; /* the offset to be read next; where the first ones were deleted, the first that is there */
    int64_t high; /* done: next >= high */
    void *tag;
};

struct reading {
    VEC(struct read_part) parts;
    bool begun; /* the ends are known, and all that has something to read is assigned */
    uint32_t at;
};

void read_add(struct reading *reading, const char *topic, uint32_t partition, int64_t from, void *tag);
/* Nothing is to be read any more; the memory stays. */
void read_clear(struct reading *reading);
void read_release(struct reading *reading);

/* Asks for all ends at once, and assigns. ERROR_RETRY: call again. */
enum error_class read_begin(struct reading *reading, struct log *log, struct error *error);
/* What the log gave: the part that it moved, or NULL: it is none of the reading's, or behind its end. After
 * LOG_GOT_GONE the reading is no longer begun: its ends are to be asked for again. */
struct read_part *read_take(struct reading *reading, enum log_got got, const struct log_message *message);
bool read_part_done(const struct read_part *part);
/* All are at their ends. */
bool read_done(const struct reading *reading);

/* Where it is read from, and how long nothing may come before it is ERROR_RETRY; 0: it waits for ever. */
struct read_source {
    struct log *log;
    struct host *host;
    int64_t limit_ms;
};

/* Whether to read on. */
typedef bool read_visit(void *context, const struct read_part *part, const struct log_message *message);

/* Reads all, unless the visitor has enough or the process is to stop: read_done tells. */
enum error_class read_through(struct reading *reading, const struct read_source *source, read_visit *visit,
                              void *context, struct error *error);
