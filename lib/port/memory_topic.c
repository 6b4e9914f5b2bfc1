#include "lib/port/memory_topic.h"

#include "lib/base/check.h"

/* --- topics --- */

void memory_topics_add(struct memory_topics *topics, const char *name, uint32_t partitions)
{
    CHECK(topics->count < MEMORY_TOPICS_MAX && partitions > 0);
    CHECK(memory_topics_partitions(topics, name) == 0);
    struct memory_topic *topic = &topics->list[topics->count++];
    *topic = (struct memory_topic){strdup(name), partitions, calloc(partitions, sizeof *topic->partitions)};
    CHECK(topic->name != NULL && topic->partitions != NULL);
}

static void release_from(struct memory_partition *partition, uint32_t from)
{
    for (uint32_t i = from; i < partition->list.count; i++)
        free(partition->list.at[i].owned);
    partition->list.count = from;
}

void memory_topics_release(struct memory_topics *topics)
{
    for (uint32_t t = 0; t < topics->count; t++) {
        struct memory_topic *topic = &topics->list[t];
        for (uint32_t p = 0; p < topic->count; p++) {
            release_from(&topic->partitions[p], 0);
            vec_release(&topic->partitions[p].list);
        }
        free(topic->partitions);
        free(topic->name);
    }
    topics->count = 0;
}

static const struct memory_topic *topic_of(const struct memory_topics *topics, const char *name)
{
    for (uint32_t t = 0; t < topics->count; t++)
        if (strcmp(topics->list[t].name, name) == 0)
            return &topics->list[t];
    return NULL;
}

uint32_t memory_topics_partitions(const struct memory_topics *topics, const char *name)
{
    const struct memory_topic *topic = topic_of(topics, name);
    return topic != NULL ? topic->count : 0;
}

const char *memory_topics_name(const struct memory_topics *topics, const char *name)
{
    const struct memory_topic *topic = topic_of(topics, name);
    CHECK(topic != NULL);
    return topic->name;
}

struct memory_partition *memory_topics_find(const struct memory_topics *topics, const char *name,
                                            uint32_t partition)
{
    const struct memory_topic *topic = topic_of(topics, name);
    return topic != NULL && partition < topic->count ? &topic->partitions[partition] : NULL;
}

/* --- records --- */

int64_t memory_partition_append(struct memory_partition *partition, const struct log_record *record,
                                int64_t timestamp_ms, uint32_t records_max)
{
    if (partition->list.count >= records_max)
        return -1;
    char *owned = malloc((size_t)record->key.size + record->value.size + 1);
    CHECK(owned != NULL);
    struct memory_entry entry = {.offset = partition->high++,
                                 .timestamp_ms = timestamp_ms,
                                 .key = {owned, record->key.size},
                                 .value = {owned + record->key.size, record->value.size},
                                 .owned = owned};
    if (record->key.size > 0)
        memcpy(owned, record->key.at, record->key.size);
    if (record->value.size > 0)
        memcpy(owned + record->key.size, record->value.at, record->value.size);
    vec_push(&partition->list, entry);
    if (partition->high > partition->highest)
        partition->highest = partition->high;
    return entry.offset;
}

/* The index of the first record at or behind the offset. */
static uint32_t index_of(const struct memory_partition *partition, int64_t offset)
{
    uint32_t from = 0, to = partition->list.count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (partition->list.at[middle].offset < offset)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

const struct memory_entry *memory_partition_at(const struct memory_partition *partition, int64_t offset)
{
    uint32_t i = index_of(partition, offset);
    return i < partition->list.count ? &partition->list.at[i] : NULL;
}

/* The record of exactly this offset; NULL: none. */
static struct memory_entry *entry_of(struct memory_partition *partition, int64_t offset)
{
    uint32_t i = index_of(partition, offset);
    if (i == partition->list.count || partition->list.at[i].offset != offset)
        return NULL;
    return &partition->list.at[i];
}

/* --- what may befall them --- */

uint32_t memory_partition_lose_tail(struct memory_partition *partition, int64_t offset)
{
    uint32_t from = index_of(partition, offset), lost = partition->list.count - from;
    release_from(partition, from);
    if (offset < partition->high)
        partition->high = offset > partition->low ? offset : partition->low;
    return lost;
}

uint32_t memory_partition_delete_below(struct memory_partition *partition, int64_t offset)
{
    int64_t below = offset < partition->high ? offset : partition->high;
    uint32_t gone = index_of(partition, below);
    for (uint32_t i = 0; i < gone; i++)
        free(partition->list.at[i].owned);
    vec_remove(&partition->list, 0, gone);
    if (below > partition->low)
        partition->low = below;
    return gone;
}

bool memory_partition_remove(struct memory_partition *partition, int64_t offset)
{
    const struct memory_entry *entry = entry_of(partition, offset);
    if (entry == NULL)
        return false;
    free(entry->owned);
    vec_remove(&partition->list, (uint32_t)(entry - partition->list.at), 1);
    return true;
}

bool memory_partition_cut(struct memory_partition *partition, int64_t offset, uint32_t size_bytes)
{
    struct memory_entry *entry = entry_of(partition, offset);
    if (entry == NULL || size_bytes >= entry->value.size)
        return false;
    entry->value.size = size_bytes;
    return true;
}

bool memory_partition_flip(struct memory_partition *partition, int64_t offset, uint32_t byte)
{
    struct memory_entry *entry = entry_of(partition, offset);
    if (entry == NULL || entry->value.size == 0)
        return false;
    char *at = entry->owned + entry->key.size + byte % entry->value.size;
    *at = (char)(*at ^ (1 << byte % 8));
    return true;
}

static bool has_later(const struct memory_partition *partition, uint32_t i)
{
    for (uint32_t later = i + 1; later < partition->list.count; later++)
        if (str_equal(partition->list.at[later].key, partition->list.at[i].key))
            return true;
    return false;
}

uint32_t memory_partition_compact(struct memory_partition *partition)
{
    uint32_t kept = 0, count = partition->list.count;
    for (uint32_t i = 0; i < count; i++) {
        struct memory_entry entry = partition->list.at[i];
        if (entry.key.size > 0 && (entry.value.size == 0 || has_later(partition, i)))
            free(entry.owned);
        else
            partition->list.at[kept++] = entry;
    }
    partition->list.count = kept;
    return count - kept;
}
