#include "lib/port/memory_log.h"

#include <stdio.h>

#include "lib/port/memory_cluster.h"

/* --- life --- */

struct memory_log *memory_log_new(const struct memory_log_config *config)
{
    struct memory_log *log = calloc(1, sizeof *log);
    CHECK(log != NULL);
    log->config = *config;
    if (log->config.session_ms == 0)
        log->config.session_ms = 10000;
    if (log->config.pending_max == 0)
        log->config.pending_max = 10000;
    if (log->config.records_max == 0)
        log->config.records_max = 1000000;
    log->topics.records_max = log->config.records_max;
    log->now_ms = config->now_ms;
    log->random = config->seed;
    log->next_arrival_ms = INT64_MAX;
    return log;
}

void memory_log_free(struct memory_log *log)
{
    CHECK(log->handles == 0);
    for (uint32_t i = 0; i < log->flights.count; i++)
        free(log->flights.at[i].owned);
    for (uint32_t i = 0; i < log->group_count; i++)
        memory_group_release(&log->groups[i]);
    for (uint32_t i = 0; i < log->committed.count; i++)
        free(log->committed.at[i].name);
    vec_release(&log->flights);
    vec_release(&log->committed);
    memory_topics_release(&log->topics);
    free(log);
}

void memory_log_topic(struct memory_log *log, const char *name, uint32_t partitions)
{
    memory_topics_add(&log->topics, name, partitions);
}

/* --- time --- */

int64_t memory_log_now(const struct memory_log *log)
{
    return log->now_ms;
}

void memory_log_pass(struct memory_log *log, int64_t ms)
{
    CHECK(ms >= 0);
    log->now_ms += ms;
    memory_arrive(log);
}

uint64_t memory_random(struct memory_log *log)
{
    /* splitmix64 */
    uint64_t z = (log->random += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

bool memory_is_away(const struct memory_log *log)
{
    return log->now_ms < log->away_until_ms;
}

/* --- records on their way --- */

static void land(struct memory_log *log, struct memory_flight *flight)
{
    struct memory_partition *partition =
        memory_topics_find(&log->topics, flight->topic, flight->record.partition);
    bool regrown = partition->high < partition->highest && !partition->regrown;
    int64_t stamp_ms = flight->record.timestamp_ms != 0 ? flight->record.timestamp_ms : log->now_ms;
    flight->delivery.offset =
        memory_partition_append(partition, &flight->record, stamp_ms, log->config.records_max);
    flight->delivery.timestamp_ms = stamp_ms;
    flight->landed = true;
    CHECK(flight->delivery.offset >= 0); /* memory_send looked for room */
    if (regrown) {
        partition->regrown = true;
        memory_strike(log, MEMORY_TAIL_GREW_AGAIN);
    }
}

void memory_arrive(struct memory_log *log)
{
    if (log->now_ms < log->next_arrival_ms || memory_is_away(log))
        return;
    uint32_t kept = 0;
    log->next_arrival_ms = INT64_MAX;
    for (uint32_t i = 0; i < log->flights.count; i++) {
        struct memory_flight *flight = &log->flights.at[i];
        if (!flight->landed && flight->arrives_ms <= log->now_ms)
            land(log, flight);
        else if (!flight->landed && flight->arrives_ms < log->next_arrival_ms)
            log->next_arrival_ms = flight->arrives_ms;
        if (flight->landed && flight->handle == NULL)
            free(flight->owned);
        else
            log->flights.at[kept++] = *flight;
    }
    log->flights.count = kept;
}

int64_t memory_log_put(struct memory_log *log, const struct log_record *record)
{
    struct memory_flight flight = {.topic = record->topic, .record = *record};
    CHECK(memory_topics_find(&log->topics, record->topic, record->partition) != NULL);
    land(log, &flight);
    return flight.delivery.offset;
}

/* --- looking on --- */

static struct memory_partition *partition_at(const struct memory_log *log, const struct log_position *at)
{
    struct memory_partition *partition = memory_topics_find(&log->topics, at->topic, at->partition);
    CHECK(partition != NULL);
    return partition;
}

void memory_log_range(const struct memory_log *log, struct log_range *range)
{
    const struct memory_partition *partition =
        partition_at(log, &(struct log_position){range->topic, range->partition, 0});
    range->low = partition->low;
    range->high = partition->high;
}

bool memory_log_look(const struct memory_log *log, const struct log_position *at, struct log_message *out)
{
    const struct memory_entry *entry = memory_partition_at(partition_at(log, at), at->offset);
    if (entry == NULL)
        return false;
    *out = (struct log_message){at->topic,  at->partition, entry->offset, entry->timestamp_ms,
                                entry->key, entry->value,  NULL};
    return true;
}

int64_t memory_log_committed(const struct memory_log *log, const char *group, const char *topic,
                             uint32_t partition)
{
    char name[MEMORY_COMMIT_NAME];
    snprintf(name, sizeof name, "%s/%s", group, topic);
    for (uint32_t i = 0; i < log->committed.count; i++)
        if (log->committed.at[i].partition == partition && strcmp(log->committed.at[i].name, name) == 0)
            return log->committed.at[i].offset;
    return -1;
}

void memory_log_compact(struct memory_log *log, const char *topic, uint32_t partition)
{
    memory_partition_compact(partition_at(log, &(struct log_position){topic, partition, 0}));
}

/* --- faults of partitions --- */

const char *memory_fault_name(enum memory_fault fault)
{
    static const char *const names[MEMORY_FAULTS] = {
        [MEMORY_HANDLE_DIED] = "handle died",
        [MEMORY_ACK_DELAYED] = "acknowledgement delayed",
        [MEMORY_ACK_LOST] = "acknowledgement lost",
        [MEMORY_SECOND_OWNER] = "second owner",
        [MEMORY_TAIL_LOST] = "tail lost",
        [MEMORY_TAIL_GREW_AGAIN] = "lost tail grew again",
        [MEMORY_RECORD_MISSING] = "record missing",
        [MEMORY_RECORD_TORN] = "record torn",
        [MEMORY_BYTE_FLIPPED] = "byte flipped",
        [MEMORY_RECORDS_GONE] = "records gone",
        [MEMORY_QUEUE_FULL] = "queue full",
        [MEMORY_RANGES_FAILED] = "ranges failed",
        [MEMORY_AWAY] = "brokers away",
        [MEMORY_REFUSED] = "handle refused",
        [MEMORY_REBALANCED] = "rebalanced",
    };
    return names[fault];
}

uint64_t memory_log_struck(const struct memory_log *log, enum memory_fault fault)
{
    return log->struck[fault];
}

void memory_strike(struct memory_log *log, enum memory_fault fault)
{
    log->struck[fault]++;
}

static bool struck(struct memory_log *log, enum memory_fault fault, bool effect)
{
    if (effect)
        memory_strike(log, fault);
    return effect;
}

bool memory_log_lose_tail(struct memory_log *log, const struct log_position *from)
{
    struct memory_partition *partition = partition_at(log, from);
    bool lost = memory_partition_lose_tail(partition, from->offset) > 0;
    if (lost)
        partition->regrown = false;
    return struck(log, MEMORY_TAIL_LOST, lost);
}

bool memory_log_delete_below(struct memory_log *log, const struct log_position *below)
{
    return memory_partition_delete_below(partition_at(log, below), below->offset) > 0;
}

bool memory_log_remove(struct memory_log *log, const struct log_position *at)
{
    return struck(log, MEMORY_RECORD_MISSING, memory_partition_remove(partition_at(log, at), at->offset));
}

bool memory_log_tear(struct memory_log *log, const struct log_position *at, uint32_t size_bytes)
{
    return struck(log, MEMORY_RECORD_TORN,
                  memory_partition_cut(partition_at(log, at), at->offset, size_bytes));
}

bool memory_log_flip(struct memory_log *log, const struct log_position *at, uint32_t byte)
{
    return struck(log, MEMORY_BYTE_FLIPPED, memory_partition_flip(partition_at(log, at), at->offset, byte));
}

void memory_log_away(struct memory_log *log, int64_t ms)
{
    log->away_until_ms = log->now_ms + ms;
}
