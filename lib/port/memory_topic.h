/* The records of the memory log: topics of partitions, in memory, with what may befall them on a broker's
 * disk. Knows no handles and no time.
 *
 * Bounds: MEMORY_TOPICS_MAX topics; `records_max` records a partition, offsets of lost ones included. */
#pragma once

#include <stdbool.h>

#include "lib/base/vec.h"
#include "lib/port/log.h"

enum { MEMORY_TOPICS_MAX = 16 };

/* A record as it lies in a partition; key and value are behind it in one allocation. */
struct memory_entry {
    int64_t offset;
    int64_t timestamp_ms;
    struct str key;
    struct str value;
    char *owned;
};

struct memory_partition {
    VEC(struct memory_entry) list; /* by offset, with holes where records went missing */
    int64_t low;
    int64_t high;    /* the next offset */
    int64_t highest; /* that `high` ever was: above high where the tail was lost */
    bool regrown;    /* since then other records came */
};

struct memory_topic {
    char *name;
    uint32_t count;
    struct memory_partition *partitions;
};

struct memory_topics {
    struct memory_topic list[MEMORY_TOPICS_MAX];
    uint32_t count;
    uint32_t records_max;
};

/* A topic of that name must not exist yet. */
void memory_topics_add(struct memory_topics *topics, const char *name, uint32_t partitions);
void memory_topics_release(struct memory_topics *topics);
/* How many partitions the topic has; 0: there is none. */
uint32_t memory_topics_partitions(const struct memory_topics *topics, const char *name);
/* The topic's own copy of its name, which lives as long as the topics; the topic exists. */
const char *memory_topics_name(const struct memory_topics *topics, const char *name);
/* NULL: there is no such topic or partition. */
struct memory_partition *memory_topics_find(const struct memory_topics *topics, const char *name,
                                            uint32_t partition);

/* Copies key and value. The offset; -1: the partition holds records_max. */
int64_t memory_partition_append(struct memory_partition *partition, const struct log_record *record,
                                int64_t timestamp_ms, uint32_t records_max);
/* The first record at or behind the offset; NULL: none. */
const struct memory_entry *memory_partition_at(const struct memory_partition *partition, int64_t offset);

/* Records at the offset and above vanish, and their offsets are given out again. Returns how many. */
uint32_t memory_partition_lose_tail(struct memory_partition *partition, int64_t offset);
/* Records below the offset vanish; their offsets are never given out again. Returns how many. */
uint32_t memory_partition_delete_below(struct memory_partition *partition, int64_t offset);
/* Each returns false where no record has this offset. */
bool memory_partition_remove(struct memory_partition *partition, int64_t offset);
/* Cuts the value to this size, which must be less than it has. */
bool memory_partition_cut(struct memory_partition *partition, int64_t offset, uint32_t size_bytes);
/* Turns a bit of a byte of the value; a value of none stays. */
bool memory_partition_flip(struct memory_partition *partition, int64_t offset, uint32_t byte);
/* Of records with the same key the last stays, unless it has no value; those without a key stay. Returns how
 * many went. */
uint32_t memory_partition_compact(struct memory_partition *partition);
